import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectingSink } from '../../../test/collecting-sink.ts';
import {
  ACK,
  Conversation,
  datagram,
  FIN,
  frame,
  ipv4,
  RST,
  SYN,
  type TimedFrame,
  udp,
} from '../../../test/packets.ts';
import type { Connection } from '../../schema/event/connection.ts';
import { tables, type WeirEvent } from '../../schema/event/index.ts';
import { recordCheck } from '../../schema/table.ts';
import { Meter, type MeterOptions } from './meter.ts';

function meter(frames: readonly TimedFrame[], options: Partial<MeterOptions> = {}) {
  const sink = collectingSink();
  const one = new Meter(sink, { latest_time: 4_000_000_000_000_000, ...options });
  frames.forEach((f, i) => {
    one.packet(f.bytes, 0, f.bytes.length, f.bytes.length, 1, f.time, i + 1, i * 100);
  });
  one.end();
  assert.equal(one.live, 0);
  return sink;
}

function connections(frames: readonly TimedFrame[], options: Partial<MeterOptions> = {}): Connection[] {
  return meter(frames, options)
    .events.map((entry) => entry.event)
    .filter((event): event is Connection => event.kind === 'connection');
}

const data = (length: number): Buffer => Buffer.alloc(length, 0x2e);
const talk = (port = 4444): Conversation => new Conversation('10.0.0.1', 40_000, '10.0.0.2', port);

// What Zeek logs for each, by its documentation of conn_state and history.
const cases: [string, Conversation, string, string, number, number][] = [
  ['opened and closed', talk().open().client(data(10)).server(data(20)).close(), 'SF', 'ShADadFf', 10, 20],
  ['not closed', talk().open().client(data(10)), 'S1', 'ShADa', 10, 0],
  ['no answer', talk().fromClient(SYN), 'S0', 'S', 0, 0],
  [
    'refused',
    talk()
      .fromClient(SYN)
      .fromServer(RST | ACK),
    'REJ',
    'Sr',
    0,
    0,
  ],
  ['client aborts', talk().open().client(data(3)).fromClient(RST), 'RSTO', 'ShADaR', 3, 0],
  [
    'server aborts',
    talk()
      .open()
      .client(data(3))
      .fromServer(RST | ACK),
    'RSTR',
    'ShADar',
    3,
    0,
  ],
  ['client gives up unanswered', talk().fromClient(SYN).fromClient(RST), 'RSTOS0', 'SR', 0, 0],
  [
    'answer to nothing, then reset',
    talk()
      .fromServer(SYN | ACK)
      .fromServer(RST),
    'OTH',
    'HR',
    0,
    0,
  ],
  [
    'only the client closes',
    talk()
      .open()
      .fromClient(FIN | ACK)
      .fromServer(ACK),
    'S2',
    'ShAFa',
    0,
    0,
  ],
  [
    'only the server closes',
    talk()
      .open()
      .fromServer(FIN | ACK)
      .fromClient(ACK),
    'S3',
    'ShAf',
    0,
    0,
  ],
  ['half open', talk().fromClient(SYN).fromClient(FIN), 'SH', 'SF', 0, 0],
  ['seen in the middle', talk().fromClient(ACK, data(7)).fromServer(ACK, data(8)), 'OTH', 'Dd', 7, 8],
  ['SYN and FIN at once', talk().fromClient(SYN | FIN), 'SH', 'Q', 0, 0],
  [
    'FIN and RST at once',
    talk()
      .open()
      .fromClient(FIN | RST),
    'RSTO',
    'ShAI',
    0,
    0,
  ],
  ['no window', talk().open().fromServer(ACK, data(0), 0, 0), 'S1', 'ShAaw', 0, 0],
];

test('states, histories and payload bytes are those Zeek logs', () => {
  for (const [name, conversation, state, history, sent, received] of cases) {
    const [got, ...rest] = connections(conversation.frames);
    assert.equal(rest.length, 0, name);
    assert.deepEqual(
      [got!.conn_state, got!.history, got!.src_bytes, got!.dst_bytes],
      [state, history, sent, received],
      name,
    );
  }
});

test('a letter for repeats comes at the first, the tenth and the hundredth', () => {
  const conversation = talk().open().client(data(5));
  for (let i = 0; i < 120; i++) conversation.fromClient(ACK, data(5), -5);
  const [got] = connections(conversation.frames);
  assert.equal(got!.history, 'ShADaTTT');
  assert.equal(got!.src_bytes, 5);
  assert.equal(got!.src_packets, 123);
});

test('data that was acknowledged but never captured is a gap and counted as missed', () => {
  const conversation = talk().open().client(data(5)).loseServer(1000).server(data(10)).close();
  const [got] = connections(conversation.frames);
  assert.equal(got!.history, 'ShADadgFf');
  assert.equal(got!.missed_bytes, 1000);
  assert.equal(got!.dst_bytes, 1010);
});

test('a flow first seen from its server is turned round and says so', () => {
  const conversation = talk(80)
    .fromServer(SYN | ACK)
    .fromClient(ACK)
    .client(data(4));
  const [got] = connections(conversation.frames);
  assert.equal(got!.history, '^hADa');
  assert.equal(got!.src_ip, '10.0.0.1');
  assert.equal(got!.dst_port, 80);
  assert.equal(got!.src_packets, 2);
  assert.equal(got!.src_mac, '02:00:00:00:00:01');
  const answer = frame(udp('8.8.8.8', 53, '10.0.0.1', 3333, data(4)));
  const [dns] = connections([answer]);
  assert.deepEqual([dns!.src_port, dns!.dst_port, dns!.history, dns!.conn_state], [3333, 53, '^d', 'SHR']);
});

test('SYN ACK before SYN is one connection in the right direction', () => {
  const conversation = talk().open().client(data(4)).close();
  const [a, b, ...rest] = conversation.frames;
  const got = connections([{ ...b!, time: a!.time }, a!, ...rest]);
  assert.equal(got.length, 1);
  assert.equal(got[0]!.src_ip, '10.0.0.1');
  assert.equal(got[0]!.conn_state, 'SF');
  assert.match(got[0]!.history, /^Hs\^/);
});

test('sequence numbers may wrap round', () => {
  const conversation = new Conversation('10.0.0.1', 1, '10.0.0.2', 2, 0xffffffff - 500).open();
  for (let i = 0; i < 4; i++) conversation.client(data(400));
  const [got] = connections(conversation.close().frames);
  assert.deepEqual([got!.src_bytes, got!.conn_state, got!.missed_bytes], [1600, 'SF', 0]);
});

test('a SYN with new numbers on the same ports is a new connection', () => {
  const first = talk().open().client(data(4));
  const second = new Conversation('10.0.0.1', 40_000, '10.0.0.2', 4444, 900_000).wait(50_000).open().close();
  const got = connections([...first.frames, ...second.frames]);
  assert.deepEqual(
    got.map((one) => [one.conn_state, one.src_bytes]),
    [
      ['S1', 4],
      ['SF', 0],
    ],
  );
  assert.notEqual(got[0]!.uid, got[1]!.uid);
  assert.equal(got[0]!.community_id, got[1]!.community_id);
});

test('idle flows end: TCP after five minutes, UDP after one, DNS after ten seconds, a lone SYN after five', () => {
  const ends: [string, TimedFrame[], TimedFrame[], number][] = [
    ['tcp', talk().open().client(data(1)).frames, talk().wait(301_000_000).fromClient(ACK).frames, 299],
    ['syn', talk().fromClient(SYN).frames, talk().wait(6_000_000).fromClient(SYN).frames, 4],
    [
      'udp',
      [frame(udp('10.0.0.1', 1, '10.0.0.2', 2, data(1)))],
      [frame(udp('10.0.0.1', 1, '10.0.0.2', 2, data(1)), 61_000_000)],
      59,
    ],
    [
      'dns',
      [frame(udp('10.0.0.1', 1, '10.0.0.2', 53, data(1)))],
      [frame(udp('10.0.0.1', 1, '10.0.0.2', 53, data(1)), 11_000_000)],
      8,
    ],
  ];
  for (const [name, before, after, early] of ends) {
    assert.equal(connections([...before, ...after]).length, 2, name);
    const sooner = after.map((one) => ({ ...one, time: before.at(-1)!.time + early * 1_000_000 }));
    assert.equal(connections([...before, ...sooner]).length, 1, name);
  }
});

test('an active time-out reports a long flow in parts; without one it is one', () => {
  const frames = Array.from({ length: 40 }, (_, i) =>
    frame(udp('10.0.0.1', 1, '10.0.0.2', 2, data(1)), i * 30_000_000),
  );
  assert.equal(connections(frames).length, 1);
  const parts = connections(frames, { active_timeout_s: 300 });
  assert.ok(parts.length >= 4);
  assert.equal(
    parts.reduce((sum, part) => sum + part.src_packets, 0),
    40,
  );
});

test('echo request and reply are one flow with types as ports, an unreachable is its own', () => {
  const echo = (type: number): Buffer => Buffer.concat([Buffer.from([type, 0, 0, 0, 0, 7, 0, 1]), data(48)]);
  const got = connections([
    frame(ipv4('10.0.0.1', '10.0.0.2', 1, echo(8))),
    frame(ipv4('10.0.0.2', '10.0.0.1', 1, echo(0)), 1500),
    frame(
      ipv4('10.0.0.2', '10.0.0.1', 1, Buffer.concat([Buffer.from([3, 3, 0, 0, 0, 0, 0, 0]), data(28)])),
      2000,
    ),
  ]);
  assert.deepEqual(
    got.map((g) => [g.transport, g.src_ip, g.src_port, g.dst_port, g.src_bytes, g.dst_bytes, g.conn_state]),
    [
      ['icmp', '10.0.0.1', 8, 0, 48, 48, 'OTH'],
      ['icmp', '10.0.0.2', 3, 3, 28, 0, 'OTH'],
    ],
  );
});

const request = 'POST /upload HTTP/1.1\r\nHost: a.example\r\nUser-Agent: test\r\nContent-Length: 30\r\n\r\n';
const body = 'x'.repeat(30);

/** Events without what depends on when each packet came. */
function gist(frames: readonly TimedFrame[]): unknown[] {
  return meter(frames)
    .events.map((entry) => entry.event)
    .filter((event) => event.kind !== 'connection')
    .map((event: WeirEvent) => ({ ...event, time: 0 }));
}

test('whatever the order in which segments come, the same is read of them', () => {
  const text = request + body;
  const cuts = [0, 10, 40, 41, 75, text.length];
  const pieces = cuts.slice(0, -1).map((from, i) => ({ from, text: text.slice(from, cuts[i + 1]) }));
  const plain = talk(8081).open().client(text).server('HTTP/1.1 204 No Content\r\n\r\n').close().frames;
  const want = gist(plain);
  assert.equal(want.length, 1);
  const opening = talk(8081).open().frames;
  const tail = plain.slice(4);
  const orders = permutations([0, 1, 2, 3, 4]);
  for (const order of orders) {
    for (const overlap of [0, 3]) {
      const middle = order.map((i) => {
        const piece = pieces[i]!;
        // each piece may begin a little earlier than it has to: the same bytes again
        const from = Math.max(0, piece.from - overlap);
        const bytes = text.slice(from, piece.from + piece.text.length);
        const lone = new Conversation('10.0.0.1', 40_000, '10.0.0.2', 8081);
        lone.lose(1 + from);
        lone.fromClient(ACK, Buffer.from(bytes));
        return { bytes: lone.frames[0]!.bytes, time: plain[3]!.time };
      });
      assert.deepEqual(gist([...opening, ...middle, ...tail]), want, `${order} ${overlap}`);
    }
  }
});

test('where segments contradict each other the bytes that came first stay', () => {
  const conversation = talk(8081).open();
  const lone = (at: number, text: string): TimedFrame => {
    const one = new Conversation('10.0.0.1', 40_000, '10.0.0.2', 8081);
    one.lose(1 + at);
    one.fromClient(ACK, Buffer.from(text));
    return { bytes: one.frames[0]!.bytes, time: conversation.frames[2]!.time };
  };
  const first = 'GET /good HTTP/1.1\r\n\r\n';
  const second = 'GET /evil HTTP/1.1\r\n\r\n';
  // the later part comes first, then the whole with other bytes
  const events = meter([...conversation.frames, lone(4, first.slice(4)), lone(0, second)]).events;
  const http = events.map((entry) => entry.event).find((event) => event.kind === 'http');
  assert.equal(http!.uri, '/good');
});

test('events of one flow carry its id and addresses, and the connection the name asked for', () => {
  const events = meter(
    talk(80)
      .open()
      .client(request + body)
      .server('HTTP/1.1 200 OK\r\n\r\nok')
      .close().frames,
  ).events.map((entry) => entry.event);
  const [http, connection] = events;
  assert.ok(http?.kind === 'http' && connection?.kind === 'connection');
  assert.equal(http.uid, connection.uid);
  assert.match(connection.uid, /^C[0-9A-Za-z]{18}$/);
  assert.equal(connection.dst_name, 'a.example');
  assert.equal(connection.service, 'http');
  assert.deepEqual(
    [http.src_ip, http.dst_port, http.request_bytes, http.response_bytes],
    ['10.0.0.1', 80, 30, 2],
  );
  for (const event of events) {
    const checked = recordCheck(tables[event.kind]).safeParse(event);
    assert.ok(checked.success, JSON.stringify(checked.error?.issues));
  }
});

test('the same capture gives the same ids whatever the seed of the table', () => {
  const frames = talk().open().client(data(5)).close().frames;
  assert.deepEqual(connections(frames, { seed: 1 }), connections(frames, { seed: 99 }));
});

test('fragments are put together, in any order, and bytes that came first stay', () => {
  const whole = datagram(1000, 53, Buffer.concat([dnsQuery, data(40)]));
  const part = (from: number, upTo: number, more: boolean, fill = whole): TimedFrame =>
    frame(
      ipv4('10.0.0.1', '10.0.0.2', 17, fill.subarray(from, upTo), (more ? 0x2000 : 0) | (from >>> 3), 77),
    );
  const want = connections([frame(ipv4('10.0.0.1', '10.0.0.2', 17, whole))]);
  const parts = [part(0, 24, true), part(24, 48, true), part(48, whole.length, false)];
  for (const order of permutations([0, 1, 2])) {
    assert.deepEqual(connections(order.map((i) => parts[i]!)), want, `${order}`);
  }
  const other = Buffer.from(whole).fill(0xff, 24);
  const got = connections([parts[0]!, parts[1]!, part(24, 48, true, other), parts[2]!]);
  assert.deepEqual(got, want);
  // never whole: nothing, and nothing stays for ever
  assert.deepEqual(connections([parts[0]!, parts[2]!]), []);
});

test('packets inside GRE, IP in IP and VXLAN are metered, with VXLAN as a flow of its own', () => {
  const inner = udp('192.168.7.1', 1234, '192.168.7.2', 4321, data(9));
  const ethernet = frame(inner).bytes;
  const vxlan = Buffer.concat([Buffer.from([8, 0, 0, 0, 0, 0, 1, 0]), ethernet]);
  const flows = (bytes: Buffer): string[] =>
    connections([frame(bytes)]).map((g) => `${g.transport} ${g.src_ip} ${g.dst_port} ${g.service}`);
  assert.deepEqual(flows(ipv4('1.1.1.1', '2.2.2.2', 4, inner)), ['udp 192.168.7.1 4321 ']);
  assert.deepEqual(flows(ipv4('1.1.1.1', '2.2.2.2', 47, Buffer.concat([Buffer.from([0, 0, 8, 0]), inner]))), [
    'udp 192.168.7.1 4321 ',
  ]);
  assert.deepEqual(flows(udp('1.1.1.1', 999, '2.2.2.2', 4789, vxlan)), [
    'udp 1.1.1.1 4789 vxlan',
    'udp 192.168.7.1 4321 ',
  ]);
  let deep = inner;
  for (let i = 0; i < 40; i++) deep = ipv4('1.1.1.1', '2.2.2.2', 4, deep);
  const sink = meter([frame(deep)]);
  assert.equal(sink.rejects[0]!.reason, 'too many tunnels');
});

test('what stations say of their link-layer addresses is told once an hour, by ARP and by neighbour discovery', () => {
  const mac = '02aa00000001';
  const arp = (operation: string, ip: string, time: number, of = mac): TimedFrame => ({
    bytes: Buffer.from(`ffffffffffff${of}0806000108000604${operation}${of}${ip}0000000000000a000001`, 'hex'),
    time,
  });
  const advertised = Buffer.from(`8800000060000000fe80${'00'.repeat(13)}050201${mac}`, 'hex');
  const head = Buffer.alloc(40);
  head[0] = 0x60;
  head.writeUInt16BE(advertised.length, 4);
  head[6] = 58;
  head[7] = 255;
  head.set(Buffer.from(`fe80${'00'.repeat(13)}05`, 'hex'), 8);
  head.set(Buffer.from(`ff02${'00'.repeat(13)}01`, 'hex'), 24);
  const ethernet = Buffer.from(`333300000001${mac}86dd`, 'hex');
  const hour = 3600e6;
  const sink = meter([
    arp('0001', '0a00003f', 1),
    arp('0002', '0a00003f', 2), // known
    arp('0001', '00000000', 3), // a probe says nothing of an address
    arp('0002', '0a00003f', 4, 'ffffffffffff'), // no station
    arp('0002', '0a00003f', 1 + hour),
    { bytes: Buffer.concat([ethernet, head, advertised]), time: 2 + hour },
  ]);
  const told = sink.events.flatMap(({ event }) => (event.kind === 'inventory' ? [event] : []));
  assert.deepEqual(
    told.map(({ time, host_ip, type, name, detail }) => [time, host_ip, type, name, detail]),
    [
      [1, '10.0.0.63', 'device', '02:aa:00:00:00:01', 'ARP'],
      [1 + hour, '10.0.0.63', 'device', '02:aa:00:00:00:01', 'ARP'],
      [2 + hour, 'fe80::5', 'device', '02:aa:00:00:00:01', 'neighbour discovery'],
    ],
  );
  for (const one of told) recordCheck(tables.inventory).parse(one);
  assert.deepEqual(
    sink.filtereds.map(({ reason, line }) => [reason, line]),
    [2, 3, 4].map((line) => ['ARP', line]),
  );
});

test('what is not IP is set aside, what is broken is rejected with its reason and place', () => {
  const arp = { bytes: Buffer.from(`${'00'.repeat(12)}0806${'00'.repeat(28)}`, 'hex'), time: 1 };
  const short = frame(ipv4('1.1.1.1', '2.2.2.2', 6, data(12)));
  const lying = frame(ipv4('1.1.1.1', '2.2.2.2', 6, data(40)));
  lying.bytes.writeUInt16BE(900, 16);
  const sink = meter([arp, short, lying]);
  assert.deepEqual(
    sink.filtereds.map((one) => [one.reason, one.line]),
    [['ARP', 1]],
  );
  assert.deepEqual(
    sink.rejects.map((one) => [one.reason, one.line, one.offset]),
    [
      ['TCP header cut short', 2, 100],
      ['IPv4 length 900 beyond the 60 bytes sent', 3, 200],
    ],
  );
  assert.match(sink.rejects[0]!.excerpt, /^[0-9a-f]+$/);
});

/** An IPv6 packet between IPv4-mapped addresses around the transport part of an IPv4 packet. */
function mapped(of: TimedFrame): TimedFrame {
  const ip = of.bytes.subarray(14);
  const head = Buffer.alloc(40);
  head[0] = 0x60;
  head.writeUInt16BE(ip.length - 20, 4);
  head[6] = ip[9]!;
  head[7] = 64;
  for (const [from, to] of [
    [12, 8],
    [16, 24],
  ] as const) {
    head.writeUInt16BE(0xffff, to + 10);
    head.set(ip.subarray(from, from + 4), to + 12);
  }
  return { ...frame(Buffer.concat([head, ip.subarray(20)])), time: of.time };
}

test('packets between IPv4-mapped IPv6 addresses are those of the IPv4 flow', () => {
  const frames = talk().open().client(data(10)).close().frames;
  const want = connections(frames);
  assert.equal(want[0]!.src_ip, '10.0.0.1');
  const got = connections(frames.map(mapped));
  assert.deepEqual(
    got.map(({ src_ip_bytes, dst_ip_bytes, ...rest }) => rest),
    want.map(({ src_ip_bytes, dst_ip_bytes, ...rest }) => rest),
  );
  const mixed = connections(frames.map((one, i) => (i % 2 === 0 ? mapped(one) : one)));
  assert.equal(mixed.length, 1);
});

test('what a VXLAN tunnel carries is metered on the port of the standard and on that of Linux', () => {
  const inner = talk().open().client(data(10)).close().frames;
  for (const port of [4789, 8472]) {
    const outer = inner.map((one) => ({
      ...frame(
        udp(
          '192.0.2.1',
          50_000,
          '192.0.2.2',
          port,
          Buffer.concat([Buffer.from('0800000000002a00', 'hex'), one.bytes]),
        ),
      ),
      time: one.time,
    }));
    const all = connections(outer);
    assert.deepEqual(all.map((one) => [one.src_ip, one.dst_port, one.service, one.conn_state]).sort(), [
      ['10.0.0.1', 4444, '', 'SF'],
      ['192.0.2.1', port, 'vxlan', 'S0'],
    ]);
  }
});

test('wrong checksums leave packets out only when asked to', () => {
  const frames = talk().open().frames;
  assert.equal(connections(frames)[0]!.history, 'ShA');
  const verified = meter(frames, { verify_checksums: true });
  assert.ok(verified.rejects.every((one) => one.reason === 'IPv4 header checksum'));
});

test('beyond the most flows old ones are reported, none is lost', () => {
  const frames = Array.from({ length: 500 }, (_, i) =>
    frame(udp('10.0.0.1', 1000 + i, '10.0.0.2', 2, data(1)), i),
  );
  const sink = collectingSink();
  const one = new Meter(sink, { latest_time: 4e15, max_flows: 50 });
  for (const f of frames) {
    one.packet(f.bytes, 0, f.bytes.length, f.bytes.length, 1, f.time, 1, 0);
    assert.ok(one.live <= 50);
  }
  one.end();
  assert.equal(sink.events.length, 500);
});

test('a query and its answer are one dns event', () => {
  const answer = Buffer.concat([
    Buffer.from(dnsQuery).fill(0x81, 2, 3).fill(0x80, 3, 4).fill(1, 7, 8),
    Buffer.from('c00c0001000100000e1000045db8d822', 'hex'),
  ]);
  const events = meter([
    frame(udp('10.0.0.1', 5000, '10.0.0.2', 53, dnsQuery)),
    frame(udp('10.0.0.2', 53, '10.0.0.1', 5000, answer), 20_000),
    frame(udp('10.0.0.1', 5000, '10.0.0.2', 53, dnsQuery), 30_000),
  ]).events.map((entry) => entry.event);
  assert.deepEqual(
    events.map((event) =>
      event.kind === 'dns' ? [event.query, event.response_code, event.answers, event.rtt_s] : event.kind,
    ),
    [['example.com', 'NOERROR', ['93.184.216.34'], 0.02], ['example.com', '', [], null], 'connection'],
  );
});

const dnsQuery = Buffer.from('123401000001000000000000076578616d706c6503636f6d0000010001', 'hex');

function permutations(list: number[]): number[][] {
  if (list.length <= 1) return [list];
  return list.flatMap((one, i) =>
    permutations([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [one, ...rest]),
  );
}

test('probes that open nothing have no SYN in their history, and a reset for an answer', () => {
  const [PSH, URG] = [8, 32];
  for (const [name, flags, letters] of [
    ['FIN', FIN, 'F'],
    ['Xmas', FIN | PSH | URG, 'F'],
    ['Maimon', FIN | ACK, 'F'],
    ['ACK', ACK, 'A'],
    ['NULL', 0, ''],
  ] as const) {
    const [alone] = connections(talk().fromClient(flags).frames);
    assert.deepEqual([alone!.history, alone!.src_packets, alone!.dst_packets], [letters, 1, 0], name);
    const [reset] = connections(
      talk()
        .fromClient(flags)
        .fromServer(RST | ACK).frames,
    );
    assert.deepEqual([reset!.history, reset!.src_packets, reset!.dst_packets], [`${letters}r`, 1, 1], name);
  }
});
