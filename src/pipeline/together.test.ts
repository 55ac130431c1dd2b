import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { collectingSink } from '../../test/collecting-sink.ts';
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
  udp,
} from '../../test/packets.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import type { Part } from '../schema/reading.ts';
import { detectFormat } from '../sources/index.ts';
import { byFirstTime, readTogether } from './together.ts';

interface Read {
  readonly events: WeirEvent[];
  /** by file */
  readonly sinks: (ReturnType<typeof collectingSink> & { copies: number })[];
  readonly most_open: number;
}

/** Reads captures as a run does, in pieces of `piece` bytes, without a store. */
async function read(files: readonly Buffer[], piece = 100): Promise<Read> {
  const decoder = detectFormat(files[0]!)!.joint!.open({ latest_time: 4e15, keep_raw: false });
  const sinks = files.map(() => {
    const sink = { ...collectingSink(), copies: 0, duplicate: () => {} };
    sink.event = (event, line, offset, raw) => sink.events.push({ event, line, offset, raw });
    sink.duplicate = () => sink.copies++;
    return sink;
  });
  const waiting = files
    .flatMap((file, i) => {
      const format = detectFormat(file)!;
      const finder = format.joint!.parts?.();
      for (let at = 0; at < file.length; at += piece) finder?.push(file.subarray(at, at + piece));
      const whole = {
        offset: 0,
        end: Number.POSITIVE_INFINITY,
        line: 0,
        first_time: format.first_time(file),
      };
      const parts: Part[] = finder?.end() ?? [];
      return (parts.length > 0 ? parts : [whole]).map((part) => ({ i, file, part, ...part }));
    })
    .sort(byFirstTime);
  let open = 0;
  let most_open = 0;
  for (const [i] of files.entries()) {
    await readTogether({
      waiting,
      wanted: (one) => one.i === i,
      join: async ({ i: of, file, part }) => {
        most_open = Math.max(most_open, ++open);
        return { to: decoder.add(sinks[of]!, part), chunks: pieces(file, piece) };
      },
      pushed: async () => {},
      leave: async () => {
        open--;
      },
    });
  }
  decoder.end();
  assert.equal(waiting.length, 0);
  return { events: sinks.flatMap((one) => one.events.map(({ event }) => event)), sinks, most_open };
}

async function* pieces(file: Buffer, piece: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < file.length; at += piece) yield file.subarray(at, at + piece);
}

const sorted = (events: readonly WeirEvent[]): string[] => events.map((one) => JSON.stringify(one)).sort();
const connections = ({ events }: Read): WeirEvent[] => events.filter((one) => one.kind === 'connection');
const byTime = (frames: readonly TimedFrame[]): TimedFrame[] => [...frames].sort((a, b) => a.time - b.time);

/** Ten minutes of a few hosts: web pages of a slow server, queries, an upload, an hour later a beacon; `alike`: with packets said twice. */
function traffic(alike: boolean): TimedFrame[] {
  const frames: TimedFrame[] = [];
  const query = Buffer.from('123401000001000000000000076578616d706c6503636f6d0000010001', 'hex');
  for (let i = 0; i < 20; i++) {
    const web = new Conversation(`10.0.0.${1 + (i % 4)}`, 40_000 + i, '198.51.100.7', 80, 1000 * i)
      .wait(i * 30_000_000)
      .open()
      .client(`GET /${i} HTTP/1.1\r\nHost: shop.example\r\n\r\n`)
      .wait(20_000_000)
      .server('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
      .wait(40_000_000)
      .fromClient(ACK, Buffer.alloc(1), -1);
    if (alike) web.fromClient(ACK, Buffer.alloc(1), -1);
    frames.push(...web.close().frames);
    frames.push(frame(udp('10.0.0.1', 5000 + i, '10.0.0.53', 53, query), i * 11_000_000));
    for (const at of alike ? [0, 1, 3_600_000_000] : [0, 3_600_000_000]) {
      frames.push(
        frame(udp('10.0.0.2', 7000, '203.0.113.9', 4500, Buffer.from('beat')), i * 17_000_000 + at),
      );
    }
  }
  const upload = new Conversation('10.0.0.3', 50_000, '203.0.113.5', 443).open();
  for (let i = 0; i < 200; i++) upload.wait(3_000_000).client(Buffer.alloc(500, i));
  frames.push(...upload.frames);
  return byTime(frames);
}

test('a capture that was cut into files gives exactly what the whole one gives, however it is cut and named', async () => {
  const frames = traffic(true);
  const whole = await read([capture(frames)]);
  assert.ok(connections(whole).length > 40);
  const twelve = Array.from({ length: 12 }, (_, i) =>
    frames.slice(Math.floor((i * frames.length) / 12), Math.floor(((i + 1) * frames.length) / 12)),
  );
  const cut = await read(twelve.map((part) => capture(part)));
  assert.deepEqual(sorted(cut.events), sorted(whole.events));
  const cuts = fc.array(fc.nat(frames.length), { maxLength: 14 });
  await fc.assert(
    fc.asyncProperty(cuts, fc.infiniteStream(fc.boolean()), fc.nat(1000), async (at, forms, order) => {
      const bounds = [0];
      // Which of two files that begin in the same microsecond comes first nobody can tell.
      for (const one of at.sort((a, b) => a - b)) {
        if (one < frames.length && frames[one]!.time > frames[bounds.at(-1)!]!.time) bounds.push(one);
      }
      bounds.push(frames.length);
      const files = bounds
        .slice(1)
        .map((end, i) => frames.slice(bounds[i], end))
        .map((part) => (forms.next().value === true ? capture(part) : pcapngCapture(part, {})));
      // Names say nothing: files come in any order.
      files.sort(() => ((order * 7919) % 3) - 1);
      const got = await read(files, 1 + (order % 300));
      assert.deepEqual(sorted(got.events), sorted(whole.events));
      assert.ok(got.sinks.every((one) => one.copies === 0 && one.rejects.length === 0));
    }),
    { numRuns: 40 },
  );
});

test('an event of a flow that goes on in the next file names the file and packet where it began', async () => {
  const { frames } = new Conversation().open().client('hello').wait(10_000_000).client('again').close();
  const { sinks } = await read([capture(frames.slice(0, 4)), capture(frames.slice(4))]);
  assert.deepEqual(
    sinks.map((one) => one.events.map(({ event, line }) => [event.kind, line])),
    [[['connection', 1]], []],
  );
});

test('a second capture of the same traffic adds nothing but what the first one missed', async () => {
  const frames = traffic(true);
  const whole = await read([capture(frames)]);
  const late = (by: number): TimedFrame[] => frames.map((one) => ({ ...one, time: one.time + by }));
  const twice = await read([capture(frames), capture(late(0))]);
  assert.deepEqual(sorted(twice.events), sorted(whole.events));
  assert.equal(twice.sinks[0]!.copies + twice.sinks[1]!.copies, frames.length);
  assert.equal(twice.most_open, 2);
  // clocks that differ, a mirror that sees every packet without its MAC and a hop later
  const hop = late(200_000).map((one) => {
    const bytes = Buffer.from(one.bytes);
    bytes.fill(7, 0, 12);
    bytes[22] = 63;
    return { ...one, bytes };
  });
  const mirror = await read([capture(frames), capture(hop)]);
  assert.deepEqual(sorted(mirror.events), sorted(whole.events));
  // each lost other packets
  const once = traffic(false);
  const lossy = await read([
    capture(once.filter((_, i) => i % 3 !== 0)),
    capture(once.filter((_, i) => i % 3 === 0 || i % 2 === 0)),
  ]);
  assert.deepEqual(sorted(lossy.events), sorted((await read([capture(once)])).events));
});

test('two taps of one wire, one for each direction, are one flow table', async () => {
  const frames = traffic(false);
  const whole = await read([capture(frames)]);
  const source = (one: TimedFrame): number => one.bytes[26]!;
  const out = frames.filter((one) => source(one) === 10);
  const back = frames.filter((one) => source(one) !== 10);
  assert.ok(out.length > 100 && back.length > 100);
  const taps = await read([capture(back), capture(out)]);
  assert.deepEqual(sorted(taps.events), sorted(whole.events));
});

test('a capture that a tool split by flow, or in turn, drops and doubles nothing, also in more files than are open at once', async () => {
  const frames = traffic(false);
  const whole = await read([capture(frames)]);
  const by_port = Map.groupBy(frames, (one) =>
    Math.max(
      one.bytes.readUInt16BE(34) * (one.bytes[26] === 10 ? 1 : 0),
      one.bytes.readUInt16BE(36) * (one.bytes[26] === 10 ? 0 : 1),
    ),
  );
  assert.ok(by_port.size > 40);
  const flows = await read([...by_port.values()].map((part) => capture(part)));
  assert.deepEqual(sorted(flows.events), sorted(whole.events));
  assert.ok(flows.most_open <= 32);
  const turns = await read([0, 1, 2].map((i) => capture(frames.filter((_, n) => n % 3 === i))));
  assert.deepEqual(sorted(turns.events), sorted(whole.events));
});

test('sections of a pcapng file that lie over each other in time are read side by side', async () => {
  const frames = traffic(false);
  const whole = await read([capture(frames)]);
  const even = frames.filter((_, i) => i % 2 === 0);
  const odd = frames.filter((_, i) => i % 2 === 1);
  const sections = Buffer.concat([
    pcapngCapture(even, { resolution: 9 }),
    pcapngCapture(odd, { big: true, interfaces: [{ link: 101, resolution: 6 }] }),
  ]);
  const got = await read([sections]);
  const bare = (events: WeirEvent[]): string[] =>
    sorted(events.map((one) => ({ ...one, src_mac: '', dst_mac: '' })));
  assert.deepEqual(bare(got.events), bare(whole.events));
  assert.deepEqual(
    got.sinks[0]!.events.map(({ line }) => line).every((line) => line >= 1 && line <= frames.length),
    true,
  );
  const copies = await read([
    Buffer.concat([pcapngCapture(frames, {}), pcapngCapture(frames, { big: true })]),
  ]);
  assert.deepEqual(sorted(copies.events), sorted(whole.events));
  assert.equal(copies.sinks[0]!.copies, frames.length);
  const backwards = await read([
    Buffer.concat([pcapngCapture(frames.slice(100), {}), pcapngCapture(frames.slice(0, 100), {})]),
  ]);
  assert.deepEqual(sorted(backwards.events), sorted(whole.events));
});

test('a clock that was set back does not make a flow of every packet', async () => {
  const talk = new Conversation().open();
  for (let i = 0; i < 50; i++) talk.wait(1_000_000).client('x');
  talk.close();
  const early = talk.frames.map((one) => ({ ...one, time: one.time - 3_600_000_000 }));
  const { events } = await read([
    capture([frame(ipv4('10.9.9.9', '10.9.9.8', 6, segment(1, 2, 1, 0, SYN))), ...early]),
  ]);
  assert.equal(events.filter((one) => one.kind === 'connection' && one.src_ip === '10.0.0.1').length, 1);
});
