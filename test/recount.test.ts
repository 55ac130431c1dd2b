import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { placeholders } from '../src/base/placeholders.ts';
import { loadContent } from '../src/content/index.ts';
import { recount } from '../src/pipeline/recount.ts';
import { play, tryPlayed } from '../src/pipeline/try.ts';
import { type Detector, modelColumns } from '../src/schema/detector.ts';
import { openStore, type Store } from '../src/store/index.ts';

/** Every number that a detector says of its own scenarios is there again when the stored events are counted. */

const content = loadContent();
let store: Store;
before(async () => {
  store = await openStore({ directory: null });
});
after(() => store.close());

/** Findings looked at for each test of a detector, the most telling first. */
const most_findings = 5;

/** Columns of the sentence that hold a number: those must be countable. Texts and ports name, they do not count. */
function numbersOf(detector: Detector): string[] {
  const { columns } = content.features.get(detector.features)!;
  const of_model = modelColumns[detector.model.kind];
  return [...new Set(placeholders(detector.explain))].filter((name) => {
    const unit = columns[name]?.unit;
    return unit !== undefined && unit !== 'text' && unit !== 'port' && !Object.hasOwn(of_model, name);
  });
}

describe('every number in the sentence of a detector can be counted again', () => {
  for (const detector of content.detectors) {
    const numbers = numbersOf(detector);
    it(`${detector.id} says how each of its numbers is counted: ${numbers.join(', ') || 'it has none'}`, () => {
      const everywhere = new Set(detector.recount.flatMap((one) => Object.keys(one.counts)));
      for (const { table, counts } of detector.evidence) {
        const missing = numbers.filter((name) => !Object.hasOwn(counts, name) && !everywhere.has(name));
        assert.deepEqual(missing, [], `evidence in ${table} does not say how to count them`);
      }
    });
    for (const test of detector.tests.filter((one) => one.expect === 'finding')) {
      it(`${detector.id}: ${test.name}`, async () => {
        await play(store, content, test.given);
        const { findings } = await tryPlayed(store, content, detector, test);
        assert.ok(findings.length > 0);
        for (const finding of [...findings].sort((a, b) => a.p_value - b.p_value).slice(0, most_findings)) {
          const counted = await recount(store, detector, finding);
          const missing = numbers.filter((name) => !counted.some((one) => one.column === name));
          assert.deepEqual(missing, [], `not counted again: ${finding.summary}`);
          const wrong = counted.filter((one) => !one.agrees);
          assert.deepEqual(wrong, [], finding.summary);
        }
      });
    }
  }
});
