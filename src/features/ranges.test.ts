import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { endOf, halves, windowRanges } from './ranges.ts';

const hour = 3600;
const hour_us = hour * 1e6;
const hourly = { window_s: hour, hop_s: hour };
const quarter = { window_s: hour, hop_s: hour / 4 };
const daily = { window_s: 24 * hour, hop_s: 12 * hour };
const hours = (...events: number[]) => events.map((n, i) => ({ at: (1000 + i) * hour_us, events: n }));

test('few events are one range of windows, from the first that holds one to the last', () => {
  assert.deepEqual(windowRanges(hours(5, 5, 5), hourly, 100), [{ from: 1000 * hour_us, to: 1003 * hour_us }]);
  assert.deepEqual(windowRanges([], hourly, 100), []);
});

test('many events are several ranges; an hour with more than fits stands alone', () => {
  assert.deepEqual(
    windowRanges(hours(40, 40, 40, 500, 1), hourly, 100).map(({ to }) => to / hour_us - 1000),
    [2, 3, 4, 5],
  );
});

test('an event that lies in four windows counts four times', () => {
  assert.equal(windowRanges(hours(20, 20), quarter, 160).length, 1);
  assert.equal(windowRanges(hours(20, 20), quarter, 100).length, 3);
});

test('a record of 1970 costs one range, not half a million', () => {
  const stray = [{ at: 0, events: 1 }, ...hours(30, 30)];
  assert.equal(windowRanges(stray, hourly, 50).length, 2);
  assert.equal(windowRanges(stray, hourly, 1000).length, 1);
});

const anyWindows = fc.constantFrom(hourly, quarter, daily, { window_s: 6 * hour, hop_s: hour });
const anyHours = fc.uniqueArray(
  fc.record({
    at: fc.integer({ min: 0, max: 4000 }).map((n) => n * hour_us),
    events: fc.integer({ min: 0, max: 50 }),
  }),
  { selector: ({ at }) => at, maxLength: 60 },
);

test('ranges follow each other without overlap and hold every window with an event; all but the least fit', () => {
  fc.assert(
    fc.property(anyHours, anyWindows, fc.integer({ min: 1, max: 400 }), (list, windows, most) => {
      const ranges = windowRanges(list, windows, most);
      ranges.forEach(({ from, to }, i) => {
        assert.ok(from < to && from % (windows.hop_s * 1e6) === 0 && to % (windows.hop_s * 1e6) === 0);
        assert.ok(i === 0 || ranges[i - 1]!.to <= from);
        const end = endOf({ from, to }, windows);
        const read = list.filter(({ at }) => at + hour_us > from && at < end);
        const times = Math.ceil(windows.window_s / windows.hop_s);
        const events = times * read.reduce((sum, one) => sum + one.events, 0);
        assert.ok(events <= most || halves({ from, to }, windows) === null);
      });
      for (const { at: begun, events } of list) {
        if (events === 0) continue;
        for (let at = begun; at < begun + hour_us; at += 900e6) {
          const hop_us = windows.hop_s * 1e6;
          const last = Math.floor(at / hop_us) * hop_us;
          for (let start = last; start > at - windows.window_s * 1e6 && start >= 0; start -= hop_us)
            assert.ok(ranges.some(({ from, to }) => start >= from && start < to));
        }
      }
    }),
  );
});

test('a range is halved until it is the least', () => {
  assert.deepEqual(halves({ from: 0, to: 3 * hour_us }, quarter), [
    { from: 0, to: hour_us },
    { from: hour_us, to: 3 * hour_us },
  ]);
  assert.equal(halves({ from: 0, to: hour_us }, quarter), null);
  assert.equal(halves({ from: 0, to: 12 * hour_us }, daily), null);
});
