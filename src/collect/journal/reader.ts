import type { Disk } from './disk.ts';
import type { Kept } from './frame.ts';
import { Scan } from './scan.ts';
import { type Segment, segmentName } from './segments.ts';
import type { SetAside } from './set-aside.ts';

/** Records that follow each other. */
export interface Range {
  readonly first_seq: number;
  readonly last_seq: number;
  /** those that could be read */
  readonly records: readonly Kept[];
  /** of their payloads */
  readonly bytes: number;
  /** when the record after them came; null when there is none yet */
  readonly next_received_at: number | null;
}

/** How much is read at once. */
export interface ReadLimits {
  /** of payload; one record may be more */
  readonly most_bytes: number;
  readonly most_records: number;
  /** no further than this sequence number */
  readonly last_seq: number;
}

/** Reads the records of a journal in their order, once, from a sequence number on. */
export class Reader {
  readonly #disk: Disk;
  /** of the journal: grows at its end while this reads */
  readonly #segments: readonly Segment[];
  readonly #set_aside: SetAside;
  /** the next sequence number to find */
  #seq: number;
  /** the next one to give: behind `#seq` when what lies between is lost */
  #given: number;
  #segment: Segment | null = null;
  #scan: Scan | null = null;
  /** read, and not yet given */
  #held: Kept | null = null;
  /** what is no frame, since the last frame */
  #damage: { from: number; to: number }[] = [];

  constructor(disk: Disk, segments: readonly Segment[], set_aside: SetAside, from_seq: number) {
    this.#disk = disk;
    this.#segments = segments;
    this.#set_aside = set_aside;
    this.#seq = from_seq;
    this.#given = from_seq;
  }

  /** Goes on with a later record. */
  skipTo(seq: number): void {
    this.#seq = Math.max(this.#seq, seq);
    this.#given = Math.max(this.#given, seq);
    if (this.#held !== null && this.#held.seq < this.#seq) this.#held = null;
  }

  /**
   * What comes next, within the limits; null when nothing more is there yet. Sequence numbers whose records are lost are
   * passed over, and counted where they are set aside.
   */
  async read({ most_bytes, most_records, last_seq }: ReadLimits): Promise<Range | null> {
    const first_seq = this.#given;
    const records: Kept[] = [];
    let bytes = 0;
    while (records.length < most_records) {
      const piece = await this.#peek();
      if (piece === null || piece.seq > last_seq) break;
      if (records.length > 0 && bytes + piece.bytes.length > most_bytes) break;
      records.push(piece);
      bytes += piece.bytes.length;
      this.#held = null;
      this.#seq = piece.seq + 1;
    }
    // What is lost after the last record belongs to the range.
    const last = Math.min(this.#seq - 1, last_seq);
    if (last < first_seq) return null;
    this.#given = last + 1;
    const next_received_at = (await this.#peek())?.received_at ?? null;
    return { first_seq, last_seq: last, records, bytes, next_received_at };
  }

  async close(): Promise<void> {
    await this.#scan?.close();
    this.#scan = null;
    this.#segment = null;
  }

  /** The next record, which stays the next; null when there is none yet. */
  async #peek(): Promise<Kept | null> {
    while (this.#held === null) {
      const segment = this.#segment ?? this.#segments.find((one) => one.next_seq > this.#seq) ?? null;
      if (segment === null) return null;
      if (segment !== this.#segment) await this.#enter(segment);
      if (this.#seq >= segment.next_seq) {
        if (segment === this.#segments.at(-1)) return null;
        await this.close();
        continue;
      }
      await this.#step(segment);
    }
    return this.#held;
  }

  async #enter(segment: Segment): Promise<void> {
    this.#scan = new Scan(await this.#disk.open(segmentName(segment.number), 'read'), segment.seed);
    this.#segment = segment;
    this.#damage = [];
    // A file between this one and the one before is gone.
    if (segment.first_seq > this.#seq) await this.#lose(segment, segment.first_seq);
  }

  async #step(segment: Segment): Promise<void> {
    const found = await this.#scan!.next(segment.end);
    if (found?.piece === null) {
      this.#damage.push(found);
      return;
    }
    // What is numbered as the next segment's first, or later, was never acknowledged.
    if (found === null || found.piece.seq >= segment.next_seq) {
      await this.#lose(segment, segment.next_seq);
      return;
    }
    if (found.piece.seq > this.#seq) await this.#lose(segment, found.piece.seq);
    this.#damage = [];
    if (found.piece.seq === this.#seq) this.#held = found.piece;
  }

  /** Counts the records up to `next_seq` as lost, with the damage that they were in. */
  async #lose(segment: Segment, next_seq: number): Promise<void> {
    let records = next_seq - this.#seq;
    if (this.#damage.length === 0) this.#set_aside.missing(records);
    const file = this.#damage.length > 0 ? await this.#disk.open(segmentName(segment.number), 'read') : null;
    try {
      for (const { from, to } of this.#damage) {
        await this.#set_aside.keep(file!, segment.number, from, to, records, 'damaged');
        records = 0;
      }
    } finally {
      await file?.close();
    }
    this.#damage = [];
    this.#seq = next_seq;
  }
}
