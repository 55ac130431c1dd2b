import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CollectingSink, collectingSink } from '../../../test/collecting-sink.ts';
import { ACK, Conversation, capture, pcapngCapture, type TimedFrame, udp } from '../../../test/packets.ts';
import type { Connection } from '../../schema/event/connection.ts';
import { detectFormat } from '../index.ts';

/** What `tcpdump -i any` writes: https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html and ..._SLL2.html */
const toUs = 0;
const toOthers = 3;
const sent = 4;
interface Seen {
  /** µs after the packet was first seen */
  readonly at: number;
  readonly kind: number;
  readonly interface: number;
  readonly mac?: string;
  readonly ttl?: number;
}

function cooked(version: 1 | 2, { bytes, time }: TimedFrame, seen: Seen): TimedFrame {
  const ip = Buffer.from(bytes.subarray(14));
  if (seen.ttl !== undefined) ip[8] = seen.ttl;
  const mac = Buffer.from(seen.mac ?? '000000000000', 'hex');
  const head = Buffer.alloc(version === 1 ? 16 : 20);
  if (version === 1) {
    head.writeUInt16BE(seen.kind, 0);
    head.writeUInt16BE(1, 2);
    head.writeUInt16BE(6, 4);
    head.set(mac, 6);
    head.writeUInt16BE(0x0800, 14);
  } else {
    head.writeUInt16BE(0x0800, 0);
    head.writeUInt32BE(seen.interface, 4);
    head.writeUInt16BE(1, 8);
    head[10] = seen.kind;
    head[11] = 6;
    head.set(mac, 12);
  }
  return { bytes: Buffer.concat([head, ip]), time: time + seen.at };
}

const links = { 1: 113, 2: 276 } as const;

function read(file: Buffer): { connections: Connection[]; sink: CollectingSink; copies: number } {
  let copies = 0;
  const sink = collectingSink();
  sink.duplicate = () => {
    copies++;
  };
  const decoder = detectFormat(file)!.open('test', sink, { latest_time: 4e15, keep_raw: false });
  decoder.push(file);
  decoder.end();
  const events = sink.events.map(({ event }) => event);
  return { connections: events.filter((one) => one.kind === 'connection'), sink, copies };
}

/** Each packet with an IP id of its own, as Linux numbers those of a connection. */
function numbered(frames: readonly TimedFrame[]): TimedFrame[] {
  return frames.map(({ bytes, time }, i) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt16BE(i + 1, 18);
    return { bytes: copy, time };
  });
}

const talk = numbered(
  new Conversation('172.17.0.2', 40_000, '198.51.100.7', 4444)
    .open()
    .client(Buffer.alloc(300, 1))
    .server(Buffer.alloc(900, 2))
    .close().frames,
);
const fromContainer = (one: TimedFrame): boolean => one.bytes[26] === 172;

/** From a container to the outside: virtual link in, bridge in, network card out; back the same way. */
function bridged(one: TimedFrame): Seen[] {
  const container = '0242ac110002';
  return fromContainer(one)
    ? [
        { at: 0, kind: toOthers, interface: 7, mac: container },
        { at: 3, kind: toUs, interface: 4, mac: container },
        { at: 9, kind: sent, interface: 2, mac: '02aabbccdd01', ttl: 63 },
      ]
    : [
        { at: 0, kind: toUs, interface: 2, mac: '02aabbccdd99' },
        { at: 6, kind: sent, interface: 4, mac: '0242aabbccdd', ttl: 63 },
        { at: 8, kind: sent, interface: 7, mac: '0242aabbccdd', ttl: 63 },
      ];
}

for (const version of [1, 2] as const) {
  test(`a packet that "tcpdump -i any" shows on card, bridge and virtual link counts once (cooked header ${version})`, () => {
    const link = links[version];
    const plain = read(
      capture(
        talk.map((one) => cooked(version, one, bridged(one)[0]!)),
        { link },
      ),
    );
    const frames = talk.flatMap((one) => bridged(one).map((seen) => cooked(version, one, seen)));
    const { connections, copies } = read(capture(frames, { link }));
    assert.deepEqual(connections, plain.connections);
    assert.deepEqual([connections[0]!.conn_state, connections[0]!.history], ['SF', 'ShADadFf']);
    assert.equal(connections[0]!.src_packets + connections[0]!.dst_packets, talk.length);
    assert.equal(copies, 2 * talk.length);
  });

  test(`what is said twice on one interface counts twice (cooked header ${version})`, () => {
    const beat = {
      bytes: Buffer.concat([Buffer.alloc(14), udp('10.0.0.1', 1, '10.0.0.2', 2, Buffer.from('beat'))]),
      time: 1e15,
    };
    const frames = Array.from({ length: 10 }, (_, i) =>
      cooked(version, beat, { at: i * 200_000, kind: sent, interface: 2 }),
    );
    const { connections, copies } = read(capture(frames, { link: links[version] }));
    assert.deepEqual([connections[0]!.src_packets, connections[0]!.src_bytes, copies], [10, 40, 0]);
    assert.equal(connections[0]!.dst_mac, '');
  });
}

test('two interfaces of one pcapng file show a forwarded packet once, a mirror and a card with checksums left out', () => {
  const frames = talk.flatMap((one) => {
    const hop = Buffer.from(one.bytes);
    hop[22] = 63;
    hop.writeUInt16BE(0xabcd, 14 + 20 + 16); // checksum
    return [
      { ...one, interface: 0 },
      { bytes: hop, time: one.time + 40, interface: 1 },
    ];
  });
  const form = { link: 1, resolution: 6 };
  const { connections, copies } = read(pcapngCapture(frames, { interfaces: [form, form] }));
  assert.equal(connections[0]!.src_packets + connections[0]!.dst_packets, talk.length);
  assert.deepEqual([connections[0]!.history, copies], ['ShADadFf', talk.length]);
});

test('datagrams without a number that differ only late in their payload are no copies', () => {
  const datagram = (last: number): TimedFrame => {
    const payload = Buffer.alloc(100, 5);
    payload[99] = last;
    const ip = udp('10.0.0.1', 2152, '10.0.0.2', 2152, payload);
    ip.writeUInt16BE(0, 4);
    return { bytes: Buffer.concat([Buffer.alloc(14), ip]), time: 1e15 };
  };
  const frames = [1, 2, 3].map((last) =>
    cooked(1, datagram(last), { at: last * 10, kind: sent, interface: 1 }),
  );
  assert.equal(read(capture(frames, { link: 113 })).copies, 0);
});

test('an acknowledgement that is repeated in one capture is no copy', () => {
  const { frames } = new Conversation().open().fromServer(ACK).fromServer(ACK).fromServer(ACK);
  const { connections, copies } = read(capture(frames));
  assert.deepEqual([connections[0]!.dst_packets, copies], [4, 0]);
});
