import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawnNames, peopleNamesHeldOut } from '../../bench/label-samples.ts';
import { random } from '../base/random.ts';
import {
  encodedLabelScore,
  entropy,
  entropyOfCounts,
  generatedNameScore,
  informationContent,
} from './information.ts';

test('entropy agrees with its definition', () => {
  assert.equal(entropy('aaaa'), 0);
  assert.equal(entropy('abcd'), 2);
  assert.equal(entropyOfCounts([1, 1, 2]), 1.5);
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

test('payload in labels is told from host names', () => {
  const r = random(5);
  const payload = [
    ...Array.from({ length: 200 }, () => drawnNames.hex!.draw(r) + drawnNames.hex!.draw(r)),
    ...Array.from({ length: 200 }, () => `${drawnNames.base32!.draw(r)}.${drawnNames.base32!.draw(r)}`),
  ].filter((s) => s.length >= 30);
  const found = payload.filter((s) => encodedLabelScore(s) > 0.5).length / payload.length;
  assert.ok(found > 0.9, `${found}`);
  for (const host of [
    'www',
    'mail.internal',
    'ec2-52-18-204-11.eu-west-1.compute',
    'login.microsoftonline',
    'settings-win.data',
    'v10.events.data',
    'fe2cr.update',
    'static.xx.fbcdn',
    'optimizationguide-pa',
    'safebrowsing',
    'connectivity-check',
    'prod-eu-central-application-gateway',
  ])
    assert.ok(encodedLabelScore(host) < 0.5, `${host} ${encodedLabelScore(host)}`);
});

test('a thousand random names carry much, a thousand numbered ones little, repeats nothing', () => {
  const r = random(9);
  const tunnel = informationContent(Array.from({ length: 1000 }, () => drawnNames.base32!.draw(r)));
  const numbered = informationContent(Array.from({ length: 1000 }, (_, i) => `host-${i}`));
  const repeats = informationContent(new Array(1000).fill('www'));
  assert.ok(tunnel > 10_000 && numbered < 3000 && repeats < 20, `${tunnel} ${numbered} ${repeats}`);
  assert.equal(informationContent([]), 0);
});
