import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loadContent } from '../../src/content/index.ts';
import { createDuplicates, createEnricher, defaultLocalNetworks } from '../../src/enrich/index.ts';
import { clearEvents } from '../../src/pipeline/clear.ts';
import { Scheduler } from '../../src/pipeline/scheduler.ts';
import { type Mix, mixed } from '../../src/scenarios/index.ts';
import { toldAt } from '../../src/schema/event/index.ts';
import { openStore, type Store } from '../../src/store/index.ts';

/** What a detector says of a window that is still open it says again when the window is over, under the same id. */

const content = loadContent();
const early = content.detectors.filter((one) => one.early);
const start = Date.UTC(2026, 0, 5) * 1000;
const far = start + 400 * 86_400e6;
/** Parts of an attack's time after which it is looked at. */
const looks = [0.15, 0.4, 0.7, 1];

function eventsOf(mix: Mix) {
  const enricher = createEnricher({ local_networks: defaultLocalNetworks });
  const duplicates = createDuplicates();
  return [...mixed(mix, { seed: 7, start })]
    .map((event) => {
      enricher.enrich(event);
      duplicates.check(event, 0, 0);
      return { event, told_at: toldAt(event), hi: duplicates.id_hi, lo: duplicates.id_lo };
    })
    .sort((a, b) => a.told_at - b.told_at);
}

describe('a finding of a window that is open is there when it is over', () => {
  let store: Store;
  before(async () => {
    store = await openStore({ directory: null });
  });
  after(() => store.close());

  let told = 0;
  for (const detector of early) {
    const test = detector.tests.find((one) => one.expect === 'finding')!;
    it(`${detector.id}: ${test.name}`, async () => {
      await clearEvents(store);
      const events = eventsOf(test.given as Mix);
      const after_s = 'after_s' in test.given ? Number(test.given.after_s) : 0;
      const [first, last] = [start + after_s * 1e6, events.at(-1)!.told_at];
      const scheduler = new Scheduler(store, content, [detector], {
        ...{ taught_until: 0, roles: {}, networks: [], at_once: 1, progress: () => {} },
      });
      const seen = new Set<string>();
      const early_ids = new Map<string, number>();
      let stored = 0;
      for (const part of looks) {
        const at = first + (last - first) * part;
        const writer = store.writer({});
        const file = writer.input('scenario', 'scenario');
        for (; stored < events.length && events[stored]!.told_at <= at; stored++) {
          const { event, hi, lo } = events[stored]!;
          writer.write(event, hi, lo, file, stored + 1, 0, '');
        }
        await writer.flush();
        for (const one of (await scheduler.advance(at, far)).findings) seen.add(one.finding_id);
        for (const one of (await scheduler.look(at, far)).findings) early_ids.set(one.finding_id, part);
      }
      for (const one of (await scheduler.advance(Number.POSITIVE_INFINITY, far)).findings)
        seen.add(one.finding_id);
      const gone = [...early_ids].filter(([id]) => !seen.has(id));
      assert.deepEqual(gone, []);
      told += early_ids.size > 0 ? 1 : 0;
    });
  }

  it('most of them were told early', () => {
    assert.ok(told >= early.length / 2, `${told} of ${early.length}`);
  });
});
