import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { canonicalIp } from '../../src/base/ip.ts';
import type { WeirEvent } from '../../src/schema/event/index.ts';
import { Feed } from '../../src/sources/packet/feed.ts';
import { Frame, found } from '../../src/sources/packet/frame.ts';
import { PcapReader } from '../../src/sources/packet/pcap-reader.ts';
import { PcapngReader } from '../../src/sources/packet/pcapng-reader.ts';
import { ja4 } from '../../src/sources/packet/protocols/ja4.ts';
import { feedTls, looksLikeTls, newTls } from '../../src/sources/packet/protocols/tls.ts';
import { pcap } from '../../src/sources/pcap.ts';
import { pcapng } from '../../src/sources/pcapng.ts';
import { collectingSink } from '../collecting-sink.ts';
import { noData, pack } from './packs.ts';

/** Fingerprints against what their authors and other sensors published for real captures. What differs has a reason. */
const latest_time = Date.UTC(2100, 0, 1) * 1000;

function eventsOf(file: string): WeirEvent[] {
  const bytes = readFileSync(file);
  const head = bytes.subarray(0, 65536);
  const format = [pcap, pcapng].find((f) => f.detect(head) > 0);
  if (format === undefined) return [];
  const sink = collectingSink();
  const decoder = format.open(file, sink, { latest_time, keep_raw: false });
  decoder.push(bytes);
  decoder.end();
  return sink.events.map((e) => e.event);
}

/** Takes `wanted` out of `got` one by one; returns what was not there. */
function missing(wanted: readonly string[], got: readonly string[]): string[] {
  const rest = new Map<string, number>();
  for (const g of got) rest.set(g, (rest.get(g) ?? 0) + 1);
  return wanted.filter((w) => {
    const left = rest.get(w) ?? 0;
    if (left > 0) rest.set(w, left - 1);
    return left === 0;
  });
}

/** The second client hello of a connection, which follows a retry request. In-order segments are enough for this. */
function secondHellos(file: string): string[] {
  const bytes = readFileSync(file);
  const reader = pcapng.detect(bytes) > 0 ? new PcapngReader() : new PcapReader();
  const frame = new Frame();
  const streams = new Map<string, { next: number; parts: Uint8Array[] }>();
  const feed = new Feed(
    reader,
    { rejected: () => {} },
    (buf, start, upTo, wire, linkType) => {
      if (frame.decode(buf, start, upTo, wire, linkType) !== found || frame.protocol !== 6) return;
      const { l4, end } = frame;
      const from = l4 + (buf[l4 + 12]! >> 4) * 4;
      const sequence =
        ((buf[l4 + 4]! << 24) | (buf[l4 + 5]! << 16) | (buf[l4 + 6]! << 8) | buf[l4 + 7]!) >>> 0;
      const key = [frame.s0, frame.s1, frame.s2, frame.s3, frame.d0, frame.d1, frame.d2, frame.d3]
        .concat((buf[l4]! << 8) | buf[l4 + 1]!, (buf[l4 + 2]! << 8) | buf[l4 + 3]!)
        .join();
      if (from >= end) return;
      const stream = streams.get(key) ?? { next: sequence, parts: [] };
      streams.set(key, stream);
      if (sequence !== stream.next) return;
      stream.next = (sequence + end - from) >>> 0;
      stream.parts.push(Uint8Array.from(buf.subarray(from, end)));
    },
    latest_time,
  );
  feed.push(bytes);
  feed.run(latest_time);
  const seconds: string[] = [];
  for (const { parts } of streams.values()) {
    const first = parts[0]!;
    if (!looksLikeTls(first, 0, first.length)) continue;
    const session = newTls();
    for (const part of parts) feedTls(session, true, part, 0, part.length);
    const { client_hello, first_client_hello } = session;
    if (client_hello !== null && client_hello !== first_client_hello) seconds.push(ja4(client_hello, 't'));
  }
  return seconds;
}

const ja4Pack = pack('ja4');

test('JA4 is what its authors published for every TLS, QUIC and DTLS client in their captures', {
  skip: ja4Pack === null && noData,
}, (t) => {
  const root = ja4Pack!;
  const differing: string[] = [];
  let agreed = 0;
  for (const name of readdirSync(join(root, 'pcap')).sort()) {
    const tls = eventsOf(join(root, 'pcap', name)).filter((e) => e.kind === 'tls');
    const got = tls.map((e) => `${e.src_ip}:${e.src_port} ${e.dst_ip}:${e.dst_port} ${e.ja4}`);
    const seconds = secondHellos(join(root, 'pcap', name));
    const python = pythonVectors(join(root, 'python/test/testdata', `${name}.json`));
    const rust = rustVectors(join(root, 'rust/ja4/src/snapshots', `ja4__insta@${name}.snap`));
    for (const [wanted, have] of [
      [python.first, got],
      [rust, got],
      [python.second, seconds],
    ] as const) {
      const absent = missing(wanted, have);
      agreed += wanted.length - absent.length;
      for (const one of absent) differing.push(`${name}: ${one}`);
    }
  }
  t.diagnostic(`${agreed} fingerprints agree, ${differing.length} differ`);
  assert.deepEqual(differing, []);
  assert.ok(agreed >= 362, `${agreed}`);
});

interface PythonRow {
  readonly src: string;
  readonly srcport: string;
  readonly dst: string;
  readonly dstport: string;
  readonly 'JA4.1'?: string;
  readonly 'JA4.2'?: string;
}

function pythonVectors(file: string): { first: string[]; second: string[] } {
  const rows: PythonRow[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  const first: string[] = [];
  const second: string[] = [];
  for (const r of rows) {
    const one = r['JA4.1'];
    if (one !== undefined) first.push(`${r.src}:${r.srcport} ${r.dst}:${r.dstport} ${one}`);
    const two = r['JA4.2'];
    if (two !== undefined) second.push(two);
  }
  return { first, second };
}

/** Snapshots are YAML of flat records. */
function rustVectors(file: string): string[] {
  if (!existsSync(file)) return [];
  const vectors: string[] = [];
  let row: Record<string, string> = {};
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const m = /^([- ]) (\w+): (.*)$/.exec(line);
    if (m === null) continue;
    if (m[1] === '-') row = {};
    row[m[2]!] = m[3]!;
    if (m[2] === 'ja4') vectors.push(`${row.src}:${row.src_port} ${row.dst}:${row.dst_port} ${m[3]}`);
  }
  return vectors;
}

const suricata = pack('suricata-verify');

test('JA3, JA3S, JA4 and the HASSH of clients are what Suricata expects of its own tests', {
  skip: suricata === null && noData,
}, (t) => {
  const root = join(suricata!, 'tests');
  const differing: string[] = [];
  let agreed = 0;
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
    if (basename(file) !== 'test.yaml') continue;
    const text = readFileSync(join(root, file), 'utf8');
    const wanted = new Set<string>();
    for (const m of text.matchAll(/(?:ja3s?\.hash|client\.hassh\.hash|\.ja4): *["']?([0-9a-z_]+)["']?\s*$/gm))
      wanted.add(m[1]!);
    if (wanted.size === 0) continue;
    const folder = join(root, dirname(file));
    const named = /^pcap: *(.*)$/m.exec(text)?.[1]?.trim();
    const captures =
      named !== undefined ? [named] : readdirSync(folder).filter((f) => /\.pcap(ng)?$/.test(f));
    const got = new Set<string>();
    for (const capture of captures) {
      for (const e of eventsOf(join(folder, capture))) {
        if (e.kind === 'tls') for (const print of [e.ja3, e.ja3s, e.ja4]) got.add(print);
        else if (e.kind === 'authentication') for (const print of e.fingerprint.split(' ')) got.add(print);
      }
    }
    for (const one of wanted) {
      if (got.has(one)) agreed++;
      else differing.push(`${dirname(file)}: ${one}`);
    }
  }
  t.diagnostic(`${agreed} fingerprints agree, ${differing.length} differ`);
  // Suricata ends JA4_c with an underscore when there are no signature algorithms; the page of the method does not.
  assert.deepEqual(differing, ['bug-5713-02-ja4: t10i070600_c50f5591e341_ce66f3b797c1']);
});

const ndpi = pack('ndpi');

/**
 * nDPI has ways of its own in the readable part of JA4 (second letter of the protocol, names), so the hashes count.
 * Not read: hellos behind STARTTLS of mail boxes or after STUN on one flow, CAPWAP tunnels, Google's QUIC before the
 * standard, and streams that begin with bytes nobody acknowledged.
 */
test('JA3 and the hashes of JA4 are what nDPI found in its captures', {
  skip: ndpi === null && noData,
}, (t) => {
  const root = join(ndpi!, 'tests/cfgs/default');
  const tally = { ja3: [0, 0], ja4: [0, 0] };
  const differing: string[] = [];
  for (const name of readdirSync(join(root, 'pcap')).sort()) {
    const result = join(root, 'result', `${name}.out`);
    if (!existsSync(result)) continue;
    const wanted = ndpiVectors(readFileSync(result, 'utf8'));
    if (wanted.ja3.length === 0) continue;
    const tls = eventsOf(join(root, 'pcap', name)).filter((e) => e.kind === 'tls');
    for (const kind of ['ja3', 'ja4'] as const) {
      const got = tls.map((e) => `${ends(e)} ${kind === 'ja3' ? e.ja3 : hashes(e.ja4)}`);
      const absent = missing(wanted[kind], got);
      tally[kind][0]! += wanted[kind].length - absent.length;
      tally[kind][1]! += wanted[kind].length;
      for (const one of absent) differing.push(`${name}: ${kind} ${one}`);
    }
  }
  t.diagnostic(`JA3 ${tally.ja3.join(' of ')}, JA4 hashes ${tally.ja4.join(' of ')}`);
  for (const one of differing) t.diagnostic(one);
  assert.ok(tally.ja3[0]! / tally.ja3[1]! > 0.97, tally.ja3.join(' of '));
  assert.ok(tally.ja4[0]! / tally.ja4[1]! > 0.97, tally.ja4.join(' of '));
});

function ends(e: { src_ip: string; src_port: number; dst_ip: string; dst_port: number }): string {
  return [`${e.src_ip}:${e.src_port}`, `${e.dst_ip}:${e.dst_port}`].sort().join(' ');
}

/** b and c of a JA4; nDPI hashes the empty list where the method has zeros. */
function hashes(print: string): string {
  return print.slice(print.indexOf('_') + 1).replaceAll('e3b0c44298fc', '000000000000');
}

function ndpiVectors(text: string): { ja3: string[]; ja4: string[] } {
  const ja3: string[] = [];
  const ja4: string[] = [];
  for (const line of text.split('\n')) {
    const flow = /^\t\d+\t(?:TCP|UDP) (\S+) <?->? (\S+) /.exec(line);
    if (flow === null) continue;
    const a = plain(flow[1]!);
    const b = plain(flow[2]!);
    if (a === null || b === null) continue;
    const where = [a, b].sort().join(' ');
    const one = /\[JA3C: ([0-9a-f]{32})/.exec(line);
    if (one !== null) ja3.push(`${where} ${one[1]}`);
    const four = /\[JA4: (\S+?)\]/.exec(line);
    if (four !== null) ja4.push(`${where} ${hashes(four[1]!)}`);
  }
  return { ja3, ja4 };
}

/** nDPI writes IPv6 in brackets, and some of it so that no one can read it back: null. */
function plain(end: string): string | null {
  const close = end.lastIndexOf(':');
  const ip = canonicalIp(end.slice(0, close).replace(/^\[|\]$/g, ''));
  return ip === null ? null : `${ip}${end.slice(close)}`;
}
