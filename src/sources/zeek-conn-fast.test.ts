import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectingSink } from '../../test/collecting-sink.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import { zeek_json } from './zeek-json.ts';
import { zeek_tsv } from './zeek-tsv.ts';

/**
 * The quick way and the general way must agree on every line. The general way is forced by what the quick way leaves to
 * it: in JSON by a field it does not know, in TSV by a character that is not ASCII in an unknown column.
 */
const latest_time = Date.UTC(2030, 0, 1) * 1000;

function outcomes(format: typeof zeek_tsv, text: string): (WeirEvent | string)[] {
  const sink = collectingSink();
  const decoder = format.open('x', sink, { latest_time, keep_raw: false });
  decoder.push(Buffer.from(text));
  decoder.end();
  const places = [
    ...sink.events.map((one) => ({ line: one.line, what: one.event as WeirEvent | string })),
    ...sink.filtereds
      .filter((one) => one.reason !== 'header')
      .map((one) => ({ line: one.line, what: one.reason as WeirEvent | string })),
    ...sink.rejects.map((one) => ({ line: one.line, what: one.reason as WeirEvent | string })),
  ];
  return places.sort((a, b) => a.line - b.line).map((one) => one.what);
}

const values: Record<string, readonly string[]> = {
  ts: [
    '1767607200.5',
    '1767607200.123456',
    '0.000001',
    '16.810265',
    '1767607200',
    '1e9',
    '9999999999.5',
    '-1',
    '1767607200.1234567',
    '1521911720.6000791',
    '1767607200.0000005',
    '1767607200.9999999',
    '1767607200.12345678901234567',
    '1767607200123',
    '1767607200123.5',
    '1767607200123456',
    '17676072001234567',
    '17676072001',
    '176760720012',
    '01.5',
    '1.',
    'x',
  ],
  uid: ['C1', 'CAbcdefghijklmnopq', '', 'a b', 'x:y'],
  'id.orig_h': [
    '10.0.0.1',
    '255.255.255.255',
    '2001:DB8::1',
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
    '1.2.3',
    '01.2.3.4',
    '1.2.3.256',
    '1.2.3.4.5',
    '',
    'x',
    '1.2.3.',
  ],
  'id.orig_p': ['0', '65535', '65536', '080', '-1', '1.0', '1e2'],
  'id.resp_h': ['192.0.2.1', '::1'],
  'id.resp_p': ['443', '53'],
  proto: ['tcp', 'udp', 'icmp', 'unknown_transport', 'TCP', ''],
  service: ['ssl', 'ssl,http', ''],
  duration: [
    '0',
    '0.0',
    '1.5',
    '0.000001',
    '12.345678',
    '0.012166976928710938',
    '9.5367431640625e-07',
    '1e-05',
    '2.5E+1',
    '0.0078125',
    '1e10',
    '123456789.5',
    '12345678901.5',
    '00.5',
    '1.',
    '.5',
    '1.5e',
    '0.9999999',
  ],
  orig_bytes: [
    '0',
    '10',
    '999999999999999',
    '9007199254740991',
    '9007199254740993',
    '99999999999999999999',
    '1.5',
  ],
  resp_bytes: ['20'],
  conn_state: ['SF', 'OTH', ''],
  local_orig: ['true', 'false'],
  missed_bytes: ['0', '7'],
  history: ['ShADadFf', ''],
  orig_pkts: ['3'],
  orig_ip_bytes: ['300'],
  resp_pkts: ['4'],
  resp_ip_bytes: ['400'],
  orig_l2_addr: ['02:AA:00:00:00:01'],
  vlan: ['120', '65536', '0'],
  community_id: ['1:BL1V8Ph+OIlUT/7pcWNwtvwEsVE='],
};
const names = Object.keys(values);
const textual = new Set([
  'uid',
  'id.orig_h',
  'id.resp_h',
  'proto',
  'service',
  'conn_state',
  'history',
  'orig_l2_addr',
  'community_id',
]);

/** One record for every value of every field, the other fields plain; and one without each field. */
function records(): Record<string, string>[] {
  const plain = Object.fromEntries(names.map((name) => [name, values[name]![0]!]));
  const list = [plain];
  for (const name of names) {
    for (const value of values[name]!) list.push({ ...plain, [name]: value });
    const without = { ...plain };
    delete without[name];
    list.push(without);
  }
  return list;
}

const json = (record: Record<string, string>, extra: string): string =>
  `{${Object.entries(record)
    .map(([name, value]) => `"${name}":${textual.has(name) ? `"${value}"` : value}`)
    .join(',')}${extra}}`;

test('JSON connections are the same by the quick way and by the general one', () => {
  const first = json(records()[0]!, '');
  const quick: string[] = [first];
  const general: string[] = [first];
  for (const record of records()) {
    quick.push(first, json(record, ''));
    general.push(first, json(record, ',"not_known_to_weir":"é"'));
  }
  const a = outcomes(zeek_json, quick.join('\n'));
  const b = outcomes(zeek_json, general.join('\n'));
  assert.equal(a.length, quick.length);
  for (const [at, one] of a.entries()) assert.deepEqual(one, b[at], quick[at]!);
});

test('JSON connections with spaces, ISO times, other spellings, or out of order are the same too', () => {
  const first = json(records()[0]!, '');
  const variants = [
    first.replaceAll('":', '": ').replaceAll(',"', ', "'),
    first.replaceAll('"id.', '"id_'),
    `{"_path":"conn","_write_ts":"x",${first.slice(1)}`,
    `{"@stream":"conn","@system":"a","@proc":"zeek",${first.slice(1)}`,
    `${first.slice(0, -1)},"_path":"conn"}`,
    first.replace('"ts":1767607200.5', '"ts":"2026-01-05T10:00:00.500000Z"'),
    first.replace(/"uid":"C1",/, '').replace(/}$/, ',"uid":"C1"}'),
    first.replace('"vlan":120', '"tunnel_parents":["Ca","Cb"],"vlan":120'),
    first.replace('"vlan":120', '"tunnel_parents":[],"vlan":120'),
    first.replace('"proto":"tcp"', '"proto":"t\\u0063p"'),
    first.replace('"proto":"tcp"', '"proto":"tcp","ip_proto":6'),
    first.replace('"uid":"C1"', '"uid":"C1","a":-1.5e-3,"b":null,"c":true,"d":"x","e":["x", 1,false],"f":[]'),
    first.replace('"uid":"C1"', '"uid":"C1","tunnel_parents":null,"inner_vlan":null'),
    `{${first.slice(1, -1).split(',').reverse().join(',')}}`,
  ];
  const expected = outcomes(zeek_json, first)[0];
  for (const variant of variants)
    assert.deepEqual(outcomes(zeek_json, `${first}\n${variant}`), [expected, expected], variant);
  const duplicate = first.replace('"uid":"C1"', '"uid":"C1","uid":"C1"');
  assert.equal(outcomes(zeek_json, `${first}\n${duplicate}`)[1], 'duplicate key in JSON: uid');
  const strange = first.replace('"uid":"C1"', '"uid":"C1","new":1,"new":1');
  assert.equal(outcomes(zeek_json, `${first}\n${strange}`)[1], 'duplicate key in JSON: new');
  for (const value of [
    '01',
    '1.',
    '.5',
    '-',
    '+1',
    '1e',
    'nul',
    'True',
    '[1,]',
    '[',
    '"a',
    '"\t"',
    '{',
    '',
  ]) {
    const broken = first.replace('"uid":"C1"', `"uid":"C1","new":${value}`);
    assert.match(String(outcomes(zeek_json, `${first}\n${broken}`)[1]), /^not valid JSON/, value);
  }
  const unset = first.replace('"service":"ssl"', '"service":null').replace('"vlan":120', '"vlan":null');
  const absent = first.replace('"service":"ssl",', '').replace(',"vlan":120', '');
  assert.deepEqual(outcomes(zeek_json, `${first}\n${unset}`)[1], outcomes(zeek_json, absent)[0]);
  const both = first.replace('"id.orig_h":"10.0.0.1"', '"id.orig_h":"10.0.0.1","id_orig_h":"10.9.9.9"');
  assert.deepEqual(outcomes(zeek_json, `${first}\n${both}`)[1], expected);
  const dns = `{"_path":"dns",${first.slice(1)}`;
  assert.equal((outcomes(zeek_json, `${first}\n${dns}`)[1] as WeirEvent).kind, 'dns');
});

test('TSV connections are the same by the quick way and by the general one', () => {
  const header = `#separator \\x09\n#path\tconn\n#fields\t${[...names, 'extra'].join('\t')}\n`;
  const line = (record: Record<string, string>, extra: string) =>
    [...names.map((name) => record[name] ?? '-'), extra].join('\t');
  const list = records();
  const quick = outcomes(zeek_tsv, header + list.map((one) => line(one, 'e')).join('\n'));
  const general = outcomes(zeek_tsv, header + list.map((one) => line(one, 'é')).join('\n'));
  assert.equal(quick.length, list.length);
  for (const [at, one] of quick.entries()) assert.deepEqual(one, general[at], line(list[at]!, 'e'));
  for (const special of ['(empty)', 'a\\x41', '\\', 'a\\\\b', '-', '']) {
    for (const name of ['uid', 'history', 'proto', 'id.orig_h', 'duration', 'ts', 'orig_bytes', 'vlan']) {
      const record = { ...list[0]!, [name]: special };
      assert.deepEqual(
        outcomes(zeek_tsv, header + line(record, 'e')),
        outcomes(zeek_tsv, header + line(record, 'é')),
        `${name}=${special}`,
      );
    }
  }
});
