import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { endOf, halves, windowRanges } from './ranges.ts';

const hour = 3600;
const hourly = { window_s: hour, hop_s: hour };
const quarter = { window_s: hour, hop_s: hour / 4 };
const daily = { window_s: 24 * hour, hop_s: 12 * hour };
const hours = (...events: number[]) => events.map((n, i) => ({ at_s: (1000 + i) * hour, events: n }));

test('few events are one range of windows, from the first that holds one to the last', () => {
  assert.deepEqual(windowRanges(hours(5, 5, 5), hourly, 100), [{ from_s: 1000 * hour, to_s: 1003 * hour }]);
  assert.deepEqual(windowRanges([], hourly, 100), []);
});

test('many events are several ranges; an hour with more than fits stands alone', () => {
  assert.deepEqual(
    windowRanges(hours(40, 40, 40, 500, 1), hourly, 100).map(({ to_s }) => to_s / hour - 1000),
    [2, 3, 4, 5],
  );
});

test('an event that lies in four windows counts four times', () => {
  assert.equal(windowRanges(hours(20, 20), quarter, 160).length, 1);
  assert.equal(windowRanges(hours(20, 20), quarter, 100).length, 3);
});

test('a record of 1970 costs one range, not half a million', () => {
  const stray = [{ at_s: 0, events: 1 }, ...hours(30, 30)];
  assert.equal(windowRanges(stray, hourly, 50).length, 2);
  assert.equal(windowRanges(stray, hourly, 1000).length, 1);
});

const anyWindows = fc.constantFrom(hourly, quarter, daily, { window_s: 6 * hour, hop_s: hour });
const anyHours = fc.uniqueArray(
  fc.record({
    at_s: fc.integer({ min: 0, max: 4000 }).map((n) => n * hour),
    events: fc.integer({ min: 0, max: 50 }),
  }),
  { selector: ({ at_s }) => at_s, maxLength: 60 },
);

test('ranges follow each other without overlap and hold every window with an event; all but the least fit', () => {
  fc.assert(
    fc.property(anyHours, anyWindows, fc.integer({ min: 1, max: 400 }), (list, windows, most) => {
      const ranges = windowRanges(list, windows, most);
      ranges.forEach(({ from_s, to_s }, i) => {
        assert.ok(from_s < to_s && from_s % windows.hop_s === 0 && to_s % windows.hop_s === 0);
        assert.ok(i === 0 || ranges[i - 1]!.to_s <= from_s);
        const end_s = endOf({ from_s, to_s }, windows);
        const read = list.filter(({ at_s }) => at_s + hour > from_s && at_s < end_s);
        const times = Math.ceil(windows.window_s / windows.hop_s);
        const events = times * read.reduce((sum, one) => sum + one.events, 0);
        assert.ok(events <= most || halves({ from_s, to_s }, windows) === null);
      });
      for (const { at_s, events } of list) {
        if (events === 0) continue;
        for (let at = at_s; at < at_s + hour; at += 900) {
          const last = Math.floor(at / windows.hop_s) * windows.hop_s;
          for (let start = last; start > at - windows.window_s && start >= 0; start -= windows.hop_s)
            assert.ok(ranges.some(({ from_s, to_s }) => start >= from_s && start < to_s));
        }
      }
    }),
  );
});

test('a range is halved until it is the least', () => {
  assert.deepEqual(halves({ from_s: 0, to_s: 3 * hour }, quarter), [
    { from_s: 0, to_s: hour },
    { from_s: hour, to_s: 3 * hour },
  ]);
  assert.equal(halves({ from_s: 0, to_s: hour }, quarter), null);
  assert.equal(halves({ from_s: 0, to_s: 12 * hour }, daily), null);
});
