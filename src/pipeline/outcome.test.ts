import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectingSink } from '../../test/collecting-sink.ts';
import {
  ACK,
  Conversation,
  capture,
  FIN,
  frame,
  RST,
  SYN,
  type TimedFrame,
  udp,
} from '../../test/packets.ts';
import { createEnricher, defaultLocalNetworks } from '../enrich/index.ts';
import type { Connection } from '../schema/event/connection.ts';
import { pcap } from '../sources/pcap.ts';

/** Packets to outcome: what the flow meter writes of a connection is what enrich needs to say how it ended. */
function settled(frames: readonly TimedFrame[]): Connection[] {
  const sink = collectingSink();
  const decoder = pcap.open('test', sink, { latest_time: 4e15, keep_raw: false });
  decoder.push(capture([...frames].sort((a, b) => a.time - b.time)));
  decoder.end();
  const enricher = createEnricher({ local_networks: defaultLocalNetworks });
  return sink.events.map(({ event }) => enricher.enrich(event)).filter((one) => one.kind === 'connection');
}

const client = '10.0.0.1';
const server = '10.0.0.2';
const talk = (port = 443): Conversation => new Conversation(client, 40_000, server, port);
const payload = Buffer.alloc(50, 1);

// Histories and states as Zeek 9.1 writes them for the same packets (its documentation of conn.log).
const cases: [
  string,
  Conversation,
  ...[state: string, history: string, outcome: string, orientation: string][],
][] = [
  ['opened and closed', talk().open().client(payload).close(), ['SF', 'ShADaFf', 'answered', 'seen']],
  [
    'a FIN that is sent again',
    talk()
      .open()
      .client(payload)
      .fromClient(FIN | ACK)
      .wait(200_000)
      .fromClient(FIN | ACK, undefined, -1)
      .fromServer(FIN | ACK)
      .fromClient(ACK),
    ['SF', 'ShADaFf', 'answered', 'seen'],
  ],
  [
    'a reset that strays in after the close',
    talk().open().client(payload).close().fromClient(RST),
    ['SF', 'ShADaFfR', 'answered', 'seen'],
  ],
  [
    'a reset that strays in long after the close',
    talk().open().client(payload).close().wait(20e6).fromServer(RST),
    ['SF', 'ShADaFf', 'answered', 'seen'],
    ['RSTRH', '^r', 'unknown', 'inferred'],
  ],
  ['a health check that opens and closes', talk().open().close(), ['SF', 'ShAFf', 'answered', 'seen']],
  [
    'a health check that opens and resets',
    talk()
      .open()
      .fromClient(RST | ACK),
    ['RSTO', 'ShAR', 'answered', 'seen'],
  ],
  [
    'a half-open check: the answer is enough',
    talk()
      .fromClient(SYN)
      .fromServer(SYN | ACK)
      .fromClient(RST),
    ['RSTO', 'ShR', 'answered', 'seen'],
  ],
  [
    'keep-alives of a session whose beginning is long past',
    talk()
      .wait(0)
      .fromClient(ACK, Buffer.alloc(1), -1)
      .fromServer(ACK)
      .wait(60e6)
      .fromClient(ACK, Buffer.alloc(1), -1)
      .fromServer(ACK),
    ['OTH', 'DaT', 'answered', 'inferred'],
  ],
  [
    'keep-alives of the server, first seen',
    talk().fromServer(ACK, Buffer.alloc(1), -1).fromClient(ACK),
    ['OTH', '^dA', 'answered', 'inferred'],
  ],
  [
    'a session that is quiet for longer than the time-out: its second piece is no call of the server',
    talk(22).open().client(payload).wait(4_000e6).server(payload).client(payload),
    ['S1', 'ShADa', 'answered', 'seen'],
    ['OTH', '^dADa', 'answered', 'inferred'],
  ],
  [
    'an answer to an opening that was not seen',
    talk(4444)
      .fromServer(SYN | ACK)
      .fromClient(ACK)
      .client(payload)
      .close(),
    ['SF', '^hADaFf', 'answered', 'inferred'],
  ],
  [
    'a server speaks to an ephemeral port, and is answered',
    talk().fromServer(ACK, payload).fromClient(ACK).server(payload),
    ['OTH', '^dA', 'answered', 'inferred'],
  ],
  [
    'a server of a port nobody knows speaks to an ephemeral one',
    new Conversation(client, 40_000, server, 31_337).fromServer(ACK, payload).fromClient(ACK),
    ['OTH', 'Da', 'answered', 'unknown'],
  ],
  [
    'no answer, however often asked',
    talk().fromClient(SYN).wait(1e6).fromClient(SYN, undefined, -1).wait(2e6).fromClient(SYN, undefined, -1),
    ['S0', 'S', 'unanswered', 'seen'],
  ],
  [
    'refused',
    talk()
      .fromClient(SYN)
      .fromServer(RST | ACK),
    ['REJ', 'Sr', 'refused', 'seen'],
  ],
  [
    'only the client side was captured',
    talk()
      .fromClient(SYN)
      .fromClient(ACK)
      .fromClient(ACK, payload)
      .fromClient(FIN | ACK),
    ['SH', 'SADF', 'one_sided', 'seen'],
  ],
  [
    'only the server side was captured',
    talk()
      .fromServer(SYN | ACK)
      .fromServer(ACK, payload)
      .fromServer(FIN | ACK),
    ['SHR', '^hdf', 'one_sided', 'inferred'],
  ],
  [
    'segments sent again, a window that closed',
    talk()
      .open()
      .fromClient(ACK, payload)
      .fromClient(ACK, payload, -50)
      .fromServer(ACK, undefined, 0, 0)
      .close(),
    ['SF', 'ShADTawFf', 'answered', 'seen'],
  ],
];

for (const [name, { frames }, ...want] of cases) {
  test(`packets to outcome: ${name}`, () => {
    assert.deepEqual(
      settled(frames).map((one) => [one.conn_state, one.history, one.outcome, one.orientation]),
      want,
    );
  });
}

test('packets to outcome: datagrams', () => {
  const call = (from: string, sport: number, to: string, dport: number, at: number): TimedFrame =>
    frame(udp(from, sport, to, dport, payload), at);
  const rows = (...frames: TimedFrame[]): unknown[] =>
    settled(frames).map((one) => [one.src_ip, one.conn_state, one.history, one.outcome, one.orientation]);
  assert.deepEqual(rows(call(client, 40_000, server, 123, 0), call(server, 123, client, 40_000, 9)), [
    [client, 'SF', 'Dd', 'answered', 'seen'],
  ]);
  assert.deepEqual(rows(call(server, 123, client, 40_000, 0)), [
    [client, 'SHR', '^d', 'one_sided', 'inferred'],
  ]);
  assert.deepEqual(rows(call(client, 40_000, server, 123, 0)), [[client, 'S0', 'D', 'unanswered', 'seen']]);
});

/** Packets of a host whose network card makes the checksums: Linux leaves the sum of the pseudo header in their place. */
function offloaded({ bytes, time }: TimedFrame): TimedFrame {
  const copy = Buffer.from(bytes);
  const length = copy.length - 34;
  let sum = 6 + length;
  for (let at = 26; at < 34; at += 2) sum += copy.readUInt16BE(at);
  copy.writeUInt16BE((sum & 0xffff) + (sum >>> 16), 34 + 16);
  return { bytes: copy, time };
}

test('packets whose checksum is left to the network card count, and are told once', () => {
  const { frames } = talk().open().client(payload).client(payload).client(payload).client(payload).close();
  const from_client = (one: TimedFrame): boolean => one.bytes[29] === 1;
  const mixed = frames.map((one) => (from_client(one) ? offloaded(one) : one));
  assert.deepEqual(settled(mixed), settled(frames));
  const notes: string[] = [];
  const sink = { ...collectingSink(), set_aside: (note: string, n: number) => notes.push(`${note} ${n}`) };
  for (let n = 0; n < 2; n++) {
    const decoder = pcap.open('test', sink, { latest_time: 4e15, keep_raw: false });
    decoder.push(capture(n === 0 ? frames : [...mixed, ...mixed]));
    decoder.end();
  }
  const count = 2 * mixed.filter(from_client).length;
  assert.deepEqual(notes, [`checksum: left to the network card of the capturing host ${count}`]);
});
