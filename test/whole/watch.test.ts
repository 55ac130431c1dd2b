import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Deliver, InputState, LiveInput, Position } from '../../src/collect/index.ts';
import { loadContent } from '../../src/content/index.ts';
import { defaultLocalNetworks } from '../../src/enrich/index.ts';
import { Watch } from '../../src/pipeline/live/watch.ts';
import { analyze, runDefaults } from '../../src/pipeline/route.ts';
import { mixed, zeekJson } from '../../src/scenarios/index.ts';
import { toldAt } from '../../src/schema/event/index.ts';
import type { Finding } from '../../src/schema/finding.ts';
import {
  type Control,
  listPositions,
  openControl,
  pageFindings,
  saveSource,
} from '../../src/store/control/index.ts';
import { openStore, type Store } from '../../src/store/index.ts';

/** Lines come over a while, Weir ends and begins again in between, and finds what it finds in the file as a whole. */

const content = loadContent();
const start = Date.UTC(2026, 0, 5) * 1000;
const hour_us = 3600e6;

/** Lines in the order in which they could be told. */
const lines = [
  ...mixed(
    {
      scenario: 'office',
      hosts: 6,
      days: 2,
      activity: 0.3,
      monitored: 'servers',
      with: [
        { scenario: 'beacon', after_s: 100_000 },
        { scenario: 'exfil', after_s: 110_000 },
        { scenario: 'horizontal_scan', after_s: 120_000 },
        { scenario: 'dga', after_s: 130_000 },
      ],
    },
    { seed: 3, start },
  ),
]
  .map((event) => ({ at: toldAt(event), text: zeekJson(event) }))
  .sort((a, b) => a.at - b.at);

/** A source that tells some of the lines, from where it was, and says where it is. */
class Lines implements LiveInput {
  readonly source = 'zeek';
  readonly #from: number;
  readonly #to: number;
  delivered: Promise<unknown> = Promise.resolve();

  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
  }

  async start(deliver: Deliver): Promise<void> {
    const pieces: Promise<void>[] = [];
    let offset = lines.slice(0, this.#from).reduce((sum, one) => sum + one.text.length + 1, 0);
    for (let from = this.#from; from < this.#to; from += 2000) {
      const to = Math.min(this.#to, from + 2000);
      const bytes = Buffer.from(
        `${lines
          .slice(from, to)
          .map((one) => one.text)
          .join('\n')}\n`,
      );
      const position: Position = { key: 'file', value: to };
      pieces.push(
        deliver({
          ...{ source: 'zeek', origin: 'conn.log', bytes, offset, line: from + 1, received_at: 0, position },
          ended: to === lines.length,
        }),
      );
      offset += bytes.length;
    }
    this.delivered = Promise.all(pieces);
  }

  async stop(): Promise<void> {}

  state(): InputState {
    return { received_bytes: 0, received_records: 0, dropped: {}, problem: null, quiet_since: null };
  }
}

const readable = (findings: readonly Finding[]): string[] =>
  findings
    .map((one) =>
      JSON.stringify([
        one.finding_id,
        one.detector,
        one.severity,
        one.p_value,
        one.summary,
        one.start_at,
        one.end_at,
      ]),
    )
    .sort();

describe('watching without an end', () => {
  let directory: string;
  let expected: string[];
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'weir-watch-'));
    const file = join(directory, 'conn.log');
    writeFileSync(file, `${lines.map((one) => one.text).join('\n')}\n`);
    const store = await openStore({ directory: null });
    try {
      const { findings } = await analyze(store, content, {
        ...{ run_id: 'whole', version: 'test', paths: [file] },
        ...runDefaults,
        now: Date.now() * 1000,
        progress: () => {},
      });
      expected = readable(findings);
    } finally {
      await store.close();
    }
    assert.ok(expected.length >= 4, `${expected.length} findings`);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const open = async (store: Store, control: Control, input: LiveInput): Promise<Watch> => {
    const now = Date.now() * 1000;
    await saveSource(control, { id: 'zeek', kind: 'test', settings: {} }, now);
    return Watch.open(store, control, content, null, [input], {
      ...{ roles: {}, local_networks: defaultLocalNetworks, networks: [], budget_per_day: 20 },
      ...{
        keep_raw: false,
        evidence: 5,
        at_once: 2,
        now: () => Date.now() * 1000,
        say: () => {},
        told: () => {},
      },
    });
  };

  it('tells what a file as a whole tells, through restarts, and stores each record once', async () => {
    const store = await openStore({ directory: join(directory, 'events') });
    const control = await openControl({ directory: join(directory, 'control') }, Date.now() * 1000);
    try {
      const cuts = [0, 0.2, 0.55, 0.8, 1].map((share) => Math.floor(lines.length * share));
      for (let i = 1; i < cuts.length; i++) {
        const [position] = await listPositions(control, 'zeek');
        const from = Number(position?.value ?? 0);
        assert.equal(from, cuts[i - 1]);
        const input = new Lines(from, cuts[i]!);
        const watch = await open(store, control, input);
        await watch.start();
        await input.delivered;
        // What can be known by now: all that was told an hour ago.
        const known = cuts[i] === lines.length ? Number.POSITIVE_INFINITY : lines[cuts[i]! - 1]!.at - hour_us;
        await watch.goOn(known);
        await watch.stop(1000);
      }
      const { findings } = await pageFindings(control, { shown: true }, { after: 0, limit: 1000 });
      assert.deepEqual(readable(findings.map((one) => one.finding)), expected);
      const [row] = await store.query<{ n: number; ids: number }>(
        'SELECT count() AS n, uniqExact(event_id) AS ids FROM connection',
      );
      const connections = lines.filter((one) => one.text.includes('"_path":"conn"')).length;
      assert.deepEqual([Number(row?.n), Number(row?.ids)], [connections, connections]);
    } finally {
      await control.close();
      await store.close();
    }
  });
});
