import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../base/random.ts';
import type { Matrix } from '../schema/model.ts';
import {
  attribute,
  averagePathLength,
  type Forest,
  fitForest,
  isolationForest,
  openForest,
  scoreRows,
} from './isolation-forest.ts';

function cloud(rows: number, columns: number, seed: number): Matrix {
  const r = random(seed);
  return { rows, columns, values: Float64Array.from({ length: rows * columns }, () => r.normal()) };
}

test('mean path lengths are those of the paper', () => {
  assert.equal(averagePathLength(1), 0);
  assert.equal(averagePathLength(2), 1);
  assert.ok(Math.abs(averagePathLength(256) - 10.2448) < 1e-4);
});

test('a lone row scores above what is ordinary, and the columns that make it lone are named', () => {
  const params = isolationForest.params.parse({});
  const state = isolationForest.fit(cloud(2000, 5, 1), params, 7);
  const ordinary = scoreRows(cloud(500, 5, 2), openForest(state)).sort();
  const judged = isolationForest.score([0, 0, 9, -9, 0], state, params);
  assert.ok(judged.score > ordinary[490]!, `${judged.score}`);
  assert.ok(judged.p_value < 0.03, `${judged.p_value}`);
  const [, , third, fourth] = judged.parts;
  assert.ok(third!.weight + fourth!.weight > 0.9, `${third!.weight} ${fourth!.weight}`);
  assert.ok(third!.low < -1.5 && third!.high > 1.5 && Math.abs(third!.expected) < 0.2);
});

test('contributions sum exactly to the expected less the actual path length', () => {
  const state = fitForest(cloud(600, 8, 3), isolationForest.params.parse({}), 5);
  const forest = openForest(state);
  const r = random(4);
  for (let i = 0; i < 20; i++) {
    const row = Float64Array.from({ length: 8 }, () => 2 * r.normal());
    const sum = attribute(row, forest).reduce((a, b) => a + b, 0);
    const want = forest.expected_length - pathLength(row, forest);
    assert.ok(Math.abs(sum - want) < 1e-9, `${sum} ${want}`);
  }
});

/** Path length of one row, mean over the trees. */
function pathLength(row: ArrayLike<number>, forest: Forest): number {
  const matrix = { rows: 1, columns: forest.columns, values: Float64Array.from(row) };
  return -Math.log2(scoreRows(matrix, forest)[0]!) * forest.normal_length;
}

/** Expected path length when only the columns in `known` are. */
function expectedLength(row: Float64Array, forest: Forest, known: number): number {
  const leaves = 2 ** forest.depth;
  const visit = (t: number, node: number): number => {
    if (node >= leaves - 1) return forest.lengths[t * leaves + node - (leaves - 1)]!;
    const at = t * (leaves - 1) + node;
    if (forest.thresholds[at] === Infinity) return visit(t, 2 * node + 1);
    const column = forest.features[at]!;
    if ((known >> column) & 1) return visit(t, 2 * node + (row[column]! > forest.thresholds[at]! ? 2 : 1));
    const cover = (n: number) => forest.covers[t * (2 * leaves - 1) + n]!;
    const share = cover(2 * node + 1) / cover(node);
    return share * visit(t, 2 * node + 1) + (1 - share) * visit(t, 2 * node + 2);
  };
  let sum = 0;
  for (let t = 0; t < forest.trees; t++) sum += visit(t, 0);
  return sum / forest.trees;
}

test('contributions are the Shapley values that all coalitions give', () => {
  const d = 4;
  const params = isolationForest.params.parse({ trees: 12, sample: 64 });
  const forest = openForest(fitForest(cloud(300, d, 8), params, 9));
  const factorial = [1, 1, 2, 6, 24];
  const r = random(10);
  for (let turn = 0; turn < 5; turn++) {
    const row = Float64Array.from({ length: d }, () => 1.5 * r.normal());
    const got = attribute(row, forest);
    for (let j = 0; j < d; j++) {
      let want = 0;
      for (let s = 0; s < 1 << d; s++) {
        if ((s >> j) & 1) continue;
        let size = 0;
        for (let b = 0; b < d; b++) size += (s >> b) & 1;
        const weight = (factorial[size]! * factorial[d - size - 1]!) / factorial[d]!;
        want += weight * (expectedLength(row, forest, s) - expectedLength(row, forest, s | (1 << j)));
      }
      assert.ok(Math.abs(got[j]! - want) < 1e-9, `${got[j]} ${want}`);
    }
  }
});

test('it says nothing before it has seen enough', () => {
  const params = isolationForest.params.parse({});
  const state = isolationForest.fit(cloud(50, 3, 1), params, 1);
  assert.deepEqual(
    { ...isolationForest.score([9, 9, 9], state, params) },
    { score: 0, p_value: 1, parts: [] },
  );
});
