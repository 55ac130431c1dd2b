import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LosingDisk } from '../../../test/losing-disk.ts';
import { claimFolder } from '../../base/own-files.ts';
import type { Delivery } from '../live/input.ts';
import {
  frame_header_bytes,
  frame_magic,
  headerAt,
  putFrame,
  seedOf,
  segment_header_bytes,
} from './frame.ts';
import { type Batch, type Journal, type JournalOptions, openJournal, openParts } from './journal.ts';
import { hasRoom } from './room.ts';
import { Scan } from './scan.ts';
import { segmentName } from './segments.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-journal-test-'));
});
after(() => rmSync(folder, { recursive: true }));

let count = 0;
const newFolder = (): string => join(folder, `journal-${count++}`);
const one: Delivery = {
  ...{ source: 'syslog', origin: 'syslog 10.1.2.3', offset: 0, line: 0 },
  ...{ bytes: Buffer.from('a line\n'), received_at: 1_767_607_200_000_000, position: null },
};
const text = (value: string): Delivery => ({ ...one, bytes: Buffer.from(value) });
const saidIn = (batch: Batch): string[] => batch.records.map(({ bytes }) => Buffer.from(bytes).toString());
const whole = { most_bytes: 1_000_000, most_records: 1000 };
/** Room for all that a test writes. */
const roomy = { most_bytes: 200_000, segment_bytes: 2000, group_bytes: 500, ahead_bytes: 200 };
const small = { most_bytes: 16_000, segment_bytes: 2000, group_bytes: 500, ahead_bytes: 200 };

async function next(journal: Journal, limits = whole): Promise<Batch> {
  const reading = journal.batches(limits);
  const { value } = await reading.next();
  await reading.return();
  return value as Batch;
}

function made(
  disk: LosingDisk,
  options: Partial<JournalOptions> = small,
  set_aside = new LosingDisk(),
): Promise<Journal> {
  return openParts(options, { id: 'a', disk, set_aside });
}

test('a piece comes back as it was given, with its place', async () => {
  const journal = await openJournal({ directory: newFolder() });
  const pieces: Delivery[] = [
    { ...one, offset: 2 ** 40, line: 2 ** 33, head: Buffer.from('#fields\n') },
    { ...one, source: 'ü', origin: 'syslog fe80::1%eth0', bytes: Buffer.alloc(0), ended: true },
    { ...one, bytes: Buffer.alloc(3_000_000, 7) },
  ];
  const places = await Promise.all(pieces.map((piece) => journal.append(piece, 'alerts')));
  assert.deepEqual(
    places,
    [1, 2, 3].map((seq) => ({ journal: journal.id, seq })),
  );
  const batch = await next(journal, { most_bytes: 10_000_000, most_records: 10 });
  assert.deepEqual(
    batch.records,
    pieces.map((piece, i) => ({ ...piece, seq: i + 1, priority: 'alerts' })),
  );
  await journal.close();
});

test('batches keep their ends and ids through a restart, whatever sizes are asked for then', async () => {
  const directory = newFolder();
  const first = await openJournal({ directory });
  for (const value of ['a', 'b', 'c', 'd', 'e']) await first.append(text(value));
  const given: Batch[] = [];
  for await (const batch of first.batches({ most_bytes: 1000, most_records: 2 })) {
    given.push(batch);
    if (given.length === 2) break;
  }
  await first.commit(given[1]!);
  await first.close();

  const second = await openJournal({ directory });
  await second.append(text('f'));
  const again: Batch[] = [];
  for await (const batch of second.batches(whole)) {
    again.push(batch);
    if (again.length === 2) break;
  }
  assert.equal(again[0]!.id, given[0]!.id);
  assert.deepEqual(again.map(saidIn), [
    ['a', 'b'],
    ['e', 'f'],
  ]);
  assert.equal(second.state().waiting_records, 4);
  for (const batch of again) await second.commit(batch);
  assert.equal(second.state().waiting_records, 0);
  assert.equal(second.state().oldest_received_at, null);
  await second.close();
});

test('an id is of journal, range and content', async () => {
  const idOf = async (id: string, piece: Delivery, seq = 1): Promise<string> => {
    const start = { seq, segment: 1 };
    const journal = await openParts(small, {
      id,
      disk: new LosingDisk(),
      set_aside: new LosingDisk(),
      start,
    });
    await journal.append(piece);
    return (await next(journal)).id;
  };
  const usual = await idOf('a', one);
  assert.equal(await idOf('a', { ...one }), usual);
  const others = [
    idOf('b', one),
    idOf('a', one, 2),
    idOf('a', text('another\n')),
    idOf('a', { ...one, origin: 'x' }),
    idOf('a', { ...one, line: 1 }),
    idOf('a', { ...one, head: Buffer.alloc(0) }),
    idOf('a', { ...one, ended: true }),
  ];
  assert.equal(new Set([usual, ...(await Promise.all(others))]).size, others.length + 1);
});

test('the journal is one process’s, and no other folder of Weir’s', async () => {
  const directory = newFolder();
  const journal = await openJournal({ directory });
  await assert.rejects(openJournal({ directory }), {
    code: 'folder_unusable',
    message: `${directory} is in use by another process of Weir; end that one first, or name another folder`,
  });
  await journal.close();
  await (await openJournal({ directory })).close();

  const store = newFolder();
  claimFolder(store, 'store');
  await assert.rejects(openJournal({ directory: store }), { code: 'folder_unusable' });
  await assert.rejects(openJournal({ directory: folder }), { code: 'folder_unusable' });
});

test('nothing is acknowledged before its bytes, its file and the name of it are on the disk', async () => {
  const disk = new LosingDisk();
  const journal = await made(disk);
  disk.log.length = 0;
  let at = -1;
  await journal.append(one).then(() => {
    at = disk.log.length;
  });
  const name = segmentName(1);
  const calls = disk.log.slice(0, at).filter(([, file]) => file === name || file === '');
  assert.deepEqual(
    calls.map(([call]) => call),
    ['open new', 'write', 'write', 'sync', 'syncNames', 'write', 'sync'],
  );
});

test('many that wait share one sync', async () => {
  const disk = new LosingDisk();
  const journal = await made(disk, { ...small, group_bytes: 100_000 });
  await journal.append(one);
  const before = journal.state().sync.count;
  await Promise.all(Array.from({ length: 15 }, () => journal.append(one)));
  assert.equal(journal.state().sync.count, before + 1);
});

test('bulk is refused at 90 %, alerts at 100 %, and both are taken again below their low-water mark', () => {
  const table: readonly [priority: 'bulk' | 'alerts', used: number, refused: boolean, taken: boolean][] = [
    ['bulk', 89, false, true],
    ['bulk', 90, false, false],
    ['bulk', 80, true, false],
    ['bulk', 79, true, true],
    ['alerts', 99, false, true],
    ['alerts', 100, false, false],
    ['alerts', 95, true, false],
    ['alerts', 94, true, true],
  ];
  for (const [priority, used, refused, taken] of table)
    assert.equal(hasRoom(priority, used, 1, 100, refused), taken, `${priority} at ${used}`);
});

test('a full journal refuses bulk first, then alerts, never outgrows its bound, and takes both again when the store has taken some', async () => {
  const disk = new LosingDisk();
  const journal = await made(disk);
  const piece = text('x'.repeat(200));
  const fill = async (priority: 'bulk' | 'alerts'): Promise<string> => {
    for (;;) {
      try {
        await journal.append(piece, priority);
      } catch (error) {
        return (error as { code: string }).code;
      }
      assert.ok(disk.bytes <= small.most_bytes);
    }
  };
  assert.equal(await fill('bulk'), 'busy');
  const when_bulk_was_refused = journal.state().kept_records;
  assert.equal(await fill('alerts'), 'busy');
  assert.ok(journal.state().kept_records > when_bulk_was_refused);
  assert.deepEqual(journal.state().refused_records, { bulk: 1, alerts: 1 });
  await journal.commit(await next(journal, { most_bytes: 100_000, most_records: 20 }));
  await journal.append(piece, 'alerts');
  await journal.append(piece, 'bulk');
});

test('what waits in memory is bounded, too', async () => {
  const journal = await made(new LosingDisk(), { waiting_bytes: 1000 });
  const piece = text('x'.repeat(200));
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => journal.append(piece)));
  const refused = results.filter(({ status }) => status === 'rejected');
  assert.ok(refused.length > 10 && refused.length < 20);
  for (const result of refused) assert.equal((result as PromiseRejectedResult).reason.code, 'busy');
  await journal.append(piece);
});

test('what the journal cannot hold is refused alone', async () => {
  const journal = await made(new LosingDisk());
  const good = journal.append(one);
  for (const bad of [
    text('x'.repeat(small.segment_bytes)),
    { ...one, origin: 'x'.repeat(70_000) },
    { ...one, offset: -1 },
    { ...one, line: 0.5 },
    { ...one, received_at: Number.NaN },
  ])
    await assert.rejects(journal.append(bad), { code: 'output_failed' });
  assert.equal((await good).seq, 1);
  assert.equal((await journal.append(one)).seq, 2);
});

test('no number is given beyond those that numbers of the runtime hold exactly', async () => {
  const parts = { id: 'a', disk: new LosingDisk(), set_aside: new LosingDisk() };
  const journal = await openParts(small, {
    ...parts,
    start: { seq: Number.MAX_SAFE_INTEGER - 2, segment: 1 },
  });
  await journal.append(one);
  await journal.append(one);
  await assert.rejects(journal.append(one), { code: 'output_failed' });
  assert.equal((await next(journal)).last_seq, Number.MAX_SAFE_INTEGER - 1);
});

const faults: readonly [what: string, set: (disk: LosingDisk, on: boolean) => void, code: string][] = [
  ['is full', (disk, on) => Object.assign(disk, { room: on ? 0 : 1e9 }), 'disk_full'],
  ['becomes read-only', (disk, on) => Object.assign(disk, { read_only: on }), 'output_failed'],
  ['fails to sync', (disk, on) => Object.assign(disk, { failing_syncs: on ? 1 : 0 }), 'output_failed'],
];
for (const [what, set, code] of faults)
  test(`when the disk ${what} a piece is refused, and the journal goes on when the disk does`, async () => {
    const disk = new LosingDisk();
    const journal = await made(disk, { ...small, ahead_bytes: 0 });
    await journal.append(text('before'));
    set(disk, true);
    await assert.rejects(journal.append(text('refused')), { code });
    assert.match(journal.state().problem!, /could not be written: /);
    set(disk, false);
    await journal.append(text('after'));
    assert.equal(journal.state().problem, null);
    assert.deepEqual(saidIn(await next(journal)), ['before', 'after']);
    await journal.close();
    // What was refused stays away after a restart, too.
    const again = await made(disk.after('prefix', () => 0));
    assert.deepEqual(saidIn(await next(again)), ['before', 'after']);
  });

test('batches are read and committed on a full disk, which makes room', async () => {
  const disk = new LosingDisk();
  const journal = await made(disk, roomy);
  for (let i = 0; i < 20; i++) await journal.append(text('x'.repeat(200)));
  disk.room = 0;
  const bytes = disk.bytes;
  await journal.commit(await next(journal));
  assert.ok(disk.bytes < bytes);
});

test('a cut or a commit that cannot be written is told, and works when it is asked for again', async () => {
  const disk = new LosingDisk();
  const journal = await made(disk);
  await journal.append(one);
  disk.failing_syncs = 1;
  await assert.rejects(next(journal), { code: 'output_failed' });
  const batch = await next(journal);
  disk.failing_syncs = 1;
  await assert.rejects(journal.commit(batch), { code: 'output_failed' });
  await journal.commit(batch);
  const again = await made(disk.after('prefix', () => 0));
  assert.equal(again.state().waiting_records, 0);
});

test('at most 64 batches are given and not committed', async () => {
  const journal = await made(new LosingDisk(), roomy);
  for (let i = 0; i < 70; i++) await journal.append(text(String(i)));
  const given: Batch[] = [];
  const reading = journal.batches({ most_bytes: 1000, most_records: 1 });
  for (let i = 0; i < 64; i++) given.push((await reading.next()).value as Batch);
  const more = reading.next();
  const waits = Symbol();
  const turn = new Promise((resolve) => setTimeout(resolve, 50, waits));
  assert.equal(await Promise.race([more, turn]), waits);
  await journal.commit(given[0]!);
  assert.deepEqual(saidIn((await more).value as Batch), ['64']);
});

test('a batch that is not full waits for others as long as it may', async () => {
  const journal = await made(new LosingDisk());
  const reading = journal.batches({ ...whole, most_records: 3, wait_ms: 10_000 });
  const batch = reading.next();
  for (const value of ['a', 'b', 'c', 'd']) await journal.append(text(value));
  assert.deepEqual(saidIn((await batch).value as Batch), ['a', 'b', 'c']);
  await reading.return();
  const rest = journal.batches({ ...whole, wait_ms: 20 });
  await rest.next();
  assert.deepEqual(saidIn((await rest.next()).value as Batch), ['d']);
});

test('closing ends who waits for a batch, keeps what waits to be written and takes nothing more', async () => {
  const disk = new LosingDisk();
  const journal = await made(disk);
  const waits = journal.batches(whole).next();
  const kept = [journal.append(one), journal.append(one)];
  await journal.close();
  assert.equal((await Promise.all(kept)).length, 2);
  const first = await waits;
  if (!first.done) assert.ok(first.value.records.length > 0);
  await assert.rejects(journal.append(one), { code: 'busy' });
  assert.equal((await made(disk)).state().waiting_records, 2);
});

test('a cursor whose last writing was torn is what it was before that', async () => {
  const waiting: number[] = [];
  for (const slot of [0, 4096]) {
    const disk = new LosingDisk();
    const journal = await made(disk);
    for (const value of ['a', 'b']) {
      await journal.append(text(value));
      await journal.commit(await next(journal));
    }
    await journal.close();
    disk.corrupt('cursor', slot + 8);
    const problems: string[] = [];
    waiting.push((await made(disk, { ...small, tell: (one) => problems.push(one) })).state().waiting_records);
    assert.deepEqual(problems, []);
  }
  assert.deepEqual(waiting.sort(), [0, 1]);
});

/** A journal on the disk with three records in one segment, closed; and what is told when it is opened and read again. */
async function damaged(damage: (path: string, bytes: Buffer) => Buffer) {
  const directory = newFolder();
  const journal = await openJournal({ directory });
  for (const value of ['first', 'second', 'third']) await journal.append(text(value));
  await journal.close();
  const path = join(directory, segmentName(1));
  writeFileSync(path, damage(path, readFileSync(path)));
  const problems: string[] = [];
  const again = await openJournal({ directory, tell: (problem) => problems.push(problem) });
  const seqs = await next(again).then((batch) => batch.records.map(({ seq }) => seq));
  const state = again.state();
  const place = await again.append(text('later'));
  await again.close();
  const set_aside = readdirSync(join(directory, 'set-aside'));
  const copies = set_aside.map((name) => readFileSync(join(directory, 'set-aside', name)));
  return { directory, problems, seqs, state, place, set_aside, copies };
}
const frame_bytes = frame_header_bytes + 'syslog'.length + 'syslog 10.1.2.3'.length;
const second = segment_header_bytes + frame_bytes + 'first'.length;
const flipped = (bytes: Buffer, at: number): Buffer => {
  bytes[at]! ^= 1;
  return bytes;
};

test('a damaged record is set aside, counted and told, and those around it come', async () => {
  for (const at of [second, second + 3, second + 20, second + 60, second + frame_bytes + 2]) {
    const { problems, seqs, state, place, set_aside, copies } = await damaged((_, bytes) =>
      flipped(bytes, at),
    );
    assert.deepEqual(seqs, [1, 3]);
    const bytes = frame_bytes + 'second'.length;
    assert.deepEqual(set_aside, [`0000000000000001-${second}-${bytes}-1.damaged`]);
    assert.equal(copies[0]!.length, bytes);
    assert.deepEqual(state.set_aside, { ranges: 1, bytes, records: 1, not_copied_bytes: 0 });
    assert.match(problems.join(), /^\d+ bytes of the journal cannot be read, and with them 1 record; /);
    assert.equal(place.seq, 4);
  }
});

test('what is set aside is counted once, after a restart too', async () => {
  const { directory } = await damaged((_, bytes) => flipped(bytes, second + 80));
  const problems: string[] = [];
  const journal = await openJournal({ directory, tell: (problem) => problems.push(problem) });
  const batch = await next(journal);
  assert.deepEqual([batch.missing, saidIn(batch)], [1, ['first', 'third']]);
  assert.deepEqual(problems, []);
  assert.equal(journal.state().set_aside.records, 1);
  await journal.close();
});

test('a torn tail is cut, kept and told, and the next record takes its place', async () => {
  const { problems, seqs, place, set_aside, state } = await damaged((_, bytes) =>
    bytes.subarray(0, bytes.length - 3),
  );
  assert.deepEqual([seqs, place.seq], [[1, 2], 3]);
  assert.match(set_aside.join(), /^0000000000000001-\d+-\d+-0\.tail$/);
  assert.match(problems.join(), /^The last \d+ bytes of the journal are not whole, /);
  assert.equal(state.set_aside.ranges, 1);
});

test('room that was made ahead is no damage', async () => {
  const { problems, seqs } = await damaged((_, bytes) => Buffer.concat([bytes, Buffer.alloc(70_000)]));
  assert.deepEqual([seqs, problems], [[1, 2, 3], []]);
});

test('a damaged head of a segment takes no record with it', async () => {
  const { seqs } = await damaged((_, bytes) => flipped(bytes, 25));
  assert.deepEqual(seqs, [1, 2, 3]);
});

test('a file that is gone is told, with how many records it held', async () => {
  const disk = new LosingDisk();
  const journal = await made(disk, roomy);
  for (let i = 1; i <= 30; i++) await journal.append(text('x'.repeat(200)));
  await journal.close();
  disk.delete(segmentName(2));
  const problems: string[] = [];
  const again = await made(disk, { ...roomy, tell: (problem) => problems.push(problem) });
  const batch = await next(again);
  assert.equal(batch.last_seq - batch.first_seq + 1, 30);
  assert.ok(batch.missing > 0);
  assert.deepEqual(problems, [`${batch.missing} records of the journal are gone with their file`]);
  assert.equal(again.state().set_aside.records, batch.missing);
});

test('a journal that lost its cursor says so and reads all that is still there', async () => {
  const directory = newFolder();
  const journal = await openJournal({ directory });
  await journal.append(one);
  await journal.commit(await next(journal));
  await journal.close();
  writeFileSync(join(directory, 'cursor'), Buffer.alloc(8192, 1));
  const problems: string[] = [];
  const again = await openJournal({ directory, tell: (problem) => problems.push(problem) });
  assert.match(problems.join(), /^The journal lost its cursor: /);
  assert.equal((await next(again)).records.length, 1);
  await again.close();
});

test('nothing a sender writes into a record is taken for a record, and looking for one ends soon', async () => {
  const forged = Buffer.alloc(200);
  const end = putFrame(forged, 0, text('forged'), 2, 'bulk', 0);
  // Every fourth byte begins what looks like a frame of the largest size.
  const head = Buffer.concat([frame_magic, Buffer.alloc(8, 0xff), Buffer.from([0, 0, 9, 0])]);
  const hostile = Buffer.concat([
    forged.subarray(0, end),
    ...Array.from({ length: 100_000 }, () => head.subarray(0, 16)),
  ]);
  const directory = newFolder();
  const journal = await openJournal({ directory });
  await journal.append({ ...one, bytes: hostile });
  await journal.append(text('next'));
  await journal.close();
  const path = join(directory, segmentName(1));
  writeFileSync(path, flipped(readFileSync(path), segment_header_bytes + 20));
  const from = process.cpuUsage();
  const again = await openJournal({ directory });
  assert.deepEqual(saidIn(await next(again)), ['next']);
  const { user, system } = process.cpuUsage(from);
  assert.ok(user + system < 2_000_000, `${user + system} µs`);
  await again.close();
});

test('the frame after damage is found wherever the edge of what is read at once lies', async () => {
  const chunk = 1024 * 1024;
  for (let at = chunk - 4; at < chunk + 2 * frame_header_bytes; at++) {
    const bytes = Buffer.alloc(at + 200, 'W');
    const end = putFrame(bytes, at, one, 1, 'bulk', 7);
    const disk = new LosingDisk();
    const file = await disk.open('a', 'new');
    await file.write(bytes, 0);
    const scan = new Scan(file, 7);
    assert.deepEqual(await scan.next(end), { from: segment_header_bytes, to: at, piece: null });
    assert.equal((await scan.next(end))?.piece?.seq, 1);
  }
});

test('what a segment says of numbers that the next one has was never acknowledged, and does not come', async () => {
  const disk = new LosingDisk();
  const journal = await made(disk, roomy);
  for (let i = 1; i <= 10; i++) await journal.append(text(`${i} ${'x'.repeat(300)}`));
  await journal.close();
  const file = await disk.open(segmentName(1), 'change');
  const size = await file.size();
  const stale = Buffer.alloc(1000);
  const end = putFrame(stale, 0, text('refused'), 6, 'bulk', seedOf('a', 1));
  await file.write(stale.subarray(0, end), size);
  disk.corrupt(segmentName(1), size - 10);
  const batch = await next(await made(disk, roomy));
  assert.deepEqual(
    batch.records.map(({ seq, bytes }) => [seq, Buffer.from(bytes).toString().split(' ')[0]]),
    [1, 2, 3, 4, 6, 7, 8, 9, 10].map((seq) => [seq, String(seq)]),
  );
});

test('what the disk cannot read is damage like any other', async () => {
  const disk = new LosingDisk();
  const journal = await made(disk, { ...small, segment_bytes: 40_000, most_bytes: 400_000 });
  for (let i = 0; i < 60; i++) await journal.append(text(`${i} ${'x'.repeat(200)}`));
  await journal.close();
  const file = await disk.open(segmentName(1), 'read');
  const read = file.read;
  file.read = async (into, at) => {
    if (at <= 8200 && at + into.length > 8200) throw Object.assign(new Error('made up'), { code: 'EIO' });
    return await read(into, at);
  };
  const scan = new Scan(file, seedOf('a', 1));
  const seqs: number[] = [];
  const end = await file.size();
  for (let found = await scan.next(end); found !== null; found = await scan.next(end))
    if (found.piece !== null) seqs.push(found.piece.seq);
  assert.ok(seqs.length >= 60 - 18 && seqs.length < 60, String(seqs.length));
  assert.deepEqual(
    seqs,
    [...new Set(seqs)].sort((a, b) => a - b),
  );
});

test('segments that are wholly committed are removed, and numbers never come again', async () => {
  const directory = newFolder();
  const options = { directory, most_bytes: 100_000, segment_bytes: 4000, ahead_bytes: 500 };
  const journal = await openJournal(options);
  for (let i = 0; i < 40; i++) await journal.append(text('x'.repeat(300)));
  assert.ok(journal.state().segments > 3);
  await journal.commit(await next(journal));
  assert.equal(journal.state().segments, 1);
  await journal.close();
  const again = await openJournal(options);
  assert.equal((await again.append(one)).seq, 41);
  await again.close();
  assert.ok(!existsSync(join(directory, segmentName(1))));
});

test('a frame has the layout that its description says', () => {
  const bytes = Buffer.alloc(frame_header_bytes + 'soh'.length + 'p'.length);
  const piece = { ...one, source: 's', origin: 'o', head: Buffer.from('h'), bytes: Buffer.from('p') };
  putFrame(bytes, 0, { ...piece, offset: 3, line: 4, received_at: 5, ended: true }, 2, 'alerts', 0);
  assert.equal(bytes.toString('latin1', 0, 4), 'WJF1');
  assert.equal(bytes.readUInt32LE(12), 4);
  assert.deepEqual(
    [16, 24, 32, 40].map((at) => bytes.readBigUInt64LE(at)),
    [2n, 3n, 4n, 5n],
  );
  assert.deepEqual([...bytes.subarray(48, 64)], [2, 3, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(bytes.toString('latin1', 64), 'sohp');
  assert.notEqual(headerAt(bytes, 0, 0), null);
  assert.equal(headerAt(bytes, 0, 1), null);
});
