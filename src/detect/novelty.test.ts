import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadContent } from '../content/index.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import { judgeOf } from './index.ts';

const content = loadContent();
const detector = content.detectors.find((one) => one.id === 'new_internal_service')!;
const hour_us = 3600e6;

/** A service that a host opened in an hour of the network; worth judging once the network is a day old. */
function service(host: string, hour: number): FeatureRow {
  return {
    window_at: hour * hour_us,
    first_at: hour * hour_us,
    last_at: hour * hour_us,
    key: `${host} 8443 tcp`,
    host,
    peer: '',
    worth: hour >= 24,
    raised: [],
    lowered: [],
    called: -1,
    entity: { dst_ip: host, dst_port: 8443, transport: 'tcp' },
    values: { new_services: 1, clients: 2 },
  };
}

/** p of a new service in an hour, after hours in which as many hosts as given opened one. */
function after(opened: Readonly<Record<number, number>>, at = 32): number {
  const judge = judgeOf(detector, content.features.get(detector.features)!);
  for (const [hour, hosts] of Object.entries(opened)) {
    const rows = Array.from({ length: hosts }, (_, i) => service(`10.0.${hour}.${i}`, Number(hour)));
    judge.judge(Number(hour) * hour_us, rows);
  }
  return judge.judge(at * hour_us, [service('10.0.99.1', at)])[0]!.p_value;
}

const edges = content.detectors.find((one) => one.id === 'new_admin_edge')!;

/** p of a host that turns to so many new hosts at once, after hours of others that turn to none. */
function moved(new_targets: number, others: number, hours = 24): number {
  const judge = judgeOf(edges, content.features.get(edges.features)!);
  const row = (host: string, hour: number, fresh: number): FeatureRow => ({
    ...service(host, hour),
    key: host,
    worth: fresh > 0,
    entity: { src_ip: host },
    values: { new_targets: fresh },
  });
  for (let hour = 0; hour < hours; hour++)
    judge.judge(
      hour * hour_us,
      Array.from({ length: others }, (_, i) => row(`10.0.${i >> 8}.${i & 255}`, hour, 0)),
    );
  return judge.judge(hours * hour_us, [row('10.0.99.1', hours, new_targets)])[0]!.p_value;
}

describe('new things', () => {
  it('of a size that none of many hosts showed in a day are as rare as those hosts make them', () => {
    assert.ok(moved(8, 2000) < 1e-5 && moved(8, 2000) < moved(8, 40));
    assert.ok(moved(8, 40) < 1e-3);
    assert.ok(moved(1, 2000) > 1e-2, 'one is ordinary in any network');
    assert.ok(moved(3, 2000, 8) > 1e-3, 'so are three in the first morning');
  });

  it('are told beside what is usual, in which they do not lie', () => {
    const judge = judgeOf(detector, content.features.get(detector.features)!);
    const one = service('10.0.99.1', 30);
    const seen = { ...one, values: { ...one.values, network_age_h: 30 } };
    const [found] = judge.judge(30 * hour_us, [seen]);
    const [reason] = found!.reasons;
    assert.deepEqual([reason!.actual, reason!.high], [1, 0]);
    assert.match(found!.baseline.says, /^30 past hours of the whole network$/);
  });

  it('that a young network shows teach no rate: all that is there is met for the first time', () => {
    const alone = after({ 0: 1 });
    for (const first_day of [{ 0: 60 }, { 0: 5, 3: 40, 9: 80 }, { 0: 1, 23: 30 }])
      assert.ok(Math.abs(after(first_day) / alone - 1) < 1e-9, JSON.stringify(first_day));
  });

  it('that different hosts show on three days after its first do', () => {
    const quiet = after({ 0: 1 }, 24 * 5);
    assert.ok(after({ 0: 1, 50: 1, 74: 2, 98: 1 }, 24 * 5) > 1.2 * quiet);
  });

  it('that many hosts show at once do not: so does one intruder', () => {
    assert.ok(after({ 0: 1, 26: 40 }) <= after({ 0: 1 }));
  });
});
