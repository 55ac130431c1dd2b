import assert from 'node:assert/strict';
import { test } from 'node:test';
import { besideOrAlone, sideBySide } from './side-by-side.ts';

const moment = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('results come in the order of what was asked, whichever ends first', async () => {
  const given = [30, 5, 20, 1];
  const results = await sideBySide(2, given, async (ms, index) => {
    await moment(ms);
    return `${index}: ${ms}`;
  });
  assert.deepEqual(results, ['0: 30', '1: 5', '2: 20', '3: 1']);
  assert.deepEqual(await sideBySide(3, [], async () => 1), []);
});

test('no more are under way than allowed, and as many where there is work', async () => {
  let running = 0;
  let most = 0;
  await sideBySide(3, [...Array(10).keys()], async () => {
    most = Math.max(most, ++running);
    await moment(2);
    running--;
  });
  assert.equal(most, 3);
});

test('after a failure nothing is begun, what is under way ends, and the failure is told', async () => {
  const begun: number[] = [];
  let ended = false;
  const asked = sideBySide(2, [0, 1, 2, 3, 4], async (item) => {
    begun.push(item);
    if (item === 1) throw new Error('the second one');
    await moment(10);
    ended = true;
  });
  await assert.rejects(asked, /the second one/);
  assert.ok(ended);
  assert.deepEqual(begun, [0, 1]);
});

test('what found no room beside others is done once more when they have ended, and keeps its place', async () => {
  const done: string[] = [];
  const results = await besideOrAlone(2, ['a', 'wide', 'b', 'c'], async (item, at_once) => {
    done.push(`${item}/${at_once}`);
    return item === 'wide' && at_once > 1 ? null : item.toUpperCase();
  });
  assert.deepEqual(results, ['A', 'WIDE', 'B', 'C']);
  assert.equal(done.at(-1), 'wide/1');
  assert.equal(done.length, 5);
});
