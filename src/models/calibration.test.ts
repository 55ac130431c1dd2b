import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kolmogorovUpper, uniformDistance } from '../../test/uniform.ts';
import { random } from '../base/random.ts';
import { calibrate, calibrated, uncalibrated } from './calibration.ts';

// Scores as three kinds of model give them: even, crowded at 0, crowded in the middle.
const shapes: Record<string, (u: number) => number> = {
  even: (u) => u,
  heavy: (u) => 1 - (1 - u) ** 0.3,
  forest: (u) => 0.4 + 0.25 * u ** 4,
};

for (const [name, shape] of Object.entries(shapes)) {
  test(`p-values of held-out ${name} scores are even`, () => {
    const r = random(3);
    const by = calibrate(Array.from({ length: 3000 }, () => shape(r.next())));
    const held_out = Array.from({ length: 1000 }, () => calibrated(shape(r.next()), by).p);
    assert.ok(kolmogorovUpper(uniformDistance(held_out), 1000).p > 0.01, `${uniformDistance(held_out)}`);
  });
}

test('the fitted tail is right at one in ten thousand, learned from a thousand', () => {
  // Exponential tail: P(score >= s) = (1 - s)^(1/0.3); averaged over seeds.
  let ratio = 0;
  for (let seed = 0; seed < 40; seed++) {
    const r = random(seed);
    const by = calibrate(Array.from({ length: 1000 }, () => shapes.heavy!(r.next())));
    ratio += Math.log10(calibrated(shapes.heavy!(1 - 1e-4), by).p / 1e-4) / 40;
  }
  assert.ok(Math.abs(ratio) < 0.35, `${ratio} orders of magnitude off`);
});

test('p falls as the score rises and stops at its limit', () => {
  const r = random(1);
  for (const n of [1, 10, 49, 50, 600]) {
    const by = calibrate(Array.from({ length: n }, () => r.next() * 0.7));
    let last = 1;
    for (let s = 0; s <= 1; s += 0.001) {
      const { p } = calibrated(s, by);
      assert.ok(p <= last + 1e-12, `n ${n} score ${s}: ${p} after ${last}`);
      last = p;
    }
    assert.ok(last >= 1 / (n * 1000) - 1e-15);
  }
  assert.equal(calibrated(0.9, uncalibrated).p, 1);
  assert.equal(calibrated(1, calibrate(new Float64Array(100).fill(0.5))).p, 1 / 101);
});

test('a calibration survives JSON', () => {
  const by = calibrate([0.1, 0.5, 0.7]);
  assert.deepEqual(JSON.parse(JSON.stringify(by)), by);
});
