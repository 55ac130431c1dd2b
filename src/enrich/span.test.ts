import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countDay, type DaySeen, spanOf } from './span.ts';

const day_us = 86_400e6;
const monday = 20_458;

/** So many events at noon of each day. */
function days(all: Readonly<Record<number, number>>): Map<number, DaySeen> {
  const seen = new Map<number, DaySeen>();
  for (const [day, events] of Object.entries(all)) {
    const time = Number(day) * day_us + day_us / 2;
    seen.set(Number(day), { events, first_time: time, last_time: time });
  }
  return seen;
}
const noon = (day: number): number => day * day_us + day_us / 2;

const cases: [
  what: string,
  given: Record<number, number>,
  first: number,
  last: number,
  days: number,
  strays: number,
][] = [
  [
    'one record of 1970 makes no history of 50 years',
    { 0: 1, [monday]: 500, [monday + 1]: 500 },
    monday,
    monday + 1,
    2,
    1,
  ],
  ['a clock that was reset to 1980', { 3652: 40, [monday]: 100 }, monday, monday, 1, 40],
  ['a record years after the others', { [monday]: 100, [monday + 2000]: 3 }, monday, monday, 1, 3],
  ['dated events beside a recorder that counts from 1970', { 0: 1000, [monday]: 3 }, 0, monday, 2, 0],
  ['a capture that is wholly of 1970', { 0: 100, 1: 100 }, 0, 1, 2, 0],
  ['two recordings years apart', { [monday]: 100, [monday + 1000]: 80 }, monday, monday + 1000, 2, 0],
  ['a pause of some months', { [monday]: 5, [monday + 200]: 1000 }, monday, monday + 200, 2, 0],
  ['one record of 1970 and one of today', { 0: 1, [monday]: 1 }, 0, monday, 2, 0],
];
for (const [what, given, first, last, n, strays] of cases) {
  test(`${what}: the span is that of what belongs together`, () => {
    assert.deepEqual(spanOf(days(given)), {
      ...{ first_time: noon(first), last_time: noon(last), days: n, strays },
      stray_time:
        strays === 0 ? null : noon(Number(Object.keys(given).find((day) => given[Number(day)] === strays))),
    });
  });
}

test('nothing read is no span', () => {
  assert.equal(spanOf(new Map()), null);
});

test('strays are never the most of it, in whatever order events are counted', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2e15 }), { minLength: 1, maxLength: 60 }), (times) => {
      const forward = new Map<number, DaySeen>();
      const backward = new Map<number, DaySeen>();
      for (const time of times) countDay(forward, time);
      for (const time of times.toReversed()) countDay(backward, time);
      const span = spanOf(forward)!;
      assert.deepEqual(spanOf(backward), span);
      assert.ok(span.strays * 2 <= times.length);
      const within = times.filter((time) => time >= span.first_time && time <= span.last_time);
      assert.ok(within.length >= times.length - span.strays);
    }),
  );
});
