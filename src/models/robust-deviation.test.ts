import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kolmogorovUpper, uniformDistance } from '../../test/uniform.ts';
import { random } from '../base/random.ts';
import { DeviationColumn, deviation, robustDeviation, usual } from './robust-deviation.ts';

const bytes = DeviationColumn.parse({ prior: { median: 1e6, spread: 10 } });
const MB = 1e6;

/** Hours of a host that sends about 30 MB each, between 12 and 80. */
function hours(n: number, seed = 1, median = 30 * MB): number[] {
  const r = random(seed);
  return Array.from({ length: n }, () => median * Math.exp(0.45 * r.normal()));
}

test('the usual value and its range are in the unit of the column', () => {
  const own = usual(hours(500), bytes);
  const judged = deviation(4100 * MB, own, bytes);
  assert.ok(judged.expected > 25 * MB && judged.expected < 34 * MB, `${judged.expected}`);
  assert.ok(judged.low > 8 * MB && judged.low < 15 * MB, `${judged.low}`);
  assert.ok(judged.high > 60 * MB && judged.high < 100 * MB, `${judged.high}`);
  assert.ok(judged.tail.p < 1e-5 && judged.tail.p > 1e-12, `${judged.tail.p}`);
});

test('without a past it judges by the prior, with a long one hardly', () => {
  const none = deviation(30 * MB, usual([], bytes), bytes);
  assert.equal(Math.round(none.expected), 1e6);
  assert.ok(none.tail.p > 0.05);
  const few = deviation(30 * MB, usual(hours(12), bytes), bytes).expected;
  assert.ok(few > 3 * MB && few < 12 * MB, `half way on the log scale: ${few}`);
});

test('p-values of what is usual are even: one in a hundred stays one in a hundred', () => {
  const own = usual(hours(600, 2), bytes);
  const p = hours(2000, 3).map((v) => deviation(v, own, bytes).tail.p);
  const below = p.filter((x) => x < 0.01).length / p.length;
  assert.ok(below < 0.02, `${below}`);
  assert.ok(
    uniformDistance(p) < 0.06,
    `${uniformDistance(p)} ${kolmogorovUpper(uniformDistance(p), 2000).p}`,
  );
});

test('a constant past proves no more than its length, unless the change is far in the prior too', () => {
  const column = DeviationColumn.parse({ prior: { median: 1, spread: 3 } });
  const own = usual(new Array(500).fill(2), column);
  const small = deviation(3, own, column);
  assert.ok(small.raw_log10_p < -2 && small.tail.p > 0.9 / 513 / 2, `${small.tail.p}`);
  const far = deviation(3e6, own, column);
  assert.ok(far.tail.p < 1e-6, `${far.tail.p}`);
});

test('busy hours of a mostly idle host are not called strange', () => {
  const r = random(4);
  const own = usual(
    Array.from({ length: 400 }, () => (r.next() < 0.7 ? 0 : 1000 * r.next())),
    DeviationColumn.parse({ prior: { median: 10, spread: 5 } }),
  );
  assert.ok(deviation(900, own, bytes).tail.p > 0.02);
});

test('a tenth of the past poisoned moves the usual value by less than a spread', () => {
  const clean = usual(hours(300), bytes);
  const taught = usual([...hours(300), ...new Array(33).fill(5000 * MB)], bytes);
  assert.ok(Math.abs(taught.centre - clean.centre) < 0.5 * clean.up);
});

test('both sides, and the strongest column decides', () => {
  const params = robustDeviation.params.parse({
    columns: [
      { side: 'both', scale: 'linear', prior: { median: 0.5, spread: 0.1 } },
      { side: 'high', prior: { median: 10, spread: 3 } },
    ],
  });
  const state = robustDeviation.fit({ rows: 0, columns: 2, values: new Float64Array() }, params, 1);
  const low = robustDeviation.score([-1, 10], state, params);
  assert.ok(low.parts[0]!.weight === 1 && low.p_value < 1e-4, JSON.stringify(low));
  assert.ok(robustDeviation.score([0.5, 0], state, params).p_value > 0.5);
});

test('copies of one column do not add up to certainty', () => {
  const r = random(6);
  const values = Float64Array.from({ length: 300 * 4 });
  for (let i = 0; i < 300; i++) values.fill(100 * Math.exp(0.5 * r.normal()), 4 * i, 4 * i + 4);
  const column = { prior: { median: 100, spread: 2 } };
  const params = robustDeviation.params.parse({ columns: [column, column, column, column], combine: 'all' });
  const state = robustDeviation.fit({ rows: 300, columns: 4, values }, params, 1);
  const one = deviation(300, state.columns[0]!, params.columns[0]!).tail.p;
  const four = robustDeviation.score([300, 300, 300, 300], state, params).p_value;
  assert.ok(four > one / 10, `${one} ${four}`);
});

test('one extreme value in a long past excuses nothing: the chance is one in the past, not one in 65', () => {
  const column = {
    scale: 'log' as const,
    side: 'high' as const,
    prior: { median: 1000, spread: 2, strength: 12 },
  };
  const past = Array.from({ length: 2047 }, (_, i) => 900 + (i % 200));
  const state = usual([...past, 1e10], column);
  for (const value of [1e6, 1e8, 9e9]) {
    const { tail } = deviation(value, state, column);
    assert.ok(tail.p < 0.001, `${value}: ${tail.p}`);
    assert.ok(
      tail.p >= 1 / (2048 + 12) - 1e-9,
      `${value}: ${tail.p} claims more than one such window in the past allows`,
    );
  }
});
