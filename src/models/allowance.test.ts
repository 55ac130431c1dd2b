import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { random } from '../base/random.ts';
import { false_per_day, most_p, shareOf, TestsPerDay, threshold } from './allowance.ts';

const day_us = 86_400e6;

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

/** As many hosts by name, each by as many tests as are left over for it: the first of them has half of all. */
function hostsOf(tests: number): string[] {
  return Array.from({ length: tests }, (_, i) => (i % 2 === 0 ? 'the busiest' : `host ${i % 40}`));
}

/** False findings a day of one stream of honest p-values, counted as detect() does it. */
function falseADay(days: number, tests: (day: number, hour: number) => number, seed: number): number {
  const r = random(seed);
  const rate = new TestsPerDay();
  let told = 0;
  for (let hour = 0; hour < days * 24; hour++) {
    const n = tests(Math.floor(hour / 24), hour % 24);
    const hosts = hostsOf(n);
    rate.note(hour * 3600e6, hosts);
    const testsOf = rate.at(hour * 3600e6);
    for (const host of hosts) if (1 - r.next() <= threshold(testsOf(host), false_per_day)) told++;
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

/** The most tests that there were in a day up to an hour, or on the mean of the days of a week. */
function testsUntil(all: readonly (readonly unknown[])[], hour: number): number {
  const sum = (hours: number): number =>
    all.slice(Math.max(0, hour + 1 - hours), hour + 1).reduce((total, one) => total + one.length, 0);
  return Math.max(sum(24), hour >= 24 ? sum(168) / Math.min(7, hour / 24) : 0);
}

describe('what is known of the number of tests', () => {
  it('is that of the last day, or the mean of the last week where that is more', () => {
    const rate = new TestsPerDay();
    const note = (at_us: number, tests: number): void => rate.note(at_us, Array(tests).fill('one host'));
    const at = (at_us: number): number => rate.at(at_us)('one host');
    for (let day = 0; day < 5; day++) note(day * day_us, 700);
    assert.equal(at(4 * day_us), 875, 'five days of 700, of which four are over');
    note(4 * day_us + 3600e6, 300);
    assert.equal(at(4 * day_us + 3600e6), 1000);
    for (let day = 5; day < 12; day++) note(day * day_us + 7200e6, 0);
    assert.equal(at(11 * day_us + 7200e6), 0, 'what is more than a week old is forgotten');
  });

  it('leaves out those of the busiest other host, so that a noisy neighbour raises its own bar alone', () => {
    const windows = fc.array(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 20 }), {
      minLength: 1,
      maxLength: 200,
    });
    // Busier than any other host of a window, so that it is always among those counted by name.
    const noises = fc.oneof(fc.constant(0), fc.integer({ min: 21, max: 500 }));
    fc.assert(
      fc.property(windows, noises, (all, noise) => {
        const [quiet, noisy] = [new TestsPerDay(), new TestsPerDay()];
        for (const [hour, hosts] of all.entries()) {
          const names = hosts.map((host) => `host ${host}`);
          quiet.note(hour * 3600e6, names);
          noisy.note(hour * 3600e6, [...names, ...Array<string>(noise).fill('noisy')]);
          // Alone, nothing of the others was left out but the busiest of them.
          for (const host of names)
            assert.ok(noisy.at(hour * 3600e6)(host) <= testsUntil(all, hour), `${host} after ${hour} hours`);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('does not depend on what comes later, and never lets the threshold above its cap', () => {
    const windows = fc.array(fc.tuple(fc.nat(30), fc.nat(5000)), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(windows, fc.nat(58), (all, cut) => {
        const upTo = (n: number): number[] => {
          const rate = new TestsPerDay();
          let at_us = 0;
          return all.slice(0, n).map(([hours, tests]) => {
            at_us += hours * 3600e6;
            rate.note(at_us, hostsOf(tests));
            return threshold(rate.at(at_us)('host 1'), 0.02);
          });
        };
        const some = upTo(Math.min(cut + 1, all.length));
        assert.deepEqual(some, upTo(all.length).slice(0, some.length));
        assert.ok(some.every((one) => one <= most_p));
      }),
    );
  });
});
