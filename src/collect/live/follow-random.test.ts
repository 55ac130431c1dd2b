import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { Follower } from './follow.ts';
import type { Delivery, Position } from './input.ts';

/**
 * One log and what programs do to it, in any order. Copying and truncating is one step here: what a program writes between the
 * copy and the cut is lost by that way of rotating itself (logrotate(8), copytruncate), unless it was read in between.
 */
type Step =
  | { readonly do: 'append'; readonly lines: number; readonly bytes: number; readonly open_end: boolean }
  | { readonly do: 'rotate' | 'copy' | 'look' | 'stop' | 'remove' }
  | { readonly do: 'pack'; readonly with: 'gzip' | 'zstd'; readonly which: number }
  | { readonly do: 'delete'; readonly which: number }
  | { readonly do: 'crash'; readonly kept: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      lines: fc.integer({ min: 1, max: 40 }),
      bytes: fc.constantFrom(8, 60, 300),
      open_end: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.constantFrom('rotate' as const, 'copy' as const).map((one) => ({ do: one })) },
  { weight: 4, arbitrary: fc.constantFrom('look' as const, 'stop' as const).map((one) => ({ do: one })) },
  { weight: 1, arbitrary: fc.constant({ do: 'remove' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('pack' as const),
      with: fc.constantFrom('gzip' as const, 'zstd' as const),
      which: fc.nat(5),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), which: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), kept: fc.nat(4) }) },
);

/** As long as what a file's beginning is known by: then only what stands before the offset tells files apart. */
const header = `${'#the same in every file'.padEnd(1_100, '.')}\n`;

class World {
  readonly #header: string;
  readonly folder = fs.mkdtempSync(join(tmpdir(), 'weir-follow-'));
  readonly written: string[] = [];
  readonly told = new Map<string, number>();
  readonly positions = new Map<string, Position>();
  crashed = false;
  #follower: Follower | null = null;
  /** deliveries that are kept before the next crash; the others never come back */
  #keeps = Number.POSITIVE_INFINITY;
  #rotated: string[] = [];
  #n = 0;
  #open = '';

  get #log(): string {
    return join(this.folder, 'conn.log');
  }

  constructor(headers: boolean) {
    this.#header = headers ? header : '';
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const one of steps) await this.#step(one);
    this.#keeps = Number.POSITIVE_INFINITY;
    // The last line gets its end; then all is rotated away and quiet.
    this.#end();
    for (let i = 0; i < 6; i++) await this.#look();
    await this.#follower!.stop(1_000);
  }

  async #step(one: Step): Promise<void> {
    if (one.do === 'append') return this.#append(one);
    if (one.do === 'look') return this.#look();
    if (one.do === 'stop') {
      await this.#follower?.stop(1_000);
      this.#follower = null;
      return;
    }
    if (one.do === 'crash') return this.#crash(one.kept);
    if (one.do === 'remove' || one.do === 'delete') return this.#delete(one);
    if (one.do === 'pack') return this.#pack(one);
    if (!fs.existsSync(this.#log)) return;
    this.#end();
    const name = `${this.#log}.${++this.#n}`;
    if (one.do === 'rotate') fs.renameSync(this.#log, name);
    else {
      fs.copyFileSync(this.#log, name);
      fs.truncateSync(this.#log, 0);
    }
    this.#rotated.push(name);
  }

  #append({ lines, bytes, open_end }: Step & { do: 'append' }): void {
    let text = '';
    for (let i = 0; i < lines; i++) {
      const line = `${this.written.length} `.padEnd(bytes, 'x');
      this.written.push(line);
      text += `${line}\n`;
    }
    this.#end();
    if (open_end) text = text.slice(0, -1 - Math.floor(bytes / 2));
    this.#open = open_end ? `${this.written.at(-1)!}\n`.slice(-1 - Math.floor(bytes / 2)) : '';
    const empty = !fs.existsSync(this.#log) || fs.statSync(this.#log).size === 0;
    fs.appendFileSync(this.#log, (empty ? this.#header : '') + text);
  }

  /** Writes the rest of a line that was begun. */
  #end(): void {
    if (this.#open !== '') fs.appendFileSync(this.#log, this.#open);
    this.#open = '';
  }

  async #look(): Promise<void> {
    if (this.#follower === null) {
      this.#follower = new Follower({
        ...{ source: 's', paths: [this.#log], from: 'beginning', positions: [...this.positions.values()] },
        ...{ poll_ms: 3_600_000, quiet_ms: 0, idle_ms: 3_600_000 },
      });
      const mine = this.#follower;
      await mine.start((piece) => this.#take(piece, mine));
    }
    await this.#follower?.round();
  }

  async #take(piece: Delivery, by: Follower): Promise<void> {
    if (this.#keeps <= 0) {
      // Kept, and the process died before its position was: told again.
      if (this.#keeps === 0) this.#count(piece);
      this.#keeps = -1;
      void by.stop(0);
      throw new Error('the process has died');
    }
    this.#keeps--;
    this.#count(piece);
    const { position } = piece;
    if (position !== null) this.positions.set(position.key, JSON.parse(JSON.stringify(position)));
  }

  #count(piece: Delivery): void {
    const text = Buffer.from(piece.bytes).toString();
    assert.ok(text === '' || text.endsWith('\n'), 'whole lines');
    for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#')))
      this.told.set(line, (this.told.get(line) ?? 0) + 1);
  }

  async #crash(kept: number): Promise<void> {
    if (this.#follower === null || !this.positions.has('begun')) return;
    this.crashed = true;
    this.#keeps = kept;
    await this.#look();
    await this.#follower.stop(0);
    this.#follower = null;
    this.#keeps = Number.POSITIVE_INFINITY;
  }

  /** What is not open when it is deleted is nobody's to read: it is looked at first. */
  async #delete(one: { readonly do: string; readonly which?: number }): Promise<void> {
    await this.#look();
    const name = one.do === 'remove' ? this.#log : this.#rotated[one.which ?? 0];
    if (name === undefined || !fs.existsSync(name)) return;
    if (one.do === 'remove') this.#end();
    fs.rmSync(name);
    // What was written since the look is in the open file alone.
    if (one.do === 'remove') await this.#look();
  }

  #pack(one: Step & { do: 'pack' }): void {
    const name = this.#rotated[one.which];
    if (name === undefined || !fs.existsSync(name) || /\.(gz|zst)$/.test(name)) return;
    const bytes = fs.readFileSync(name);
    const packed = one.with === 'gzip' ? `${name}.gz` : `${name}.zst`;
    fs.writeFileSync(packed, one.with === 'gzip' ? gzipSync(bytes) : zstdCompressSync(bytes));
    fs.rmSync(name);
    this.#rotated[one.which] = packed;
  }
}

it('whatever is done to a log, each line is told: once, and again only after a crash', async () => {
  const runs = Number(process.env.WEIR_FOLLOW_RUNS ?? 60);
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(step, { minLength: 1, maxLength: 30 }),
      async (headers, steps) => {
        const world = new World(headers);
        try {
          await world.run([{ do: 'look' }, ...steps]);
          const missing = world.written.filter((line) => !world.told.has(line));
          assert.deepEqual(missing, []);
          if (!world.crashed)
            assert.deepEqual(
              [...world.told].filter(([, n]) => n !== 1),
              [],
            );
          assert.equal(world.told.size, world.written.length);
        } finally {
          fs.rmSync(world.folder, { recursive: true, force: true });
        }
      },
    ),
    { numRuns: runs },
  );
});
