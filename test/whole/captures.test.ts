import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { AnalyzeResult } from '../../src/pipeline/route.ts';
import { addLedger, emptyLedger, residue, total } from '../../src/schema/ledger.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import {
  ACK,
  Conversation,
  capture,
  frame,
  ipv4,
  pcapngCapture,
  SYN,
  segment,
  type TimedFrame,
} from '../packets.ts';
import { run, temporaryFolder, unplaced } from './run-analyze.ts';

/** Captures of one sensor, whole and cut into files, are one stream (docs/decisions/0011). */

const hour = 3600e6;
const folder = temporaryFolder();
let store: Store;
let whole: AnalyzeResult;
let rows: Record<string, unknown>[];

/** Twelve hours: a beacon, a session that lasts through all of them, people on the web, a scan in the ninth. */
function day(): TimedFrame[] {
  const frames: TimedFrame[] = [];
  const tls = (client: string, port: number, server: string, at: number, bytes: number): void => {
    const talk = new Conversation(client, port, server, 443).wait(at).open();
    frames.push(...talk.client(Buffer.alloc(300, port)).server(Buffer.alloc(bytes, port)).close().frames);
  };
  for (let i = 0; i < 720; i++) tls('10.0.0.5', 20_000 + i, '203.0.113.9', i * 60e6, 120);
  const person = (i: number): number => (Math.imul(i, 2_654_435_761) >>> 0) / 2 ** 32;
  for (let i = 0; i < 400; i++) {
    const host = `10.0.0.${10 + (i % 5)}`;
    tls(
      host,
      40_000 + i,
      `198.51.100.${1 + (i % 40)}`,
      person(i) * 12 * hour,
      Math.floor(person(i + 1000) * 9000),
    );
  }
  const session = new Conversation('10.0.0.7', 50_000, '10.0.0.2', 22).open();
  for (let i = 0; i < 800; i++) session.wait(50e6).client(Buffer.alloc(64, i));
  frames.push(...session.close().frames);
  for (let i = 1; i < 255; i++) {
    const syn = segment(30_000 + i, 445, i * 1000, 0, SYN);
    frames.push(frame(ipv4('10.0.0.6', `10.0.3.${i}`, 6, syn, 0, i), 8.3 * hour + i * 20_000));
  }
  return frames.sort((a, b) => a.time - b.time);
}

async function stored(): Promise<Record<string, unknown>[]> {
  const all = await store.query<Record<string, unknown>>('SELECT * FROM connection ORDER BY event_id');
  return all.map(({ file, line, offset, source, stored_at, ...row }) => row);
}

function assertBalanced({ inputs }: AnalyzeResult): void {
  for (const one of inputs) assert.equal(residue(one.ledger), 0, one.file);
}

before(async () => {
  store = await openStore({ directory: null });
  const file = folder.write('whole.pcap', capture(day()));
  whole = await run(store, [file]);
  rows = await stored();
});
after(async () => {
  await store.close();
  folder.remove();
});

describe('twelve hourly captures', () => {
  test('give the events, ids and findings of one, whatever their names, form and packing', async () => {
    assert.ok(whole.findings.length >= 2, 'a beacon and a scan at least');
    assert.ok(rows.some((row) => row.dst_port === 22 && Number(row.duration_s) > 11 * 3600));
    const frames = day();
    const from = frames[0]!.time;
    const files = Array.from({ length: 12 }, (_, i) => {
      const part = frames.filter((one) => Math.floor((one.time - from) / hour) === i);
      const bytes = i % 3 === 0 ? pcapngCapture(part, {}) : capture(part);
      return i % 4 === 1
        ? folder.write(`hours/${(i * 5) % 12}.pcap.gz`, gzipSync(bytes))
        : folder.write(`hours/${(i * 5) % 12}.pcap`, bytes);
    });
    const result = await run(store, files);
    assertBalanced(result);
    assert.deepEqual(await stored(), rows);
    assert.deepEqual(unplaced(result.findings), unplaced(whole.findings));
    const sum = emptyLedger();
    for (const one of result.inputs) addLedger(sum, one.ledger);
    assert.deepEqual([sum.read, sum.stored], [rows.length, rows.length]);
    assert.equal(result.inputs.length, 12);
  });

  test('and a mirror of some of them, beside logs of another kind, add nothing, and that is told', async () => {
    const frames = day();
    const half = Math.floor(frames.length / 2);
    const files = [
      folder.write('tap/a.pcap', capture(frames.slice(0, half))),
      folder.write('tap/b.pcap', capture(frames.slice(half))),
      folder.write('mirror/m.pcap', capture(frames.slice(half - 500, half + 500))),
    ];
    const result = await run(store, files);
    assertBalanced(result);
    assert.deepEqual(await stored(), rows);
    assert.deepEqual(unplaced(result.findings), unplaced(whole.findings));
    const copies = result.inputs.reduce((sum, one) => sum + total(one.ledger.duplicates), 0);
    assert.equal(copies, 1000);
  });
});

test('two taps, one for each direction, are no one-sided traffic', async () => {
  const frames = day();
  const from_server = (one: TimedFrame): boolean => one.bytes.readUInt16BE(34) < 1000;
  assert.ok(frames.some((one) => from_server(one) && (one.bytes[47]! & ACK) !== 0));
  const files = [
    folder.write('taps/in.pcap', capture(frames.filter(from_server))),
    folder.write('taps/out.pcap', capture(frames.filter((one) => !from_server(one)))),
  ];
  const result = await run(store, files);
  assertBalanced(result);
  assert.deepEqual(await stored(), rows);
  assert.deepEqual(unplaced(result.findings), unplaced(whole.findings));
});
