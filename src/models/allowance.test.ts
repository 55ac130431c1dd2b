import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { random } from '../base/random.ts';
import { false_per_day, most_p, shareOf, TestsPerDay, threshold } from './allowance.ts';

const day_s = 86_400;

describe('threshold', () => {
  for (const [tests_per_day, allowance, wanted] of [
    [0, 0.5, 0.01],
    [1, 0.5, 0.01],
    [50, 0.5, 0.01],
    [100, 0.5, 0.005],
    [100_000, 0.5, 5e-6],
    [10, 0.02, 0.002],
    [0.1, 0.005, 0.005],
  ] as const)
    it(`with ${tests_per_day} tests a day and ${allowance} false ones allowed it is ${wanted}`, () => {
      assert.equal(threshold(tests_per_day, allowance), wanted);
    });

  it('shares of all detectors add up to the allowance, and the severe may spend more', () => {
    const all = ['low', 'low', 'medium', 'high', 'critical'] as const;
    const sum = all.reduce((total, one) => total + shareOf(one, all), 0);
    assert.ok(Math.abs(sum - false_per_day) < 1e-12);
    assert.ok(shareOf('high', all) > shareOf('medium', all) && shareOf('medium', all) > shareOf('low', all));
  });
});

/** False findings a day of one stream of honest p-values, counted as detect() does it. */
function falseADay(days: number, tests: (day: number, hour: number) => number, seed: number): number {
  const r = random(seed);
  const rate = new TestsPerDay();
  let told = 0;
  for (let hour = 0; hour < days * 24; hour++) {
    const n = tests(Math.floor(hour / 24), hour % 24);
    rate.note(hour * 3600, n);
    const least = threshold(rate.at(hour * 3600), false_per_day);
    for (let i = 0; i < n; i++) if (1 - r.next() <= least) told++;
  }
  return told / days;
}

describe('by chance alone there is at most one finding a day', () => {
  const streams: Record<string, (day: number, hour: number) => number> = {
    'in a small network': () => 2,
    'in a large one': () => 400,
    'in office hours': (_, hour) => (hour >= 8 && hour < 18 ? 1000 : 10),
    'when it grows tenfold': (day) => (day < 10 ? 40 : 400),
    'when weekends are quiet': (day) => (day % 7 < 5 ? 300 : 3),
  };
  for (const [name, tests] of Object.entries(streams))
    it(name, (t) => {
      const means = [1, 2, 3, 4, 5].map((seed) => falseADay(30, tests, seed));
      const mean = means.reduce((a, b) => a + b, 0) / means.length;
      t.diagnostic(`${mean.toFixed(2)} a day`);
      assert.ok(mean <= 1, `${means}`);
    });
});

describe('what is known of the number of tests', () => {
  it('is that of the last day, or the mean of the last week where that is more', () => {
    const rate = new TestsPerDay();
    for (let day = 0; day < 5; day++) rate.note(day * day_s, 700);
    assert.equal(rate.at(4 * day_s), 875, 'five days of 700, of which four are over');
    rate.note(4 * day_s + 3600, 300);
    assert.equal(rate.at(4 * day_s + 3600), 1000);
    for (let day = 5; day < 12; day++) rate.note(day * day_s + 7200, 0);
    assert.equal(rate.at(11 * day_s + 7200), 0, 'what is more than a week old is forgotten');
  });

  it('does not depend on what comes later, and never lets the threshold above its cap', () => {
    const windows = fc.array(fc.tuple(fc.nat(30), fc.nat(5000)), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(windows, fc.nat(58), (all, cut) => {
        const upTo = (n: number): number[] => {
          const rate = new TestsPerDay();
          let at_s = 0;
          return all.slice(0, n).map(([hours, tests]) => {
            at_s += hours * 3600;
            rate.note(at_s, tests);
            return threshold(rate.at(at_s), 0.02);
          });
        };
        const some = upTo(Math.min(cut + 1, all.length));
        assert.deepEqual(some, upTo(all.length).slice(0, some.length));
        assert.ok(some.every((one) => one <= most_p));
      }),
    );
  });
});
