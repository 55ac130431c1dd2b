import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, random } from '../base/random.ts';
import { type Beacon, BeaconParams, judgeBeacon } from './beacon.ts';

const params = BeaconParams.parse({});
const judge = (times: number[] | Float64Array, sizes?: number[]): Beacon =>
  judgeBeacon(
    { times: Float64Array.from(times).sort(), ...(sizes && { src_bytes: sizes, dst_bytes: sizes }) },
    params,
  );
/** What would raise an alarm: stranger than once in 100,000 pairs, and mostly explained. */
const fires = (b: Beacon): boolean => b.p_value < 1e-5 && b.score > 0.6;

function clock(r: Random, gap: number, jitter: number, for_s: number, missed = 0): number[] {
  const times: number[] = [];
  for (let t = 1_700_000_000 + r.next() * gap; t < 1_700_000_000 + for_s; ) {
    if (r.next() >= missed) times.push(t);
    t += gap * (1 + jitter * (2 * r.next() - 1));
  }
  return times;
}

/** Calls at gaps around 45 s that are lognormal. */
function uneven(r: Random, calls: number, sigma: number): number[] {
  let t = 1_700_000_000;
  return Array.from({ length: calls }, () => (t += 45 * Math.exp(sigma * r.normal())));
}

/** Pages at lognormal gaps, each with some connections within two seconds. */
function browsing(r: Random, pages: number, gap = 60, sigma = 1.5): number[] {
  const times: number[] = [];
  let t = 1_700_000_000;
  for (let i = 0; i < pages; i++) {
    t += gap * Math.exp(sigma * r.normal());
    const connections = 1 + r.below(6);
    for (let c = 0; c < connections; c++) times.push(t + 2 * r.next() * r.next());
  }
  return times;
}

function poisson(r: Random, calls: number, gap = 60): number[] {
  let t = 1_700_000_000;
  return Array.from({ length: calls }, () => (t += gap * r.exponential()));
}

for (const jitter of [0, 0.1, 0.3, 0.5])
  for (const [name, for_s] of [
    ['40 minutes', 2400],
    ['4 hours', 14_400],
    ['24 hours', 86_400],
  ] as const)
    test(`a call a minute, ±${jitter * 100} %, for ${name} is a beacon`, () => {
      const found = judge(clock(random(5), 60, jitter, for_s));
      assert.ok(fires(found), JSON.stringify(found));
      assert.ok(Math.abs(found.period_s - 60) < 2 + 20 * jitter, `${found.period_s}`);
      assert.ok(Math.abs(found.jitter_share - jitter) < 0.1, `${found.jitter_share}`);
      const sum = found.parts.reduce((s, p) => s + p.weight * p.value, 0);
      assert.ok(Math.abs(sum - found.score) < 1e-9);
      assert.ok(Math.abs(found.parts.reduce((s, p) => s + p.weight, 0) - 1) < 1e-9);
    });

const beacons: Record<string, (r: Random) => number[]> = {
  'a call an hour for two days': (r) => clock(r, 3600, 0.1, 172_800),
  'two calls a second for five minutes': (r) => clock(r, 0.5, 0.2, 300),
  'a call a minute with 20 % missed': (r) => clock(r, 60, 0.1, 14_400, 0.2),
  'a call a minute with 20 % missed and ±30 %': (r) => clock(r, 60, 0.3, 14_400, 0.2),
  'a call in 1,024 s, as NTP makes': (r) => clock(r, 1024, 0.02, 86_400),
  'three connections a call': (r) =>
    clock(r, 60, 0.2, 7200).flatMap((t) => [t, t + 0.2 * r.next(), t + 0.5 + 0.2 * r.next()]),
  'thirty fast connections every ten minutes': (r) =>
    clock(r, 600, 0.1, 86_400).flatMap((t) => Array.from({ length: 30 }, (_, i) => t + i + 0.3 * r.next())),
  'two gaps in turn, 20 s and 60 s': () =>
    Array.from({ length: 200 }, (_, i) => Math.floor(i / 2) * 80 + (i % 2) * 20),
  'a call a minute, and as many at random between': (r) =>
    [...clock(r, 60, 0.02, 21_600), ...poisson(r, 360, 60)].sort((a, b) => a - b),
  'a laptop that sleeps at night': (r) => [
    ...clock(r, 60, 0.2, 7200),
    ...clock(r, 60, 0.2, 7200).map((t) => t + 36_000),
  ],
};
for (const [name, make] of Object.entries(beacons))
  test(`${name}: a beacon`, () => {
    const found = judge(make(random(11)));
    assert.ok(fires(found), JSON.stringify(found));
  });

const quiet: Record<string, (r: Random) => number[]> = {
  'a person who browses': (r) => browsing(r, 120),
  'calls at random': (r) => poisson(r, 300),
  'batches of retries after 5 s': (r) => poisson(r, 40, 600).flatMap((t) => [t, t + 5, t + 10, t + 15]),
  'retries after 1, 2, 4 s': (r) => poisson(r, 60, 300).flatMap((t) => [t, t + 1, t + 3, t + 7]),
  'one download of many connections': (r) => Array.from({ length: 400 }, () => 30 * r.next()),
  'thousands of calls at gaps around half a minute that vary to the half and the double': (r) =>
    browsing(r, 3000, 30, 0.75).filter((t, i, all) => i === 0 || t - all[i - 1]! > 2),
  'a thousand calls at gaps that vary by half and twice (lognormal, sigma 0.6)': (r) => uneven(r, 1000, 0.6),
  'two hundred calls at gaps that vary a little more (sigma 0.7)': (r) => uneven(r, 200, 0.7),
  'seven calls': (r) => clock(r, 60, 0, 420).slice(0, 7),
};
for (const [name, make] of Object.entries(quiet))
  test(`${name}: quiet`, () => {
    for (let seed = 0; seed < 20; seed++) {
      const found = judge(make(random(seed)));
      assert.ok(!fires(found), `${seed} ${JSON.stringify(found)}`);
    }
  });

test('p is no smaller than it says on calls without rhythm', (t) => {
  const r = random(21);
  const alarms = { 'p < 0.01': 0, 'p < 0.001': 0 };
  const kinds = [
    () => poisson(r, 10 + r.below(300)),
    () => browsing(r, 8 + r.below(150), 10 ** (2 * r.next() + 1), 1.2 + r.next()),
    () => browsing(r, 8 + r.below(60), 30, 1),
  ];
  const turns = 900;
  for (let i = 0; i < turns; i++) {
    const { p_value } = judge(kinds[i % kinds.length]!());
    if (p_value < 0.01) alarms['p < 0.01']++;
    if (p_value < 0.001) alarms['p < 0.001']++;
  }
  t.diagnostic(`false alarms of ${turns}: ${JSON.stringify(alarms)}`);
  assert.ok(
    alarms['p < 0.01'] <= 0.01 * turns && alarms['p < 0.001'] <= 0.002 * turns,
    JSON.stringify(alarms),
  );
});

test('beacons are told from people and random calls (ROC over made-up pairs)', (t) => {
  const r = random(31);
  const strange = Array.from({ length: 300 }, () => {
    const gap = 10 ** (3 * r.next());
    const calls = 15 + r.below(200);
    return judge(clock(r, gap, 0.5 * r.next(), gap * calls, 0.25 * r.next())).log10_p;
  });
  const plain = Array.from({ length: 600 }, (_, i) =>
    i % 2 ? poisson(r, 15 + r.below(200)) : browsing(r, 15 + r.below(100), 60, 1 + r.next()),
  ).map((times) => judge(times).log10_p);
  let above = 0;
  for (const s of strange) for (const p of plain) above += s < p ? 1 : s === p ? 0.5 : 0;
  const area = above / (strange.length * plain.length);
  const caught = (limit: number) => strange.filter((p) => p < limit).length / strange.length;
  const wrong = (limit: number) => plain.filter((p) => p < limit).length / plain.length;
  for (const limit of [-2, -3, -5])
    t.diagnostic(
      `p < 1e${limit}: ${(100 * caught(limit)).toFixed(1)} % of beacons, ${(100 * wrong(limit)).toFixed(2)} % of others`,
    );
  t.diagnostic(`area under the curve ${area.toFixed(4)}`);
  assert.ok(area > 0.98, `${area}`);
  assert.ok(caught(-3) > 0.85 && wrong(-3) < 0.005);
});

test('equal sizes raise the score, and hostile input gives numbers', () => {
  const times = clock(random(2), 60, 0.2, 3600);
  const equal = judge(
    times,
    times.map(() => 412),
  );
  const mixed = judge(
    times,
    times.map((_, i) => 100 + 5000 * ((i * 7) % 11)),
  );
  assert.ok(equal.score > mixed.score);
  const odd = [[], [1], new Array(50).fill(7), [0, 1e300, 1e300], [1, 2, 3, 4, 5, 6, 7, 8, 1e15]];
  for (const some of odd) {
    const { src_size_spread: _, dst_size_spread: __, parts: ___, ...numbers } = judge(some);
    for (const [name, value] of Object.entries(numbers))
      assert.ok(Number.isFinite(value), `${name} of ${some}`);
  }
  const none = judge([]);
  assert.equal(none.score, 0);
  assert.equal(none.p_value, 1);
});
