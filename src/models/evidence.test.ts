import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kolmogorovUpper, uniformDistance } from '../../test/uniform.ts';
import { random } from '../base/random.ts';
import { fisher, strongest } from './combine.ts';
import { type CountPast, countSurprise, noCounts } from './counts.ts';
import { ladderRate, noveltySurprise } from './first-seen.ts';

const close = (got: number, want: number, off = 1e-9) =>
  assert.ok(Math.abs(got - want) <= off * Math.abs(want), `${got}, not ${want}`);

test('combined p-values agree with their formulas', () => {
  close(strongest([-2, 0, 0]).p, 1 - 0.99 ** 3);
  close(strongest([-20, -1]).log10_p, -20 + Math.log10(2));
  // Fisher of two: s(1 - ln s), s their product.
  close(fisher([-1, -2]).p, 1e-3 * (1 - Math.log(1e-3)));
  close(strongest([-400]).log10_p, -400);
});

test('combined p-values of nothing strange are even, or too large', () => {
  const r = random(1);
  const rows = Array.from({ length: 2000 }, () => Array.from({ length: 4 }, () => Math.log10(1 - r.next())));
  for (const combine of [strongest, (p: number[]) => fisher(p)]) {
    const p = rows.map((row) => combine(row).p);
    assert.ok(kolmogorovUpper(uniformDistance(p), p.length).p > 0.001);
  }
});

test('Fisher with the variance of copies does not add them up', () => {
  close(fisher([-3, -3, -3], 36).p, 1e-3, 1e-6);
});

/** Past counts as sums. */
function countPast(counts: readonly number[]): CountPast {
  const sum = (of: (count: number) => number): number => counts.reduce((all, one) => all + of(one), 0);
  return { windows: counts.length, total: sum((one) => one), squares: sum((one) => one ** 2) };
}

test('a busy host is not impossible, a scan is rare', () => {
  const prior = { mean: 3, strength: 12, dispersion: 1 };
  const busy = countPast([40, 55, 38, 61, 47, 52, 44, 39, 58, 50]);
  assert.ok(countSurprise(60, busy, prior).p > 0.05);
  const spike = countSurprise(4000, busy, prior);
  assert.ok(spike.p < 1e-4 && spike.p > 1e-9, `${spike.p}`);
  const scan = countSurprise(254, noCounts, prior);
  assert.ok(scan.p < 1e-4 && scan.p > 1e-8, `${scan.p}`);
  assert.equal(countSurprise(0, busy, prior).p, 1);
  assert.ok(scan.high >= 8 && scan.high < 40, `${scan.high}`);
});

test('more history proves more, and counts of the past are not strange', () => {
  const prior = { mean: 3, strength: 12 };
  const p = (windows: number) =>
    countSurprise(60, { windows, total: 3 * windows, squares: 12 * windows }, prior).p;
  assert.ok(p(1000) < p(100) && p(100) < p(10));
  const r = random(4);
  const draw = () => {
    let n = 0;
    for (let t = r.exponential(); t < 5; t += r.exponential()) n++;
    return n;
  };
  const past = countPast(Array.from({ length: 500 }, draw));
  const values = Array.from({ length: 2000 }, () => countSurprise(draw(), past, prior).p);
  for (const limit of [0.1, 0.01]) {
    const share = values.filter((v) => v < limit).length / values.length;
    assert.ok(share <= limit * 1.3, `${share} below ${limit}`);
  }
});

test('an eleventh new server is news for who met none, not for who meets ten an hour', () => {
  const prior = { rate: 1, strength: 4 };
  const quiet = noveltySurprise(
    3,
    [
      { windows: 500, total: 600 },
      { windows: 300, total: 2 },
    ],
    prior,
  );
  const curious = noveltySurprise(
    11,
    [
      { windows: 500, total: 600 },
      { windows: 300, total: 3000 },
    ],
    prior,
  );
  assert.ok(quiet.p < 0.002 && curious.p > 0.2, `${quiet.p} ${curious.p}`);
  const unknown = noveltySurprise(3, [{ windows: 500, total: 600 }, noCounts], prior);
  assert.ok(unknown.p > 0.05, `judged as the population is: ${unknown.p}`);
  close(ladderRate([{ windows: 4, total: 12 }], prior), 2);
});
