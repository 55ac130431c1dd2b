import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lostSince } from './watch.ts';

test('what an input lost is counted once, also after it began anew', () => {
  assert.deepEqual(lostSince({}, { full: 3 }), { full: 3 });
  assert.deepEqual(lostSince({ full: 3 }, { full: 5, 'too long': 1 }), { full: 2, 'too long': 1 });
  assert.deepEqual(lostSince({ full: 3 }, { full: 3 }), {});
  assert.deepEqual(lostSince({ full: 3 }, { full: 1 }), { full: 1 });
});
