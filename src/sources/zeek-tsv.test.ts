import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CollectingSink, collectingSink } from '../../test/collecting-sink.ts';
import { zeek_tsv } from './zeek-tsv.ts';

const latest_time = Date.UTC(2030, 0, 1) * 1000;

function decode(text: string | Buffer, file = 'x.log', keep_raw = false): CollectingSink {
  const sink = collectingSink();
  const decoder = zeek_tsv.open(file, sink, { latest_time, keep_raw });
  decoder.push(Buffer.from(text));
  decoder.end();
  return sink;
}

const fields =
  'ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state';
function header(names = fields, path = 'conn'): string {
  return `#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t${path}\n#fields\t${names.replaceAll(' ', '\t')}\n`;
}
const plain = [
  '1767607200.5',
  'C1',
  '10.0.0.1',
  '1000',
  '192.0.2.1',
  '443',
  'tcp',
  'ssl',
  '1.5',
  '10',
  '20',
  'SF',
];
function row(changes: Record<number, string> = {}): string {
  return `${plain.map((one, at) => changes[at] ?? one).join('\t')}\n`;
}

test('a record without time or addresses is a reject that says which and why; the next record is read', () => {
  const cases: [Record<number, string>, string][] = [
    [{ 2: '10.0.0.999' }, 'id.orig_h is not an address: 10.0.0.999'],
    [{ 4: '-' }, 'id.resp_h is missing'],
    [{ 0: '-11644473600.000000' }, 'ts is before 1970: -11644473600.000000'],
    [{ 0: '7258118400.000000' }, 'ts is in the future: 7258118400.000000'],
    [{ 0: '-' }, 'ts is missing'],
    [{ 0: 'now' }, 'ts is not a time: now'],
  ];
  const text = header() + cases.map(([changes]) => row(changes) + row()).join('');
  const sink = decode(text);
  assert.deepEqual(
    sink.rejects.map((one) => one.reason),
    cases.map(([, reason]) => reason),
  );
  assert.equal(sink.events.length, cases.length);
  assert.equal(sink.rejects[0]!.line, 7);
  assert.equal(sink.rejects[0]!.offset, header().length);
  assert.equal(`${sink.rejects[0]!.excerpt}\n`, row({ 2: '10.0.0.999' }));
});

test('any other value that cannot be is set aside, and its record kept', () => {
  const cases: [Record<number, string>, Record<string, unknown>, string][] = [
    [{ 3: '99999' }, { src_port: 0 }, 'src_port: not a port: 99999'],
    [{ 3: '-1' }, { src_port: 0 }, 'src_port: not a port: -1'],
    [{ 9: '-5' }, { src_bytes: null }, 'src_bytes: not a count: -5'],
    [{ 9: '1e3' }, { src_bytes: null }, 'src_bytes: not a count: 1e3'],
    [{ 9: '99999999999999999' }, { src_bytes: null }, 'src_bytes: not a count: 99999999999999999'],
    [{ 8: '-0.5' }, { duration_s: null }, 'duration_s: negative: -0.5'],
    [{ 8: 'NaN' }, { duration_s: null }, 'duration_s: not a number: NaN'],
  ];
  const sink = decode(header() + cases.map(([changes]) => row(changes)).join('') + row());
  assert.equal(sink.rejects.length, 0);
  const plain = sink.events.at(-1)!.event;
  assert.equal(plain.set_aside, undefined);
  for (const [at, [, change, note]] of cases.entries())
    assert.deepEqual(sink.events[at]!.event, { ...plain, ...change, set_aside: [note] });
});

test('an IPv6 zone is dropped and a mapped IPv4 address is IPv4', () => {
  const sink = decode(header() + row({ 2: 'fe80::1%eth0', 4: '::ffff:192.0.2.9' }));
  assert.equal(sink.rejects.length, 0);
  const event = sink.events[0]!.event;
  assert.ok(event.kind === 'connection');
  assert.deepEqual([event.src_ip, event.dst_ip], ['fe80::1', '192.0.2.9']);
});

test('a new header in mid-file counts from there', () => {
  const other = header('ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto query rcode_name', 'dns');
  const dns = [
    '1767607201.0',
    'C2',
    '10.0.0.1',
    '53000',
    '10.0.0.2',
    '53',
    'udp',
    'Example.ORG.',
    'NOERROR',
  ].join('\t');
  const sink = decode(`${header()}${row()}#close\t2026-01-05-10-00-00\n${other}${dns}\n`);
  assert.deepEqual(
    sink.events.map((one) => one.event.kind),
    ['connection', 'dns'],
  );
  const second = sink.events[1]!.event;
  assert.ok(second.kind === 'dns' && second.query === 'example.org');
  assert.equal(sink.filtereds.filter((one) => one.reason === 'header').length, 13);
});

test('lines before any header are rejects that say so', () => {
  const sink = decode(row() + row());
  assert.deepEqual(
    sink.rejects.map((one) => one.reason),
    ['no Zeek header (#fields) above this line', 'no Zeek header (#fields) above this line'],
  );
  assert.ok(zeek_tsv.detect(Buffer.from('1767607200.500000\tC1\t10.0.0.1\t1000\t192.0.2.1\t443\n')) > 0);
});

test('a file without #path is told by its fields, then by its name', () => {
  const without = header().replace('#path\tconn\n', '');
  assert.equal(decode(without + row()).events[0]!.event.kind, 'connection');
  const hosts = header('ts host', 'x').replace('#path\tx\n', '');
  assert.equal(
    decode(`${hosts}1767607200.5\t10.0.0.1\n`, 'logs/known_hosts.10:00:00-11:00:00.log.gz').events.length,
    1,
  );
  assert.equal(
    decode(`${hosts}1767607200.5\t10.0.0.1\n`, 'something.log').filtereds.at(-1)!.reason,
    'log type not told',
  );
});

test('other separators are taken from the header', () => {
  const text = `#separator |\n#set_separator|;\n#empty_field|EMPTY\n#unset_field|NIL\n#path|http\n#fields|ts|uid|id.orig_h|id.orig_p|id.resp_h|id.resp_p|host|user_agent|proxied\n1767607200.5|C1|10.0.0.1|1000|192.0.2.1|80|-|NIL|a;b;EMPTY\n`;
  const event = decode(text).events[0]!.event;
  assert.ok(event.kind === 'http');
  assert.deepEqual([event.host, event.user_agent, event.proxied], ['-', '', 'a, b, ']);
});

test('columns joined by an underscore are the same as by a dot', () => {
  const expected = decode(header() + row()).events[0]!.event;
  assert.deepEqual(decode(header(fields.replaceAll('id.', 'id_')) + row()).events[0]!.event, expected);
});

test('escapes are undone as Zeek makes them', () => {
  const text = `${header('ts uid id.orig_h id.orig_p id.resp_h id.resp_p host uri user_agent', 'http')}1767607200.5\tC1\t10.0.0.1\t1\t192.0.2.1\t80\t\\x2d\t/a\\\\b\\x09\\xc3\\xa9\\xff\\x00\t\\x28empty)\n`;
  const event = decode(text).events[0]!.event;
  assert.ok(event.kind === 'http');
  assert.deepEqual([event.host, event.uri, event.user_agent], ['-', '/a\\b\té\\xff\\x00', '(empty)']);
});

test('columns that are too many or too few are told apart from a file that ends', () => {
  const sink = decode(`${header()}${row()}${row().replace('\n', '\textra\n')}${row().slice(0, 30)}`);
  assert.deepEqual(
    sink.rejects.map((one) => one.reason),
    ['12 columns expected, 13 found', 'the file ends within the record: 5 of 12 columns'],
  );
});

test('BOM and CRLF are no hindrance', () => {
  const sink = decode(`\ufeff${(header() + row()).replaceAll('\n', '\r\n')}`);
  assert.equal(sink.events.length, 1);
  assert.equal(sink.rejects.length, 0);
});

test('a header that names a column twice is a reject, and so is what stands under it', () => {
  const sink = decode(header(`${fields} uid`) + row());
  assert.deepEqual(
    sink.rejects.map((one) => one.reason),
    ['header names a column twice: uid', 'no Zeek header (#fields) above this line'],
  );
});

test('logs that are not used are counted by name', () => {
  const sink = decode(
    `${header('ts uid', 'ocsp')}1767607200.5\tC1\n${header('ts uid', 'x y <script>')}1767607200.5\tC1\n`,
  );
  const reasons = sink.filtereds.map((one) => one.reason).filter((one) => one !== 'header');
  assert.deepEqual(reasons, ['log type not used: ocsp', 'log type not used']);
});

test('raw holds the line, without the password', () => {
  const names = 'ts uid id.orig_h id.orig_p id.resp_h id.resp_p user password command arg';
  const text = `${header(names, 'ftp')}1767607200.5\tC1\t10.0.0.1\t1000\t192.0.2.1\t21\tbob\thunter2\tPASS\thunter2\n`;
  const one = decode(text, 'ftp.log', true).events[0]!;
  assert.equal(one.raw, '1767607200.5\tC1\t10.0.0.1\t1000\t192.0.2.1\t21\tbob\t***\tPASS\t***');
  const broken = text.replace('\t10.0.0.1\t', '\t10.0.0\t');
  assert.ok(!decode(broken).rejects[0]!.excerpt.includes('hunter2'));
  assert.ok(!decode(text.replace('\n1767', '\nx\t1767')).rejects[0]!.excerpt.includes('hunter2'));
});
