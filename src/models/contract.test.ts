import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../base/random.ts';
import type { Matrix, Model, Score } from '../schema/model.ts';
import { BeaconParams, judgeBeacon } from './beacon.ts';
import { models } from './index.ts';

/** Every model with parameters for three columns. */
const params: Record<string, unknown> = {
  deviation: {
    columns: [
      { prior: { median: 100, spread: 3 } },
      { side: 'both', prior: { median: 100, spread: 3 } },
      { scale: 'linear', side: 'high', prior: { median: 0.5, spread: 0.2 } },
    ],
    combine: 'all',
  },
  forest: { min_rows: 100 },
};

function past(rows: number, seed: number): Matrix {
  const r = random(seed);
  const values = new Float64Array(rows * 3);
  for (let i = 0; i < rows; i++) {
    values[3 * i] = 100 * Math.exp(0.4 * r.normal());
    values[3 * i + 1] = 100 * Math.exp(0.4 * r.normal());
    values[3 * i + 2] = 0.5 + 0.1 * r.normal();
  }
  return { rows, columns: 3, values };
}

const FAR = [1e9, 1e9, 50];
const ODD = [[0, 0, 0], FAR, [-1, -1, -1], [1e300, 1e300, 1e300], [Number.NaN, Infinity, -Infinity]];

function sound(score: Score): void {
  assert.ok(score.score >= 0 && score.score <= 1, `score ${score.score}`);
  assert.ok(score.p_value >= 1e-12 && score.p_value <= 1, `p ${score.p_value}`);
  let weights = 0;
  for (const part of score.parts) {
    for (const value of [part.expected, part.low, part.high, part.weight])
      assert.ok(!Number.isNaN(value), JSON.stringify(part));
    assert.ok(part.low <= part.expected && part.expected <= part.high, JSON.stringify(part));
    assert.ok(part.weight >= 0);
    weights += part.weight;
  }
  assert.ok(weights === 0 || Math.abs(weights - 1) < 1e-9, `weights ${weights}`);
}

assert.deepEqual(models.map((m) => m.kind).sort(), Object.keys(params).sort(), 'a model without a contract');

for (const known of models) {
  const model = known as unknown as Model<unknown, unknown>;
  const own = model.params.parse(params[model.kind]);
  const rows = past(400, 1);
  const state = model.fit(rows, own, 5);

  test(`${model.kind}: scores and parts are sound on anything`, () => {
    for (const row of ODD) sound(model.score(row, state, own));
    for (let r = 0; r < rows.rows; r += 7)
      sound(model.score(rows.values.subarray(3 * r, 3 * r + 3), state, own));
  });

  test(`${model.kind}: a far row scores above all past ones, and is rarer`, () => {
    const far = model.score(FAR, state, own);
    for (let r = 0; r < rows.rows; r++) {
      const usual = model.score(rows.values.subarray(3 * r, 3 * r + 3), state, own);
      assert.ok(far.score > usual.score, `${far.score} ${usual.score}`);
      assert.ok(far.p_value <= usual.p_value);
    }
    assert.ok(far.p_value < 0.01, `${far.p_value}`);
  });

  test(`${model.kind}: p is small seldom on rows like the past`, () => {
    const more = past(1000, 2);
    let small = 0;
    for (let r = 0; r < 1000; r++)
      if (model.score(more.values.subarray(3 * r, 3 * r + 3), state, own).p_value < 0.01) small++;
    assert.ok(small <= 30, `${small} of 1000 below 0.01`);
  });

  test(`${model.kind}: its state survives JSON, and the same seed gives the same state`, () => {
    assert.deepEqual(JSON.parse(JSON.stringify(state)), state);
    assert.deepEqual(model.fit(rows, own, 5), state);
    const again = JSON.parse(JSON.stringify(state));
    for (const row of ODD.slice(0, 4))
      assert.equal(model.score(row, again, own).score, model.score(row, state, own).score);
  });

  test(`${model.kind}: no past and constant columns are borne`, () => {
    for (const some of [past(0, 1), past(1, 1), past(120, 3)]) {
      for (let r = 0; r < some.rows; r++) (some.values as Float64Array)[3 * r + 1] = 7;
      const learned = model.fit(some, own, 1);
      for (const row of ODD) sound(model.score(row, learned, own));
    }
    const constant = { rows: 300, columns: 3, values: new Float64Array(900).fill(7) };
    const learned = model.fit(constant, own, 1);
    for (const row of [...ODD, [7, 7, 7]]) sound(model.score(row, learned, own));
  });
}

test('beacon: its judgement is sound on anything', () => {
  const r = random(3);
  for (let turn = 0; turn < 300; turn++) {
    const n = r.below(60);
    const times = Float64Array.from(
      { length: n },
      () => Math.floor(10 ** (6 * r.next())) / 10 ** r.below(4),
    ).sort();
    const sizes = Float64Array.from({ length: n }, () => (r.next() < 0.1 ? 0 : r.below(1e6)));
    const found = judgeBeacon({ times, src_bytes: sizes, dst_bytes: sizes }, BeaconParams.parse({}));
    assert.ok(found.score >= 0 && found.score <= 1 && found.p_value > 0 && found.p_value <= 1);
    assert.ok(found.coverage >= 0 && found.coverage <= 1 + 1e-9 && found.jitter_share >= 0);
    for (const part of found.parts) assert.ok(part.value >= 0 && part.value <= 1, JSON.stringify(part));
  }
});
