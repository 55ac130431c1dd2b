import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { painter, textWidth } from '../base/terminal.ts';
import { Finding } from '../schema/finding.ts';
import type { InputReport, Ledger } from '../schema/ledger.ts';
import {
  countedAgain,
  findingsTable,
  Ocsf,
  ocsfLine,
  paragraph,
  type RunFigures,
  runSummary,
  story,
  toOcsf,
} from './index.ts';
import { ends, named, place, who } from './words.ts';

const at = (time: string): number => Date.parse(`2018-03-24T${time}Z`) * 1000;

const beacon: Finding = Finding.parse({
  finding_id: '05aac1638b3bae61',
  detector: 'beacon_name',
  title: 'Clockwork calls to one name',
  severity: 'high',
  stage: 'command-and-control',
  attack: [
    { id: 'T1071.001', name: 'Web Protocols', tactics: ['command-and-control'] },
    { id: 'T1573', name: 'Encrypted Channel', tactics: ['command-and-control'] },
  ],
  start_at: at('17:15:21'),
  end_at: at('19:15:21'),
  figures_start_at: at('17:15:21'),
  window_at: at('17:00:00'),
  figures_end_at: at('19:15:21'),
  windows: 2,
  entity: { src_ip: '10.0.0.7', dst_name: 'update.evil.example' },
  values: {
    src_ip: '10.0.0.7',
    dst_name: 'update.evil.example',
    dst_ip: '203.0.113.9',
    dst_port: 443,
    transport: 'tcp',
    direction: 'outbound',
    calls: 120,
  },
  score: 0.97,
  p_value: 2.5e-5,
  confidence_score: 57,
  risk_score: 78,
  summary: '10.0.0.7 called update.evil.example 120 times over ssl, every 60 s (spread 4 %), over 2 h.',
  reasons: [
    {
      feature: 'calls',
      says: 'calls to the place',
      unit: 'count',
      actual: 120,
      expected: 2,
      low: 0,
      high: 12,
      weight: 0.61,
      pattern: 'PERIODIC',
    },
    {
      feature: 'sent_bytes',
      says: 'sent to it',
      unit: 'bytes',
      actual: 4.1e9,
      expected: 41_000,
      low: 12e6,
      high: 80e6,
      weight: 0.39,
      pattern: 'SURGE',
    },
  ],
  baseline: {
    level: 'population',
    windows: 48,
    entities: 14,
    says: 'only the population: 14 other hosts in this capture',
  },
  evidence: [
    {
      event_id: '0123456789abcdef',
      table: 'connection',
      time: at('17:15:21'),
      file: 'logs/conn.log.gz',
      line: 1234,
      offset: 98_765,
      src_ip: '10.0.0.7',
      src_port: 49_152,
      dst_ip: '203.0.113.9',
      dst_port: 443,
      says: 'tcp ssl SF, 1.2 kB out, 3.4 kB in, 0.3 s',
      raw: '',
    },
    {
      event_id: '0123456789abcdf0',
      table: 'dns',
      time: at('17:15:20'),
      file: 'logs/dns.log',
      line: 7,
      offset: 0,
      src_ip: '2001:db8::7',
      src_port: 5353,
      dst_ip: '2001:db8::35',
      dst_port: 53,
      says: 'update.evil.example A NOERROR 203.0.113.9',
      raw: '{"id":7}',
    },
  ],
  evidence_total: 120,
  members: [
    {
      finding_id: 'aaaaaaaaaaaaaaaa',
      detector: 'beacon_name',
      title: 'Clockwork calls to one name',
      severity: 'medium',
      entity: { src_ip: '10.0.0.7', dst_name: 'other.example' },
      start_at: at('18:00:00'),
      end_at: at('19:00:00'),
      p_value: 1e-4,
      summary: '10.0.0.7 called other.example 60 times.',
    },
  ],
  members_total: 1,
  also: [],
  folded_into: '',
  related: ['bbbbbbbbbbbbbbbb'],
  next: ['How old is update.evil.example?', 'Which program on 10.0.0.7 makes these calls?'],
  false_positives: ['update checks', 'monitoring agents'],
  caveats: [],
});

test('the story of a finding tells what, who, when, how sure, why, where it was read and what to do', () => {
  assert.equal(
    story(beacon, { width: 90 }),
    `HIGH  Clockwork calls to one name
  who         10.0.0.7 → update.evil.example
  when        2018-03-24 17:15:21 to 19:15:21 UTC (2 h), in 2 windows
  risk        78 of 100
  confidence  57 of 100
  detector    beacon_name, stage command and control
  finding     05aac1638b3bae61

  10.0.0.7 called update.evil.example 120 times over ssl, every 60 s (spread 4 %), over
  2 h.

Why this is unusual
  what                  seen  usual  usual range  share
  calls to the place     120      2  0 to 12       61 %
  sent to it          4.1 GB  41 kB  12 to 80 MB   39 %

  When nothing is wrong, 1 in 40,000 windows is this strange. Baseline: only the
  population: 14 other hosts in this capture.

ATT&CK
  T1071.001 Web Protocols (command and control)
  T1573     Encrypted Channel (command and control)

Evidence (2 of 120 events)
  2018-03-24 17:15:21  10.0.0.7:49152 → 203.0.113.9:443  tcp ssl SF, 1.2 kB out, 3.4 kB
                       in, 0.3 s
                       logs/conn.log.gz:1234
  2018-03-24 17:15:20  [2001:db8::7]:5353 → [2001:db8::35]:53  update.evil.example A
                       NOERROR 203.0.113.9
                       logs/dns.log:7

1 more told with it
  aaaaaaaa  2018-03-24 18:00:00  10.0.0.7 called other.example 60 times.

Look at next
  1. How old is update.evil.example?
  2. Which program on 10.0.0.7 makes these calls?

Harmless things that look the same
  update checks; monitoring agents

Seen with it
  findings on the same host within a day: bbbbbbbb`,
  );
});

test('a paragraph tells a top finding in a few lines', () => {
  assert.equal(
    paragraph(beacon, { width: 100, rank: 1 }),
    ` 1. HIGH, risk 78  Clockwork calls to one name: 10.0.0.7 → update.evil.example  05aac163
    10.0.0.7 called update.evil.example 120 times over ssl, every 60 s (spread 4 %), over 2 h.
    120 calls to the place, expected 0 to 12; 4.1 GB sent to it, expected 12 to 80 MB. Baseline:
    only the population: 14 other hosts in this capture. Chance: 1 in 40,000.
    ATT&CK T1071.001 Web Protocols, T1573 Encrypted Channel. 2018-03-24 17:15:21 to 19:15:21 UTC,
    see logs/conn.log.gz:1234 and 119 more events.
    Next: How old is update.evil.example?
    And 1 more like it: 10.0.0.7 → other.example.`,
  );
});

test('a paragraph says that the same was seen again on later days', () => {
  const daily = { ...beacon, end_at: beacon.end_at + 3 * 86_400e6, windows: 4 };
  const text = paragraph(daily, { width: 200, rank: 1 });
  assert.match(text, /Seen again on later days: in all [^;]*; told is the strongest\./);
  const counted = paragraph({ ...daily, evidence_in_all: 12_345 }, { width: 200, rank: 1 });
  assert.match(counted, /in all [^;]* UTC[^;]*, 12,345 such events; told is the strongest\./);
});

test('a paragraph tells at most three facts, and after the first only those that were not expected', () => {
  const [first] = beacon.reasons;
  const fact = (says: string, actual: number, weight: number) => ({ ...first!, says, actual, weight });
  const reasons = [fact('one', 5, 0.3), fact('two', 8, 0.3), fact('three', 30, 0.2), fact('four', 99, 0.1)];
  const text = paragraph({ ...beacon, reasons, next: [], attack: [] }, { width: 100, rank: 12 });
  assert.match(text, /^12\. HIGH/);
  assert.match(text, /^ {4}5 one, expected 0 to 12; 30 three, expected 0 to 12\. Baseline/m);
  assert.doesNotMatch(text, /two|four|ATT&CK|Next/);
});

test('what was read from a capture is told by the number of its packet', () => {
  const of = (file: string): string => place({ ...beacon.evidence[0]!, file, line: 7 });
  assert.equal(of('logs/conn.log'), 'logs/conn.log:7');
  assert.equal(of('office.pcap'), 'office.pcap, packet 7');
  assert.equal(of('office.PCAPNG.gz'), 'office.PCAPNG.gz, packet 7');
  assert.equal(of('pcap'), 'pcap:7');
  assert.equal(place({ ...beacon.evidence[0]!, line: 0 }), 'logs/conn.log.gz');
});

test('the ranked table tells every finding within the width', () => {
  const scan: Finding = {
    ...beacon,
    finding_id: 'd6863329ffffffff',
    title: 'Administration ports of hosts it never administered',
    severity: 'informational',
    risk_score: 8,
    entity: { src_ip: '10.0.0.9', dst_port: 445, transport: 'tcp' },
    members: [],
    members_total: 0,
  };
  const now = at('23:00:00');
  const table = findingsTable([beacon, scan], { width: 100, now });
  assert.equal(
    table,
    `#  risk  severity  when (UTC)   id        who                  what
1    78  high      03-24 17:15  05aac163  10.0.0.7 →           Clockwork calls to one name (+1 more:
                                          update.evil.example  other.example)
2     8  info      03-24 17:15  d6863329  10.0.0.9 → tcp/445   Administration ports of hosts it
                                                               never administered`,
  );
  for (const width of [60, 80, 120, 160])
    for (const line of findingsTable([beacon, scan], { width }).split('\n'))
      assert.ok(textWidth(line) <= width, line);
  assert.match(findingsTable([beacon, scan, scan], { width: 100, limit: 1 }), /… and 2 more of lower rank$/);
  assert.match(findingsTable([beacon], { width: 100, now: now + 365 * 86_400e6 }), / 2018-03-24 17:15 /);
  const coloured = findingsTable([beacon, scan], { width: 100, now, paint: painter({ isTTY: true }, {}) });
  assert.ok(coloured.includes('\x1b[31mhigh    \x1b[39m'));
  assert.equal(stripVTControlCharacters(coloured), table);
});

test('what several detectors say of a pair, and what was folded away, is told with ids that can be asked for', () => {
  const member = { ...beacon.members[0]!, finding_id: 'cccccccccccccccc' };
  const line: Finding = {
    ...beacon,
    also: [
      {
        ...member,
        title: 'A new place',
        severity: 'low',
        detector: 'rare_destination',
        summary: '10.0.0.7 called it for the first time.',
        reasons: [],
        evidence: [],
        evidence_total: 0,
      },
    ],
    members: [
      ...beacon.members,
      { ...member, finding_id: 'dddddddddddddddd', detector: 'vertical_scan', title: 'Many ports tried' },
    ],
    members_total: 2,
  };
  const text = paragraph(line, { width: 400, rank: 1 });
  assert.match(
    text,
    /Also cccccccc, low: A new place\. 10\.0\.0\.7 called it for the first time\. Chance: 1 in 10,000/,
  );
  assert.match(text, /And 1 more like it: 10\.0\.0\.7 → other\.example\./);
  assert.match(text, /Told with it: medium: Many ports tried \(dddddddd\)\./);
  assert.match(
    findingsTable([line], { width: 200 }),
    /Clockwork calls to one name \(\+1 reason, \+2 more: other\.example, …\)/,
  );
  const whole = story(line, { width: 200 });
  assert.match(whole, /\nAlso of the same host\n/);
  const { src_ip = '', dst_name = '' } = line.entity;
  const also_of = (entity: Finding['entity']): string =>
    story({ ...line, also: line.also.map((one) => ({ ...one, entity })) }, { width: 200 });
  assert.match(also_of({ src_ip, dst_name }), /\nAlso between the two\n/);
  assert.match(also_of({ src_ip }), /\nAlso of the same host\n/);
  for (const id of ['aaaaaaaa', 'cccccccc', 'dddddddd']) assert.ok(whole.includes(id), id);
});

test('whom a finding is about is told from whatever it is about', () => {
  const cases = [
    [{ src_ip: '10.0.0.7' }, '10.0.0.7'],
    [{ dst_ip: '10.0.0.7' }, '10.0.0.7'],
    [{ src_ip: '10.0.0.7', dst_ip: '1.2.3.4', dst_port: 443 }, '10.0.0.7 → 1.2.3.4:443'],
    [{ src_ip: '::1', dst_ip: '2001:db8::1', dst_port: 443 }, '::1 → [2001:db8::1]:443'],
    [{ src_ip: '10.0.0.7', transport: 'icmp', dst_port: 0 }, '10.0.0.7 → icmp'],
    [{ src_ip: '10.0.0.7', dst_ip: '10.0.0.9', transport: 'icmp', dst_port: 8 }, '10.0.0.7 → 10.0.0.9'],
    [{ src_ip: '10.0.0.7', dst_ip: '1.2.3.4', protocol: 'ssh' }, '10.0.0.7 → 1.2.3.4 ssh'],
    [{ src_ip: '10.0.0.7', query_domain: 'example.org' }, '10.0.0.7 → example.org'],
    [{ dst_ip: '10.0.0.2', dst_port: 3389, transport: 'tcp' }, '10.0.0.2:3389'],
    [{}, ''],
  ] as const;
  for (const [entity, text] of cases) assert.equal(who(entity), text);
});

test('an event of ICMP has ends without ports, and a name stands before an IPv6 address with its port', () => {
  const [one] = beacon.evidence;
  const ping = { ...one!, src_ip: 'fd00::7', src_port: 128, dst_ip: 'fd00::9', dst_port: 129 };
  assert.equal(ends({ ...ping, says: 'icmp OTH, 56 B out, 56 B in' }), 'fd00::7 → fd00::9');
  const call = ends({ ...ping, says: 'tcp SF, 56 B out, 56 B in' });
  assert.equal(call, '[fd00::7]:128 → [fd00::9]:129');
  assert.equal(named(call, { 'fd00::9': 'lt-anna' }), '[fd00::7]:128 → lt-anna ([fd00::9]:129)');
  assert.equal(
    named('fd00::90 called fd00::9.', { 'fd00::9': 'lt-anna' }),
    'fd00::90 called lt-anna (fd00::9).',
  );
});

test('a row names the first of those that are told with it', () => {
  const kind = (
    entity: Finding['entity'],
    members: readonly Finding['entity'][],
    members_total = members.length,
  ): string =>
    findingsTable(
      [
        {
          ...beacon,
          entity,
          members: members.map((one) => ({ ...beacon.members[0]!, entity: one })),
          members_total,
        },
      ],
      { width: 200 },
    );
  const hosts = ['10.0.0.8', '10.0.0.9', '10.0.0.10', '10.0.0.11'].map((src_ip) => ({ src_ip }));
  assert.match(kind({ src_ip: '10.0.0.7' }, hosts.slice(0, 2)), /\(\+2 more: 10\.0\.0\.8, 10\.0\.0\.9\)/);
  assert.match(
    kind({ src_ip: '10.0.0.7' }, hosts),
    /\(\+4 more: 10\.0\.0\.8, 10\.0\.0\.9, 10\.0\.0\.10, …\)/,
  );
  assert.match(
    kind({ src_ip: '10.0.0.7', dst_ip: '1.2.3.4' }, [{ src_ip: '10.0.0.7', dst_ip: '1.2.3.5' }]),
    /\(\+1 more: 1\.2\.3\.5\)/,
  );
});

test('what was not seen where something happened is said with it', () => {
  const blind: Finding = { ...beacon, caveats: ['Half of the packets were lost.', 'One side is not seen.'] };
  assert.match(
    paragraph(blind, { width: 90, rank: 1 }),
    /\n {4}Not seen: Half of the packets were lost\. One side/,
  );
  assert.match(
    story(blind, { width: 90 }),
    /Not seen\n {2}Half of the packets were lost\.\n {2}One side is not seen\./,
  );
  const { caveats } = toOcsf(blind, { version: '1' }).unmapped as { caveats: unknown };
  assert.deepEqual(caveats, blind.caveats);
  assert.doesNotMatch(paragraph(beacon, { width: 90, rank: 1 }), /Not seen/);
});

/** The same finding with everything an attacker can write replaced by hostile text. */
const hostile: Finding = {
  ...beacon,
  title: '\x1b]0;owned\x07title',
  summary: 'called \x1b[2J\u202eexample\n\n 1. CRITICAL (risk 100)  forged line',
  entity: { src_ip: '10.0.0.7', dst_name: '\x1b[31m\u200bevil\x9b2J' },
  next: ['look at \x1b[8mhidden\x1b[0m'],
  false_positives: ['\x07bell'],
  reasons: beacon.reasons.map((one) => ({ ...one, says: '\x1b[1mbold' })),
  baseline: { ...beacon.baseline, says: 'x\r\ny' },
  evidence: beacon.evidence.map((one) => ({
    ...one,
    says: '\x1b]52;c;eA==\x07GET /\x9b',
    file: 'a\nb\x1bc',
  })),
  members: beacon.members.map((one) => ({ ...one, entity: { src_ip: '\x1bcreset' } })),
};

test('what traffic says cannot steer the terminal or forge a line of the report', () => {
  const texts = [
    story(hostile, { width: 100 }),
    paragraph(hostile, { width: 100, rank: 1 }),
    findingsTable([hostile], { width: 100 }),
  ];
  for (const text of texts) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]/);
    assert.doesNotMatch(text, /^ 1\. CRITICAL/m);
    for (const line of text.split('\n')) assert.ok(textWidth(line) <= 100, line);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  assert.doesNotMatch(ocsfLine(hostile, { version: '1' }), /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]/);
  const back = JSON.parse(ocsfLine(hostile, { version: '1' }));
  assert.deepEqual(back, JSON.parse(JSON.stringify(toOcsf(hostile, { version: '1' }))));
});

test('a finding is written as an OCSF Detection Finding with the fields and ids the schema asks for', () => {
  const written = JSON.parse(JSON.stringify(toOcsf(beacon, { version: '0.1.0' })));
  const found = Ocsf.parse(written);
  assert.equal(found.class_uid, 2004);
  assert.equal(found.type_uid, 200401);
  assert.deepEqual([found.severity_id, found.severity], [4, 'High']);
  assert.deepEqual([found.risk_score, found.risk_level_id, found.risk_level], [78, 3, 'High']);
  assert.deepEqual([found.confidence_score, found.confidence_id, found.confidence], [57, 2, 'Medium']);
  assert.equal(found.start_time, Date.parse('2018-03-24T17:15:21Z'));
  assert.equal(found.end_time, Date.parse('2018-03-24T19:15:21Z'));
  assert.equal(found.time, found.end_time);
  assert.equal(found.count, 120);
  assert.equal(found.finding_info.related_events_count, 2);
  assert.equal(found.message, beacon.summary);
  assert.equal(found.metadata.uid, beacon.finding_id);
  assert.deepEqual(found.finding_info.analytic, {
    uid: 'beacon_name',
    name: 'beacon_name',
    category: 'command-and-control',
    type_id: 2,
    type: 'Behavioral',
  });
  assert.deepEqual(found.finding_info.kill_chain, [{ phase_id: 6, phase: 'Command & Control' }]);
  assert.deepEqual(
    found.finding_info.attacks.map((one) => one.technique.uid),
    ['T1071.001', 'T1573'],
  );
  assert.deepEqual(found.finding_info.attacks[0]!.tactic, { uid: 'TA0011', name: 'Command and Control' });
  assert.deepEqual(found.finding_info.attacks[0]!.sub_technique, { uid: 'T1071.001', name: 'Web Protocols' });
  assert.equal(found.finding_info.attacks[1]!.sub_technique, undefined);
  const [first] = found.evidences;
  assert.deepEqual(first!.dst_endpoint, { ip: '203.0.113.9', port: 443, hostname: 'update.evil.example' });
  assert.deepEqual(first!.connection_info, { direction_id: 2, direction: 'Outbound', protocol_name: 'tcp' });
  assert.deepEqual(
    [first!.data?.file, first!.data?.line, first!.data?.offset],
    ['logs/conn.log.gz', 1234, 98_765],
  );
  const [analysis] = found.anomaly_analyses;
  assert.deepEqual(analysis!.analysis_targets, [
    { name: '10.0.0.7', type: 'Source IP Address' },
    { name: 'update.evil.example', type: 'Destination Name' },
  ]);
  assert.equal(analysis!.baselines[0]!.observations[0]!.value, '2');
  assert.equal(analysis!.anomalies[0]!.observations[0]!.value, '120');
  assert.equal(analysis!.anomalies[0]!.observed_pattern, 'PERIODIC');
  assert.deepEqual(
    found.observables.map((one) => [one.type_id, one.value]),
    [
      [2, '10.0.0.7'],
      [1, 'update.evil.example'],
      [2, '203.0.113.9'],
    ],
  );
});

test('how a finding was found is told by the patterns of its reasons', () => {
  const type = (...patterns: Finding['reasons'][number]['pattern'][]): string => {
    const reasons = patterns.map((pattern) => ({ ...beacon.reasons[0]!, pattern }));
    return Ocsf.parse(toOcsf({ ...beacon, reasons }, { version: '1' })).finding_info.analytic.type;
  };
  assert.equal(type('SURGE', 'DROP'), 'Statistical');
  assert.equal(type('PERIODIC', 'RARE'), 'Behavioral');
  assert.equal(type('UNSEEN'), 'Behavioral');
  assert.equal(type('UNUSUAL'), 'Learning (ML/DL)');
  assert.equal(type('RARE'), 'Rule');
  assert.equal(type(), 'Rule');
});

test('the first evidence of the OCSF form is between the ends of the finding', () => {
  const ends = (finding: Partial<Finding>) =>
    Ocsf.parse(toOcsf({ ...beacon, ...finding }, { version: '1' })).evidences.map((one) => [
      one.src_endpoint?.ip,
      one.dst_endpoint?.ip,
      one.dst_endpoint?.port,
    ]);
  const [connection, dns] = beacon.evidence as [Finding['evidence'][number], Finding['evidence'][number]];
  const pair = ['10.0.0.7', '203.0.113.9', 443];
  const query = ['2001:db8::7', '2001:db8::35', 53];
  assert.deepEqual(ends({ evidence: [dns, connection] }), [pair, query]);
  assert.deepEqual(ends({ evidence: [dns] }), [pair, query]);
  assert.deepEqual(ends({ evidence: [] }), [pair]);
  const elsewhere = { ...connection, dst_ip: '203.0.113.10' };
  const entity = { src_ip: '10.0.0.7', dst_ip: '203.0.113.9' };
  assert.deepEqual(ends({ evidence: [elsewhere], entity }).length, 2);
  assert.deepEqual(ends({ evidence: [elsewhere] }).length, 1);
  const victim = { entity: { dst_ip: '10.0.0.2' }, values: {}, evidence: [] };
  assert.deepEqual(ends(victim), [[undefined, '10.0.0.2', undefined]]);
});

test('an address in the place of a name is looked up as an address', () => {
  const entity = { src_ip: '10.0.0.7', dst_name: '203.0.113.9' };
  const values = { dst_ip: '203.0.113.9', dst_name: '203.0.113.9' };
  const found = Ocsf.parse(toOcsf({ ...beacon, entity, values }, { version: '1' }));
  assert.deepEqual(
    found.observables.map((one) => [one.type_id, one.value]),
    [
      [2, '10.0.0.7'],
      [2, '203.0.113.9'],
    ],
  );
  assert.equal(found.evidences[0]!.dst_endpoint!.hostname, undefined);
});

test('a finding without reasons, evidence, host or ATT&CK is still a valid Detection Finding', () => {
  const bare: Finding = {
    ...beacon,
    reasons: [],
    evidence: [],
    attack: [],
    entity: {},
    values: {},
    members: [],
    members_total: 0,
  };
  Ocsf.parse(JSON.parse(JSON.stringify(toOcsf(bare, { version: '0.1.0' }))));
  assert.match(story(bare, { width: 100 }), /Baseline: only the population/);
});

function input(file: string, format: string, ledger: Partial<Ledger>): InputReport {
  return {
    file,
    format,
    bytes: 60e6,
    ledger: {
      read: 0,
      stored: 0,
      filtered: new Map(),
      duplicates: new Map(),
      rejected: new Map(),
      set_aside: new Map(),
      ...ledger,
    },
    first_time: null,
    last_time: null,
  };
}

const figures: RunFigures = {
  findings: [beacon, beacon, beacon],
  held: { cap_per_day: 20, findings: 12, kinds: 3, hosts: 1, shown_by: 31, folded: 0 },
  inputs: [
    input('conn.log', 'zeek_tsv', {
      read: 12_345,
      stored: 12_000,
      filtered: new Map([['header', 8]]),
      duplicates: new Map([['same record in another file', 335]]),
      rejected: new Map([['id.orig_h is not an address', 2]]),
      set_aside: new Map([
        ['src_bytes: not a count', 3],
        ['src_port: not a port', 12],
      ]),
    }),
    input('eve.json', 'suricata_eve', { read: 100, stored: 100 }),
    input('notes.txt', '', { read: 1, rejected: new Map([['not a kind of file that Weir reads', 1]]) }),
  ],
  runs: [
    { detector: 'beacon_name', judged: 1000, findings: 15 },
    { detector: 'slow_scan', judged: 234, findings: 0 },
  ],
  failed: [],
  local_networks: ['10.0.0.0/8', 'fc00::/7'],
  roles: [],
  vantage: [],
  losses: [],
  local_note: null,
  first_time: at('17:15:21'),
  last_time: at('18:02:21'),
  events: 12_437,
  hosts: 14,
  baseline_note: 'no history: hosts are compared only with each other',
};

test('that one direction only is seen is said once, at the top, with the networks and the shares', () => {
  const why = 'asymmetric routing or a mirror of one side; nothing there is judged by missing answers.';
  const told = (vantage: RunFigures['vantage']): string =>
    runSummary({ ...figures, vantage }, { width: 400, keep: null }).split('\n')[1]!;
  const sends = { network: '10.1.2.0/24', scope: 'all', sends_only: 93, receives_only: 0, both: 7 } as const;
  assert.equal(told([sends]), `  For 10.1.2.0/24, 93 % of connections show only what its hosts send: ${why}`);
  const receives = Array.from({ length: 6 }, (_, i) => ({
    ...{ network: `2001:db8:0:${i}::/64`, scope: 'all' as const, sends_only: 1, receives_only: 30, both: 1 },
  }));
  assert.equal(
    told([receives[0]!, sends, receives[1]!]),
    `  For 10.1.2.0/24, 93 % of connections show only what its hosts send; for 2001:db8:0:0::/64, 94 % and 2001:db8:0:1::/64, 94 % of connections show only what its hosts receive: ${why}`,
  );
  assert.match(told([{ ...sends, scope: 'outside' }]), /93 % of connections with the outside show only/);
  assert.match(told(receives), /2001:db8:0:3::\/64, 94 % and 2 more networks, half or more of connections/);
});

test('the summary balances what was read, says why records were left out and what was held back', () => {
  assert.equal(
    runSummary(figures, { width: 100, keep: null }),
    `Read 3 files, 180 MB: 12,100 events of 14 local hosts, and 335 duplicates (records told before)
  format        files    read  = stored  + filtered  + duplicates  + rejected
  not known         1       1         0           0             0           1
  suricata_eve      1     100       100           0             0           0
  zeek_tsv          1  12,345    12,000           8           335           2
  all               3  12,446    12,100           8           335           3
  Filtered        header (8)
  Duplicates      same record in another file (335)
  Set aside       15 values: src_port: not a port (12), src_bytes: not a count (3)
  Rejected        id.orig_h is not an address (2), not a kind of file that Weir reads (1); in
                  conn.log, notes.txt; --keep DIR keeps them, table reject
  When            2018-03-24 17:15:21 to 18:02:21 UTC (47 min)
  Local networks  the private ranges
  Baseline        no history: hosts are compared only with each other
  Detectors       2 ran over 1,234 rows, 1 saw something unusual
  Findings        3
  Held back       by the cap of 20 a day: 12 low findings of 3 kinds on 1 host; --budget 31 shows
                  them`,
  );
});

test('numbers that are counted again are told: how many agree, and which do not', () => {
  const calls = { column: 'calls', told: 12, counted: 12, agrees: true };
  const sent = { column: 'sent_bytes', told: 900, counted: 800, agrees: false };
  assert.equal(
    countedAgain('x', [calls]),
    'Counted again: 1 of 1 numbers of the sentence agree with the stored events.',
  );
  assert.equal(
    countedAgain('x', [calls, sent]),
    'Counted again: 1 of 2 numbers of the sentence agree with the stored events. Not so: sent_bytes was told as 900, counted now 800.',
  );
  assert.match(countedAgain('x', []), /^Not counted again: .* no longer stored\.$/);
  assert.match(countedAgain('own', null), /^Not counted again: detector own is not here; .*--content\.$/);
});

test('the first line says what duplicates are copies of: packets of captures, records of logs', () => {
  const first = (...formats: string[]): string =>
    runSummary(
      {
        ...figures,
        inputs: formats.map((format) =>
          input('x', format, { read: 5, stored: 3, duplicates: new Map([['told before', 2]]) }),
        ),
      },
      { width: 200, keep: null },
    ).split('\n')[0]!;
  assert.match(first('pcapng'), /: 3 events of .*, and 2 duplicates \(packets or connections seen before\)$/);
  assert.match(
    first('pcap', 'zeek_json'),
    /: 6 events .* 4 duplicates \(records told before, packets or connections seen before\)$/,
  );
});

test('the summary of one ordinary log has a dozen lines at most, and none is too wide', () => {
  const inputs = [input('conn.log', 'zeek_tsv', { read: 5, stored: 5 })];
  for (const width of [80, 100, 120]) {
    const lines = runSummary(
      { ...figures, inputs, held: { ...figures.held, findings: 0 } },
      { width, keep: null },
    ).split('\n');
    assert.ok(lines.length <= 12);
    for (const line of lines) assert.ok(textWidth(line) <= width, line);
  }
});

test('a summary says where rejects are kept, which networks were chosen, and which detectors failed', () => {
  const off = {
    ...figures,
    failed: [{ detector: 'slow_scan' }],
    inputs: [input('a', 'pcap', { read: 5, stored: 5 })],
    local_note: 'chosen: 147.32.80.0/24',
  };
  const text = runSummary({ ...off, first_time: null, last_time: null }, { width: 100, keep: '/data' });
  assert.match(text, /chosen: 147\.32\.80\.0\/24/);
  assert.match(text, /^ {2}FAILED +slow_scan: what they see is missing$/m);
  assert.match(text, /^Read 1 file, 60 MB: no events\.$/m);
  assert.match(runSummary(figures, { width: 100, keep: '/data' }), /kept in \/data/);
});

test('a ledger that does not balance is said aloud, though another makes up for it', () => {
  const inputs = [
    input('a.log', 'zeek_tsv', { read: 5, stored: 3 }),
    input('b\x1b[2J.log', 'zeek_tsv', { read: 3, stored: 5 }),
  ];
  const text = runSummary({ ...figures, inputs }, { width: 120, keep: null });
  assert.match(text, /THE LEDGER DOES NOT BALANCE: 2 records unaccounted for in a\.log\./);
  assert.match(text, /THE LEDGER DOES NOT BALANCE: 2 records counted twice in b\.log\./);
  assert.doesNotMatch(runSummary(figures, { width: 120, keep: null }), /BALANCE/);
});

test('an address is told with the name of its device, and no other address is mistaken for it', () => {
  const names = { '10.0.0.5': 'lt-anna' };
  assert.equal(named('10.0.0.5 → 10.0.0.50:443', names), 'lt-anna (10.0.0.5) → 10.0.0.50:443');
  assert.equal(named('110.0.0.5 called 10.0.0.5:22.', names), '110.0.0.5 called lt-anna (10.0.0.5:22).');
  assert.equal(named('Done by 10.0.0.5.', names), 'Done by lt-anna (10.0.0.5).');
});

test('events, further reasons and members name the device as the sentence does', () => {
  const host = String(beacon.entity.src_ip);
  const other = { ...beacon, finding_id: 'ffffffffffffffff', reasons: [] };
  const finding = {
    ...beacon,
    also: [other],
    members: [other],
    members_total: 1,
    names: { [host]: 'lt-anna' },
  };
  const told = story(finding, { width: 400 }).split('\n');
  const bare = told.filter((line) => line.includes(host) && !line.includes(`lt-anna (${host}`));
  assert.ok(finding.evidence.length > 0);
  assert.deepEqual(
    bare.filter((line) => !finding.next.some((step) => line.includes(step))),
    [],
  );
});

test('OCSF names the device that did it, where it said its name', () => {
  const found = beacon;
  const host = String(found.entity.src_ip);
  const told = toOcsf({ ...found, names: { [host]: 'lt-anna' } }, { version: '1' });
  assert.deepEqual(told.resources, [{ uid: host, name: 'lt-anna', type: 'host' }]);
  assert.equal(told.evidences[0]!.src_endpoint!.hostname, 'lt-anna');
  assert.equal(toOcsf(found, { version: '1' }).resources[0]!.name, host);
});
