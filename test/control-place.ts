/**
 * Fresh control stores for tests: SQLite always, PostgreSQL where WEIR_TEST_POSTGRES names a database that may be written to
 * (each store is a schema of its own there, dropped at the end).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import pg from 'pg';
import { type Control, type ControlPlace, openControl } from '../src/store/control/index.ts';

const url = process.env.WEIR_TEST_POSTGRES;

export type Kind = 'SQLite' | 'PostgreSQL';
const kinds: readonly Kind[] = url === undefined ? ['SQLite'] : ['SQLite', 'PostgreSQL'];

/** What a suite makes stores with; they are closed and removed at its end. */
export interface Stores {
  readonly kind: Kind;
  place(): ControlPlace;
  open(place?: ControlPlace): Promise<Control>;
  /** Statements from outside, as somebody who may write the whole store does. */
  outside(place: ControlPlace, ...statements: readonly string[]): Promise<void>;
}

export const now = 1_764_290_000_000_001;
let made = 0;

/** The same suite over each database. */
export function overEach(title: string, suite: (stores: Stores) => void): void {
  for (const kind of kinds)
    describe(`${title}, ${kind}`, () => {
      const open: Control[] = [];
      const places: ControlPlace[] = [];
      after(async () => {
        for (const one of open) await one.close();
        for (const one of places) await removePlace(one);
      });
      const place = (): ControlPlace => {
        const one = kind === 'SQLite' ? newFolder() : newSchema();
        places.push(one);
        return one;
      };
      suite({
        kind,
        place,
        open: async (at = place()) => {
          const control = await openControl(at, now);
          open.push(control);
          return control;
        },
        outside,
      });
    });
}

function newFolder(): ControlPlace {
  return { directory: join(mkdtempSync(join(tmpdir(), 'weir-control-')), 'store') };
}

function newSchema(): ControlPlace {
  return { url: url!, schema: `weir_test_${process.pid}_${++made}` };
}

async function removePlace(place: ControlPlace): Promise<void> {
  if ('url' in place) await outside(place, `DROP SCHEMA IF EXISTS "${place.schema}" CASCADE`);
  else rmSync(join(place.directory, '..'), { recursive: true, force: true });
}

async function outside(place: ControlPlace, ...statements: readonly string[]): Promise<void> {
  if ('url' in place) {
    const client = new pg.Client(place.url);
    await client.connect();
    await client.query("select set_config('search_path', $1, false)", [place.schema]);
    for (const one of statements) await client.query(one);
    await client.end();
    return;
  }
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(join(place.directory, 'control.sqlite'));
  for (const one of statements) database.exec(one);
  database.close();
}
