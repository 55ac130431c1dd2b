import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from './near.ts';

const names = ['beacon', 'browsing', 'office', 'vertical_scan', 'horizontal_scan'];
for (const [typed, meant] of [
  ['becon', 'beacon'],
  ['beacons', 'beacon'],
  ['browssing', 'browsing'],
  ['vertikal_scan', 'vertical_scan'],
  ['offcie', 'office'],
  ['tunnel', null],
  ['x', null],
  ['', null],
] as const)
  test(`"${typed}" is taken for ${meant ?? 'none of the names'}`, () =>
    assert.equal(nearest(typed, names), meant));
