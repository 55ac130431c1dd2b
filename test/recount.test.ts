import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { placeholders } from '../src/base/placeholders.ts';
import { loadContent } from '../src/content/index.ts';
import { runDetector } from '../src/pipeline/detectors.ts';
import { recount } from '../src/pipeline/recount.ts';
import { play, tryPlayed } from '../src/pipeline/try.ts';
import { parametersOf, scenarios } from '../src/scenarios/index.ts';
import { type Detector, modelColumns } from '../src/schema/detector.ts';
import type { Finding } from '../src/schema/finding.ts';
import { openStore, type Store } from '../src/store/index.ts';

/** Every number that a detector says of its own scenarios is there again when the stored events are counted. */

const content = loadContent();
let store: Store;
before(async () => {
  store = await openStore({ directory: null });
});
after(() => store.close());

/** Later than all that is played, µs. */
const end = Date.UTC(2027, 0, 1) * 1000;
const takes = (scenario: string, parameter: string): boolean =>
  parametersOf(scenario).some((one) => one.name === parameter);

/** Findings looked at for each test of a detector, the most telling first. */
const most_findings = 5;

/** Columns of sentences that hold a number: those must be countable. Texts and ports name, they do not count. */
function numbersIn(detector: Detector, sentences: readonly string[]): string[] {
  const { columns } = content.features.get(detector.features)!;
  const of_model = modelColumns[detector.model.kind];
  return [...new Set(sentences.flatMap(placeholders))].filter((name) => {
    const unit = columns[name]?.unit;
    return unit !== undefined && unit !== 'text' && unit !== 'port' && !Object.hasOwn(of_model, name);
  });
}

/** Every sentence that a detector may say, by the title above it. */
const sentencesOf = (detector: Detector): Map<string, string> =>
  new Map([detector, ...detector.called].map(({ title, explain }) => [title, explain ?? detector.explain]));

/** The numbers that a finding's sentence says. */
const numbersSaid = (detector: Detector, { title, values }: Finding): string[] =>
  numbersIn(detector, [sentencesOf(detector).get(title) ?? detector.explain]).filter(
    (name) => !Number.isNaN(values[name]),
  );

describe('every number in the sentence of a detector can be counted again', () => {
  for (const detector of content.detectors) {
    const numbers = numbersIn(detector, [...sentencesOf(detector).values()]);
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
          const missing = numbersSaid(detector, finding).filter(
            (name) => !counted.some((one) => one.column === name),
          );
          assert.deepEqual(missing, [], `not counted again: ${finding.summary}`);
          const wrong = counted.filter((one) => !one.agrees);
          assert.deepEqual(wrong, [], finding.summary);
        }
      });
    }
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
  before(() => play(store, content, everything));
  for (const detector of content.detectors) {
    it(detector.id, async () => {
      const { findings } = await runDetector(store, content, detector, { taught_until: 0, to: end });
      const most = findings.toSorted((a, b) => a.p_value - b.p_value).slice(0, 25);
      for (const finding of most) {
        const wrong = (await recount(store, detector, finding)).filter((one) => !one.agrees);
        assert.deepEqual(wrong, [], finding.summary);
      }
    });
  }
});
