import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Connection } from '../schema/event/connection.ts';
import { type Half, halfOf, halvesTogether, joinHalves } from './halves.ts';
import { settle } from './outcome.ts';

const start = 1_700_000_000_000_000;
const client = { src_ip: '10.0.0.7', src_port: 50_123, dst_ip: '192.0.2.1', dst_port: 443 };

/** What a sensor that sees one direction writes; ends, bytes and packets as given. */
function half(given: Partial<Connection>): Connection {
  return {
    ...{ kind: 'connection', time: start, uid: 'C1', ...client, transport: 'tcp' },
    ...{ src_local: true, dst_local: false, direction: 'outbound', community_id: '', service: '' },
    ...{ duration_s: 2, src_bytes: 0, dst_bytes: 0, src_packets: 0, dst_packets: 0, src_ip_bytes: 0 },
    ...{
      dst_ip_bytes: 0,
      missed_bytes: 0,
      conn_state: 'OTH',
      history: '',
      vlan: 0,
      src_mac: '',
      dst_mac: '',
    },
    ...{ outcome: '', orientation: '', dst_name: '', ...given },
  } as Connection;
}
const asked = (given: Partial<Connection> = {}): Connection =>
  half({ uid: 'Cask', history: 'SAD', src_packets: 5, src_bytes: 300, src_ip_bytes: 500, ...given });
const told = (given: Partial<Connection> = {}): Connection =>
  half({
    ...{ uid: 'Ctell', time: start + 30_000, history: '^had', dst_packets: 7, dst_bytes: 9000 },
    ...{ dst_ip_bytes: 9300, service: 'ssl', ...given },
  });
const of = (event: Connection, sensor: number): Half<string> => {
  const one = { ...event };
  settle(one, false, false);
  return { event: one, sensor, from: event.uid };
};

test('two halves from two sensors are one connection, whichever of them was told first', () => {
  for (const halves of [
    [of(asked(), 0), of(told(), 1)],
    [of(told({ time: start - 30_000 }), 0), of(asked(), 1)],
  ]) {
    const [one, ...more] = joinHalves(halves);
    assert.deepEqual(more, []);
    assert.deepEqual([one!.from, one!.rest], ['Cask', 'Ctell']);
    const { event } = one!;
    assert.deepEqual(
      [event.src_bytes, event.dst_bytes, event.src_packets, event.dst_packets, event.dst_ip_bytes],
      [300, 9000, 5, 7, 9300],
    );
    assert.deepEqual([event.outcome, event.orientation, event.service], ['answered', 'seen', 'ssl']);
    assert.deepEqual([event.history, event.conn_state, event.duration_s], ['SADhad', 'S1', 2.03]);
  }
});

const endings: [src: string, dst: string, state: string, outcome: string][] = [
  ['SADF', '^hadf', 'SF', 'answered'],
  ['SAD', '^hadr', 'RSTR', 'answered'],
  ['SADR', '^had', 'RSTO', 'answered'],
  ['S', '^r', 'REJ', 'refused'],
  ['SADF', '^had', 'S2', 'answered'],
  ['AD', '^ad', 'OTH', 'answered'],
];
for (const [src, dst, state, outcome] of endings)
  test(`${src} and ${dst} are ${state}, ${outcome}`, () => {
    const [one] = joinHalves([of(asked({ history: src, src_bytes: 0 }), 0), of(told({ history: dst }), 1)]);
    assert.deepEqual([one!.event.conn_state, one!.event.outcome], [state, outcome]);
  });

test('answers of a protocol whose ports say nothing are turned to the question', () => {
  const udp = { transport: 'udp', src_port: 50_001, dst_port: 50_002 };
  const answer = half({
    ...{
      uid: 'Ctell',
      time: start + 1000,
      transport: 'udp',
      src_packets: 2,
      src_bytes: 80,
      src_ip_bytes: 136,
    },
    ...{ src_ip: client.dst_ip, src_port: 50_002, dst_ip: client.src_ip, dst_port: 50_001, history: 'D' },
  });
  const [one, ...more] = joinHalves([of(asked({ ...udp, history: 'D' }), 0), of(answer, 1)]);
  assert.deepEqual(more, []);
  const { src_ip, src_bytes, dst_bytes, dst_packets, outcome, conn_state } = one!.event;
  assert.deepEqual([src_ip, src_bytes, dst_bytes, dst_packets], [client.src_ip, 300, 80, 2]);
  assert.deepEqual([outcome, conn_state], ['answered', 'SF']);
});

test('halves of one sensor, of the same end, or two seconds apart stay as they are', () => {
  for (const halves of [
    [of(asked(), 0), of(told(), 0)],
    [of(asked(), 0), of(asked({ uid: 'C2' }), 1)],
    [of(asked(), 0), of(told({ time: start + 2e6 }), 1)],
  ]) {
    const joined = joinHalves(halves);
    assert.deepEqual(
      joined.map((one) => [one.from, one.rest]),
      halves.map((one) => [one.from, null]),
    );
  }
});

test('every half is told once, in one connection', () => {
  const halves = fc.array(fc.tuple(fc.nat(5000), fc.nat(2), fc.boolean()), { maxLength: 40 }).map((all) =>
    all
      .sort((a, b) => a[0] - b[0])
      .map(([ms, sensor, asks], i) => {
        const given = { uid: `C${i}`, time: start + ms * 1000 };
        return of(asks ? asked(given) : told(given), sensor);
      }),
  );
  fc.assert(
    fc.property(halves, (all) => {
      const names = all.map((one) => one.from).sort();
      const joined = joinHalves(all);
      assert.deepEqual(
        joined.flatMap(({ from, rest }) => (rest === null ? [from] : [from, rest])).sort(),
        names,
      );
      for (const { event, rest } of joined) assert.equal(halfOf(event) === null, rest !== null);
    }),
  );
});

test('halves of the same two ends are held together only while they may still find another', async () => {
  const later = (ms: number): Half<string> => of(asked({ time: start + ms * 1000, uid: `${ms}` }), 0);
  const all = [later(0), later(1999), later(3998), later(5998), of(asked({ src_port: 1, time: start }), 1)];
  const groups: string[][] = [];
  for await (const group of halvesTogether<string>(Readable.from(all)))
    groups.push(group.map(({ from }) => from));
  assert.deepEqual(groups, [['0', '1999', '3998'], ['5998'], ['Cask']]);
});
