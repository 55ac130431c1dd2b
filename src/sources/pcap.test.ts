import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CollectingSink, collectingSink } from '../../test/collecting-sink.ts';
import { Conversation, capture, frame, pcapngCapture, udp } from '../../test/packets.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import { pcap } from './pcap.ts';
import { pcapng } from './pcapng.ts';

const options = { latest_time: 4_000_000_000_000_000, keep_raw: false };

function read(file: Buffer, cut = file.length): CollectingSink {
  const sink = collectingSink();
  const format = pcap.detect(file) > 0 ? pcap : pcapng;
  const decoder = format.open('test', sink, options);
  for (let i = 0; i < file.length; i += cut) decoder.push(file.subarray(i, Math.min(file.length, i + cut)));
  decoder.end();
  return sink;
}

const conversation = new Conversation()
  .open()
  .client('GET / HTTP/1.1\r\nHost: Example.org\r\n\r\n')
  .server('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
  .close();

function events(sink: CollectingSink): WeirEvent[] {
  return sink.events.map((one) => one.event);
}

test('a capture gives the same events in either byte order, in µs and in ns, and as pcapng', () => {
  const want = events(read(capture(conversation.frames)));
  assert.deepEqual(
    want.map((event) => event.kind),
    ['http', 'connection'],
  );
  for (const big of [false, true]) {
    for (const nanos of [false, true]) {
      assert.deepEqual(events(read(capture(conversation.frames, { big, nanos }))), want, `${big} ${nanos}`);
    }
    for (const resolution of [undefined, 6, 9, 3, 0x80 | 20]) {
      const got = events(read(pcapngCapture(conversation.frames, { big, resolution })));
      assert.deepEqual(
        got.map((event) => event.kind),
        ['http', 'connection'],
      );
      if (resolution === undefined || resolution === 6 || resolution === 9) assert.deepEqual(got, want);
    }
  }
});

test('where the bytes are cut into chunks changes nothing', () => {
  for (const file of [capture(conversation.frames), pcapngCapture(conversation.frames, {})]) {
    const want = read(file);
    for (const cut of [1, 2, 3, 7, 16, 24, 41, 100, 1000]) {
      const got = read(file, cut);
      assert.deepEqual(got.events, want.events, `${cut}`);
      assert.deepEqual(got.rejects, want.rejects);
    }
  }
});

test('a file that ends in the middle of a packet gives one reject and the flows up to there', () => {
  for (const file of [capture(conversation.frames), pcapngCapture(conversation.frames, {})]) {
    for (const short of [1, 5, 30]) {
      const sink = read(file.subarray(0, file.length - short));
      assert.equal(sink.rejects.length, 1);
      assert.match(sink.rejects[0]!.reason, /cut short/);
      assert.ok(sink.rejects[0]!.offset > 0);
      assert.equal(sink.events.at(-1)!.event.kind, 'connection');
    }
  }
});

test('an empty capture is no error, an empty file is one', () => {
  assert.deepEqual(read(capture([])).rejects, []);
  assert.equal(read(capture([]).subarray(0, 0)).rejects.length, 1);
  const decoder = collectingSink();
  const open = pcap.open('x', decoder, options);
  open.push(Buffer.alloc(0));
  open.end();
  assert.equal(decoder.rejects[0]!.reason, 'file header cut short');
});

test('a packet header that cannot be is one reject, and reading goes on at the next packet', () => {
  const frames = conversation.frames;
  const file = capture(frames);
  const third = 24 + 2 * 16 + frames[0]!.bytes.length + frames[1]!.bytes.length;
  file.writeUInt32LE(0x7fffffff, third + 8);
  const sink = read(file);
  assert.equal(sink.rejects.length, 1);
  assert.equal(sink.rejects[0]!.offset, third);
  assert.equal(sink.rejects[0]!.line, 3);
  const connection = sink.events.map((one) => one.event).find((event) => event.kind === 'connection');
  assert.equal(connection!.src_packets + connection!.dst_packets, frames.length - 1);
});

test('a broken pcapng block ends the file with one reject', () => {
  const file = pcapngCapture(conversation.frames, {});
  const at = file.length - 4;
  file.writeUInt32LE(13, at);
  const sink = read(file);
  assert.equal(sink.rejects.length, 1);
  assert.equal(sink.rejects[0]!.reason, 'block whose two lengths differ');
});

test('a packet from the future or from before 1970 is a reject', () => {
  const frames = [
    ...conversation.frames,
    { ...frame(udp('10.0.0.1', 1000, '10.0.0.2', 2000, Buffer.from('x'))), time: 4_100_000_000_000_000 },
  ];
  const sink = read(capture(frames));
  assert.deepEqual(
    sink.rejects.map((one) => one.reason),
    ['time in the future'],
  );
  const back = read(pcapngCapture(conversation.frames, { offset_s: -3_000_000_000 }));
  assert.equal(back.rejects.length, conversation.frames.length);
  assert.equal(back.rejects[0]!.reason, 'time before 1970');
});

test('several interfaces of a pcapng file have their own link type and clock', () => {
  const raw = frame(udp('10.0.0.1', 5353, '224.0.0.251', 5353, Buffer.from('x')));
  const other = frame(udp('10.0.0.1', 5353, '224.0.0.251', 5353, Buffer.from('y')));
  const file = pcapngCapture([raw, { ...other, interface: 1 }], {
    interfaces: [
      { link: 1, resolution: 6 },
      { link: 101, resolution: 9 },
    ],
  });
  const sink = read(file);
  assert.deepEqual(sink.rejects, []);
  const connection = sink.events.map((one) => one.event).find((event) => event.kind === 'connection');
  assert.equal(connection!.src_packets, 2);
});

test('the first packet tells the time by which rotated files are put in order', () => {
  const file = capture(conversation.frames);
  assert.equal(pcap.first_time(file), conversation.frames[0]!.time);
  assert.equal(pcapng.first_time(pcapngCapture(conversation.frames, {})), conversation.frames[0]!.time);
  assert.equal(pcap.first_time(file.subarray(0, 30)), null);
  assert.equal(pcap.detect(Buffer.from('{"ts":1}'.padEnd(40))), 0);
  assert.equal(pcapng.detect(file), 0);
});

test('any byte of a capture may be changed and nothing is thrown', () => {
  for (const file of [capture(conversation.frames), pcapngCapture(conversation.frames, {})]) {
    let seed = 7;
    for (let round = 0; round < 400; round++) {
      const broken = Buffer.from(file);
      for (let n = 0; n < 3; n++) {
        seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
        broken[seed % broken.length] = (seed >>> 8) & 255;
      }
      assert.doesNotThrow(() => read(broken, 57));
    }
  }
});
