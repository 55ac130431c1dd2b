import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawnNames, peopleNamesHeldOut } from '../../bench/label-samples.ts';
import { random } from '../base/random.ts';
import { entropy, generatedNameScore } from './information.ts';

test('entropy agrees with its definition', () => {
  assert.equal(entropy('aaaa'), 0);
  assert.equal(entropy('abcd'), 2);
  assert.equal(entropy('abcc'), 1.5);
  assert.equal(entropy(''), 0);
});

const LIMIT = 0.9;
const flagged = (names: readonly string[]) =>
  names.filter((n) => generatedNameScore(n) > LIMIT).length / names.length;

test('drawn names are told from names of people, but for those made of words', (t) => {
  const r = random(77);
  for (const [name, family] of Object.entries(drawnNames)) {
    const share = flagged(Array.from({ length: 500 }, () => family.draw(r)));
    t.diagnostic(`${name}: ${(100 * share).toFixed(1)} % flagged`);
    if (family.expected_miss) assert.ok(share < 0.05, `${name} ${share}`);
    else assert.ok(share > 0.85, `${name} ${share}`);
  }
});

test('names of well-known services that it did not learn from are left alone', (t) => {
  const wrong = peopleNamesHeldOut.filter((n) => generatedNameScore(n) > LIMIT);
  t.diagnostic(`${wrong.length} of ${peopleNamesHeldOut.length} flagged: ${wrong.join(' ')}`);
  assert.ok(wrong.length / peopleNamesHeldOut.length < 0.02, wrong.join(' '));
});
