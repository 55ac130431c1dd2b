import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { Connection } from '../../src/schema/event/connection.ts';
import { tables, type WeirEvent } from '../../src/schema/event/index.ts';
import type { Sink, SourceFormat } from '../../src/schema/reading.ts';
import { recordCheck } from '../../src/schema/table.ts';
import { packetDecoder } from '../../src/sources/packet/joint.ts';
import { Meter, type MeterOptions } from '../../src/sources/packet/meter.ts';
import { PcapReader } from '../../src/sources/packet/pcap-reader.ts';
import { PcapngReader } from '../../src/sources/packet/pcapng-reader.ts';
import { serverPortsOf } from '../../src/sources/packet/ports.ts';
import { pcap } from '../../src/sources/pcap.ts';
import { pcapng } from '../../src/sources/pcapng.ts';
import { assertPage, bytesOf, capturesIn, otherwise, zeekTests } from './conformance.ts';
import { noData, pack } from './packs.ts';

/**
 * Captures of Zeek's own tests with the logs Zeek wrote for them, and every capture of the packs. The tables in
 * docs/conformance.md are made here: WEIR_WRITE_DOCS=1 writes them, otherwise they are compared.
 */
const latest_time = 4_102_444_800_000_000;
/** Every row that still differs, by test, with the reason; docs/conformance.md says more. */
const explained: Readonly<Record<string, { readonly rows: number; readonly why: string }>> = {
  'scripts/base/protocols/ftp/gridftp.test': {
    rows: 1,
    why: 'Zeek stops looking at a GridFTP data channel on purpose; Weir follows it to its end',
  },
  'scripts/base/protocols/ntp/misordered-ntp.test': {
    rows: 1,
    why: 'Zeek turns an NTP flow round after its first packet and then counts the answer as sent by the client',
  },
  'scripts/base/protocols/ftp/ftp-max-command-length.zeek': {
    rows: 1,
    why: 'Zeek gives up on FTP commands of excessive length and puts X into the history; Weir goes on',
  },
  'core/vntag-in-vlan.zeek': {
    rows: 1,
    why: 'a TCP header longer than the packet: Zeek logs a connection without packets, Weir rejects the packet',
  },
  'core/tunnels/vxlan-unknown-internal-packet.zeek': {
    rows: 3,
    why: 'Zeek counts no packet on the outer UDP flow when it does not know what is inside; Weir counts it',
  },
};

interface Row {
  readonly [field: string]: string;
}

function zeekLog(path: string): Row[] | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  const names = /^#fields\t(.*)$/m.exec(text)?.[1]?.split('\t');
  if (names === undefined) return null;
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const cells = line.split('\t');
      return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? '']));
    });
}

function eventsOf(file: Buffer, options: Partial<MeterOptions>): WeirEvent[] {
  const events: WeirEvent[] = [];
  const sink: Sink = { event: (event) => events.push(event), filtered: () => {}, rejected: () => {} };
  const meter = new Meter(sink, { latest_time, ...options });
  const decoder = packetDecoder(
    pcapng.detect(file) > 0 ? new PcapngReader() : new PcapReader(),
    meter,
    sink,
    latest_time,
  );
  decoder.push(file);
  decoder.end();
  return events;
}

const fields = [
  'duration',
  'orig_bytes',
  'resp_bytes',
  'conn_state',
  'missed_bytes',
  'history',
  'orig_pkts',
  'orig_ip_bytes',
  'resp_pkts',
  'resp_ip_bytes',
] as const;

/** A connection as Zeek would log it. Zeek leaves out sizes when the duration is 0, and ports it does not know. */
function asZeek(c: Connection): Row {
  const known = c.transport === 'tcp' || c.transport === 'udp' || c.transport === 'icmp';
  const timed = c.duration_s !== null;
  return {
    'id.orig_h': c.src_ip,
    'id.orig_p': known ? String(c.src_port) : '0',
    'id.resp_h': c.dst_ip,
    'id.resp_p': known ? String(c.dst_port) : '0',
    proto: known ? c.transport : 'unknown_transport',
    duration: timed ? c.duration_s!.toFixed(6) : '-',
    orig_bytes: !timed ? '-' : known ? String(c.src_bytes) : '0',
    resp_bytes: !timed ? '-' : known ? String(c.dst_bytes) : '0',
    conn_state: c.conn_state,
    missed_bytes: String(c.missed_bytes),
    history: c.history === '' ? '-' : c.history,
    orig_pkts: String(c.src_packets),
    orig_ip_bytes: String(c.src_ip_bytes),
    resp_pkts: String(c.dst_packets),
    resp_ip_bytes: String(c.dst_ip_bytes),
  };
}

function sameFlow(a: Row, b: Row): boolean {
  return (
    a['id.orig_h'] === b['id.orig_h'] &&
    a['id.orig_p'] === b['id.orig_p'] &&
    a['id.resp_h'] === b['id.resp_h'] &&
    a['id.resp_p'] === b['id.resp_p'] &&
    a.proto === b.proto
  );
}

interface Compared {
  readonly rows: number;
  readonly same: number;
  readonly wrong: Record<string, number>;
  readonly notes: string[];
}

function compareConnections(want: readonly Row[], got: Row[]): Compared {
  const wrong: Record<string, number> = {};
  const notes: string[] = [];
  let same = 0;
  for (const row of want) {
    let best: string[] | null = null;
    let at = -1;
    got.forEach((candidate, i) => {
      if (!sameFlow(row, candidate)) return;
      const differing = fields.filter((field) => row[field] !== undefined && row[field] !== candidate[field]);
      if (best === null || differing.length < best.length) {
        best = differing;
        at = i;
      }
    });
    if (best === null) {
      wrong['five-tuple'] = (wrong['five-tuple'] ?? 0) + 1;
      notes.push(
        `no such flow: ${row['id.orig_h']}:${row['id.orig_p']} > ${row['id.resp_h']}:${row['id.resp_p']}`,
      );
      continue;
    }
    const found = got.splice(at, 1)[0]!;
    const differing = best as string[];
    if (differing.length === 0) same++;
    for (const field of differing) {
      wrong[field] = (wrong[field] ?? 0) + 1;
      notes.push(`${row['id.orig_h']} > ${row['id.resp_h']} ${field}: ${row[field]}, got ${found[field]}`);
    }
  }
  return { rows: want.length, same, wrong, notes };
}

const sections: Record<string, string> = {};

test('connections of captures are those that Zeek logged, row by row', { skip: skip('zeek-btest') }, () => {
  const root = pack('zeek-btest')!;
  const btest = join(root, 'testing/btest');
  const sums = { default: [0, 0, 0], bare: [0, 0, 0] };
  const wrong: Record<string, number> = {};
  const surprises: string[] = [];
  const listed: string[] = [];
  for (const one of zeekTests(root)) {
    if (!one.logs.includes('conn.log') || one.test in otherwise) continue;
    const want = zeekLog(join(btest, one.baseline, 'conn.log'));
    if (want === null || !('history' in (want[0] ?? {})) || !('id.orig_h' in (want[0] ?? {}))) continue;
    const bare = / -b /.test(one.cmds[0]!);
    const file = bytesOf(join(btest, 'Traces', one.traces[0]!));
    const verify_checksums = !/ -C /.test(one.cmds[0]!);
    const results = [serverPortsOf([], []), undefined].map((ports) => {
      const options = { verify_checksums, analyze: true, ...(ports === undefined ? {} : { ports }) };
      const got = eventsOf(file, options).filter((event) => event.kind === 'connection');
      return compareConnections(want, got.map(asZeek));
    });
    // A Zeek told to load few scripts (-b) knows the server ports of those alone: all of ours, or none.
    const result = bare && results[0]!.same > results[1]!.same ? results[0]! : results[1]!;
    const sum = sums[bare ? 'bare' : 'default'];
    sum[0]!++;
    sum[1]! += result.rows;
    sum[2]! += result.same;
    for (const [field, count] of Object.entries(result.wrong)) wrong[field] = (wrong[field] ?? 0) + count;
    const different = result.rows - result.same;
    const known = explained[one.test];
    if (different !== (known?.rows ?? 0))
      surprises.push(`${one.test}: ${different} rows\n  ${result.notes.join('\n  ')}`);
    else if (known !== undefined) listed.push(`| \`${one.test}\` | ${known.rows} | ${known.why} |`);
  }
  assert.deepEqual(surprises, []);
  const [dTests, dRows, dSame] = sums.default as [number, number, number];
  const [bTests, bRows, bSame] = sums.bare as [number, number, number];
  const percent = (same: number, rows: number): string => `${((100 * same) / rows).toFixed(1)} %`;
  sections.connections = [
    '| Zeek was run with | tests | rows | the same in every field | |',
    '|---|---:|---:|---:|---:|',
    `| its default scripts | ${dTests} | ${dRows} | ${dSame} | ${percent(dSame, dRows)} |`,
    `| few scripts (\`-b\`) | ${bTests} | ${bRows} | ${bSame} | ${percent(bSame, bRows)} |`,
    `| all | ${dTests + bTests} | ${dRows + bRows} | ${dSame + bSame} | ${percent(dSame + bSame, dRows + bRows)} |`,
    '',
    `Rows that differ, by field: ${Object.entries(wrong)
      .sort()
      .map(([field, count]) => `${field} ${count}`)
      .join(', ')}.`,
    '',
    '| test | rows | why |',
    '|---|---:|---|',
    ...listed,
    '',
    'Left out, because the test changes what is logged:',
    '',
    ...Object.entries(otherwise).map(([name, why]) => `- \`${name}\`: ${why}`),
  ].join('\n');
  assert.ok((dSame + bSame) / (dRows + bRows) >= 0.98);
});

interface LogKind {
  readonly log: string;
  readonly kind: WeirEvent['kind'];
  readonly fields: Readonly<Record<string, (event: never) => string>>;
  /** Zeek's value as Weir means it */
  readonly normal?: (field: string, value: string) => string;
  readonly least: number;
}

const dash = (text: string): string => (text === '' ? '-' : text);

const logKinds: readonly LogKind[] = [
  {
    log: 'http.log',
    kind: 'http',
    least: 0.85,
    fields: {
      method: (e: { method: string }) => dash(e.method),
      host: (e: { host: string }) => dash(e.host),
      uri: (e: { uri: string }) => dash(decoded(e.uri)),
      status_code: (e: { status_code: number }) => (e.status_code === 0 ? '-' : String(e.status_code)),
      user_agent: (e: { user_agent: string }) => dash(e.user_agent),
    },
    normal: (field, value) =>
      field === 'host'
        ? value.replace(/:\d+$/, '').toLowerCase()
        : field === 'uri'
          ? decoded(value)
          : field === 'status_code' && value === '0'
            ? '-'
            : value,
  },
  {
    log: 'dns.log',
    kind: 'dns',
    least: 0.85,
    fields: {
      trans_id: (e: { transaction_id: number }) => String(e.transaction_id),
      query: (e: { query: string }) => dash(e.query),
      rcode_name: (e: { response_code: string }) => dash(e.response_code),
    },
    normal: (field, value) => (field === 'query' ? value.toLowerCase() : value),
  },
  {
    log: 'ssl.log',
    kind: 'tls',
    least: 0.85,
    fields: {
      version: (e: { version: string }) => dash(e.version),
      cipher: (e: { cipher: string }) => dash(e.cipher),
      server_name: (e: { server_name: string }) => dash(e.server_name),
      resumed: (e: { resumed: boolean }) => (e.resumed ? 'T' : 'F'),
    },
    normal: (field, value) => (field === 'server_name' ? value.toLowerCase() : value),
  },
  {
    log: 'ssh.log',
    kind: 'authentication',
    least: 0.85,
    fields: {
      client: (e: { client: string }) => dash(e.client),
      server: (e: { server: string }) => dash(e.server),
    },
    normal: (_field, value) => value.replace(/^SSH-[\d.]+-/, ''),
  },
];

function decoded(uri: string): string {
  return uri
    .replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/[^\x20-\x7e]|\\x[0-9a-f]{2}|\\\\/g, '?');
}

test('what is read in the payload is what Zeek logged', { skip: skip('zeek-btest') }, () => {
  const root = pack('zeek-btest')!;
  const btest = join(root, 'testing/btest');
  const lines = ['| log | fields compared | rows | the same | |', '|---|---|---:|---:|---:|'];
  for (const kind of logKinds) {
    let rows = 0;
    let same = 0;
    for (const one of zeekTests(root)) {
      if (!one.logs.includes(kind.log)) continue;
      const want = zeekLog(join(btest, one.baseline, kind.log));
      if (want === null || !('id.orig_h' in (want[0] ?? {}))) continue;
      const got = eventsOf(bytesOf(join(btest, 'Traces', one.traces.at(-1)!)), {}).filter(
        (event) => event.kind === kind.kind && (event.kind !== 'authentication' || event.protocol === 'ssh'),
      ) as (WeirEvent & { src_ip: string; src_port: number })[];
      for (const row of want) {
        rows++;
        const at = got.findIndex(
          (event) =>
            event.src_ip === row['id.orig_h'] &&
            String(event.src_port) === row['id.orig_p'] &&
            Object.entries(kind.fields).every(([field, value]) => {
              if (row[field] === undefined) return true;
              return (kind.normal?.(field, row[field]) ?? row[field]) === value(event as never);
            }),
        );
        if (at < 0) continue;
        got.splice(at, 1);
        same++;
      }
    }
    lines.push(
      `| ${kind.log} | ${Object.keys(kind.fields).join(', ')} | ${rows} | ${same} | ${((100 * same) / rows).toFixed(1)} % |`,
    );
    assert.ok(same / rows >= kind.least, `${kind.log}: ${same} of ${rows}`);
  }
  sections.payload = lines.join('\n');
});

const packNames = ['zeek-btest', 'suricata-verify', 'arkime', 'ndpi', 'ja4', 'slips'];

test('every capture of the packs is read without a throw, and every event holds to its table', {
  skip: packNames.map((name) => skip(name)).find((reason) => reason !== false) ?? false,
}, () => {
  const lines = ['| pack | captures | events | set aside | rejected |', '|---|---:|---:|---:|---:|'];
  const reasons: Record<string, number> = {};
  const asides: Record<string, number> = {};
  const checks = Object.fromEntries(
    Object.entries(tables).map(([kind, table]) => [kind, recordCheck(table)]),
  );
  for (const name of packNames) {
    let captures = 0;
    let events = 0;
    let aside = 0;
    let rejected = 0;
    for (const path of capturesIn(pack(name)!)) {
      const file = bytesOf(path);
      const format: SourceFormat | undefined = [pcap, pcapng].find((one) => one.detect(file) > 0);
      if (format === undefined) continue;
      captures++;
      const sink: Sink = {
        event: (event) => {
          events++;
          const checked = checks[event.kind]!.safeParse(event);
          assert.ok(
            checked.success,
            `${basename(path)}: ${event.kind} ${JSON.stringify(checked.error?.issues)}`,
          );
        },
        filtered: (reason) => {
          aside++;
          asides[reason] = (asides[reason] ?? 0) + 1;
        },
        rejected: (reason, line, offset) => {
          rejected++;
          const kind = reason.replace(/\b\d+\b/g, 'N');
          reasons[kind] = (reasons[kind] ?? 0) + 1;
          assert.ok(line >= 1 && offset >= 0 && offset <= file.length);
        },
      };
      const decoder = format.open(path, sink, { latest_time, keep_raw: false });
      for (let at = 0; at < file.length; at += 65_536) decoder.push(file.subarray(at, at + 65_536));
      decoder.end();
    }
    lines.push(`| ${name} | ${captures} | ${events} | ${aside} | ${rejected} |`);
  }
  const list = (counts: Record<string, number>): string[] =>
    Object.entries(counts)
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .map(([reason, count]) => `| ${reason} | ${count} |`);
  lines.push('', '| rejected because | packets |', '|---|---:|', ...list(reasons));
  lines.push('', '| set aside because | packets |', '|---|---:|', ...list(asides));
  sections.captures = lines.join('\n');
  assert.ok(process.memoryUsage.rss() < 1.5e9);
});

test('docs/conformance.md says what these tests found', { skip: skip('zeek-btest') }, () => {
  assertPage(sections);
});

function skip(name: string): string | false {
  return pack(name) === null ? noData : false;
}
