import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { listOf } from '../../src/alert/index.ts';
import { loadContent } from '../../src/content/index.ts';
import { createDuplicates, createEnricher, defaultLocalNetworks } from '../../src/enrich/index.ts';
import { clearEvents } from '../../src/pipeline/clear.ts';
import { aboutHost, factsOf, oneAct, windowsOf } from '../../src/pipeline/detectors.ts';
import { Scheduler, type SchedulerState } from '../../src/pipeline/scheduler.ts';
import { type Mix, mixed, scenarios } from '../../src/scenarios/index.ts';
import { toldAt, type WeirEvent } from '../../src/schema/event/index.ts';
import type { Finding } from '../../src/schema/finding.ts';
import { openStore, type Store } from '../../src/store/index.ts';

/** The same records, in one go and in pieces with restarts between them, give the same findings: ids, chances, texts. */

const content = loadContent();
const { detectors } = content;
const minute_us = 60e6;
const hour_us = 60 * minute_us;
const start = Date.UTC(2026, 0, 5) * 1000;
const far = start + 400 * 24 * hour_us;

/** An event as it is stored. */
interface Known {
  readonly event: WeirEvent;
  readonly told_at: number;
  readonly hi: number;
  readonly lo: number;
  readonly line: number;
}

function eventsOf(mix: Mix): Known[] {
  const enricher = createEnricher({ local_networks: defaultLocalNetworks });
  const duplicates = createDuplicates();
  return [...mixed(mix, { seed: 7, start })].map((event, line) => {
    enricher.enrich(event);
    duplicates.check(event, 0, 0);
    return { event, told_at: toldAt(event), hi: duplicates.id_hi, lo: duplicates.id_lo, line };
  });
}

async function store_(store: Store, events: readonly Known[]): Promise<void> {
  const writer = store.writer({});
  const file = writer.input('scenario', 'scenario');
  for (const { event, hi, lo, line } of events) {
    writer.write(event, hi, lo, file, line, 0, '');
    if (writer.busy) await writer.ready();
  }
  await writer.flush();
}

const scheduler = (store: Store, saved?: SchedulerState): Scheduler =>
  new Scheduler(
    store,
    content,
    detectors,
    { taught_until: 0, roles: {}, networks: [], at_once: 1, progress: () => {} },
    saved,
  );

/** Everything that is found when events are stored up to each cut, judged, and another process goes on. */
async function inPieces(store: Store, events: readonly Known[], cuts: readonly number[]): Promise<Finding[]> {
  await clearEvents(store);
  let saved: SchedulerState | undefined;
  let from = Number.NEGATIVE_INFINITY;
  const all: Finding[] = [];
  for (const to of [...cuts, Number.POSITIVE_INFINITY]) {
    await store_(
      store,
      events.filter(({ told_at }) => told_at >= from && told_at < to),
    );
    const going_on = scheduler(store, saved);
    const { findings, failed } = await going_on.advance(to, far);
    assert.deepEqual(failed, []);
    all.push(...findings);
    saved = deserialize(serialize(going_on.save())) as SchedulerState;
    from = to;
  }
  return all;
}

const policy = {
  far_p: 1e-7,
  window_us: windowsOf(detectors),
  about_host: aboutHost(detectors),
  one_act: oneAct(detectors),
  facts_of: factsOf(detectors),
  budget_per_day: 50,
};
/** What people read of a list, by id. */
const readable = (findings: readonly Finding[]): string[] => {
  const { shown, held, folded } = listOf(findings, policy);
  return [...shown, ...held, ...folded]
    .map((one) =>
      JSON.stringify([
        one.finding_id,
        one.detector,
        one.severity,
        one.p_value,
        one.risk_score,
        one.summary,
        one.start_at,
        one.end_at,
        one.folded_into,
      ]),
    )
    .sort();
};

const attacks = Object.entries(scenarios)
  .filter(([name, one]) => one.harmful && name !== 'sample')
  .map(([scenario, one], i) => ({
    scenario,
    ...('after_s' in (one.params.parse({}) as object) ? { after_s: (1 + i / 30) * 86_400 } : {}),
  }));

const mixes: Record<string, Mix> = {
  'an office of three days with every attack': {
    scenario: 'office',
    hosts: 6,
    days: 3,
    activity: 0.3,
    monitored: 'servers',
    with: attacks,
  },
};

describe('the same records in pieces, with restarts between them, give the same findings', () => {
  let store: Store;
  before(async () => {
    store = await openStore({ directory: null });
  });
  after(() => store.close());
  for (const [what, mix] of Object.entries(mixes)) {
    it(what, async (t) => {
      const events = eventsOf(mix);
      const whole = await inPieces(store, events, []);
      const expected = readable(whole);
      assert.ok(expected.length >= 20, `${expected.length} findings`);
      t.diagnostic(`${events.length} events, ${expected.length} findings`);
      const last = Math.max(...events.map((one) => one.told_at));
      for (const [every, offset] of [
        [24 * hour_us, 7 * hour_us + 13 * minute_us],
        [5 * hour_us, 17 * minute_us],
      ] as const) {
        const cuts: number[] = [];
        for (let at = start + offset; at < last; at += every) cuts.push(at);
        const pieces = readable(await inPieces(store, events, cuts));
        const missing = expected.filter((one) => !pieces.includes(one));
        const more = pieces.filter((one) => !expected.includes(one));
        assert.deepEqual({ missing, more }, { missing: [], more: [] }, `cut every ${every / hour_us} h`);
      }
    });
  }
});
