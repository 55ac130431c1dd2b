import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CollectingSink, collectingSink } from '../../test/collecting-sink.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import { detectFormat } from './index.ts';
import { wrapped } from './wrapped.ts';

const latest_time = Date.UTC(2030, 0, 1) * 1000;
const zeek = {
  ts: 1_767_607_200.5,
  uid: 'CmYYv79npcVjSfFDGn',
  'id.orig_h': '10.0.0.1',
  'id.orig_p': 1000,
  'id.resp_h': '192.0.2.1',
  'id.resp_p': 443,
  proto: 'tcp',
  service: 'ssl',
  duration: 1.5,
  orig_bytes: 10,
  resp_bytes: 20,
  conn_state: 'SF',
  missed_bytes: 0,
  history: 'ShADadFf',
  orig_pkts: 5,
  orig_ip_bytes: 300,
  resp_pkts: 6,
  resp_ip_bytes: 400,
};
const line = JSON.stringify(zeek);
const eve = {
  timestamp: '2026-01-05T10:00:00.500000+0000',
  flow_id: 7,
  event_type: 'flow',
  src_ip: '10.0.0.1',
  src_port: 1000,
  dest_ip: '192.0.2.1',
  dest_port: 443,
  proto: 'TCP',
  flow: {
    pkts_toserver: 5,
    pkts_toclient: 6,
    bytes_toserver: 370,
    bytes_toclient: 484,
    start: '2026-01-05T10:00:00.500000+0000',
    end: '2026-01-05T10:00:02.000000+0000',
  },
  app_proto: 'tls',
};
const tsv =
  '1767607200.500000\tCmYYv79npcVjSfFDGn\t10.0.0.1\t1000\t192.0.2.1\t443\ttcp\tssl\t1.500000\t10\t20\tSF\tT\tF\t0\tShADadFf\t5\t300\t6\t400\t-';

function decode(text: string, file = 'x', chunk = 1 << 20): CollectingSink {
  const sink = collectingSink();
  const decoder = wrapped.open(file, sink, { latest_time, keep_raw: false });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunk) decoder.push(bytes.subarray(at, at + chunk));
  decoder.end();
  return sink;
}

const plain = decode(line).events[0]!.event;
const flow = decode(JSON.stringify(eve)).events[0]!.event;

const json = JSON.stringify;
const beat = {
  '@timestamp': '2026-01-05T10:00:01.000Z',
  agent: { type: 'filebeat' },
  log: { file: { path: '/zeek/conn.log' }, offset: 1 },
};
/** Each holds the record once. */
const envelopes: Record<string, string> = {
  'Filebeat, the line as message': json({ ...beat, message: line }),
  'Elastic Agent, the line as event.original': json({ ...beat, event: { original: line, module: 'zeek' } }),
  'a flat document with event.original': json({ '@timestamp': 'x', 'event.original': line }),
  Vector: json({
    file: '/zeek/conn.log',
    host: 'sensor',
    message: line,
    source_type: 'file',
    timestamp: '2026-01-05T10:00:00Z',
  }),
  'a container log': json({ log: `${line}\n`, stream: 'stdout', time: '2026-01-05T10:00:00Z' }),
  'Splunk HEC with an object': json({
    time: 1,
    host: 'sensor',
    source: '/zeek/conn.log',
    sourcetype: 'bro:conn:json',
    event: zeek,
  }),
  'Splunk HEC with a text': json({ time: 1, sourcetype: 'bro:conn:json', event: line }),
  'a Splunk export': json({
    preview: false,
    offset: 0,
    result: { _raw: line, _time: '1', source: '/zeek/conn.log' },
  }),
  'an Elasticsearch export': json({
    _index: 'zeek',
    _id: '1',
    _score: 1,
    _source: { ...beat, message: line },
  }),
  'an Elasticsearch export of the record itself': json({ _index: 'zeek', _source: zeek }),
  'the answer to an Elasticsearch search': json({
    took: 1,
    hits: { total: { value: 1 }, max_score: 1, hits: [{ _index: 'z', _source: { message: line } }] },
    aggregations: { a: [{ b: '}' }] },
  }),
  'syslog of RFC 5424': `<134>1 2026-01-05T10:00:00.000Z sensor zeek_conn - - - ${line}`,
  'syslog of RFC 5424 with structured data':
    `<134>1 2026-01-05T10:00:00.000Z sensor zeek 12 ID [a@1 b="c ] d"] \uFEFF${line}`.replace(
      'c ] d',
      'c \\] d',
    ),
  'syslog of RFC 3164': `<134>Jan  5 10:00:00 sensor zeek_conn[12]: ${line}`,
  'syslog of RFC 3164 whose tag was set without a colon, as rsyslog follows files': `<133>Jan  5 10:00:00 sensor zeek_conn ${line}`,
  'the same around a line with tabs': `<133>Jan  5 10:00:00 sensor zeek_conn ${tsv}`,
  'syslog of RFC 3164 without a tag': `<133>Jan  5 10:00:00 sensor ${line}`,
  'syslog without its priority': `Jan  5 10:00:00 sensor conn: ${line}`,
  'syslog as rsyslog writes it to files': `2026-01-05T10:00:00.123456+01:00 sensor zeek_conn: ${line}`,
  'syslog with @cee': `<134>Jan  5 10:00:00 sensor zeek: @cee: ${line}`,
  'syslog over TCP with counted octets': `345 <134>1 2026-01-05T10:00:00Z sensor zeek - - - ${line}`,
  'syslog around a line with tabs': `<134>Jan  5 10:00:00 sensor zeek_conn: ${tsv}`,
  'syslog around a line whose tabs were escaped': `<134>Jan  5 10:00:00 sensor zeek_conn: ${tsv.replaceAll('\t', '#011')}`,
  'a line with tabs in Filebeat': json({ ...beat, message: tsv }),
  'syslog in Filebeat in Elasticsearch': json({
    _source: { ...beat, message: `<134>Jan  5 10:00:00 sensor zeek_conn: ${line}` },
  }),
  'a list': `[${line}]`,
  'a list, a record a line': `[\n${line}\n]\n`,
  'an object over several lines': JSON.stringify(zeek, null, 2),
  'a list of objects over several lines': JSON.stringify([zeek], null, 4),
  'what Filebeat makes of Zeek, whole': json({
    ...beat,
    event: { module: 'zeek', dataset: 'zeek.connection' },
    zeek: { connection: zeek },
  }),
};
for (const [name, text] of Object.entries(envelopes))
  test(`a Zeek record is read from ${name}`, () => {
    const sink = decode(text);
    assert.deepEqual(sink.rejects, []);
    assert.deepEqual(
      sink.events.map((one) => one.event),
      [plain],
    );
    assert.equal(detectFormat(Buffer.from(`${text}\n`))?.id, 'wrapped');
  });

test('a document of the Elastic Common Schema is turned back into the connection', () => {
  const document = {
    '@timestamp': '2026-01-05T10:00:00.500Z',
    event: {
      module: 'zeek',
      dataset: 'zeek.connection',
      duration: 1_500_000_000,
      created: '2026-01-05T10:00:09Z',
    },
    source: { ip: '10.0.0.1', port: 1000, bytes: 300, packets: 5 },
    destination: { ip: '192.0.2.1', port: 443, bytes: 400, packets: 6 },
    network: { transport: 'tcp', protocol: 'ssl' },
    zeek: {
      session_id: 'CmYYv79npcVjSfFDGn',
      connection: { state: 'SF', history: 'ShADadFf', missed_bytes: 0 },
    },
  };
  const without_payload = { ...plain, src_bytes: null, dst_bytes: null };
  assert.deepEqual(decode(json(document)).events[0]?.event, without_payload);
  const flat: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(document))
    if (typeof value === 'string') flat[name] = value;
    else for (const [child, one] of Object.entries(value)) flat[`${name}.${child}`] = one;
  assert.deepEqual(decode(json(flat)).events[0]?.event, without_payload);
});

test('Suricata records are read from the same envelopes, and from what Filebeat makes of them', () => {
  const text = json(eve);
  const moved = {
    ...eve,
    src_ip: undefined,
    dest_ip: undefined,
    src_port: undefined,
    dest_port: undefined,
    proto: undefined,
    timestamp: undefined,
  };
  const texts = [
    json({ ...beat, message: text }),
    `<134>Jan  5 10:00:00 sensor suricata[7]: ${text}`,
    JSON.stringify([eve], null, 2),
    json({
      '@timestamp': eve.timestamp,
      event: { module: 'suricata', dataset: 'suricata.eve' },
      source: { ip: '10.0.0.1', port: 1000, bytes: 370, packets: 5 },
      destination: { ip: '192.0.2.1', port: 443, bytes: 484, packets: 6 },
      network: { transport: 'tcp' },
      suricata: { eve: moved },
    }),
  ];
  for (const one of texts) assert.deepEqual(decode(one).events[0]?.event, flow, one);
});

test('a bulk file, other records and other lines are filtered with what they are', () => {
  const sink = decode(
    [json({ index: { _index: 'zeek' } }), line, json({ ...beat, message: 'Started session' }), 'hello'].join(
      '\n',
    ),
  );
  assert.deepEqual(
    sink.events.map((one) => one.event),
    [plain],
  );
  assert.deepEqual(
    sink.filtereds.map((one) => one.reason),
    ['bulk action', 'record of another kind', 'line of another kind'],
  );
});

test('a record that cannot be read is told of with the reason of what is inside, and where it is', () => {
  const bad = json({ message: json({ ...zeek, ts: 'now' }) });
  const cut = json({ message: line.slice(0, 80) });
  const first = json({ message: line });
  const sink = decode(`${first}\n${bad}\n${cut}\n${first.slice(0, 90)}\n${first}\n`);
  assert.deepEqual(
    sink.rejects.map((one) => [one.reason, one.line, one.offset]),
    [
      ['ts is not a time: now', 2, first.length + 1],
      ['not valid JSON: the record ends before it is complete', 3, first.length + bad.length + 2],
      [
        'not valid JSON: the record ends before it is complete',
        4,
        first.length + bad.length + cut.length + 3,
      ],
    ],
  );
  assert.equal(sink.events.length, 2);
});

test('a record cut short in a list or over lines costs itself, not the next', () => {
  const start = JSON.stringify(zeek, null, 2).split('\n').slice(0, 5).join('\n');
  assert.equal(decode(`${start}\n${line}\n${line}`).events.length, 2);
  assert.equal(decode(`[\n${line},\n${line.slice(0, 50)}\n${line}\n]`).events.length, 2);
});

test('whatever the pieces a file is read in, its records are the same, at the same places', () => {
  const text = `${Object.values(envelopes).join('\n')}\n`;
  const outcome = (sink: CollectingSink): unknown => [sink.events, sink.filtereds, sink.rejects];
  const whole = outcome(decode(text));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), (chunk) => {
      assert.deepEqual(outcome(decode(text, 'x', chunk)), whole);
    }),
    { numRuns: 20 },
  );
});

test('the place of a record in a list is where it begins', () => {
  const text = `[\n  ${line},\n  ${line}\n]`;
  for (const { line: at, offset } of decode(text).events)
    assert.equal(
      text.slice(offset, offset + line.length) === line && text.slice(0, offset).split('\n').length,
      at,
    );
});

test('hostile input is bounded: deep, endless and unclosed records are refused, and the next one is read', () => {
  const deep = `{"a":${'['.repeat(100_000)}`;
  const long = `{"a":"${'x'.repeat(3 << 20)}"}`;
  const sink = decode(`${long}\n${line}\n${deep}\n${'}'.repeat(10)}\n`);
  assert.match(sink.rejects[0]!.reason, /^the record is longer than/);
  assert.equal(sink.events.length, 1);
  const nested = Array.from({ length: 9 }).reduce<string>((inner) => json({ message: inner }), line);
  assert.match(decode(nested).filtereds[0]!.reason, /envelopes around a record$/);
});

test('plain logs are not taken for envelopes', () => {
  const head = (text: string): string | undefined => detectFormat(Buffer.from(text))?.id;
  assert.equal(head(`${line}\n${line}\n`), 'zeek_json');
  assert.equal(head(`${json({ _path: 'loaded_scripts', name: '/a.zeek' })}\n`), 'zeek_json');
  assert.equal(head(`${json(eve)}\n`), 'suricata_eve');
  assert.equal(head('{"a":1}\n{"message":"hello"}\n'), undefined);
  assert.equal(head('Jan  5 10:00:00 sensor sshd[1]: Accepted\n'), undefined);
});

test('many records of a list are given one by one', () => {
  const events: WeirEvent[] = [];
  const sink = {
    event: (event: WeirEvent) => events.push(event),
    filtered: () => {},
    rejected: () => {},
    duplicate: () => {},
  };
  const decoder = wrapped.open('x', sink, { latest_time, keep_raw: false });
  decoder.push(Buffer.from('{"hits":{"hits":['));
  for (let n = 0; n < 1000; n++) {
    decoder.push(Buffer.from(`${n === 0 ? '' : ','}{"_source":${line}}`));
    assert.equal(events.length, n + 1);
  }
  decoder.push(Buffer.from(']}}\n'));
  decoder.end();
  assert.equal(events.length, 1000);
});
