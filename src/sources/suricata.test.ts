import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CollectingSink, collectingSink } from '../../test/collecting-sink.ts';
import type { EventKind, WeirEvent } from '../schema/event/index.ts';
import { suricata_eve } from './suricata.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'test', 'fixtures', 'suricata');
const latest_time = Date.UTC(2030, 0, 1) * 1000;

function decode(text: string | Buffer): CollectingSink {
  const sink = collectingSink();
  const decoder = suricata_eve.open('eve.json', sink, { latest_time, keep_raw: true });
  decoder.push(Buffer.from(text));
  decoder.end();
  return sink;
}
const fixture = (name: string): CollectingSink => decode(readFileSync(join(folder, name)));

function ofKind<K extends EventKind>(sink: CollectingSink, kind: K): Extract<WeirEvent, { kind: K }>[] {
  return sink.events.map((one) => one.event).filter((one) => one.kind === kind) as Extract<
    WeirEvent,
    { kind: K }
  >[];
}

test('a flow is one connection, its bytes without the Ethernet header, its state told from the flags', () => {
  const flows = ofKind(fixture('eve.json'), 'connection');
  const [tls, syn, refused, dns, ping, gre] = flows;
  assert.equal(flows.length, 6);
  assert.deepEqual(
    [tls!.time, tls!.duration_s, tls!.conn_state, tls!.service, tls!.vlan, tls!.uid],
    [Date.UTC(2026, 0, 5, 10) * 1000 + 125, 12.345678, 'SF', 'ssl', 120, '1000000000001'],
  );
  assert.deepEqual(
    [tls!.src_bytes, tls!.src_ip_bytes, tls!.src_mac],
    [null, 7308 - 31 * 18, '02:00:00:00:00:0f'],
  );
  assert.deepEqual([syn!.conn_state, syn!.duration_s], ['S0', null]);
  assert.deepEqual([refused!.conn_state, refused!.service], ['REJ', '']);
  assert.deepEqual([dns!.conn_state, dns!.transport], ['SF', 'udp']);
  assert.deepEqual(
    [ping!.transport, ping!.src_ip, ping!.src_port, ping!.conn_state],
    ['icmp', '2001:db8:20::15', 128, 'OTH'],
  );
  assert.equal(gre!.transport, '47');
});

test('a DNS query and its answer are one event, at the place of the answer', () => {
  const sink = fixture('eve.json');
  const [joined] = ofKind(sink, 'dns');
  assert.deepEqual(
    [joined!.query, joined!.rtt_s, joined!.response_code, joined!.answers, joined!.answer_ttl_s],
    ['www.example.org', 0.000871, 'NOERROR', ['edge.example.net', '198.51.100.7'], 60],
  );
  const answer = sink.events.find((one) => one.event === joined)!;
  assert.ok(answer.raw.includes('"type":"answer"'));
  assert.equal(
    sink.filtereds.find((one) => one.reason === 'dns query joined with its answer')!.line,
    answer.line - 1,
  );
});

test('a query without an answer, and an answer without a query, are events of their own', () => {
  const dns = ofKind(fixture('eve.json'), 'dns');
  const alone = dns.find((one) => one.query === '4f2a9c.t.example.com')!;
  assert.deepEqual([alone.response_code, alone.rtt_s, alone.answers], ['', null, []]);
  const orphan = dns.find((one) => one.query === 'nope.example.com')!;
  assert.deepEqual([orphan.src_ip, orphan.dst_port, orphan.response_code], ['10.20.0.15', 53, 'NXDOMAIN']);
  assert.equal(dns.find((one) => one.query === 'broken.example.com')!.rejected, true);
});

test('the three shapes of DNS records give the same events', () => {
  const [one, two] = ofKind(fixture('eve-dns-v1.json'), 'dns');
  assert.deepEqual(
    [one!.query, one!.answers, one!.answer_ttl_s, one!.rtt_s, one!.src_port],
    ['www.example.org', ['edge.example.net', '198.51.100.7'], 60, 0.01, 40001],
  );
  assert.deepEqual([two!.query, two!.response_code], ['nope.example.com', 'NXDOMAIN']);
  const [three, grouped] = ofKind(fixture('eve-dns-v3.json'), 'dns');
  assert.deepEqual(
    [three!.query, three!.answers, three!.answer_ttl_s, three!.authoritative],
    ['www.example.org', ['198.51.100.7', 'SRV 1 2 443 edge.example.net'], 30, true],
  );
  assert.deepEqual(grouped!.answers, ['198.51.100.7', '198.51.100.8']);
});

test('a query that is asked again before the answer is two events', () => {
  const lines = readFileSync(join(folder, 'eve-dns-v3.json'), 'utf8').split('\n');
  const sink = decode(`${lines[0]}\n${lines[0]}\n${lines[1]}\n`);
  assert.deepEqual(
    ofKind(sink, 'dns').map((one) => one.response_code),
    ['', 'NOERROR'],
  );
});

test('queries do not wait for ever', () => {
  const line = readFileSync(join(folder, 'eve-dns-v3.json'), 'utf8').split('\n')[0]!;
  const sink = collectingSink();
  const decoder = suricata_eve.open('eve.json', sink, { latest_time, keep_raw: false });
  decoder.push(Buffer.from(`${line}\n${line.replace('10:00:00', '10:01:00').replace('4660', '4661')}\n`));
  assert.equal(sink.events.length, 1);
  decoder.end();
  assert.equal(sink.events.length, 2);
});

test('queries that wait hold a bounded amount of text', () => {
  const line = readFileSync(join(folder, 'eve-dns-v3.json'), 'utf8').split('\n')[0]!;
  const sink = collectingSink();
  const decoder = suricata_eve.open('eve.json', sink, { latest_time, keep_raw: true });
  const long = 'x'.repeat(900_000);
  for (let id = 0; id < 60; id++)
    decoder.push(Buffer.from(`${line.replace('4660', String(id)).replace('www', long)}\n`));
  assert.ok(sink.events.length > 10, `${sink.events.length} of 60 given out`);
  decoder.end();
  assert.equal(sink.events.length, 60);
});

test('the two netflow records of a flow are one connection', () => {
  const sink = fixture('eve-netflow.json');
  const flows = ofKind(sink, 'connection');
  assert.equal(flows.length, 3);
  const joined = flows[0]!;
  assert.deepEqual(
    [joined.src_packets, joined.dst_packets, joined.duration_s, joined.conn_state],
    [31, 70, 12.5, 'SF'],
  );
  assert.deepEqual(
    flows.slice(1).map((one) => one.conn_state),
    ['S0', 'S0'],
  );
});

test('netflow beside flow is not counted twice', () => {
  const flow = readFileSync(join(folder, 'eve.json'), 'utf8').split('\n')[0]!;
  const sink = decode(`${flow}\n${readFileSync(join(folder, 'eve-netflow.json'), 'utf8')}`);
  assert.equal(ofKind(sink, 'connection').length, 1);
  assert.equal(sink.filtereds.filter((one) => one.reason === 'netflow beside flow').length, 4);
});

test('alerts name who opened the connection, severity and ATT&CK techniques', () => {
  const alerts = ofKind(fixture('eve.json'), 'external_alert');
  const [c2, blocked] = alerts;
  assert.deepEqual(
    [c2!.src_ip, c2!.dst_ip, c2!.signature_id, c2!.severity, c2!.attack, c2!.message],
    ['10.20.0.15', '203.0.113.66', 2_030_001, 1, ['T1071.001', 'T1573'], 'c2.example.net'],
  );
  assert.deepEqual([blocked!.src_ip, blocked!.action], ['10.20.0.15', 'blocked']);
  assert.deepEqual(
    alerts.slice(2).map((one) => [one.type, one.name]),
    [
      ['anomaly', 'decoder.ipv4.trunc_pkt'],
      ['anomaly', 'UNABLE_TO_MATCH_RESPONSE_TO_REQUEST'],
    ],
  );
});

test('a TLS handshake carries its certificate as an event of its own', () => {
  const sink = fixture('eve.json');
  const [first, second] = ofKind(sink, 'tls');
  assert.deepEqual(
    [first!.version, first!.server_name, first!.alpn, first!.cert_fingerprints],
    ['TLSv12', 'shop.example.org', 'h2', ['1a'.repeat(20)]],
  );
  assert.deepEqual([second!.version, second!.established], ['TLSv13', true]);
  const [certificate] = ofKind(sink, 'certificate');
  assert.deepEqual([certificate!.serial, certificate!.not_before], ['0A1B2C', Date.UTC(2025, 0, 1) * 1000]);
});

test('sign-ins of every protocol end in one table', () => {
  const signIns = ofKind(fixture('eve.json'), 'authentication');
  assert.deepEqual(
    signIns.map((one) => [one.protocol, one.username, one.success]),
    [
      ['ssh', '', null],
      ['ntlm', 'administrator', 0],
      ['rdp', 'admin', null],
      ['kerberos', 'alice', 1],
      ['kerberos', '', 0],
    ],
  );
});

test('counters are flattened to figures', () => {
  const figures = ofKind(fixture('eve.json'), 'sensor_stats');
  assert.deepEqual(Object.fromEntries(figures.map((one) => [one.name, one.value])), {
    uptime: 60,
    'capture.kernel_packets': 150_000,
    'capture.kernel_drops': 12,
    'decoder.pkts': 149_988,
    'decoder.event.ipv4.trunc_pkt': 1,
  });
});

test('hostile records are rejects with a reason', () => {
  const flow = readFileSync(join(folder, 'eve.json'), 'utf8').split('\n')[1]!;
  const cases: [string, RegExp][] = [
    [flow.replace('203.0.113.9', '203.0.113.900'), /^src_ip is not an address/],
    [flow.replaceAll('2026-01-05', '1601-01-05'), /before 1970/],
    [flow.replaceAll('2026-01-05', '2200-01-05'), /in the future/],
    [flow.replaceAll('2026-01-05', '2026-02-30'), /is not a time/],
    [flow.replace('"proto"', '"proto":"UDP","proto"'), /^duplicate key in JSON: proto$/],
    [flow.slice(0, 100), /ends before it is complete/],
    ['{"timestamp":"2026-01-05T10:00:00.000000+0000"}', /^not a Suricata record: it has no event_type$/],
  ];
  const sink = decode(`${cases.map(([text]) => text).join('\n')}\n`);
  assert.equal(sink.events.length, 0);
  for (const [at, [, reason]] of cases.entries()) assert.match(sink.rejects[at]!.reason, reason);
});

test('one bad value costs its field, not the record', () => {
  const flow = readFileSync(join(folder, 'eve.json'), 'utf8').split('\n')[1]!;
  const one = (text: string): WeirEvent => {
    const sink = decode(`${text}\n`);
    assert.deepEqual(sink.rejects, []);
    return sink.events[0]!.event;
  };
  const plain = one(flow);
  const cases: [string, string, Record<string, unknown>, string][] = [
    ['"src_port":61000', '"src_port":99999', { src_port: 0 }, 'src_port: not a port: 99999'],
    ['"bytes_toserver":74', '"bytes_toserver":-74', { src_ip_bytes: 0 }, 'src_ip_bytes: not a count: -74'],
    ['"proto":"', '"app_proto":7,"proto":"', { service: '' }, 'service: not text: 7'],
  ];
  for (const [from, to, change, note] of cases)
    assert.deepEqual(one(flow.replace(from, to)), { ...plain, ...change, set_aside: [note] }, to);
});

test('flags tell of probes without a SYN, and of an opener that goes on although nothing is seen of the other end', () => {
  const line = readFileSync(join(folder, 'eve.json'), 'utf8').split('\n')[0]!;
  const record = JSON.parse(line) as { flow: object; tcp: object };
  // packets, bytes of frames and flags of each direction
  const cases: [string, number, number, string, number, number, string, string][] = [
    ['lone FIN', 1, 60, '01', 0, 0, '00', 'F'],
    ['FIN, PSH and URG, reset', 1, 60, '29', 1, 60, '14', 'Fr'],
    ['ACK, reset', 1, 60, '10', 1, 60, '04', 'Ar'],
    ['no flag', 1, 60, '00', 0, 0, '00', ''],
    ['FIN and ACK', 1, 60, '11', 0, 0, '00', 'F'],
    ['data in the middle of a session', 4, 4000, '18', 3, 200, '10', 'ADa'],
    ['SYN, then ACK without an answer', 5, 900, '1a', 0, 0, '00', 'SAD'],
    ['a SYN and ACK alone', 1, 78, '12', 0, 0, '00', 'H'],
    ['a SYN without an answer', 3, 180, '02', 0, 0, '00', ''],
    ['opened and closed', 8, 900, '1b', 9, 4000, '1b', ''],
  ];
  for (const [name, there, there_bytes, there_flags, back, back_bytes, back_flags, history] of cases) {
    const flow = {
      ...record.flow,
      ...{
        pkts_toserver: there,
        pkts_toclient: back,
        bytes_toserver: there_bytes,
        bytes_toclient: back_bytes,
      },
    };
    const tcp = { ...record.tcp, tcp_flags_ts: there_flags, tcp_flags_tc: back_flags };
    const [got] = ofKind(decode(JSON.stringify({ ...record, flow, tcp })), 'connection');
    assert.equal(got!.history, history, name);
  }
});
