import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ZodType } from 'zod';
import { type CollectingSink, collectingSink } from '../../test/collecting-sink.ts';
import { canonicalIp } from '../base/ip.ts';
import { tables } from '../schema/event/index.ts';
import type { SourceFormat } from '../schema/reading.ts';
import { recordCheck } from '../schema/table.ts';
import { detectFormat, formats } from './index.ts';

/** What every parser of log lines must hold to. Captures have a contract test of their own beside their decoder. */

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'test', 'fixtures');
const fixtures = ['zeek', 'zeek-json', 'suricata'].flatMap((name) =>
  readdirSync(join(folder, name)).map((file) => ({
    name: `${name}/${file}`,
    file,
    bytes: readFileSync(join(folder, name, file)),
  })),
);
const latest_time = Date.UTC(2030, 0, 1) * 1000;
const checks = new Map<string, ZodType>(
  Object.entries(tables).map(([kind, table]) => [kind, recordCheck(table)]),
);
const ipColumns = new Map(
  Object.entries(tables).map(([kind, table]) => [
    kind,
    Object.entries(table.columns)
      .filter(([, column]) => column.type === 'ip')
      .map(([name]) => name),
  ]),
);

function decode(
  format: SourceFormat,
  file: string,
  chunks: readonly Buffer[],
  keep_raw = true,
): CollectingSink {
  const sink = collectingSink();
  const decoder = format.open(file, sink, { latest_time, keep_raw });
  for (const chunk of chunks) decoder.push(chunk);
  decoder.end();
  return sink;
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === 10) count++;
  return count + (bytes.length > 0 && bytes.at(-1) !== 10 ? 1 : 0);
}

/**
 * Every line in exactly one of the three, at a place that exists; every event as its table says. Where records are no
 * lines (in lists, over several lines) each has a place of its own.
 */
function assertContract(sink: CollectingSink, bytes: Buffer, name: string): void {
  const places = new Map<number, string>();
  const by_lines = name !== 'wrapped';
  const place = (line: number, offset: number, what: string) => {
    const key = by_lines ? line : offset;
    const before = places.get(key);
    assert.ok(
      before === undefined || (before === 'event' && what === 'event'),
      `${name}: line ${line} twice`,
    );
    places.set(key, what);
    assert.ok(line >= 1 && offset >= 0 && offset <= bytes.length, `${name}: ${line} at ${offset}`);
    assert.ok(!by_lines || offset === 0 || bytes[offset - 1] === 10, `${name}: ${offset} begins no line`);
  };
  for (const one of sink.events) place(one.line, one.offset, 'event');
  for (const one of sink.filtereds) place(one.line, one.offset, 'filtered');
  for (const one of sink.rejects) {
    place(one.line, one.offset, 'rejected');
    assert.ok(one.reason.length > 0 && one.reason.length < 300, one.reason);
    assert.ok(one.excerpt.length <= 4096);
  }
  if (by_lines) assert.equal(places.size, countLines(bytes), `${name}: the ledger does not balance`);
  for (const { event } of sink.events) {
    const result = checks.get(event.kind)!.safeParse(event);
    assert.ok(result.success, `${name}: ${JSON.stringify(event)} ${result.error?.message}`);
    assert.ok(event.time <= latest_time);
    for (const column of ipColumns.get(event.kind)!) {
      const ip = (event as unknown as Record<string, string>)[column]!;
      assert.ok(ip === '' || canonicalIp(ip) === ip, `${name}: ${column} ${ip}`);
    }
  }
}

test('every fixture is told by its content and read without a reject', () => {
  for (const { name, file, bytes } of fixtures) {
    const format = detectFormat(bytes.subarray(0, 65_536));
    assert.ok(format, name);
    const sink = decode(format, file, [bytes]);
    assert.deepEqual(sink.rejects, [], name);
    assertContract(sink, bytes, name);
    if (!name.includes('reporter')) assert.ok(sink.events.length > 0, name);
  }
});

test('every kind of event is read from some fixture', () => {
  const kinds = new Set<string>();
  for (const { file, bytes } of fixtures)
    for (const { event } of decode(detectFormat(bytes)!, file, [bytes]).events) kinds.add(event.kind);
  // An ICMP message is told from a connection where events are placed, in enrich/.
  assert.deepEqual([...kinds, 'icmp_message'].sort(), Object.keys(tables).sort());
});

test('a Zeek record is the same event from TSV, from JSON and from JSON that names its log', () => {
  const of = (folderName: string, file: string) => {
    const fixture = fixtures.find((one) => one.name === `${folderName}/${file}`)!;
    return decode(detectFormat(fixture.bytes)!, file, [fixture.bytes]).events.map((one) => one.event);
  };
  const all: unknown[] = [];
  for (const { name, file } of fixtures) {
    if (!name.startsWith('zeek/')) continue;
    const tsv = of('zeek', file);
    assert.deepEqual(of('zeek-json', file.replace('.log', '.json')), tsv, name);
    all.push(...tsv);
  }
  const key = (event: unknown) => JSON.stringify(event);
  assert.deepEqual(of('zeek-json', 'mixed.json').map(key).sort(), all.map(key).sort());
});

test('events do not depend on how the bytes are cut', () => {
  for (const { name, file, bytes } of fixtures) {
    const format = detectFormat(bytes)!;
    const whole = decode(format, file, [bytes]);
    for (const size of [1, 7, 64, 1000]) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      const cut = decode(format, file, chunks);
      assert.deepEqual(cut.events, whole.events, `${name} in pieces of ${size}`);
      assert.deepEqual(cut.filtereds, whole.filtereds, `${name} in pieces of ${size}`);
    }
  }
});

test('a file that ends anywhere is read up to there', () => {
  for (const { name, file, bytes } of fixtures) {
    const format = detectFormat(bytes)!;
    const step = bytes.length > 4000 ? 7 : 1;
    for (let end = 0; end <= bytes.length; end += step) {
      const cut = bytes.subarray(0, end);
      const sink = decode(format, file, [cut], false);
      assertContract(sink, cut, `${name} cut at ${end}`);
      assert.ok(sink.rejects.length <= 1, `${name} cut at ${end}: ${sink.rejects.map((one) => one.reason)}`);
    }
  }
});

/** Numerical Recipes' generator: the same mutations in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const tokens = [
  '\t',
  '\n',
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '-',
  '0',
  '9999999999999999999',
  'null',
  '\\x',
  '#',
  '\0',
];

test('no damage to the bytes makes a parser throw, lose a line, or give out a record that is not as its table says', () => {
  for (const { name, file, bytes } of fixtures) {
    const format = detectFormat(bytes)!;
    const random = seeded(bytes.length);
    for (let round = 0; round < 60; round++) {
      let damaged = Buffer.from(bytes);
      for (let n = random(4) + 1; n > 0; n--) {
        const at = random(damaged.length);
        if (random(3) === 0) {
          const token = Buffer.from(tokens[random(tokens.length)]!);
          damaged = Buffer.concat([damaged.subarray(0, at), token, damaged.subarray(at + random(8))]);
        } else damaged[at] = random(256);
      }
      assertContract(decode(format, file, [damaged], false), damaged, `${name} round ${round}`);
    }
  }
});

test('bytes of any other kind are read by every parser without a throw', () => {
  const random = seeded(7);
  const noise = Buffer.from(Array.from({ length: 5000 }, () => random(256)));
  noise[0] = 1;
  const samples = [
    noise,
    Buffer.alloc(3000),
    Buffer.from('\n\n\n'),
    Buffer.from('{}\n[]\nnull\n1\n""\n{"ts":1}\n#\n# \n#fields\n'),
  ];
  for (const { bytes } of fixtures) samples.push(bytes);
  for (const format of formats) {
    if (format.id.startsWith('pcap')) continue;
    for (const bytes of samples) {
      format.detect(bytes);
      format.first_time(bytes);
      assertContract(decode(format, 'x', [bytes], false), bytes, format.id);
    }
  }
});

test('a password is kept nowhere: not in an event, not in its raw record, not in a reject', () => {
  for (const { name, file, bytes } of fixtures) {
    const format = detectFormat(bytes)!;
    const whole = decode(format, file, [bytes]);
    for (const one of whole.events) {
      assert.ok(!JSON.stringify(one).includes('hunter2'), `${name} line ${one.line}`);
      assert.ok(!JSON.stringify(one).includes('aHVudGVyMi1zZWNyZXQ'), `${name} line ${one.line}`);
    }
    // every record made unreadable: a port out of range, and for TSV a column too many
    for (const damage of [/(\t| ?"(?:id\.orig_p|src_port)": ?)\d{2,5}/g, /\b10\.20\./g]) {
      const text = bytes
        .toString()
        .replace(damage, (found, before: unknown) =>
          typeof before === 'string' ? `${before}99999` : `${found}\t`,
        );
      for (const one of decode(format, file, [Buffer.from(text)]).rejects)
        assert.ok(!one.excerpt.includes('hunter2'), `${name}: ${one.excerpt}`);
    }
  }
});
