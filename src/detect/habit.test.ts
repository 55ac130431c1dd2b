import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Habits } from './habit.ts';

const day = (n: number): number => n * 86_400 + 7200;

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

  it('three times as much as ever before is not covered', () => {
    const habits = new Habits();
    for (const n of [0, 1, 2]) habits.note('backup', day(n), [100]);
    assert.equal(habits.chance('backup', day(3), [301]), 0);
    assert.equal(habits.chance('other', day(3), [1]), 0);
  });
});
