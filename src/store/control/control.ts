import { AsyncLocalStorage } from 'node:async_hooks';
import { type Kysely, sql } from 'kysely';
import { WeirError } from '../../base/error.ts';
import { Turns } from '../../base/turns.ts';
import type { Backend } from './backend.ts';
import type { Handle } from './handle.ts';
import { migrate } from './migrate.ts';
import { migrations as released } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';
import { openPostgres, type PostgresPlace } from './postgres.ts';
import { openSqlite } from './sqlite.ts';
import type { Tables } from './tables.ts';

/** Where the control store is: a folder of Weir's own (SQLite), or a PostgreSQL database. */
export type ControlPlace = { readonly directory: string } | PostgresPlace;

/**
 * Opens the control store, makes it or brings it to the layout of this program. It is this process's alone until it is
 * closed or the process ends, however that ends.
 * @throws WeirError store_unavailable (another Weir has it, a newer Weir made it, it cannot be reached), folder_unusable,
 *   disk_full, config_invalid
 */
export async function openControl(
  place: ControlPlace,
  now_us: number,
  steps: readonly Migration[] = released,
): Promise<Control> {
  const backend = 'url' in place ? await openPostgres(place) : openSqlite(place.directory);
  const control = new Control(backend);
  try {
    await migrate(control, backend.name, backend.dialect, now_us, steps);
    await backend.settled();
    return control;
  } catch (error) {
    await control.close();
    throw error;
  }
}

/** What a transaction is under way with; shared by all that its work calls. */
interface Under {
  open: boolean;
}

/** The control store: what Weir knows beside events, and has to know after a power cut. */
export class Control implements Handle {
  readonly #backend: Backend;
  readonly #inside = new AsyncLocalStorage<Under>();
  readonly #turns = new Turns();
  #closed: Promise<void> | null = null;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** path or URL without password, for people */
  get name(): string {
    return this.#backend.name;
  }

  /** For reads that see what was committed. */
  get db(): Kysely<Tables> {
    this.#refuseInside();
    return this.#backend.reader;
  }

  /**
   * Runs work in one transaction: when it resolves, all that it wrote is on the disk; when it rejects, nothing of it is.
   * One after the other, in the order of the calls, so that what is numbered is numbered in the order of commits. A statement
   * that failed ends it, also when the work goes on. A rejected commit over a network may have been done all the same: what
   * is written has to bear being written again.
   */
  transaction<T>(work: (handle: Handle) => Promise<T>): Promise<T> {
    this.#refuseInside();
    return this.#turns.take(() => this.#transact(work));
  }

  /** Waits for transactions that were asked for, then closes it and lets others have it. */
  close(): Promise<void> {
    this.#closed ??= this.#turns.take(() => this.#backend.close());
    return this.#closed;
  }

  /** The transaction itself holds what this would wait for. */
  #refuseInside(): void {
    if (this.#inside.getStore()?.open)
      throw new Error('A transaction is under way here: use the handle that it gave, not the control store');
  }

  async #transact<T>(work: (handle: Handle) => Promise<T>): Promise<T> {
    const backend = this.#backend;
    return backend.writer.connection().execute(async (db) => {
      await sql.raw(backend.begin).execute(db);
      const failures = backend.failures();
      const under: Under = { open: true };
      try {
        const result = await this.#inside.run(under, () => work(handleOf(db, under)));
        if (backend.failures() > failures)
          throw new WeirError(
            'store_failed',
            'A statement of the transaction failed, so nothing of it is kept',
          );
        under.open = false;
        await sql.raw('commit').execute(db);
        return result;
      } catch (error) {
        under.open = false;
        await sql
          .raw('rollback')
          .execute(db)
          .catch(() => backend.discard());
        throw error;
      }
    });
  }
}

function handleOf(connection: Kysely<Tables>, under: Under): Handle {
  const handle: Handle = {
    get db() {
      if (!under.open) throw new Error('This transaction has ended');
      return connection;
    },
    transaction: (work) => work(handle),
  };
  return handle;
}
