import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { loadContent } from '../content/index.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import { Calibrator } from './calibrate.ts';
import { judgeOf } from './index.ts';

const content = loadContent();
const detector = (id: string) => content.detectors.find((one) => one.id === id)!;
const judge = (id: string) => judgeOf(detector(id), content.features.get(detector(id).features)!);
const day_s = 86_400;

/** Calls every minute from 08:00 to 16:00 of a day, as the windows that hold them see them. */
function beaconRows(day: number): [number, FeatureRow][] {
  const times = Array.from({ length: 480 }, (_, i) => day * day_s + 8 * 3600 + i * 60 + (i % 7) * 0.2);
  return [day * day_s - 43_200, day * day_s, day * day_s + 43_200].flatMap((at) => {
    const inside = times.filter((time) => time >= at && time < at + day_s);
    if (inside.length < 8) return [];
    const row: FeatureRow = {
      window_at: at * 1e6,
      first_at: inside[0]! * 1e6,
      last_at: inside.at(-1)! * 1e6,
      key: '10.0.0.5 203.0.113.9 443 tcp',
      host: '10.0.0.5',
      peer: '',
      worth: true,
      raised: [],
      lowered: [],
      called: -1,
      entity: { src_ip: '10.0.0.5', dst_ip: '203.0.113.9', dst_port: 443, transport: 'tcp' },
      values: { call_times: inside, call_bytes: inside.map(() => 0), clients: 1, hosts: 20 },
    };
    return [[at * 1e6, row] as [number, FeatureRow]];
  });
}

describe('a beacon', () => {
  it('that ran on one day three days ago is no habit: the second run is found as well', () => {
    const beacons = judge('beacon_address');
    const least = [0, 3].map((day) =>
      Math.min(...beaconRows(day + 100).map(([at, row]) => beacons.judge(at, [row])[0]?.p_value ?? 1)),
    );
    assert.ok(
      least.every((p) => p < 1e-6),
      `p on the first and the fourth day: ${least.join(', ')}`,
    );
  });

  it('that runs day after day becomes a habit after three days', () => {
    const beacons = judge('beacon_address');
    const least = [0, 1, 2, 3, 4].map((day) =>
      Math.min(...beaconRows(day + 100).map(([at, row]) => beacons.judge(at, [row])[0]?.p_value ?? 1)),
    );
    assert.ok(least[0]! < 1e-6 && least[2]! < 1e-6 && least[4]! > 0.5, least.join(', '));
  });
});

describe('hosts that call one new place alike', () => {
  const [at, row] = beaconRows(100)[1]!;
  /** Least p-value of the first of `k` hosts that call the place, where `known` says whether it is known for days. */
  const leastOf = (k: number, hosts: number, known: number): number => {
    const rows = Array.from({ length: k }, (_, i) => {
      const values = { ...row.values, clients: k, hosts: Math.max(hosts, k), place_known: known };
      return { ...row, key: `10.0.0.${i} 203.0.113.9 443 tcp`, host: `10.0.0.${i}`, values };
    });
    return judge('beacon_address').judge(at, rows)[0]!.p_value;
  };

  it('never hide one another, however many they are', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 500 }), (k, hosts) => {
        assert.equal(leastOf(k, hosts, 0), leastOf(1, hosts, 0));
      }),
      { numRuns: 40 },
    ));

  it('are a service of the house where the place is known for days', () => {
    assert.ok(leastOf(20, 20, 1) > 0.1);
  });
});

describe('what is said of calls that come several at a time', () => {
  const told = (times: number[]) => {
    const [at, row] = beaconRows(100)[1]!;
    const [judged] = judge('beacon_address').judge(at, [
      { ...row, values: { ...row.values, call_times: times, call_bytes: times.map(() => 0) } },
    ]);
    const reason = judged!.reasons.find((one) => one.feature === 'calls')!;
    return [judged!.row.values.rounds, `${reason.actual} ${reason.says}`];
  };
  const rounds = Array.from({ length: 30 }, (_, i) => 100 * day_s + 40_000 + i * 60);

  it('the period lies between rounds, and both numbers are told', () => {
    const pairs = rounds.flatMap((time) => [time, time + 0.3]);
    assert.deepEqual(told(pairs), [' in 30 rounds', '30 rounds of calls']);
  });

  it('calls that come one by one are just calls', () => {
    assert.deepEqual(told(rounds), ['', '30 calls']);
  });
});

describe('calibration', () => {
  it('learns from a window only when it is over, and from whole windows only', () => {
    const scan = detector('vertical_scan'); // windows of 1 h, a new one every 15 min
    const calibrator = new Calibrator(scan);
    const [, row] = beaconRows(100)[0]!;
    const judgement = {
      row,
      score: 0.2,
      p_value: 0.5,
      model_p: 0.5,
      reasons: [],
      baseline: { level: 'prior' as const, windows: 0, entities: 0, says: '' },
    };
    const strange = { ...judgement, score: 0.9999, p_value: 1e-4, model_p: 1e-4 };
    const window_at = 100 * day_s * 1e6;
    calibrator.add(
      window_at,
      Array.from({ length: 400 }, () => ({ ...judgement, score: 0.3 })),
      400,
    );
    calibrator.advance(window_at + 900e6);
    assert.equal(calibrator.calibrated(strange).p_value, 1e-4, 'a window that is not over teaches nothing');
    calibrator.add(
      window_at + 900e6,
      Array.from({ length: 400 }, () => ({ ...judgement, score: 0.99999 })),
      400,
    );
    calibrator.advance(window_at + 3600e6);
    const { p_value } = calibrator.calibrated(strange);
    assert.ok(p_value >= 1e-4 && p_value < 0.02, `the overlapping window was not learned from: p ${p_value}`);
  });
});

describe('a host that is unlike all others in every hour', () => {
  const names = ['connections', 'hosts', 'outside_hosts', 'internal_hosts', 'ports', 'failed_share'];
  const row = (at: number, host: string, figures: readonly number[]): FeatureRow => ({
    window_at: at,
    first_at: at,
    last_at: at + 3599e6,
    key: host,
    host,
    peer: '',
    worth: true,
    raised: [],
    lowered: [],
    called: -1,
    entity: { src_ip: host },
    values: {
      ...Object.fromEntries(names.map((name, c) => [name, figures[c]!])),
      sent_bytes: 20_000 + 10 * figures[0]!,
      received_bytes: 90_000,
      services: 3,
    },
  });
  const desk = (hour: number, i: number): number[] => [
    60 + ((hour * 7 + i * 3) % 40),
    12 + (i % 9),
    9,
    3,
    5,
    0.01,
  ];
  const monitor = (much: number): number[] => [9000 * much, 400 * much, 1, 400 * much, 9, 0.85];
  /** What the last hour of `hours` gives for the monitor; the calibrator is fed as in a run. */
  function lastOf(hours: number, much: (hour: number) => number): number {
    const forest = judge('unusual_host_hour');
    const calibrator = new Calibrator(detector('unusual_host_hour'));
    let p = 1;
    for (let hour = 0; hour < hours; hour++) {
      const at = (100 * day_s + hour * 3600) * 1e6;
      const rows = Array.from({ length: 30 }, (_, i) => row(at, `10.0.1.${i}`, desk(hour, i)));
      if (much(hour) > 0) rows.push(row(at, '10.0.0.40', monitor(much(hour))));
      calibrator.advance(at);
      const judged = forest.judge(at, rows).map((one) => calibrator.calibrated(one));
      calibrator.add(at, judged, rows.length);
      p = judged.find((one) => one.row.host === '10.0.0.40')?.p_value ?? 1;
    }
    return p;
  }

  it('is no news when it was so before, and is when it does three times as much', () => {
    assert.ok(lastOf(40, () => 1) > 0.1, 'as in each hour');
    assert.ok(lastOf(40, (hour) => (hour === 39 ? 4 : 1)) < 0.01, 'four times as much');
  });

  it('is told when it begins', () => {
    assert.ok(lastOf(40, (hour) => Number(hour === 39)) < 0.01);
  });
});

describe('a flood', () => {
  const row = (at: number, host: string, connections: number, failed: number): FeatureRow => ({
    window_at: at,
    first_at: at,
    last_at: at + 599e6,
    key: `${host} tcp`,
    host,
    peer: '',
    worth: connections >= 2000,
    raised: [],
    lowered: [],
    called: -1,
    entity: { dst_ip: host, transport: 'tcp' },
    values: { connections, failed },
  });
  /** What 30,000 connections to a host that hardly any are made to give, after three days of servers that get so many. */
  function pOf(busy: number, failed: number): number {
    const floods = judge('host_flood');
    const calibrator = new Calibrator(detector('host_flood'));
    let p = 1;
    for (let n = 0; n <= 3 * 144; n++) {
      const at = (100 * day_s + n * 600) * 1e6;
      const rows = [1, 0.3, 0.1, 0.08, 0.02].map((share, i) =>
        row(at, `10.0.0.${i}`, Math.round(busy * share * (1 + (n % 7) / 10)), (n * (i + 3)) % 23),
      );
      if (n === 3 * 144) rows.push(row(at, '10.0.0.80', 30_000, failed));
      calibrator.advance(at);
      const judged = floods.judge(at, rows).map((one) => calibrator.calibrated(one));
      calibrator.add(at, judged, rows.length);
      p = judged.find((one) => one.row.host === '10.0.0.80')?.p_value ?? 1;
    }
    return p;
  }

  it('of connections that come to nothing is as strange where servers are busy as where they are not', () => {
    for (const busy of [300, 3000, 15_000])
      assert.ok(pOf(busy, 29_700) < 3e-4, `busy ${busy}: ${pOf(busy, 29_700)}`);
    assert.ok(pOf(15_000, 30) > 0.01, 'as many that are served are a busy hour of a large network');
  });
});

it('who else showed it is another host, not the same one with another', () => {
  const certificates = judge('odd_certificate');
  const shown = (host: string, dst_ip: string, hour: number): string => {
    const at = (100 * day_s + hour * 3600) * 1e6;
    const row: FeatureRow = {
      ...{
        window_at: at,
        first_at: at,
        last_at: at,
        key: `${host} ${dst_ip} 443`,
        host,
        peer: '',
      },
      ...{
        worth: true,
        raised: [],
        lowered: [],
        called: -1,
        entity: { src_ip: host, dst_ip, dst_port: 443 },
      },
      values: { self_signed: 1 },
    };
    return certificates.judge(at, [row])[0]!.baseline.says.replace(/^.*; /, '');
  };
  assert.deepEqual(
    [
      shown('10.0.0.5', '203.0.113.1', 1),
      shown('10.0.0.5', '203.0.113.2', 2),
      shown('10.0.0.6', '203.0.113.2', 3),
      shown('10.0.0.6', '203.0.113.1', 4),
      shown('10.0.0.7', '203.0.113.1', 5),
    ],
    [
      'not seen before here',
      'seen before of this host only',
      'seen of 1 other host before',
      'seen of 1 other host before',
      'seen of 2 other hosts before',
    ],
  );
});
