import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { type Crash, LosingDisk } from '../../../test/losing-disk.ts';
import { random as seeded } from '../../base/random.ts';
import type { Delivery } from '../live/input.ts';
import { frame_header_bytes, type Priority } from './frame.ts';
import { type Batch, type Journal, openParts } from './journal.ts';

const sizes = {
  most_bytes: 24_000,
  segment_bytes: 1500,
  group_bytes: 600,
  waiting_bytes: 4000,
  ahead_bytes: 256,
};
const batch_sizes = { most_bytes: 500, most_records: 7 };

type Action =
  | { readonly do: 'write'; readonly count: number; readonly bytes: number; readonly priority: Priority }
  | { readonly do: 'flush' | 'acknowledge' | 'restart' | 'roll' | 'failing sync' }
  | { readonly do: 'commit'; readonly which: number; readonly wait: boolean }
  | {
      readonly do: 'crash';
      readonly how: Crash;
      readonly calls: number;
      readonly opening: number | null;
      readonly seed: number;
    }
  | { readonly do: 'corrupt'; readonly which: number; readonly at: number }
  | { readonly do: 'disk full' | 'read only'; readonly on: boolean };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      count: fc.integer({ min: 1, max: 12 }),
      bytes: fc.integer({ min: 0, max: 300 }),
      priority: fc.constantFrom('bulk' as const, 'alerts' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('flush' as const, 'acknowledge' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('acknowledge' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('commit' as const), which: fc.nat(5), wait: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restart', 'roll', 'failing sync') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      how: fc.constantFrom('kill' as const, 'prefix' as const, 'any' as const),
      calls: fc.nat(40),
      opening: fc.option(fc.nat(40)),
      seed: fc.integer(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('corrupt' as const), which: fc.nat(9), at: fc.nat(1600) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('disk full', 'read only'), on: fc.boolean() }) },
);

/** What must hold of one journal through all that happens to it, whatever it does inside. */
class Model {
  disk = new LosingDisk();
  set_aside = new LosingDisk();
  journal: Journal | null = null;
  #reading: AsyncGenerator<Batch, void, void> | null = null;
  #batch: Promise<IteratorResult<Batch, void>> | null = null;
  readonly #start: { readonly seq: number; readonly segment: number };
  #next_id = 0;
  /** of this life of the process */
  #pending: Promise<unknown>[] = [];
  #life = 0;
  readonly acknowledged = new Set<number>();
  readonly busy = new Set<number>();
  /** batches given and not committed, by first sequence number: what they were when they came first */
  readonly #given = new Map<number, { readonly batch: Batch; readonly life: number }>();
  /** ids whose commit was told to be on the disk */
  readonly committed = new Set<number>();
  /** ids whose commit was asked for, and may be on the disk */
  readonly #asked = new Set<number>();
  corrupted = 0;
  readonly problems: string[] = [];

  constructor(start: { readonly seq: number; readonly segment: number }) {
    this.#start = start;
  }

  async open(): Promise<void> {
    this.#life++;
    this.journal = await this.#opening();
    this.#reading = this.journal.batches(batch_sizes);
    this.#batch = null;
    this.#pending = [];
  }

  #opening(): Promise<Journal> {
    return openParts(
      { ...sizes, tell: (problem) => this.problems.push(problem) },
      { id: 'journal', disk: this.disk, set_aside: this.set_aside, start: this.#start, now: () => 0 },
    );
  }

  write(count: number, bytes: number, priority: Priority): void {
    for (let i = 0; i < count; i++) {
      const id = this.#next_id++;
      const life = this.#life;
      const text = `<${id}>`;
      const piece: Delivery = {
        ...{ source: 'syslog', origin: `syslog 10.0.0.${id % 3}`, position: null },
        ...(id % 4 === 0 ? { head: Buffer.from(`#${id}`) } : {}),
        ...(id % 5 === 0 ? { ended: true } : {}),
        ...{ bytes: Buffer.from(text + 'x'.repeat(bytes)), offset: 2 ** 33 + id, line: id, received_at: id },
      };
      const appended = this.journal!.append(piece, priority).then(
        () => {
          if (life !== this.#life) return;
          assert.ok(this.disk.hasSynced(text), `${id} was acknowledged before it was on the disk`);
          this.acknowledged.add(id);
        },
        (error: { code: string }) => {
          assert.match(error.code, /^(busy|disk_full|output_failed)$/, String(error));
          if (error.code === 'busy') this.busy.add(id);
        },
      );
      this.#pending.push(appended);
    }
  }

  async flush(): Promise<void> {
    await Promise.all(this.#pending.splice(0));
  }

  /** Takes the next batch when there is one; gives whether there was. */
  async take(turns = 60): Promise<boolean> {
    this.#batch ??= this.#reading!.next();
    let result: IteratorResult<Batch, void> | 'failed' | null = null;
    this.#batch.then(
      (one) => {
        result = one;
      },
      () => {
        result = 'failed';
      },
    );
    for (let i = 0; i < turns && result === null; i++) await setImmediate();
    const ended = result as IteratorResult<Batch, void> | 'failed' | null;
    if (ended === null) return false;
    this.#batch = null;
    if (ended === 'failed') this.#reading = this.journal!.batches(batch_sizes);
    else if (!ended.done) this.#check(ended.value);
    return ended !== 'failed';
  }

  #check(batch: Batch): void {
    const ids = idsOf(batch);
    assert.ok(batch.records.length > 0 && batch.records.length <= batch_sizes.most_records);
    assert.equal(batch.missing, batch.last_seq + 1 - batch.first_seq - batch.records.length);
    for (const [i, one] of batch.records.entries()) {
      assert.ok(one.seq >= batch.first_seq && one.seq <= batch.last_seq);
      assert.equal(one.offset, 2 ** 33 + ids[i]!);
      assert.equal(
        one.head && Buffer.from(one.head).toString(),
        ids[i]! % 4 === 0 ? `#${ids[i]}` : undefined,
      );
      assert.equal(one.ended, ids[i]! % 5 === 0 ? true : undefined);
      assert.equal(one.origin, `syslog 10.0.0.${ids[i]! % 3}`);
      assert.ok(i === 0 || ids[i - 1]! < ids[i]!, 'out of order');
    }
    for (const id of ids) {
      assert.ok(!this.committed.has(id), `${id} came back after its batch was committed`);
      assert.ok(!this.busy.has(id), `${id} was refused, and came`);
    }
    const before = this.#given.get(batch.first_seq);
    if (before !== undefined && this.corrupted === 0) assert.equal(batch.id, before.batch.id);
    for (const { batch: other } of this.#given.values())
      if (other.first_seq !== batch.first_seq)
        assert.ok(
          other.last_seq < batch.first_seq || batch.last_seq < other.first_seq,
          'one record in two batches',
        );
    this.#given.set(batch.first_seq, { batch, life: this.#life });
  }

  async commit(which: number, wait: boolean): Promise<void> {
    const all = [...this.#given.values()].filter(({ life }) => life === this.#life);
    const one = all[which % Math.max(1, all.length)];
    if (one === undefined) return;
    const life = this.#life;
    const ids = idsOf(one.batch);
    for (const id of ids) this.#asked.add(id);
    const done = this.journal!.commit(one.batch).then(
      () => {
        if (life !== this.#life) return;
        for (const id of ids) this.committed.add(id);
        this.#given.delete(one.batch.first_seq);
      },
      (error: { code: string }) => assert.match(error.code, /^(disk_full|output_failed)$/, String(error)),
    );
    this.#pending.push(done);
    if (wait) await done;
  }

  /** After so many calls of the disk; and once more, when it was opened again, after `opening`. */
  async crash(how: Crash, calls: number, opening: number | null, seed: number): Promise<void> {
    const stream = seeded(seed);
    await this.#end(how, calls, () => stream.next());
    if (opening !== null) {
      this.#opening().catch(() => undefined);
      await this.#end(how, opening, () => stream.next());
    }
    await this.open();
  }

  async #end(how: Crash, calls: number, random: () => number): Promise<void> {
    this.disk.calls_left = calls;
    this.set_aside.calls_left = calls;
    for (let i = 0; i < calls + 5; i++) await setImmediate();
    this.#life++;
    this.disk.calls_left = 0;
    this.set_aside.calls_left = 0;
    this.disk = this.disk.after(how, random);
    this.set_aside = this.set_aside.after(how, random);
  }

  async restart(): Promise<void> {
    await this.flush();
    await this.journal!.close();
    // A journal whose disk does not sync is not opened.
    this.disk.failing_syncs = 0;
    await this.open();
  }

  corrupt(which: number, at: number): void {
    const segments = this.disk.files().filter(([name, bytes]) => name.endsWith('.segment') && bytes > 0);
    const [name, bytes] = segments[which % Math.max(1, segments.length)] ?? [];
    if (name === undefined) return;
    this.corrupted++;
    this.disk.corrupt(name, at % bytes!);
  }

  within(): void {
    const bytes = this.disk.bytes + this.set_aside.bytes;
    assert.ok(bytes <= sizes.most_bytes, `${bytes} bytes on the disk`);
  }

  /** How many records were told to be lost, at most: how many stood in a tail is not known. */
  #told(): number {
    // A crash between the copy and the telling leaves the copy.
    let told = this.set_aside
      .files()
      .reduce(
        (sum, [name, bytes]) => sum + (name.endsWith('tail') ? Math.ceil(bytes / frame_header_bytes) : 0),
        0,
      );
    for (const problem of this.problems) {
      const [, lost, gone, tail] =
        /with them (\d+) records?;|^(\d+) records? of|^The last (\d+) bytes/.exec(problem) ?? [];
      told += Number(lost ?? gone ?? Math.ceil(Number(tail) / frame_header_bytes));
    }
    return told;
  }

  /** All that is left comes, and with what was committed it is all that was acknowledged, once each. */
  async end(): Promise<void> {
    this.disk.room = Number.POSITIVE_INFINITY;
    this.disk.failing_syncs = 0;
    this.disk.read_only = false;
    await this.restart();
    const came: number[] = [];
    while (await this.take(400)) {
      const [first, one] = [...this.#given].filter(([, { life }]) => life === this.#life)[0]!;
      came.push(...idsOf(one.batch));
      this.#given.delete(first);
      await this.journal!.commit(one.batch);
    }
    assert.deepEqual(
      came,
      [...new Set(came)].sort((a, b) => a - b),
    );
    const lost = [...this.acknowledged].filter((id) => !this.#asked.has(id) && !came.includes(id));
    const { set_aside, waiting_records } = this.journal!.state();
    assert.ok(lost.length <= this.corrupted, `${lost} were acknowledged and are lost`);
    assert.ok(set_aside.records + this.#told() >= lost.length, `${lost} were lost in silence`);
    assert.equal(waiting_records, 0);
    assert.ok(this.journal!.state().segments <= 1);
    await this.journal!.close();
  }
}

function idsOf(batch: Batch): number[] {
  return batch.records.map(({ bytes }) => Number(/^<(\d+)>/.exec(Buffer.from(bytes).toString('latin1'))![1]));
}

async function live(actions: readonly Action[], start: { seq: number; segment: number }): Promise<void> {
  const model = new Model(start);
  await model.open();
  for (const one of actions) {
    switch (one.do) {
      case 'write':
        model.write(one.count, one.bytes, one.priority);
        break;
      case 'flush':
        await model.flush();
        break;
      case 'acknowledge':
        await model.take();
        break;
      case 'commit':
        await model.commit(one.which, one.wait);
        break;
      case 'roll':
        model.write(6, 290, 'alerts');
        await model.flush();
        break;
      case 'crash':
        await model.crash(one.how, one.calls, one.opening, one.seed);
        break;
      case 'restart':
        if (!model.disk.read_only) await model.restart();
        break;
      case 'corrupt':
        model.corrupt(one.which, one.at);
        break;
      case 'disk full':
        model.disk.room = one.on ? model.disk.bytes + 100 : Number.POSITIVE_INFINITY;
        break;
      case 'read only':
        model.disk.read_only = one.on;
        break;
      case 'failing sync':
        model.disk.failing_syncs = 1;
        break;
    }
    model.within();
  }
  await model.end();
}

const runs = Number(process.env.WEIR_JOURNAL_RUNS ?? 150);
const starts: readonly [string, { seq: number; segment: number }][] = [
  ['', { seq: 1, segment: 1 }],
  [', also where numbers pass 2^32', { seq: 2 ** 32 - 9, segment: 2 ** 32 - 2 }],
];
for (const [what, start] of starts)
  test(`what was acknowledged comes back once and in order, whatever happens to the process and the disk${what}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60, size: 'max' }), (actions) => live(actions, start)),
      { numRuns: runs, endOnFailure: process.env.WEIR_JOURNAL_RUNS !== undefined },
    );
  });
