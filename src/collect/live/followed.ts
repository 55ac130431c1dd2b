import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { type Framing, firstPacketTime, framingOf, type Header, type Kind, Lines } from './cut-records.ts';
import type { Seen } from './find-files.ts';
import type { Position } from './input.ts';
import { headBytes, type Known, type Print, printOf, seamAfter } from './prints.ts';

/** Where a followed file lies: as it was looked at the last time. */
export interface Place {
  readonly path: string;
  readonly id: string;
  readonly size: number;
  readonly mtime_ms: number;
  /** gzip or zstd: offsets count unpacked bytes */
  readonly packed: boolean;
}

/** A file by its content, wherever it lies and whatever it is called, and how far it was read. */
export class Followed implements Known {
  readonly key: string;
  /** what evidence names it by: its path when it was first seen */
  readonly origin: string;
  readonly kind: Kind;
  readonly root: number;
  /** order in which files were found */
  readonly order: number;
  first_time: number | null = null;
  print: Print;
  /** its first bytes, up to `headBytes`; null: only their print is known */
  head: Buffer | null = null;
  offset = 0;
  /** records before `offset`, and one; 0: nobody counted */
  line = 1;
  seam: Buffer = Buffer.alloc(0);
  /** of what stands before `offset`, while the bytes themselves are not known */
  seam_print: Print | null = null;
  /** null after a restart, until the file is read on */
  framing: Framing | null;
  /** header lines that are in force at `offset`, while there is no `framing` */
  header: Header | null = null;
  place: Place | null = null;
  handle: FileHandle | null = null;
  /** inode that it was read from before a restart: a hint */
  hint: Place | null = null;
  /** inode where it lay before it was lost sight of */
  last_id = '';
  /** plain bytes that were seen of it; of a packed file only once it was read */
  seen_size = 0;
  /** when the file last changed, and when it was last there, by the clock of the follower */
  changed_at: number;
  there_at: number;
  /** read to its end, which was told */
  finished = false;
  /** not to be read: it was there before the source began */
  skipped = false;
  /** being read at the moment: leave it alone */
  busy = false;
  /** it may be finished now */
  ending = false;
  /** the file as it was when nothing more could be read of it */
  exhausted: Place | null = null;
  /** files that begin as it does, and go on otherwise */
  readonly others = new Set<string>();
  /** a record that is too long was searched up to here for its end */
  scanned = 0;

  constructor(
    from: { key?: string; origin: string; kind: Kind; root: number; print: Print },
    order: number,
    now: number,
  ) {
    this.key = from.key ?? randomUUID();
    this.origin = from.origin;
    this.kind = from.kind;
    this.root = from.root;
    this.print = from.print;
    this.order = order;
    this.framing = from.key === undefined ? framingOf(from.kind) : null;
    this.changed_at = now;
    this.there_at = now;
  }

  /** Plain bytes where it lies; null: it lies nowhere. */
  get size(): number | null {
    if (this.handle === null && this.place === null) return null;
    return this.place?.packed === true ? Number.MAX_SAFE_INTEGER : this.seen_size;
  }

  /** Takes in bytes that were read at `offset`. */
  read(bytes: Buffer, offset: number): void {
    if (offset > headBytes || this.print.bytes >= headBytes) return;
    const before = this.head ?? Buffer.alloc(0);
    if (before.length < offset || before.length >= offset + bytes.length) return;
    this.head = Buffer.concat([before.subarray(0, offset), bytes]).subarray(0, headBytes);
    this.print = printOf(this.head);
    this.first_time ??= firstPacketTime(this.kind, this.head);
  }

  /** `bytes` were delivered, or passed over, with so many records: reading goes on behind them. */
  advance(bytes: Buffer, records: number): void {
    this.seam = seamAfter(this.seam, bytes);
    this.offset += bytes.length;
    if (this.line > 0) this.line += records;
    this.seen_size = Math.max(this.seen_size, this.offset);
  }

  /** What to save when `bytes` are kept; without them what to save as it is. */
  position(bytes: Buffer = Buffer.alloc(0), records = 0, finished = this.finished): Position {
    const { key, origin, kind, root, print, place, skipped } = this;
    const seam = this.seam_print ?? printOf(seamAfter(this.seam, bytes));
    const at = place ?? this.hint;
    const header = this.framing instanceof Lines ? this.framing.header : this.header;
    return {
      key,
      value: {
        ...{ origin, kind, root, print: { ...print }, seam: { ...seam } },
        offset: this.offset + bytes.length,
        line: this.line === 0 ? 0 : this.line + records,
        header: header === null ? null : { ...header },
        first_time: this.first_time,
        place: at === null ? null : { ...at },
        ...{ finished, skipped },
      },
    };
  }
}

/** What was saved, as the file it was of; null: it is no position of a file. */
export function restored({ key, value }: Position, order: number, now: number): Followed | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  const { origin, kind, root, offset, line, first_time } = value;
  const [print, seam] = [printIn(value.print), printIn(value.seam)];
  if (print === null || seam === null || typeof origin !== 'string') return null;
  if (kind !== 'text' && kind !== 'pcap' && kind !== 'pcapng') return null;
  if (!isCount(offset) || !isCount(line) || !isCount(root)) return null;
  const file = new Followed({ key, origin, kind, root, print }, order, now);
  file.offset = offset;
  file.line = line;
  file.seam_print = seam;
  file.first_time = typeof first_time === 'number' ? first_time : null;
  file.finished = value.finished === true;
  file.skipped = value.skipped === true;
  file.hint = placeIn(value.place);
  file.header = headerIn(value.header);
  if (file.finished) file.exhausted = file.hint;
  return file;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function printIn(value: unknown): Print | null {
  const { bytes, hash } = (value ?? {}) as Partial<Print>;
  return isCount(bytes) && typeof hash === 'string' ? { bytes, hash } : null;
}

function headerIn(value: unknown): Header | null {
  const { offset, bytes } = (value ?? {}) as Partial<Header>;
  return isCount(offset) && isCount(bytes) ? { offset, bytes } : null;
}

function placeIn(value: unknown): Place | null {
  const { path, id, size, mtime_ms, packed } = (value ?? {}) as Partial<Place>;
  if (typeof path !== 'string' || typeof id !== 'string' || !isCount(size)) return null;
  return { path, id, size, mtime_ms: typeof mtime_ms === 'number' ? mtime_ms : 0, packed: packed === true };
}

/** Whether a file lies where it lay, unchanged. */
export function unchanged(place: Place | null, seen: Pick<Seen, 'id' | 'size' | 'mtime_ms'>): boolean {
  return place?.id === seen.id && place.size === seen.size && place.mtime_ms === seen.mtime_ms;
}
