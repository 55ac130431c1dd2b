import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Habits, OddWindows } from './habit.ts';

const day = (n: number): number => (n * 86_400 + 7200) * 1e6;

describe('habits', () => {
  it('what an entity did on three earlier days is its habit, with the share of its days as chance', () => {
    const habits = new Habits();
    for (const n of [0, 1, 3]) habits.note('backup', day(n), [100]);
    assert.equal(habits.chance('backup', day(4), [120]), 3 / 5);
  });

  it('two days are not a habit yet, and windows of one day count once', () => {
    const habits = new Habits();
    for (const n of [0, 0, 0, 1]) habits.note('backup', day(n), [100]);
    assert.equal(habits.chance('backup', day(2), [100]), 0);
  });

  it('the day itself does not speak for itself', () => {
    const habits = new Habits();
    for (const n of [0, 1, 2]) habits.note('backup', day(n), [100]);
    assert.equal(habits.chance('backup', day(2), [100]), 0);
  });

  it('what was done on an earlier day is done again, unless it is three times as much', () => {
    const habits = new Habits();
    habits.note('backup', day(0), [100]);
    for (const [on, value, wanted] of [
      [0, 100, false],
      [1, 100, true],
      [1, 300, true],
      [1, 301, false],
    ] as const)
      assert.equal(habits.again('backup', day(on), [value]), wanted, `day ${on}, ${value}`);
    assert.equal(habits.again('other', day(1), [1]), false);
  });

  it('three times as much as ever before is not covered', () => {
    const habits = new Habits();
    for (const n of [0, 1, 2]) habits.note('backup', day(n), [100]);
    assert.equal(habits.chance('backup', day(3), [301]), 0);
    assert.equal(habits.chance('other', day(3), [1]), 0);
  });
});

describe('odd windows', () => {
  it('count from the third on, as a share of all windows of the entity', () => {
    const own = new OddWindows();
    const share = (): number => own.share('monitor', 0.7, [100]);
    for (const score of [0.4, 0.4, 0.72, 0.71]) own.note('monitor', score, [100]);
    assert.equal(share(), 0, 'two');
    own.note('monitor', 0.68, [100]);
    assert.equal(share(), 3 / 6);
    assert.equal(own.share('monitor', 0.9, [100]), 0, 'odder than ever');
    assert.equal(own.share('monitor', 0.7, [301]), 0, 'more than three times as much');
    assert.equal(own.share('desk', 0.7, [100]), 0, 'another');
  });
});
