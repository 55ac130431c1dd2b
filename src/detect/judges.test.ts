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
      window_at_s: at,
      first_at: inside[0]! * 1e6,
      last_at: inside.at(-1)! * 1e6,
      key: '10.0.0.5 203.0.113.9 443 tcp',
      host: '10.0.0.5',
      peer: '',
      worth: true,
      raised: [],
      lowered: [],
      entity: { src_ip: '10.0.0.5', dst_ip: '203.0.113.9', dst_port: 443, transport: 'tcp' },
      values: { call_times: inside, call_bytes: inside.map(() => 0), clients: 1, hosts: 20 },
    };
    return [[at, row] as [number, FeatureRow]];
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
    const window_at_s = 100 * day_s;
    calibrator.add(
      window_at_s,
      Array.from({ length: 400 }, () => ({ ...judgement, score: 0.3 })),
      400,
    );
    calibrator.advance(window_at_s + 900);
    assert.equal(calibrator.calibrated(strange).p_value, 1e-4, 'a window that is not over teaches nothing');
    calibrator.add(
      window_at_s + 900,
      Array.from({ length: 400 }, () => ({ ...judgement, score: 0.99999 })),
      400,
    );
    calibrator.advance(window_at_s + 3600);
    const { p_value } = calibrator.calibrated(strange);
    assert.ok(p_value >= 1e-4 && p_value < 0.02, `the overlapping window was not learned from: p ${p_value}`);
  });
});
