import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loadContent } from '../src/content/index.ts';
import { runDetector } from '../src/pipeline/detectors.ts';
import { Past } from '../src/pipeline/past.ts';
import { recount } from '../src/pipeline/recount.ts';
import { play } from '../src/pipeline/try.ts';
import { parametersOf, scenarios } from '../src/scenarios/index.ts';
import { openStore, type Store } from '../src/store/index.ts';
import { mostTelling, numbersOf } from './recounting.ts';

/** That every number said of a detector's own scenarios is counted again is in content.test.ts, which plays them. */

const content = loadContent();
let store: Store;
let past: Past;
before(async () => {
  store = await openStore({ directory: null });
});
after(() => store.close());

/** Later than all that is played, µs. */
const end = Date.UTC(2027, 0, 1) * 1000;
const takes = (scenario: string, parameter: string): boolean =>
  parametersOf(scenario).some((one) => one.name === parameter);

describe('every number in the sentence of a detector can be counted again', () => {
  for (const detector of content.detectors) {
    const numbers = numbersOf(content, detector);
    it(`${detector.id} says how each of its numbers is counted: ${numbers.join(', ') || 'it has none'}`, () => {
      const everywhere = new Set(detector.recount.flatMap((one) => Object.keys(one.counts)));
      for (const { table, counts } of detector.evidence) {
        const missing = numbers.filter((name) => !Object.hasOwn(counts, name) && !everywhere.has(name));
        assert.deepEqual(missing, [], `evidence in ${table} does not say how to count them`);
      }
    });
  }
});

describe('where everything happens at once, each number is still counted again from the same events', () => {
  /** Every scenario there is in one network, most of them of the same host: what one detector tells is noise for the next. */
  const everything = {
    scenario: 'office',
    hosts: 9,
    days: 2,
    activity: 0.3,
    monitored: 'servers',
    with: Object.keys(scenarios)
      .filter((name) => name !== 'office')
      .map((name) => ({ scenario: name, ...(takes(name, 'after_s') ? { after_s: 100_000 } : {}) })),
  };
  before(async () => {
    await play(store, content, everything);
    past = new Past(store, content.rollups);
  });
  const whole = { taught_until: 0, to: end };
  for (const detector of content.detectors) {
    it(detector.id, async () => {
      const { findings } = await runDetector(store, content, detector, whole, past);
      for (const finding of mostTelling(findings, 25)) {
        const wrong = (await recount(store, detector, finding)).filter((one) => !one.agrees);
        assert.deepEqual(wrong, [], finding.summary);
      }
    });
  }
});
