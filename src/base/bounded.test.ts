import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countAtMost, OldestOut, OldestOutSet, remembered } from './bounded.ts';

test('a full memory pushes out what was set longest ago and counts it; renewing makes young', () => {
  const map = new OldestOut<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.set('a', 3);
  map.set('c', 4);
  assert.deepEqual([map.get('a'), map.get('b'), map.get('c')], [undefined, 2, 4]);
  map.renew('b', 5);
  map.set('d', 6);
  assert.deepEqual([map.get('b'), map.has('c'), map.get('d')], [5, false, 6]);
  assert.equal(map.forgotten, 2);
  assert.deepEqual(map.pushOut(), ['b', 5]);
  map.clear();
  assert.equal(map.pushOut(), undefined);
  assert.throws(() => new OldestOut(0), RangeError);
});

test('whatever comes, a memory holds no more than it may, and those are the newest', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 30 })), fc.integer({ min: 1, max: 10 }), (keys, most) => {
      const map = new OldestOut<number, number>(most);
      const set = new OldestOutSet<number>(most);
      keys.forEach((key, at) => {
        map.renew(key, at);
        assert.equal(set.has(key), !set.add(key));
        assert.ok(map.size <= most && set.size <= most);
      });
      const newest = [...new Set(keys.toReversed())].slice(0, most);
      for (const key of newest) assert.equal(map.get(key), keys.lastIndexOf(key));
    }),
  );
});

test('a remembered function is asked once for what comes often, and its memory is bounded', () => {
  let asked = 0;
  const of = remembered((text) => {
    asked++;
    return text.toUpperCase();
  }, 100);
  for (let i = 0; i < 1000; i++) assert.equal(of('often'), 'OFTEN');
  assert.equal(asked, 1);
  for (let i = 0; i < 1000; i++) {
    of(`rare ${i}`);
    of('often');
  }
  assert.equal(asked, 1001);
});

test('reasons beyond the bound are counted together', () => {
  const counts = new Map<string, number>();
  for (const key of ['a', 'b', 'c', 'a', 'd']) countAtMost(counts, key, 2, 'other');
  assert.deepEqual(
    [...counts],
    [
      ['a', 2],
      ['b', 1],
      ['other', 2],
    ],
  );
});
