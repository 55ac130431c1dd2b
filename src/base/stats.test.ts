import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kolmogorovUpper, uniformDistance } from '../../test/uniform.ts';
import { random } from './random.ts';
import * as stats from './stats.ts';

const close = (got: number, want: number, relative = 1e-9) =>
  assert.ok(Math.abs(got - want) <= relative * Math.abs(want) + 1e-300, `${got}, not ${want}`);

test('tails agree with published values', () => {
  close(stats.normalUpper(1.959963984540054).p, 0.025, 1e-12);
  close(stats.normalUpper(5).p, 2.866515718791939e-7, 1e-12); // scipy.stats.norm.sf
  close(stats.normalUpper(-1).p, 0.8413447460685429, 1e-12);
  close(stats.studentUpper(10, 3).p, 0.0010641995292070734, 1e-12); // t.sf(10, 3)
  close(stats.studentUpper(2.0, 1).p, 0.14758361765043326, 1e-12); // 1/2 - atan(2)/pi
  close(stats.poissonUpper(10, 3).p, 0.0011024881301154798, 1e-12);
  close(stats.binomialUpper(8, 10, 0.5).p, 0.0546875, 1e-12); // 56/1024
  close(stats.chiSquareUpper(3.841458820694124, 1).p, 0.05, 1e-12);
  // Geometric with mean 4: P(X >= k) = (4/5)^k.
  close(stats.negativeBinomialUpper(7, 4, 1).p, 0.8 ** 7, 1e-12);
});

test('far tails keep their order where doubles end', () => {
  // ln Q(z) ~ -z²/2 - ln(z sqrt(2 pi)) + ln(1 - 1/z² ...): normal 40 sigma is 10^-349.437.
  close(stats.normalUpper(40).log10_p, -349.43701, 1e-7);
  assert.equal(stats.normalUpper(40).p < 1e-300, true);
  close(stats.poissonUpper(1000, 1).log10_p, -2568.0385046269907, 1e-11);
  const t = (x: number) => stats.studentUpper(x, 4).log10_p;
  close(t(1e30) - t(1e31), 4, 1e-9); // power law of order df
  assert.ok(Number.isFinite(t(1e200)));
});

test('quantiles of Student t invert the tail', () => {
  close(stats.studentQuantile(0.025, 5), 2.570581835636314, 1e-8);
  close(stats.studentQuantile(0.975, 5), -2.570581835636314, 1e-8);
});

test('gamma functions agree with factorials and with each other', () => {
  close(stats.logGamma(11), Math.log(3628800), 1e-13);
  close(stats.logGamma(0.5), Math.log(Math.sqrt(Math.PI)), 1e-13);
  for (const [a, x] of [
    [0.5, 0.2],
    [3, 9],
    [200, 180],
    [5000, 5100],
  ] as const)
    close(Math.exp(stats.logGammaP(a, x)) + Math.exp(stats.logGammaQ(a, x)), 1, 1e-11);
});

test('median and quantiles follow the definition', () => {
  assert.equal(stats.median([3, 1, 2]), 2);
  assert.equal(stats.median([4, 1, 3, 2]), 2.5);
  assert.equal(stats.quantile([0, 10, 20, 30], 0.5), 15);
  const r = random(1);
  for (let turn = 0; turn < 200; turn++) {
    const values = Float64Array.from({ length: 1 + r.below(60) }, () => r.below(12));
    assert.equal(stats.medianInPlace(values.slice()), stats.quantileSorted(values.slice().sort(), 0.5));
  }
  assert.ok(Number.isNaN(stats.median([])));
});

test('the random stream is repeatable, even and normal', () => {
  const a = random(7);
  const b = random(7);
  const values = Float64Array.from({ length: 4000 }, () => a.next());
  assert.deepEqual(
    [...values.slice(0, 9)],
    Array.from({ length: 9 }, () => b.next()),
  );
  assert.ok(kolmogorovUpper(uniformDistance(values), 4000).p > 0.001);
  const normals = Float64Array.from({ length: 4000 }, () => stats.normalUpper(a.normal()).p);
  assert.ok(kolmogorovUpper(uniformDistance(normals), 4000).p > 0.001);
  assert.notEqual(random(1).next(), random(2).next());
});
