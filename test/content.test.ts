import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loadContent } from '../src/content/index.ts';
import { checkStatements } from '../src/pipeline/check.ts';
import { tryDetector } from '../src/pipeline/try.ts';
import { openStore, type Store } from '../src/store/index.ts';

const content = loadContent();
let store: Store;
before(async () => {
  store = await openStore({ directory: null });
});
after(() => store.close());

it('every statement of the shipped detectors runs and gives the columns its feature names', () =>
  checkStatements(store, content));

describe('every detector passes its own tests, on the engine and the SQL that ship', () => {
  for (const detector of content.detectors) {
    for (const test of detector.tests) {
      it(`${detector.id}: ${test.name} gives ${test.expect === 'finding' ? 'a finding' : 'nothing'}`, async () => {
        const tried = await tryDetector(store, content, detector, test);
        assert.ok(
          tried.ok,
          tried.says +
            tried.findings
              .map((one) => `\n${one.summary} p=${one.p_value}`)
              .slice(0, 5)
              .join(''),
        );
      });
    }
  }
});
