import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CollectingSink, collectingSink } from '../../test/collecting-sink.ts';
import { tables, type WeirEvent } from '../schema/event/index.ts';
import { recordCheck } from '../schema/table.ts';
import { zeek_json } from './zeek-json.ts';

const latest_time = Date.UTC(2030, 0, 1) * 1000;

function decode(text: string, file = 'x.log'): CollectingSink {
  const sink = collectingSink();
  const decoder = zeek_json.open(file, sink, { latest_time, keep_raw: false });
  decoder.push(Buffer.from(text));
  decoder.end();
  return sink;
}

const conn =
  '{"ts":1767607200.5,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":1000,"id.resp_h":"192.0.2.1","id.resp_p":443,"proto":"tcp","service":"ssl","duration":1.5,"orig_bytes":10,"resp_bytes":20,"conn_state":"SF","history":"Sh","orig_pkts":1}';

function only(text: string, file?: string): WeirEvent {
  const sink = decode(text, file);
  assert.deepEqual(sink.rejects, []);
  assert.equal(sink.events.length, 1, text);
  return sink.events[0]!.event;
}

test('field names joined by a dot, an underscore or nesting are the same record', () => {
  const expected = only(conn);
  assert.deepEqual(only(conn.replaceAll('"id.', '"id_')), expected);
  const nested = conn.replace(
    /"id.orig_h".*"id.resp_p":443,/,
    '"id":{"orig_h":"10.0.0.1","orig_p":1000,"resp_h":"192.0.2.1","resp_p":443},',
  );
  assert.deepEqual(only(nested), expected);
  assert.deepEqual(
    only(conn.replace('"ts":1767607200.5', '"_path":"conn","ts":"2026-01-05T10:00:00.500000Z"')),
    expected,
  );
  assert.deepEqual(only(conn.replaceAll(':', ': ').replaceAll(',', ', ')), expected);
  assert.deepEqual(only(conn.replace('"id.orig_p":1000', '"id.orig_p":"1000"')), expected);
});

test('hostile records are rejects with a reason, and the next record is read', () => {
  const cases: [string, RegExp][] = [
    [conn.slice(0, 60), /the record ends before it is complete/],
    [`${conn}}`, /^not valid JSON at character \d+$/],
    ['\0\0\0\x01\x02', /^not valid JSON/],
    [conn.replace('"uid"', '"uid":"C0","uid"'), /^duplicate key in JSON: uid$/],
    [conn.replace('}', `,"x":${'['.repeat(100)}${']'.repeat(100)}}`), /nested deeper than 64/],
    [conn.replace('1767607200.5', '"1601-01-01T00:00:00.000000Z"'), /^ts is before 1970/],
    [conn.replace('1767607200.5', '"2200-01-01T00:00:00.000000Z"'), /^ts is in the future/],
    [conn.replace('1767607200.5', '1e300'), /^ts is not a time/],
    [conn.replace('10.0.0.1', 'host'), /^id.orig_h is not an address: host$/],
    [conn.replace('"ts":1767607200.5,', ''), /^ts is missing$/],
    ['{"a":1}', /^not a Zeek record: it has no ts$/],
    ['[]', /^not a JSON object$/],
  ];
  const sink = decode(cases.map(([text]) => `${text}\n${conn}\n`).join(''));
  assert.equal(sink.rejects.length, cases.length);
  cases.forEach(([, reason], at) => {
    assert.match(sink.rejects[at]!.reason, reason);
    assert.equal(sink.rejects[at]!.line, at * 2 + 1);
  });
  assert.equal(sink.events.length, cases.length);
});

test('one bad value costs its field, not the record', () => {
  const cases: [string, string, Record<string, unknown>, string][] = [
    ['"orig_bytes":10', '"orig_bytes":-10', { src_bytes: null }, 'src_bytes: not a count: -10'],
    ['"orig_bytes":10', '"orig_bytes":1.5', { src_bytes: null }, 'src_bytes: not a count: 1.5'],
    ['"orig_bytes":10', '"orig_bytes":"-"', { src_bytes: null }, 'src_bytes: not a count: -'],
    ['"orig_bytes":10', '"orig_bytes":[10]', { src_bytes: null }, 'src_bytes: not a count: [10]'],
    ['"orig_bytes":10', '"orig_bytes":NaN', { src_bytes: null }, 'src_bytes: not a count: NaN'],
    ['"id.orig_p":1000', '"id.orig_p":65536', { src_port: 0 }, 'src_port: not a port: 65536'],
    ['"uid":"C1"', '"uid":{}', { uid: '' }, 'uid: not text: {}'],
    ['"service":"ssl"', '"service":7', { service: '' }, 'service: not text: 7'],
    ['"service":"ssl"', '"service":true', { service: '' }, 'service: not text: true'],
    ['"duration":1.5', '"duration":-1', { duration_s: null }, 'duration_s: negative: -1'],
    ['"duration":1.5', '"duration":-Infinity', { duration_s: null }, 'duration_s: not a number: -Infinity'],
  ];
  const plain = only(conn);
  for (const [from, to, change, note] of cases)
    assert.deepEqual(only(conn.replace(from, to)), { ...plain, ...change, set_aside: [note] }, to);
});

test('whatever stands in one field, a record with time and addresses is kept, and valid', () => {
  const fields = [
    'uid',
    'id.orig_p',
    'id.resp_p',
    'proto',
    'service',
    'duration',
    'orig_bytes',
    'resp_bytes',
  ];
  fields.push('conn_state', 'history', 'orig_pkts', 'missed_bytes', 'vlan', 'orig_l2_addr', 'community_id');
  const check = recordCheck(tables.connection);
  fc.assert(
    fc.property(fc.constantFrom(...fields), fc.jsonValue({ maxDepth: 2 }), (field, value) => {
      const record: Record<string, unknown> = JSON.parse(conn);
      const { set_aside = [], ...event } = only(JSON.stringify({ _path: 'conn', ...record, [field]: value }));
      check.parse({ ...event, set_aside });
      assert.ok(set_aside.length <= 1);
    }),
  );
});

test('a text that says NaN is a text', () => {
  const sink = decode(`${conn.replace('"duration":1.5', '"duration":NaN').replace('"Sh"', '"a: NaN, b"')}\n`);
  const event = sink.events[0]!.event;
  assert.ok(event.kind === 'connection');
  assert.deepEqual([event.history, event.duration_s], ['a: NaN, b', null]);
  assert.match(decode(`${conn.slice(0, -1)},"x":NaNa}\n`).rejects[0]!.reason, /^not valid JSON/);
});

test('an IPv6 zone is dropped: it names an interface of the sensor', () => {
  const event = only(conn.replace('10.0.0.1', 'fe80::1%eth0'));
  assert.ok(event.kind === 'connection' && event.src_ip === 'fe80::1');
});

test('control characters and lone surrogates are data', () => {
  const sink = decode(`${conn.replace('"Sh"', '"S\\u0000\\ud800h"')}\n`);
  const event = sink.events[0]!.event;
  assert.ok(event.kind === 'connection' && event.history === 'S\0\ud800h');
});

test('when neither field nor name tells the log the record is counted, not lost', () => {
  const sink = decode('{"ts":1767607200.5,"thing":1}\n{"ts":1767607200.5,"host":"10.0.0.1"}\n');
  assert.deepEqual(
    sink.filtereds.map((one) => one.reason),
    ['log type not told', 'log type not told'],
  );
  assert.equal(only('{"ts":1767607200.5,"host":"10.0.0.1"}', 'sensor1_known_hosts.log').kind, 'inventory');
});

test('a nested prototype is no field', () => {
  const sink = decode('{"ts":1767607200.5,"_path":"known_hosts","__proto__":{"host":"10.0.0.1"}}\n');
  assert.deepEqual(
    sink.rejects.map((one) => one.reason),
    ['host is missing'],
  );
  assert.equal(({} as Record<string, unknown>).host, undefined);
});

test('Zeek JSON is told from other JSON', () => {
  assert.ok(zeek_json.detect(Buffer.from(conn)) > 0.9);
  assert.equal(zeek_json.detect(Buffer.from('{"a":1}\n')), 0);
  assert.equal(zeek_json.detect(Buffer.from('{"event_type":"flow","timestamp":"2026"}\n')), 0);
  assert.equal(zeek_json.detect(Buffer.from('not json')), 0);
  assert.equal(zeek_json.first_time(Buffer.from(`${conn}\n`)), 1_767_607_200_500_000);
});

test('logs beside the common ones are taken as what they are', () => {
  const at = {
    ts: 1_767_607_200.5,
    uid: 'C1',
    'id.orig_h': '10.0.0.1',
    'id.orig_p': 123,
    'id.resp_h': '10.0.0.9',
    'id.resp_p': 123,
  };
  const read = (record: object): Record<string, unknown> =>
    only(JSON.stringify({ ...at, ...record })) as unknown as Record<string, unknown>;
  const server = read({ _path: 'ntp', version: 4, mode: 4, stratum: 2 });
  assert.deepEqual(
    [server.kind, server.type, server.host_ip, server.peer_ip],
    ['inventory', 'time_server', '10.0.0.9', '10.0.0.1'],
  );
  const sip = (status_code: number): unknown =>
    read({
      _path: 'sip',
      method: 'REGISTER',
      request_from: '"A" <sip:anna@tel.example:5060>;tag=1',
      status_code,
    }).success;
  assert.deepEqual([401, 407, 100, 200, 403].map(sip), [null, null, null, 1, 0]);
  assert.equal(
    read({ _path: 'sip', method: 'REGISTER', request_from: '<sip:anna@tel.example>' }).username,
    'anna',
  );
  assert.equal(read({ _path: 'dpd', proto: 'tcp', analyzer: 'SSL', failure_reason: 'x' }).type, 'weird');
  assert.equal(read({ _path: 'known_names', host_ip: '10.0.0.1', hostname: 'lt-anna' }).name, 'lt-anna');
  assert.equal(
    read({ _path: 'dns_red', query: 'a.example', qtype_name: 'A', rcode: 3 }).response_code,
    'NXDOMAIN',
  );
  assert.equal(read({ _path: 'conn_red', proto: 'tcp', conn_state: 'SF' }).kind, 'connection');
  const filtered = decode(
    [
      { _path: 'ntp', mode: 3 },
      { _path: 'sip', method: 'INVITE' },
      { _path: 'snmp', community: 'public' },
      { _path: 'conn_agg', num: 3 },
      { _path: 'known_devices', mac: '02:00:00:00:00:01' },
    ]
      .map((record) => `${JSON.stringify({ ...at, ...record })}\n`)
      .join(''),
  ).filtereds.map((one) => one.reason);
  assert.deepEqual(filtered, [
    'ntp without an answer',
    'sip message that is no sign-in',
    'log type not used: snmp',
    'log type not used: conn_agg',
    'known_devices without an address',
  ]);
});
