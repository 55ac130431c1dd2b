import { setImmediate } from 'node:timers/promises';
import { WeirError } from '../../base/error.ts';
import type { Delivery } from '../live/input.ts';
import { cursor_file_bytes } from './cursor.ts';
import { type Disk, type DiskFile, journalProblem } from './disk.ts';
import { frameBytes, type Priority, putFrame, seedOf, segment_header_bytes, segmentHead } from './frame.ts';
import { hasRoom } from './room.ts';
import { type Segment, segmentName } from './segments.ts';

/** Bounds of a journal, in bytes. */
export interface WriteLimits {
  /** on the disk */
  readonly most_bytes: number;
  /** of a segment, and of one piece */
  readonly segment_bytes: number;
  /** of one group, which is written and synced together */
  readonly group_bytes: number;
  /** of pieces that wait to be written */
  readonly waiting_bytes: number;
  /** so much room is made on the disk at once: syncing is several times quicker where a file does not grow */
  readonly ahead_bytes: number;
}

/** How long syncing took: how often at most so many seconds, as Prometheus counts. */
export interface SyncTimes {
  readonly count: number;
  readonly sum_s: number;
  /** not cumulative; the last one is what took longer than all bounds */
  readonly buckets: readonly number[];
}
export const sync_bounds_s = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

interface Waiting {
  readonly piece: Delivery;
  readonly priority: Priority;
  readonly bytes: number;
  readonly resolve: (seq: number) => void;
  readonly reject: (error: WeirError) => void;
}

/** What the writer asks of the journal around it. */
export interface WriterHooks {
  /** µs since 1970 */
  now(): number;
  /** kept free for what is set aside, bytes */
  readonly reserved_bytes: number;
  /** these are on the disk now, from `first_seq` on */
  onKept(first_seq: number, pieces: readonly Delivery[]): void;
}

/**
 * Writes pieces to segments in groups: while one group is synced the next one gathers, so that one sync serves all that
 * wait, and a lone piece waits for nobody. A piece is kept once its group is synced; until then no number is used up.
 */
export class Writer {
  next_seq: number;
  readonly sync_counts: number[] = sync_bounds_s.map(() => 0).concat(0);
  sync_sum_s = 0;
  waiting_bytes = 0;
  readonly #disk: Disk;
  readonly #journal: string;
  readonly #segments: Segment[];
  readonly #limits: WriteLimits;
  readonly #hooks: WriterHooks;
  readonly #queue: Waiting[] = [];
  readonly #refused: Record<Priority, boolean> = { bulk: false, alerts: false };
  readonly #group: Buffer;
  #next_number: number;
  #open: { readonly segment: Segment; readonly file: DiskFile } | null = null;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(
    disk: Disk,
    journal: string,
    segments: Segment[],
    next: { seq: number; number: number },
    limits: WriteLimits,
    hooks: WriterHooks,
  ) {
    this.#disk = disk;
    this.#journal = journal;
    this.#segments = segments;
    this.next_seq = next.seq;
    this.#next_number = next.number;
    this.#limits = limits;
    this.#hooks = hooks;
    this.#group = Buffer.allocUnsafeSlow(limits.group_bytes);
  }

  /** On the disk and on the way there, with the room that may be made ahead. */
  get used_bytes(): number {
    let used = this.waiting_bytes + this.#hooks.reserved_bytes;
    for (const { end } of this.#segments) used += end;
    return used + this.#limits.ahead_bytes + 2 * segment_header_bytes + cursor_file_bytes;
  }

  /** Gives the sequence number of a piece once it is on the disk. Its bytes must stay as they are until then. */
  append(piece: Delivery, priority: Priority): Promise<number> {
    if (this.#closed)
      return Promise.reject(new WeirError('busy', 'The journal is closed; send it again later'));
    let bytes: number;
    try {
      bytes = frameBytes(piece);
    } catch (error) {
      return Promise.reject(new WeirError('output_failed', (error as Error).message, { cause: error }));
    }
    const most = this.#limits.segment_bytes - segment_header_bytes;
    if (bytes > most)
      return Promise.reject(
        new WeirError('output_failed', `A piece of ${bytes} bytes is more than the journal takes (${most})`),
      );
    const refused = this.#refusal(priority, bytes);
    if (refused !== null) return Promise.reject(refused);
    this.waiting_bytes += bytes;
    return new Promise((resolve, reject) => {
      this.#queue.push({ piece, priority, bytes, resolve, reject });
      this.#running ??= this.#run().finally(() => {
        this.#running = null;
      });
    });
  }

  /** Takes nothing more, and ends when what waits is written or refused. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#leave();
  }

  #refusal(priority: Priority, bytes: number): WeirError | null {
    const { most_bytes, waiting_bytes } = this.#limits;
    const refused = this.#refused[priority];
    const disk = hasRoom(priority, this.used_bytes, bytes, most_bytes, refused);
    // One piece may always wait: the bound is of many.
    const memory =
      this.waiting_bytes === 0 || hasRoom(priority, this.waiting_bytes, bytes, waiting_bytes, false);
    this.#refused[priority] = !disk;
    if (!disk)
      return new WeirError(
        'busy',
        `The journal has no room for more ${priority === 'bulk' ? 'records' : 'alerts'} (at most ${most_bytes} bytes); send it again when the store has taken some`,
      );
    return memory ? null : new WeirError('busy', 'The disk is slower than what comes; send it again');
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      // All that comes in this turn of the loop joins, and so do those who were just answered.
      await setImmediate();
      const group = this.#take();
      let bytes = 0;
      for (const one of group) bytes += one.bytes;
      const first_seq = this.next_seq;
      try {
        await this.#write(group, bytes);
      } catch (cause) {
        this.waiting_bytes -= bytes;
        const error = journalProblem('What was sent could not be written', cause);
        for (const one of group) one.reject(error);
        continue;
      }
      this.waiting_bytes -= bytes;
      this.#hooks.onKept(
        first_seq,
        group.map(({ piece }) => piece),
      );
      group.forEach((one, i) => {
        one.resolve(first_seq + i);
      });
    }
  }

  /** The next group: as many as one write takes, at least one. */
  #take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const one of this.#queue) {
      if (count > 0 && bytes + one.bytes > this.#limits.group_bytes) break;
      bytes += one.bytes;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #write(group: readonly Waiting[], bytes: number): Promise<void> {
    if (this.next_seq + group.length > Number.MAX_SAFE_INTEGER)
      throw new WeirError('output_failed', 'The journal has no numbers left for records; begin a new one');
    const { segment, file } = await this.#place(bytes);
    const buffer = bytes <= this.#group.length ? this.#group : Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    group.forEach(({ piece, priority }, i) => {
      at = putFrame(buffer, at, piece, this.next_seq + i, priority, segment.seed);
    });
    let written = false;
    try {
      await this.#makeRoom(segment, file, segment.end + bytes);
      await file.write(buffer.subarray(0, at), segment.end);
      written = true;
      await this.#timed(() => file.sync());
    } catch (error) {
      // After a sync that failed nobody knows what the disk has of the file: nothing is written to it any more.
      if (!(await shortened(file, segment)) || written) await this.#leave();
      throw error;
    }
    segment.end += at;
    this.next_seq += group.length;
    segment.next_seq = this.next_seq;
  }

  /** The open segment when it has the room, or a new one. */
  async #place(bytes: number): Promise<{ readonly segment: Segment; readonly file: DiskFile }> {
    const open = this.#open;
    if (open !== null && open.segment.end + bytes <= this.#limits.segment_bytes) return open;
    const next = await this.#begin();
    await this.#leave();
    this.#segments.push(next.segment);
    this.#open = next;
    return next;
  }

  /** Makes a segment: it, its first room and its name are on the disk before anything is written to it. */
  async #begin(): Promise<{ segment: Segment; file: DiskFile }> {
    const number = this.#next_number++;
    const name = segmentName(number);
    const seed = seedOf(this.#journal, number);
    const file = await this.#disk.open(name, 'new');
    const at = { first_seq: this.next_seq, next_seq: this.next_seq };
    const segment: Segment = { number, seed, ...at, end: segment_header_bytes, bytes: segment_header_bytes };
    try {
      await file.write(segmentHead(number, segment.first_seq, this.#hooks.now(), seed), 0);
      await this.#makeRoom(segment, file, segment_header_bytes + 1);
      await file.sync();
      await this.#disk.syncNames();
    } catch (error) {
      await file.close().catch(() => undefined);
      await this.#disk.remove(name).catch(() => undefined);
      throw error;
    }
    return { segment, file };
  }

  /** Writes zeros where the file ends before `end`, and some more. */
  async #makeRoom(segment: Segment, file: DiskFile, end: number): Promise<void> {
    if (end <= segment.bytes) return;
    const { ahead_bytes, segment_bytes } = this.#limits;
    const to = Math.max(end, Math.min(segment.bytes + ahead_bytes, segment_bytes));
    for (let at = segment.bytes; at < to; at += zeros.length)
      await file.write(zeros.subarray(0, Math.min(zeros.length, to - at)), at);
    segment.bytes = to;
  }

  /** Ends the open segment: what was made ahead is given back. */
  async #leave(): Promise<void> {
    if (this.#open === null) return;
    const { segment, file } = this.#open;
    this.#open = null;
    await shortened(file, segment);
    await file.close().catch(() => undefined);
    if (segment.next_seq > segment.first_seq) return;
    // Nothing in it was ever acknowledged.
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    await this.#disk.remove(segmentName(segment.number)).catch(() => undefined);
  }

  async #timed(sync: () => Promise<void>): Promise<void> {
    const from = performance.now();
    await sync();
    const seconds = (performance.now() - from) / 1000;
    const bucket = sync_bounds_s.findIndex((bound) => seconds <= bound);
    this.sync_counts[bucket === -1 ? sync_bounds_s.length : bucket]!++;
    this.sync_sum_s += seconds;
  }
}

const zeros = new Uint8Array(1024 * 1024);

/** Whether a file could be cut to what of it is known to be on the disk. */
async function shortened(file: DiskFile, segment: Segment): Promise<boolean> {
  try {
    await file.truncate(segment.end);
    segment.bytes = segment.end;
    return true;
  } catch {
    return false;
  }
}
