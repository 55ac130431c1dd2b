import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EventKind, tables, type WeirEvent } from '../schema/event/index.ts';
import { recordCheck } from '../schema/table.ts';
import { root_servers } from './harmless/known-shapes.ts';
import { answers, mixed, mixedAnswers, type ScenarioName, scenario, scenarios } from './index.ts';
import { DAY, HOUR } from './timeline.ts';

/** Monday 3 March 2025, 00:00 UTC. */
const start = 1_740_960_000_000_000;
const setting = { seed: 7, start };
const small: Partial<Record<ScenarioName, Record<string, unknown>>> = {
  office: { hosts: 6, days: 1 },
  sample: { hosts: 15, activity: 0.1 },
};
const names = Object.keys(scenarios) as ScenarioName[];
const eventsOf = (name: ScenarioName, params: Record<string, unknown> = small[name] ?? {}, seed = 7) =>
  [...scenario(name, params, { seed, start })] as WeirEvent[];
const ofKind = <K extends EventKind>(events: readonly WeirEvent[], kind: K) =>
  events.filter((e) => e.kind === kind) as Extract<WeirEvent, { kind: K }>[];

const checks = Object.fromEntries(Object.entries(tables).map(([kind, table]) => [kind, recordCheck(table)]));

for (const name of names) {
  test(`${name} gives complete records in time order, with ids of their own and made-up addresses`, () => {
    const events = eventsOf(name);
    assert.ok(events.length > 0);
    let last = 0;
    const uids = new Set<string>();
    for (const event of events) {
      const checked = checks[event.kind]?.safeParse(event);
      assert.ok(checked?.success, `${event.kind}: ${checked?.error?.message} ${JSON.stringify(event)}`);
      assert.ok(event.time >= last, 'out of order');
      last = event.time;
      if (event.kind !== 'connection') continue;
      assert.ok(!uids.has(event.uid), `uid twice: ${event.uid}`);
      uids.add(event.uid);
      for (const ip of [event.src_ip, event.dst_ip])
        assert.ok(reserved(ip) || root_servers.includes(ip), `${ip} belongs to somebody`);
      assert.ok(event.src_ip_bytes >= (event.src_bytes ?? 0) || event.missed_bytes > 0);
      assert.ok(event.src_packets + event.dst_packets > 0);
    }
    for (const event of events) {
      if (event.kind === 'connection' || !('src_ip' in event)) continue;
      assert.ok(uids.has(event.uid), `${event.kind} without its connection`);
    }
  });

  test(`${name} is the same for the same seed and differs for another`, () => {
    const short = { ...small[name], ...(name === 'office' ? { hosts: 2 } : {}) };
    const json = (seed: number) => JSON.stringify(eventsOf(name, short, seed));
    assert.equal(json(1), json(1));
    assert.notEqual(json(1), json(2));
  });

  test(`${name} says what a detector should find, inside its own time`, () => {
    const params = small[name] ?? {};
    const found = answers(name, params, setting);
    if (name !== 'vulnerability_scanner' && name !== 'dead_server')
      assert.equal(found.length > 0, scenarios[name].harmful);
    const events = eventsOf(name);
    for (const answer of found) {
      assert.ok(answer.detectors.length > 0 && answer.attack.length > 0 && answer.from < answer.to);
      const seen = events.filter(
        (e) =>
          e.kind === 'connection' &&
          e.time >= answer.from &&
          e.time <= answer.to &&
          (answer.src_ip === '' || e.src_ip === answer.src_ip) &&
          (answer.dst_ip === '' || e.dst_ip === answer.dst_ip),
      );
      assert.equal(seen.length > 0, name !== 'host_silent', answer.note);
    }
  });
}

/** RFC 1918, RFC 2544, RFC 5737, RFC 6598, RFC 3849, multicast and broadcast. */
function reserved(ip: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|198\.1[89]\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|22[4-9]\.|23\d\.|255\.|0\.0\.0\.0$|2001:db8:|fe80:|ff02:|fd)/.test(
    ip,
  );
}

test('every scenario names its parameters and refuses others', () => {
  for (const name of names) {
    assert.ok(scenarios[name].doc.endsWith('.'), name);
    assert.throws(() => scenario(name, { no_such_thing: 1 }, setting), { name: 'ZodError' });
  }
  assert.throws(() => scenario('no_such_thing', {}, setting), RangeError);
});

test('an office is busy by day, quieter at lunch, quiet at night and on Sunday', () => {
  const perHour = new Array<number>(7 * 24).fill(0);
  for (const event of scenario('office', { hosts: 12, days: 7, monitored: 'servers' }, setting)) {
    if (event.kind !== 'connection' || !event.src_ip.startsWith('10.20.1.')) continue;
    const hour = Math.floor((event.time - start) / HOUR);
    perHour[hour] = (perHour[hour] ?? 0) + 1;
  }
  const at = (day: number, from: number, to: number) =>
    perHour.slice(day * 24 + from, day * 24 + to).reduce((a, b) => a + b, 0) / (to - from);
  for (let day = 0; day < 5; day++) assert.ok(at(day, 9, 17) > 5 * at(day, 0, 6), `day ${day}`);
  const weekdays = (from: number, to: number) => [0, 1, 2, 3, 4].reduce((sum, d) => sum + at(d, from, to), 0);
  assert.ok(weekdays(12, 13) < weekdays(10, 12));
  assert.ok(at(6, 9, 17) < 0.3 * at(2, 9, 17), 'Sunday');
});

test('desks look names up before they connect by name', () => {
  const events = eventsOf('office');
  const asked = new Set(ofKind(events, 'dns').map((e) => `${e.src_ip} ${e.query}`));
  const calls = ofKind(events, 'tls').filter((e) => e.src_ip.startsWith('10.20.1.'));
  assert.ok(calls.length > 100);
  for (const call of calls) assert.ok(asked.has(`${call.src_ip} ${call.server_name}`), call.server_name);
});

test('a beacon calls as often and as evenly as asked', () => {
  const calls = ofKind(eventsOf('beacon', { gap_s: 60, jitter: 0.1, hours: 2 }), 'tls');
  assert.ok(Math.abs(calls.length - 120) <= 4, String(calls.length));
  const gaps = calls.slice(1).map((c, i) => (c.time - (calls[i]?.time ?? 0)) / 1e6);
  for (const gap of gaps) assert.ok(gap > 50 && gap < 70, String(gap));
  const missing = ofKind(eventsOf('beacon', { gap_s: 60, hours: 2, missed_share: 0.5 }), 'tls');
  assert.ok(missing.length > 35 && missing.length < 85);
  const rotating = ofKind(eventsOf('beacon', { gap_s: 30, hours: 1, addresses: 8 }), 'tls');
  assert.equal(new Set(rotating.map((c) => c.dst_ip)).size, 8);
});

test('scans and exfiltration are as large as asked', () => {
  const vertical = ofKind(eventsOf('vertical_scan', { ports: 300 }), 'connection');
  assert.equal(new Set(vertical.map((c) => c.dst_port)).size, 300);
  const horizontal = ofKind(eventsOf('horizontal_scan', { hosts: 100 }), 'connection');
  assert.equal(new Set(horizontal.map((c) => c.dst_ip)).size, 99);
  const sent = ofKind(eventsOf('exfil', { megabytes: 800, minutes: 20 }), 'connection');
  const bytes = sent.reduce((sum, c) => sum + (c.src_bytes ?? 0), 0);
  assert.ok(Math.abs(bytes / 800e6 - 1) < 0.01, String(bytes));
});

test('the sample is quick to read, and its chain runs in the order of the stages on the third day', () => {
  const events = eventsOf('sample', {});
  assert.ok(events.length > 60_000 && events.length < 130_000, String(events.length));
  const found = answers('sample', {}, setting);
  assert.equal(found.length, 7);
  let last = start + 2 * DAY;
  for (const answer of found) {
    assert.ok(answer.from >= last, answer.note);
    assert.equal(answer.src_ip, '10.20.1.34');
    last = answer.from;
  }
});

test('behind a proxy desks look up and call nothing outside to browse', () => {
  const events = eventsOf('office', { hosts: 4, days: 1, proxy: true });
  const connects = ofKind(events, 'http').filter((e) => e.method === 'CONNECT');
  assert.ok(connects.length > 50);
  for (const one of connects) assert.equal(one.dst_ip, '10.20.0.8');
  const carried = ofKind(events, 'connection').filter((e) => e.src_ip === '10.20.0.8' && e.dst_port === 443);
  assert.equal(carried.length, connects.length);
});

test('a mix is one stream in time order, with the answers of its harmful parts', () => {
  const mix = {
    scenario: 'office',
    hosts: 3,
    days: 0.5,
    with: [{ scenario: 'beacon', after_s: 10_800, hours: 1 }],
  };
  let last = 0;
  const uids = new Set<string>();
  let connections = 0;
  for (const event of mixed(mix, setting)) {
    assert.ok(event.time >= last);
    last = event.time;
    if (event.kind !== 'connection') continue;
    connections++;
    uids.add(event.uid);
  }
  assert.equal(uids.size, connections);
  const [only, ...others] = mixedAnswers(mix, setting);
  assert.equal(others.length, 0);
  assert.equal(only?.from, start + 3 * HOUR);
});

test('an office for benchmarks is made quickly', (t) => {
  const begun = performance.now();
  let events = 0;
  for (const _ of scenario('office', { hosts: 120, days: 1 }, setting)) events++;
  const seconds = (performance.now() - begun) / 1000;
  t.diagnostic(
    `${events} events in ${seconds.toFixed(2)} s: ${Math.round(events / seconds / 1000)}k events/s`,
  );
  assert.ok(events > 200_000 && DAY > 0);
});
