import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { WeirError } from '../../base/error.ts';
import { Follower, type FollowOptions } from './follow.ts';
import type { Delivery, Position } from './input.ts';

let folder = '';
let running: Follower[] = [];
const at = (name: string): string => join(folder, name);
const append = (name: string, text: string | Buffer): void => fs.appendFileSync(at(name), text);
const rename = (from: string, to: string): void => fs.renameSync(at(from), at(to));

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'weir-follow-'));
  running = [];
});
afterEach(async () => {
  for (const one of running) await one.stop(1_000);
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Who takes what is followed: keeps it and its positions at once, or as `take` says. */
class Taker {
  readonly pieces: Delivery[] = [];
  readonly positions = new Map<string, Position>();

  take = async (piece: Delivery): Promise<void> => {
    this.pieces.push({ ...piece, bytes: Buffer.from(piece.bytes) });
    const { position } = piece;
    if (position?.value === null) this.positions.delete(position.key);
    else if (position !== null) this.positions.set(position.key, JSON.parse(JSON.stringify(position)));
  };

  /** A follower that goes on where the last one was, with everything looked at by hand. */
  async follow(options: Partial<FollowOptions> = {}): Promise<Follower> {
    const follower = new Follower({
      ...{ source: 'zeek', paths: [folder], from: 'beginning', positions: [...this.positions.values()] },
      ...{ poll_ms: 3_600_000, quiet_ms: 0, idle_ms: 3_600_000 },
      ...options,
    });
    running.push(follower);
    await follower.start(this.take);
    await follower.round();
    return follower;
  }

  get lines(): string[] {
    return this.pieces.flatMap((one) => Buffer.from(one.bytes).toString().split('\n').filter(Boolean));
  }

  get text(): string {
    return this.pieces.map((one) => Buffer.from(one.bytes).toString()).join('');
  }
}

/** Lines that are like no others. */
function lines(of: string, n: number, bytes = 40): string {
  return Array.from({ length: n }, (_, i) => `${`${of}-${i} `.padEnd(bytes, '.')}\n`).join('');
}

async function rounds(follower: Follower, n = 3): Promise<void> {
  for (let i = 0; i < n; i++) await follower.round();
}

const long = (of: string): string => lines(of, 100);

describe('a file that grows', () => {
  it('is read once, in whole lines, with offset and line number', async () => {
    const to = new Taker();
    append('conn.log', 'one\ntwo\nthr');
    const follower = await to.follow();
    append('conn.log', 'ee\nfour\n');
    await rounds(follower);
    assert.equal(to.text, 'one\ntwo\nthree\nfour\n');
    const read = to.pieces.filter((one) => one.bytes.length > 0);
    assert.deepEqual(
      read.map(({ origin, offset, line }) => [origin, offset, line]),
      [
        [at('conn.log'), 0, 1],
        [at('conn.log'), 8, 3],
      ],
    );
    assert.equal(follower.state().received_records, 4);
    assert.equal(follower.state().received_bytes, to.text.length);
  });

  it('is read by the loop without being asked', async () => {
    const to = new Taker();
    append('conn.log', long('a'));
    const follower = new Follower({
      source: 's',
      paths: [folder],
      from: 'beginning',
      positions: [],
      poll_ms: 20,
    });
    running.push(follower);
    await follower.start(to.take);
    for (let i = 0; i < 5; i++) {
      append('conn.log', lines(`b${i}`, 3));
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    for (let i = 0; i < 100 && to.lines.length < 115; i++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(to.text, fs.readFileSync(at('conn.log'), 'utf8'));
    assert.ok((follower.state().quiet_since ?? 0) > 0);
  });

  it('is read from the end when that is asked for, and from there after a restart', async () => {
    const to = new Taker();
    append('conn.log', `${long('old')}half a li`);
    const first = await to.follow({ from: 'end' });
    await first.stop(100);
    append('conn.log', 'ne\nnew\n');
    append('dns.log', 'later\n');
    await to.follow({ from: 'end' });
    assert.deepEqual(to.lines.sort(), ['half a line', 'later', 'new']);
  });

  it('a last line without its end waits, and is told when the file is over', async () => {
    const to = new Taker();
    append('conn.log', 'one\ntwo');
    const follower = await to.follow();
    await rounds(follower);
    assert.equal(to.text, 'one\n');
    rename('conn.log', 'conn.log.1');
    append('conn.log', 'three\n');
    await rounds(follower);
    assert.deepEqual(to.lines.sort(), ['one', 'three', 'two']);
    const last = to.pieces.find((one) => one.ended && one.bytes.length > 0);
    assert.equal(Buffer.from(last!.bytes).toString(), 'two');
    assert.deepEqual(follower.state().noticed, { 'last records without their end': 1 });
  });

  it('a line longer than a megabyte is left out and counted, what follows is read', async () => {
    const to = new Taker();
    append('conn.log', `one\n${'x'.repeat(3 * 1024 * 1024)}`);
    const follower = await to.follow();
    await rounds(follower);
    append('conn.log', 'x\ntwo\n');
    await rounds(follower);
    assert.equal(to.text, 'one\ntwo\n');
    assert.equal(to.pieces.find((one) => Buffer.from(one.bytes).toString() === 'two\n')!.line, 3);
    assert.deepEqual(follower.state().dropped, { 'records longer than 1048576 bytes': 1 });
  });

  it('is read in pieces that are never more than a megabyte', async () => {
    const to = new Taker();
    append('conn.log', lines('a', 60_000, 100));
    await to.follow();
    assert.equal(to.text, fs.readFileSync(at('conn.log'), 'utf8'));
    assert.ok(to.pieces.every((one) => one.bytes.length <= 1024 * 1024 + 1));
  });
});

describe('rotation', () => {
  it('by renaming: the old file is read to its end, the new one from its beginning', async () => {
    const to = new Taker();
    append('conn.log', long('a'));
    const follower = await to.follow({ paths: [at('conn.log')] });
    append('conn.log', long('b'));
    rename('conn.log', 'conn.log.1');
    append('conn.log.1', long('c'));
    append('conn.log', long('d'));
    await rounds(follower);
    assert.equal(to.text, long('a') + long('b') + long('c') + long('d'));
  });

  it('five times between two looks loses nothing, with numbers, dates, and moved into a folder that is followed', async () => {
    const to = new Taker();
    fs.mkdirSync(at('old'));
    append('conn.log', long('first'));
    const follower = await to.follow({ paths: [at('conn.log'), at('old')] });
    const rotate: ((i: number) => void)[] = [
      () => rename('conn.log', 'conn.log.1'),
      () => {
        rename('conn.log.1', 'conn.log.2');
        rename('conn.log', 'conn.log.1');
      },
      () => rename('conn.log', 'conn.log-20260101-10'),
      () => rename('conn.log', 'conn.2026-01-01-10-00-00.log'),
      () => rename('conn.log', 'old/conn.10:00:00-11:00:00.log'),
    ];
    for (const [i, one] of rotate.entries()) {
      append('conn.log', long(`r${i}`));
      one(i);
    }
    append('conn.log', long('last'));
    await rounds(follower);
    assert.deepEqual(
      to.lines.sort(),
      ['first', 'r0', 'r1', 'r2', 'r3', 'r4', 'last'].flatMap((one) => long(one).trim().split('\n')).sort(),
    );
  });

  it('five times while nobody looks, by restart', async () => {
    const to = new Taker();
    append('conn.log', long('0'));
    const first = await to.follow({ paths: [at('conn.log')] });
    await first.stop(100);
    for (let i = 1; i <= 5; i++) {
      for (let n = 5; n >= 1; n--)
        if (fs.existsSync(at(`conn.log.${n}`))) rename(`conn.log.${n}`, `conn.log.${n + 1}`);
      rename('conn.log', 'conn.log.1');
      append('conn.log', long(`${i}`));
    }
    await to.follow({ paths: [at('conn.log')] });
    assert.equal(to.text, [0, 1, 2, 3, 4, 5].map((i) => long(`${i}`)).join(''));
  });

  it('old rotated files that lie there when a file is followed for the first time are left alone, also later', async () => {
    const to = new Taker();
    append('conn.log.1', long('old'));
    fs.writeFileSync(at('conn.log.2.gz'), gzipSync(long('older')));
    append('conn.log', long('now'));
    const first = await to.follow({ paths: [at('conn.log')] });
    await first.stop(100);
    fs.rmSync(at('conn.log.2.gz'));
    fs.writeFileSync(at('conn.log.2.gz'), gzipSync(fs.readFileSync(at('conn.log.1'))));
    fs.rmSync(at('conn.log.1'));
    rename('conn.log', 'conn.log.1');
    append('conn.log', long('next'));
    await to.follow({ paths: [at('conn.log')] });
    assert.equal(to.text, long('now') + long('next'));
  });

  it('by copying and truncating: the copy is read on, what is written then is new', async () => {
    const to = new Taker();
    append('conn.log', long('a'));
    const follower = await to.follow();
    append('conn.log', long('b'));
    fs.copyFileSync(at('conn.log'), at('conn.log.1'));
    fs.truncateSync(at('conn.log'), 0);
    append('conn.log', long('c'));
    await rounds(follower);
    assert.deepEqual(to.lines.sort(), (long('a') + long('b') + long('c')).trim().split('\n').sort());
  });

  it('by copying and truncating: as long as before by the time it is looked at again', async () => {
    const to = new Taker();
    const header = `${'#fields\tthe same beginning of every file'.padEnd(2_000, '.')}\n`;
    append('conn.log', header + long('a'));
    const follower = await to.follow();
    append('conn.log', long('b'));
    fs.copyFileSync(at('conn.log'), at('conn.log.1'));
    fs.truncateSync(at('conn.log'), 0);
    append('conn.log', header + long('c') + long('d') + long('e'));
    await rounds(follower, 4);
    assert.deepEqual(
      to.lines.sort(),
      (header + long('a') + long('b') + header + long('c') + long('d') + long('e')).trim().split('\n').sort(),
    );
  });

  it('a copy under way is not read twice', async () => {
    const to = new Taker();
    append('conn.log', long('a'));
    const follower = await to.follow({ quiet_ms: 60_000 });
    const all = fs.readFileSync(at('conn.log'));
    for (const end of [100, 900, 2_000, all.length]) {
      fs.writeFileSync(at('conn.log.1'), all.subarray(0, end));
      await rounds(follower);
    }
    assert.equal(to.text, long('a'));
  });

  it('then packed: read on from where it was, never twice, also after a restart', async () => {
    for (const pack of [gzipSync, zstdCompressSync]) {
      const to = new Taker();
      fs.rmSync(folder, { recursive: true });
      fs.mkdirSync(folder);
      append('conn.log', long('a'));
      const first = await to.follow();
      await first.stop(100);
      append('conn.log', long('b'));
      fs.writeFileSync(at('conn.log.1.gz'), pack(fs.readFileSync(at('conn.log'))));
      fs.rmSync(at('conn.log'));
      append('conn.log', long('c'));
      const second = await to.follow();
      await rounds(second);
      assert.deepEqual(to.lines.sort(), (long('a') + long('b') + long('c')).trim().split('\n').sort());
      const rest = to.pieces.find((one) => Buffer.from(one.bytes).toString().startsWith('b-0'))!;
      assert.deepEqual([rest.offset, rest.line, rest.origin], [4_100, 101, at('conn.log')]);
    }
  });

  it('packed while it is followed, with the old file held open: read once', async () => {
    const to = new Taker();
    append('conn.log', long('a'));
    const follower = await to.follow();
    append('conn.log', long('b'));
    rename('conn.log', 'conn.log.1');
    fs.writeFileSync(at('conn.log.1.gz'), gzipSync(fs.readFileSync(at('conn.log.1'))));
    fs.rmSync(at('conn.log.1'));
    await rounds(follower, 4);
    assert.equal(to.text, long('a') + long('b'));
  });

  it('a packed file that is half written waits for its other half', async () => {
    const to = new Taker();
    const packed = gzipSync(lines('a', 5_000, 200));
    append('new.log.gz', packed.subarray(0, packed.length / 2));
    const follower = await to.follow({ quiet_ms: 60_000 });
    await rounds(follower);
    append('new.log.gz', packed.subarray(packed.length / 2));
    await rounds(follower);
    assert.equal(to.text, lines('a', 5_000, 200));
  });

  it('an inode that is used again is another file', async () => {
    const to = new Taker();
    append('conn.log', long('a'));
    const first = await to.follow();
    await first.stop(100);
    const [saved] = [...to.positions.values()].filter((one) => one.key !== 'begun');
    fs.rmSync(at('conn.log'));
    append('conn.log', long('b') + long('c'));
    // whether or not the file system gave the inode again: say that it did
    const { dev, ino } = fs.statSync(at('conn.log'), { bigint: true });
    const value = saved!.value as { place: { id: string } };
    value.place.id = `${dev}:${ino}`;
    const second = await to.follow();
    assert.equal(to.text, long('a') + long('b') + long('c'));
    assert.deepEqual(second.state().dropped, {});
  });

  it('a file that is replaced by a shorter one is read from its beginning', async () => {
    const to = new Taker();
    append('conn.log', long('a'));
    const follower = await to.follow();
    fs.writeFileSync(at('conn.log'), 'short\n');
    await rounds(follower);
    assert.equal(to.text, `${long('a')}short\n`);
  });

  it('what was cut off before it was read is counted as lost', async () => {
    const to = new Taker();
    append('conn.log', long('a'));
    const follower = await to.follow();
    append('conn.log', 'unread\n');
    await follower.look();
    fs.truncateSync(at('conn.log'), 0);
    append('conn.log', 'after\n');
    await rounds(follower);
    assert.equal(to.text, `${long('a')}after\n`);
    assert.deepEqual(follower.state().dropped, { 'bytes that were gone before they were read': 7 });
  });

  it('a deleted file that was open is read to its end', async () => {
    const to = new Taker();
    append('conn.log', long('a'));
    const follower = await to.follow();
    append('conn.log', long('b'));
    fs.rmSync(at('conn.log'));
    await rounds(follower);
    assert.equal(to.text, long('a') + long('b'));
  });

  it('a link that is switched to another folder leads to new files, the old ones are read to their end', async () => {
    const to = new Taker();
    fs.mkdirSync(at('one'));
    fs.mkdirSync(at('two'));
    fs.symlinkSync(at('one'), at('current'));
    append('one/conn.log', long('a'));
    const follower = await to.follow({ paths: [at('current')] });
    append('one/conn.log', long('b'));
    fs.rmSync(at('current'));
    fs.symlinkSync(at('two'), at('current'));
    append('two/conn.log', long('c'));
    await rounds(follower);
    assert.equal(to.text, long('a') + long('b') + long('c'));
  });
});

describe('what a decoder must know that begins in the middle', () => {
  const header = '#separator \\x09\n#path\tconn\n#fields\tts\tuid\n#types\ttime\tstring\n';

  it('the header of a Zeek log comes with what is read after a restart', async () => {
    const to = new Taker();
    append('conn.log', `${header}1\ta\n`);
    const first = await to.follow();
    await first.stop(100);
    append('conn.log', '2\tb\n');
    const second = await to.follow();
    append('conn.log', '3\tc\n');
    await rounds(second);
    const heads = to.pieces
      .filter((one) => one.bytes.length > 0)
      .map(({ head }) => head && Buffer.from(head).toString());
    assert.deepEqual(heads, [undefined, header, header]);
    assert.equal(to.text, `${header}1\ta\n2\tb\n3\tc\n`);
  });

  it('of several headers in one file the last one, also from the end and in a packed file', async () => {
    const again = header.replace('uid', 'other');
    const to = new Taker();
    append('conn.log', `${header}${long('a')}${again}1\ta\n`);
    const first = await to.follow();
    await first.stop(100);
    append('conn.log', '2\tb\n');
    const second = await to.follow();
    await second.stop(100);
    append('conn.log', '3\tc\n');
    fs.writeFileSync(at('conn.log.1.gz'), gzipSync(fs.readFileSync(at('conn.log'))));
    fs.rmSync(at('conn.log'));
    await to.follow();
    const heads = to.pieces
      .filter((one) => one.bytes.length > 0)
      .map(({ head }) => head && Buffer.from(head).toString());
    assert.deepEqual(heads, [undefined, again, again]);
  });

  it('the header of a log that is followed from its end', async () => {
    const to = new Taker();
    append('conn.log', `${header}1\ta\n`);
    const follower = await to.follow({ from: 'end' });
    append('conn.log', '2\tb\n');
    await rounds(follower);
    const [read] = to.pieces.filter((one) => one.bytes.length > 0);
    assert.equal(Buffer.from(read!.head!).toString(), header);
    assert.equal(to.text, '2\tb\n');
  });
});

describe('folders', () => {
  it('files that come later, also in new folders, are read; hidden ones are not', async () => {
    const to = new Taker();
    const follower = await to.follow();
    fs.mkdirSync(at('2026/01/01'), { recursive: true });
    append('2026/01/01/conn.log', 'deep\n');
    append('.hidden', 'no\n');
    fs.writeFileSync(at('x.log.zst'), zstdCompressSync('packed\n'));
    await rounds(follower);
    assert.deepEqual(to.lines.sort(), ['deep', 'packed']);
  });

  it('a pattern finds what it names and what that was called before', async () => {
    const to = new Taker();
    fs.mkdirSync(at('a/logs'), { recursive: true });
    const follower = await to.follow({ paths: [at('*/logs/conn*.log')] });
    append('a/logs/conn.log', 'yes\n');
    append('a/logs/conn.log.1', 'rotated\n');
    append('a/logs/dns.log', 'no\n');
    await rounds(follower);
    assert.deepEqual(to.lines.sort(), ['rotated', 'yes']);
  });

  it('more folders than are looked at are told of', async () => {
    const to = new Taker();
    for (let i = 0; i < 10; i++) fs.mkdirSync(at(`f${i}`));
    const follower = await to.follow({ limits: { files: 100, folders: 5, stats: 100 } });
    assert.match(follower.state().problem ?? '', /more than 5 folders/);
  });

  it('what cannot be read is told of and does not stop the others', async () => {
    const to = new Taker();
    append('conn.log', 'one\n');
    fs.symlinkSync(at('loop'), at('loop'));
    const follower = await to.follow({ paths: [at('loop'), at('not-yet.log'), at('conn.log')] });
    assert.equal(to.text, 'one\n');
    assert.match(follower.state().problem ?? '', /loop: its links lead in a circle \(and 1 more\)/);
    append('not-yet.log', 'two\n');
    await rounds(follower);
    assert.equal(to.text, 'one\ntwo\n');
  });

  it('a file that is neither text nor a capture is left alone and counted once', async () => {
    const to = new Taker();
    append('core', Buffer.alloc(5_000, '\0a'));
    const follower = await to.follow();
    append('core', Buffer.alloc(5_000, '\0a'));
    await rounds(follower);
    assert.equal(to.text, '');
    assert.deepEqual(follower.state().noticed, { 'files that are neither text nor a capture': 1 });
  });

  it('what is known of files that have vanished is let go after a time', async () => {
    const to = new Taker();
    append('conn.log', long('a'));
    const follower = await to.follow({ forget_ms: 0 });
    assert.equal(to.positions.size, 2);
    fs.rmSync(at('conn.log'));
    await rounds(follower, 4);
    assert.deepEqual([...to.positions.keys()], ['begun']);
  });

  it('with more files open than allowed all are read all the same', async () => {
    const to = new Taker();
    for (let i = 0; i < 20; i++) append(`f${i}.log`, `${i}\n`);
    const follower = await to.follow({ open_files: 4 });
    for (let i = 0; i < 20; i++) append(`f${i}.log`, `${i} again\n`);
    await rounds(follower);
    assert.equal(to.lines.length, 40);
    assert.equal(new Set(to.lines).size, 40);
  });

  it('with more files than are looked at in one go they take turns', async () => {
    const to = new Taker();
    const limits = { files: 100, folders: 5, stats: 5 };
    for (let i = 0; i < 20; i++) append(`f${i}.log`, `${i}\n`);
    const follower = await to.follow({ limits });
    for (let i = 0; i < 20; i++) append(`f${i}.log`, `${i} again\n`);
    await rounds(follower, 5);
    assert.equal(new Set(to.lines).size, 40);
  });
});

describe('when nothing can be kept', () => {
  it('it waits, says so, and goes on with the same piece', async () => {
    const to = new Taker();
    append('conn.log', long('a'));
    let refused = 3;
    let said: string | null = null;
    const follower = new Follower({
      source: 's',
      paths: [folder],
      from: 'beginning',
      positions: [],
      poll_ms: 3_600_000,
    });
    running.push(follower);
    await follower.start(async (piece) => {
      if (piece.bytes.length > 0 && refused-- > 0) {
        said ??= follower.state().problem;
        throw new WeirError('busy', 'the journal is full');
      }
      if (piece.bytes.length > 0) said = follower.state().problem;
      await to.take(piece);
    });
    await rounds(follower);
    assert.match(said ?? '', /waits: the journal is full/);
    assert.equal(to.text, long('a'));
    assert.equal(follower.state().problem, null);
  });

  it('stop ends it at once, and what was not kept is delivered after a restart', async () => {
    const to = new Taker();
    append('conn.log', long('a'));
    const follower = new Follower({
      source: 's',
      paths: [folder],
      from: 'beginning',
      positions: [],
      poll_ms: 10,
    });
    await follower.start(async (piece) => {
      if (piece.bytes.length > 0) throw new WeirError('busy', 'full');
      await to.take(piece);
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const begun = performance.now();
    await follower.stop(2_000);
    assert.ok(performance.now() - begun < 1_000);
    await to.follow();
    assert.equal(to.text, long('a'));
  });
});
