import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loadContent } from '../src/content/index.ts';
import { checkStatements } from '../src/pipeline/check.ts';
import { Past } from '../src/pipeline/past.ts';
import { play, tryPlayed } from '../src/pipeline/try.ts';
import type { Detector, DetectorTest } from '../src/schema/detector.ts';
import { openStore, type Store } from '../src/store/index.ts';
import { assertCounted, mostTelling } from './recounting.ts';

const content = loadContent();
let store: Store;
before(async () => {
  store = await openStore({ directory: null });
});
after(() => store.close());

it('every statement of the shipped detectors runs and gives the columns its feature names', () =>
  checkStatements(store, content));

/** Tests of all detectors by the traffic they are played: each kind of traffic is made and stored once. */
function byTraffic(): Map<string, { detector: Detector; test: DetectorTest }[]> {
  const tests = new Map<string, { detector: Detector; test: DetectorTest }[]>();
  for (const detector of content.detectors) {
    for (const test of detector.tests) {
      const traffic = JSON.stringify(test.given);
      tests.set(traffic, [...(tests.get(traffic) ?? []), { detector, test }]);
    }
  }
  return tests;
}

/** Findings of a test whose numbers are counted again. */
const most_findings = 5;

describe('every detector passes its own tests, on the engine and the SQL that ship, and each number it says is counted again', () => {
  for (const tests of byTraffic().values()) {
    describe(tests[0]!.test.name, () => {
      let past: Past;
      before(async () => {
        await play(store, content, tests[0]!.test.given);
        past = new Past(store, content.rollups);
      });
      for (const { detector, test } of tests) {
        it(`${detector.id}: ${test.name} gives ${test.expect === 'nothing' ? 'nothing' : 'a finding'}${test.expect === 'low' ? ' of low severity' : ''}`, async () => {
          const { ok, says, findings } = await tryPlayed(store, content, detector, test, past);
          const told = findings.slice(0, 5).map((one) => `\n${one.summary} p=${one.p_value}`);
          assert.ok(ok, says + told.join(''));
          if (test.expect !== 'nothing')
            await assertCounted(store, content, detector, mostTelling(findings, most_findings));
        });
      }
    });
  }
});
