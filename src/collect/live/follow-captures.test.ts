import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Follower, type FollowOptions } from './follow.ts';
import type { Delivery, Position } from './input.ts';

let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'weir-captures-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const pcapHeader = Buffer.alloc(24);
pcapHeader.writeUInt32LE(0xa1b2c3d4, 0);
pcapHeader.writeUInt32LE(1, 20);

/** A packet of `size` bytes, all `fill`, at a time in seconds. */
function packet(time: number, size: number, fill: number): Buffer {
  const record = Buffer.alloc(16 + size, fill);
  record.writeUInt32LE(time, 0);
  record.writeUInt32LE(0, 4);
  record.writeUInt32LE(size, 8);
  record.writeUInt32LE(size, 12);
  return record;
}

/** A block of pcapng. */
function block(type: number, body: Buffer): Buffer {
  const whole = Buffer.alloc(12 + body.length);
  whole.writeUInt32LE(type, 0);
  whole.writeUInt32LE(whole.length, 4);
  body.copy(whole, 8);
  whole.writeUInt32LE(whole.length, whole.length - 4);
  return whole;
}
const section = block(0x0a0d0d0a, Buffer.from('4d3c2b1a01000000ffffffffffffffff', 'hex'));
const link = block(1, Buffer.from('0100000000000400', 'hex'));
function enhanced(ticks: number, on = 0): Buffer {
  const body = Buffer.alloc(20 + 60, ticks);
  [on, 0, ticks, 60, 60].forEach((one, i) => {
    body.writeUInt32LE(one, 4 * i);
  });
  return block(6, body);
}

async function follow(positions: readonly Position[] = [], more: Partial<FollowOptions> = {}) {
  const pieces: Delivery[] = [];
  const saved = new Map<string, Position>(positions.map((one) => [one.key, one]));
  const follower = new Follower({
    ...{ source: 'c', paths: [folder], from: 'beginning', positions, poll_ms: 3_600_000, quiet_ms: 0 },
    ...more,
  });
  await follower.start(async (piece) => {
    pieces.push(piece);
    if (piece.position !== null) saved.set(piece.position.key, JSON.parse(JSON.stringify(piece.position)));
  });
  const round = async (n = 1): Promise<void> => {
    for (let i = 0; i < n; i++) await follower.round();
  };
  await round();
  const bytes = (): Buffer => Buffer.concat(pieces.map((one) => one.bytes));
  return { follower, pieces, saved, round, bytes };
}

it('a capture that grows is read by whole packets, with its header beside them, also after a restart', async () => {
  const [a, b, c] = [packet(1, 100, 1), packet(2, 200, 2), packet(3, 300, 3)];
  fs.writeFileSync(at('x.pcap'), Buffer.concat([pcapHeader, a, b.subarray(0, 50)]));
  const first = await follow();
  fs.appendFileSync(at('x.pcap'), b.subarray(50));
  await first.round();
  await first.follower.stop(100);
  fs.appendFileSync(at('x.pcap'), c);
  const second = await follow([...first.saved.values()]);
  await second.follower.stop(100);
  const pieces = [...first.pieces, ...second.pieces].filter((one) => one.bytes.length > 0);
  assert.deepEqual(
    pieces.map(({ bytes, offset, line }) => [Buffer.from(bytes), offset, line]),
    [
      [a, 24, 1],
      [b, 24 + a.length, 2],
      [c, 24 + a.length + b.length, 3],
    ],
  );
  for (const { head } of pieces) assert.deepEqual(Buffer.from(head!), pcapHeader);
  assert.equal(first.follower.state().received_records, 2);
});

it('a pcapng that grows: interfaces that come later are in the header of what follows them, also after a restart', async () => {
  fs.writeFileSync(at('x.pcapng'), Buffer.concat([section, link, enhanced(1), link, enhanced(2, 1)]));
  const first = await follow();
  await first.follower.stop(100);
  fs.appendFileSync(at('x.pcapng'), enhanced(3, 1));
  const second = await follow([...first.saved.values()]);
  await second.follower.stop(100);
  const [one] = first.pieces.filter((piece) => piece.bytes.length > 0);
  const [two] = second.pieces.filter((piece) => piece.bytes.length > 0);
  assert.deepEqual(Buffer.from(one!.head!), Buffer.concat([section, link]));
  assert.deepEqual(Buffer.from(one!.bytes), Buffer.concat([enhanced(1), link, enhanced(2, 1)]));
  assert.deepEqual(Buffer.from(two!.head!), Buffer.concat([section, link, link]));
  assert.deepEqual(Buffer.from(two!.bytes), enhanced(3, 1));
  assert.equal(two!.line, 3);
});

it('captures of a folder are read one after the other, by their first packet and not by their names', async () => {
  fs.writeFileSync(at('c.pcap'), Buffer.concat([pcapHeader, packet(1, 50, 1)]));
  fs.writeFileSync(at('a.pcap'), Buffer.concat([pcapHeader, packet(3, 50, 3)]));
  fs.writeFileSync(at('b.pcap'), Buffer.concat([section, link, enhanced(2_000_000)]));
  fs.writeFileSync(at('d.pcap.gz'), gzipSync(Buffer.concat([pcapHeader, packet(4, 50, 4)])));
  const { follower, pieces, round } = await follow();
  await round(2);
  await follower.stop(100);
  const order = pieces
    .filter((one) => one.bytes.length > 0)
    .map((one) => one.origin.slice(folder.length + 1));
  assert.deepEqual(order, ['c.pcap', 'b.pcap', 'a.pcap', 'd.pcap.gz']);
});

it('a capture that ends within a packet gives what is left when it is over', async () => {
  fs.writeFileSync(
    at('x.pcap'),
    Buffer.concat([pcapHeader, packet(1, 50, 1), packet(2, 50, 2).subarray(0, 20)]),
  );
  const { follower, pieces, bytes, round } = await follow();
  fs.renameSync(at('x.pcap'), at('y.pcap'));
  await round(2);
  await follower.stop(100);
  assert.equal(bytes().length, 66 + 20);
  assert.equal(pieces.at(-1)!.ended, true);
  assert.deepEqual(follower.state().noticed, { 'last records without their end': 1 });
});

it('from the end: what is there is passed over, up to a whole packet', async () => {
  const [a, b] = [packet(1, 100, 1), packet(2, 200, 2)];
  fs.writeFileSync(at('x.pcap'), Buffer.concat([pcapHeader, a, b.subarray(0, 50)]));
  const { follower, pieces, bytes, round } = await follow([], { from: 'end' });
  fs.appendFileSync(at('x.pcap'), b.subarray(50));
  await round();
  await follower.stop(100);
  assert.deepEqual(bytes(), b);
  assert.deepEqual(Buffer.from(pieces.find((one) => one.bytes.length > 0)!.head!), pcapHeader);
});

it('a folder that is filled and emptied as by dumpcap -b loses no packet and repeats none', async () => {
  // A ring of three files of 20 packets, written in steps that cut packets in two, by another process.
  const script = `
    const fs = require('node:fs');
    const [folder] = process.argv.slice(1);
    const header = Buffer.from('${pcapHeader.toString('hex')}', 'hex');
    (async () => {
      for (let file = 0; file < 10; file++) {
        const fd = fs.openSync(folder + '/ring_' + file + '.pcap', 'w');
        fs.writeSync(fd, header);
        for (let i = 0; i < 20; i++) {
          const record = Buffer.alloc(16 + 100);
          record.writeUInt32LE(file * 20 + i + 1, 0);
          record.writeUInt32LE(100, 8);
          record.writeUInt32LE(100, 12);
          fs.writeSync(fd, record.subarray(0, 40));
          await new Promise((resolve) => setTimeout(resolve, 2));
          fs.writeSync(fd, record.subarray(40));
        }
        fs.closeSync(fd);
        if (file >= 3) fs.rmSync(folder + '/ring_' + (file - 3) + '.pcap');
      }
    })();`;
  const child = spawn(process.execPath, ['-e', script, folder]);
  const over = new Promise((resolve) => child.on('exit', resolve));
  const { follower, bytes, round } = await follow([], { poll_ms: 20 });
  await over;
  await round(3);
  await follower.stop(1_000);
  const all = bytes();
  const times = [];
  for (let i = 0; i < all.length; i += 116) times.push(all.readUInt32LE(i));
  assert.deepEqual(
    times,
    Array.from({ length: 200 }, (_, i) => i + 1),
  );
});
