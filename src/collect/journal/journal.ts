import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { WeirError } from '../../base/error.ts';
import { lockFolder } from '../../base/folder-lock.ts';
import { claimFolder, makeWithin, syncClaimed } from '../../base/own-files.ts';
import type { Delivery } from '../live/input.ts';
import { Cursor, type Cut, cursor_file_bytes, most_cuts } from './cursor.ts';
import { type Disk, diskAt, journalProblem } from './disk.ts';
import type { Kept, Priority } from './frame.ts';
import { Reader } from './reader.ts';
import { findSegments, type Segment, segmentName } from './segments.ts';
import { SetAside, type SetAsideState } from './set-aside.ts';
import { type SyncTimes, type WriteLimits, Writer } from './writer.ts';

/** Where a piece is kept. Together the two name it for good. */
export interface Place {
  readonly journal: string;
  readonly seq: number;
}

/** Pieces that follow each other. What is in it, and so its id, stays the same until it is committed, through any restart. */
export interface Batch {
  /** sha256 over the journal's id, the range and what is in it, hex */
  readonly id: string;
  readonly journal: string;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly records: readonly Kept[];
  /** of their payloads */
  readonly bytes: number;
  /** records of the range that were lost with a damaged part of the disk */
  readonly missing: number;
}

/** How large batches are. A record of the journal is one piece, however many lines are in it. */
export interface BatchLimits {
  /** of payload; a record that is larger is a batch of its own */
  readonly most_bytes: number;
  readonly most_records: number;
  /** how long the first record of a batch that is not full waits for others, default 0 */
  readonly wait_ms?: number;
}

/** What the journal says of itself, for metrics. */
export interface JournalState {
  /** on the disk, with room made ahead and what is set aside */
  readonly bytes: number;
  readonly most_bytes: number;
  readonly segments: number;
  /** kept and not committed */
  readonly waiting_records: number;
  /** when the oldest of them came, µs since 1970; null: none waits, or none was read yet */
  readonly oldest_received_at: number | null;
  /** taken, and not on the disk yet */
  readonly unsynced_bytes: number;
  /** since it was opened */
  readonly kept_records: number;
  readonly committed_records: number;
  readonly refused_records: Readonly<Record<Priority, number>>;
  readonly failed_records: number;
  readonly sync: SyncTimes;
  readonly set_aside: SetAsideState;
  /** the last thing that went wrong with the disk, a sentence; null: nothing since it last went well */
  readonly problem: string | null;
}

/** Options of `openJournal`. */
export interface JournalOptions extends Partial<WriteLimits> {
  /** made when it is not there; this process's alone until the journal is closed */
  readonly directory: string;
  /** told of each damage, once */
  readonly tell?: (problem: string) => void;
}

/** Keeps what senders cannot send again until the store has it. */
export interface Journal {
  readonly id: string;
  /**
   * Resolves when the piece is on the disk (fdatasync of its bytes); its bytes must stay as they are until then. Rejects
   * with `busy` (no room: bulk from 90 % of `most_bytes`, alerts from 100 %, until there is room again), `disk_full` or
   * `output_failed`; it may be sent again after any of these, and may be in the journal already after `output_failed`
   * only if the machine stopped at that moment.
   */
  append(piece: Delivery, priority?: Priority): Promise<Place>;
  /**
   * Batches in order, as they come, without an end until the journal is closed. Where one ends is written to the disk before it
   * is given. Each call begins at what is not committed; one at a time. Waits while 64 batches are not committed.
   * @throws WeirError disk_full, output_failed when a cut cannot be written: call it again
   */
  batches(limits: BatchLimits): AsyncGenerator<Batch, void, void>;
  /**
   * Resolves when the disk says that the batch never comes again; then segments that are wholly committed are removed. In any order.
   * @throws WeirError disk_full, output_failed: call it again
   */
  commit(batch: Pick<Batch, 'first_seq'>): Promise<void>;
  state(): JournalState;
  /** Takes nothing more, waits for what is under way, ends `batches`, lets go of the folder. */
  close(): Promise<void>;
}

const defaults: WriteLimits = {
  most_bytes: 2 * 1024 ** 3,
  segment_bytes: 64 * 1024 ** 2,
  group_bytes: 1024 ** 2,
  waiting_bytes: 16 * 1024 ** 2,
  ahead_bytes: 4 * 1024 ** 2,
};
/** Set aside is at most so much of the journal. */
const set_aside_share = 1 / 16;
/** A journal has room for so many segments at least: room comes back by whole segments. */
const least_segments = 8;

/** What tests put in the place of the machine. */
export interface JournalParts {
  readonly id: string;
  readonly disk: Disk;
  readonly set_aside: Disk;
  /** of a journal without records */
  readonly start?: { readonly seq: number; readonly segment: number };
  readonly now?: () => number;
  readonly release?: () => void;
}

/**
 * Opens the journal in a folder of its own, and makes it whole after a crash.
 * @throws WeirError folder_unusable when the folder is another's or in use, disk_full, output_failed
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { directory } = options;
  const marker = claimFolder(directory, 'journal');
  if (marker.kind !== 'journal')
    throw new WeirError('folder_unusable', `${directory} is a ${marker.kind} of Weir; name another folder`);
  const release = lockFolder(directory);
  try {
    const set_aside = join(directory, 'set-aside');
    makeWithin(set_aside);
    await syncClaimed(directory);
    const parts = { id: marker.id, disk: diskAt(directory), set_aside: diskAt(set_aside), release };
    return await openParts(options, parts);
  } catch (error) {
    release();
    throw journalProblem(`The journal at ${directory} cannot be opened`, error);
  }
}

/** Opens a journal from its parts. */
export async function openParts(
  options: Omit<JournalOptions, 'directory'>,
  { id, disk, set_aside: aside_disk, start, now, release }: JournalParts,
): Promise<Journal> {
  const limits = limitsOf(options);
  const tell = options.tell ?? (() => undefined);
  const set_aside = await SetAside.open(aside_disk, limits.most_bytes * set_aside_share, tell);
  const segments = await findSegments(disk, id, set_aside);
  const { cursor, lost } = await Cursor.open(
    disk,
    crc32(id),
    segments[0]?.first_seq ?? null,
    start?.seq ?? 1,
  );
  if (lost)
    tell('The journal lost its cursor: all that is still in it is read again, also what was stored already');
  const next = {
    // A number that may have been handed out is never given to another record.
    seq: Math.max(segments.at(-1)?.next_seq ?? 0, cursor.planned_to),
    number: (segments.at(-1)?.number ?? (start?.segment ?? 1) - 1) + 1,
  };
  const clock = now ?? (() => Date.now() * 1000);
  const journal = new DiskJournal({ id, disk, segments, cursor, set_aside, limits, next, clock, release });
  // What was removed may be there again after a power cut.
  await journal.sweep();
  return journal;
}

function limitsOf(options: Partial<WriteLimits>): WriteLimits {
  const most_bytes = options.most_bytes ?? defaults.most_bytes;
  const most_segment = Math.floor(most_bytes / least_segments);
  const segment_bytes = Math.min(options.segment_bytes ?? defaults.segment_bytes, most_segment);
  return {
    most_bytes,
    segment_bytes,
    group_bytes: options.group_bytes ?? defaults.group_bytes,
    waiting_bytes: options.waiting_bytes ?? defaults.waiting_bytes,
    ahead_bytes: Math.min(options.ahead_bytes ?? defaults.ahead_bytes, segment_bytes),
  };
}

interface Parts {
  readonly id: string;
  readonly disk: Disk;
  readonly segments: Segment[];
  readonly cursor: Cursor;
  readonly set_aside: SetAside;
  readonly limits: WriteLimits;
  readonly next: { readonly seq: number; readonly number: number };
  readonly clock: () => number;
  readonly release: (() => void) | undefined;
}

class DiskJournal implements Journal {
  readonly id: string;
  readonly #parts: Parts;
  readonly #writer: Writer;
  #reading: Promise<void> | null = null;
  /** when the first record of each batch that was handed out came, by its first sequence number */
  readonly #received_at = new Map<number, number>();
  /** when the first record came that is in no batch yet */
  #next_received_at: number | null = null;
  #fresh_bytes = 0;
  /** counts records, commits and the close, so that none that comes while this looks elsewhere is waited for */
  #news = 0;
  #wakeReader: () => void = () => undefined;
  #closed = false;
  #sweeping: Promise<void> = Promise.resolve();
  #kept = 0;
  #committed = 0;
  #failed = 0;
  readonly #refused: Record<Priority, number> = { bulk: 0, alerts: 0 };
  #problem: string | null = null;

  constructor(parts: Parts) {
    this.id = parts.id;
    this.#parts = parts;
    const { disk, segments, next, limits, clock } = parts;
    this.#writer = new Writer(disk, parts.id, segments, next, limits, {
      now: clock,
      reserved_bytes: limits.most_bytes * set_aside_share,
      onKept: (_, pieces) => this.#onKept(pieces),
    });
  }

  async append(piece: Delivery, priority: Priority = 'bulk'): Promise<Place> {
    try {
      const seq = await this.#writer.append(piece, priority);
      this.#problem = null;
      return { journal: this.id, seq };
    } catch (error) {
      if ((error as WeirError).code === 'busy') this.#refused[priority]++;
      else {
        this.#failed++;
        this.#problem = (error as WeirError).message;
      }
      throw error;
    }
  }

  async *batches(limits: BatchLimits): AsyncGenerator<Batch, void, void> {
    if (this.#reading !== null) throw new Error('The journal is being read already.');
    const ended = Promise.withResolvers<void>();
    this.#reading = ended.promise;
    const { disk, segments, set_aside, cursor } = this.#parts;
    const reader = new Reader(disk, segments, set_aside, cursor.seq);
    try {
      for (const cut of [...cursor.cuts]) {
        if (this.#closed) return;
        const batch = cut.done ? null : await this.#again(reader, cut);
        reader.skipTo(cut.last_seq + 1);
        if (batch !== null) yield batch;
      }
      while (!this.#closed) {
        const seen = this.#news;
        const batch = await this.#next(reader, limits);
        if (batch === null) await this.#newsSince(seen, null);
        else if (batch.records.length > 0) yield batch;
        else await this.commit(batch);
      }
    } catch (error) {
      throw this.#told('The journal cannot be read', error);
    } finally {
      await reader.close();
      this.#reading = null;
      ended.resolve();
    }
  }

  async commit({ first_seq }: Pick<Batch, 'first_seq'>): Promise<void> {
    if (this.#closed) throw new WeirError('busy', 'The journal is closed; commit it when it is opened again');
    const { cursor } = this.#parts;
    const cut = cursor.cuts.find((one) => one.first_seq === first_seq);
    try {
      await cursor.commit(first_seq);
    } catch (error) {
      throw this.#told('The cursor of the journal cannot be written', error);
    }
    if (cut !== undefined && this.#received_at.delete(first_seq))
      this.#committed += cut.last_seq + 1 - cut.first_seq;
    this.#wake();
    this.#sweeping = this.#sweeping.then(() => this.sweep());
    await this.#sweeping;
  }

  state(): JournalState {
    const { segments, cursor, set_aside, limits } = this.#parts;
    const waiting_records = cursor.cuts.reduce(
      (sum, cut) => (cut.done ? sum : sum + cut.last_seq + 1 - cut.first_seq),
      this.#writer.next_seq - cursor.planned_to,
    );
    const first = cursor.cuts.find((cut) => !cut.done);
    return {
      bytes: segments.reduce((sum, { bytes }) => sum + bytes, cursor_file_bytes + set_aside.state.bytes),
      most_bytes: limits.most_bytes,
      segments: segments.length,
      waiting_records,
      oldest_received_at:
        waiting_records === 0
          ? null
          : ((first && this.#received_at.get(first.first_seq)) ?? this.#next_received_at),
      unsynced_bytes: this.#writer.waiting_bytes,
      kept_records: this.#kept,
      committed_records: this.#committed,
      refused_records: { ...this.#refused },
      failed_records: this.#failed,
      sync: {
        count: this.#writer.sync_counts.reduce((sum, one) => sum + one, 0),
        sum_s: this.#writer.sync_sum_s,
        buckets: [...this.#writer.sync_counts],
      },
      set_aside: set_aside.state,
      problem: this.#problem,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writer.close();
    this.#wake();
    await this.#sweeping;
    await this.#parts.cursor.close();
    this.#parts.release?.();
  }

  #onKept(pieces: readonly Delivery[]): void {
    this.#kept += pieces.length;
    for (const piece of pieces) this.#fresh_bytes += piece.bytes.length;
    this.#next_received_at ??= pieces[0]?.received_at ?? null;
    this.#wake();
  }

  /** A batch that was handed out before; null when nothing of it can be read any more. */
  async #again(reader: Reader, cut: Cut): Promise<Batch | null> {
    reader.skipTo(cut.first_seq);
    const limits = { most_bytes: Number.POSITIVE_INFINITY, most_records: Number.POSITIVE_INFINITY };
    const range = await reader.read({ ...limits, last_seq: cut.last_seq });
    const gone = cut.last_seq - (range?.last_seq ?? cut.first_seq - 1);
    if (gone > 0) this.#parts.set_aside.missing(gone);
    if (range !== null) this.#next_received_at = range.next_received_at;
    const batch = this.#batch(cut.first_seq, cut.last_seq, range?.records ?? [], range?.bytes ?? 0);
    if (batch.records.length > 0) return batch;
    await this.commit(batch);
    return null;
  }

  /** The next batch, once its cut is on the disk; null when there is nothing new. */
  async #next(reader: Reader, { most_bytes, most_records, wait_ms = 0 }: BatchLimits): Promise<Batch | null> {
    const { cursor } = this.#parts;
    for (let seen = this.#news; cursor.cuts.length >= most_cuts && !this.#closed; seen = this.#news)
      await this.#newsSince(seen, null);
    await this.#gather(most_bytes, most_records, wait_ms);
    // Cleared first: what is kept while this reads is noted by `#onKept`.
    this.#fresh_bytes = 0;
    this.#next_received_at = null;
    const range = await reader.read({ most_bytes, most_records, last_seq: this.#writer.next_seq - 1 });
    if (range === null || this.#closed) return null;
    this.#next_received_at = range.next_received_at ?? this.#next_received_at;
    await cursor.cut(range.last_seq);
    return this.#batch(range.first_seq, range.last_seq, range.records, range.bytes);
  }

  #batch(first_seq: number, last_seq: number, records: readonly Kept[], bytes: number): Batch {
    this.#received_at.set(first_seq, records[0]?.received_at ?? 0);
    const id = batchId(this.id, first_seq, last_seq, records);
    const missing = last_seq + 1 - first_seq - records.length;
    return { id, journal: this.id, first_seq, last_seq, records, bytes, missing };
  }

  /** Waits until a batch is full or its first record has waited long enough. */
  async #gather(most_bytes: number, most_records: number, wait_ms: number): Promise<void> {
    if (wait_ms === 0) return;
    const until = performance.now() + wait_ms;
    const { cursor } = this.#parts;
    while (!this.#closed) {
      const seen = this.#news;
      const records = this.#writer.next_seq - cursor.planned_to;
      const left_ms = until - performance.now();
      if (records === 0 || records >= most_records || this.#fresh_bytes >= most_bytes || left_ms <= 0) return;
      await this.#newsSince(seen, left_ms);
    }
  }

  /** Resolves when there are more news than were seen, or after so many milliseconds. */
  async #newsSince(seen: number, within_ms: number | null): Promise<void> {
    if (this.#news !== seen || this.#closed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = within_ms === null ? null : setTimeout(resolve, within_ms);
    this.#wakeReader = resolve;
    await promise;
    if (timer !== null) clearTimeout(timer);
  }

  #wake(): void {
    this.#news++;
    this.#wakeReader();
  }

  /** Removes segments that are wholly committed, as the disk says; the last one stays, so that no number comes again. */
  async sweep(): Promise<void> {
    const { segments, cursor, disk } = this.#parts;
    for (const segment of [...segments]) {
      if (segment === segments.at(-1) || segment.next_seq > cursor.saved_seq) break;
      try {
        await disk.remove(segmentName(segment.number));
      } catch (error) {
        // It stays, and is tried again with the next commit.
        this.#told('A segment of the journal cannot be removed', error);
        break;
      }
      segments.splice(segments.indexOf(segment), 1);
    }
  }

  #told(what: string, cause: unknown): WeirError {
    const error = journalProblem(what, cause);
    this.#problem = error.message;
    return error;
  }
}

/** sha256 over journal, range and all that is in it: the same id is the same content. */
function batchId(journal: string, first_seq: number, last_seq: number, records: readonly Kept[]): string {
  const hash = createHash('sha256').update(`${journal} ${first_seq} ${last_seq}\n`);
  for (const one of records) {
    const { seq, source, origin, offset, line, received_at, priority, head, ended = false } = one;
    // The lengths first: no two contents give the same bytes.
    const figures = [seq, offset, line, received_at, head?.length ?? null, one.bytes.length, ended];
    hash.update(`${JSON.stringify([source, origin, priority, ...figures])}\n`);
    if (head !== undefined) hash.update(head);
    hash.update(one.bytes);
  }
  return hash.digest('hex');
}
