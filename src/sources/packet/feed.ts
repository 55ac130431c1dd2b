import type { PacketReader, PacketSink } from './reader.ts';

/** Most bytes of a record a reader may ask to be kept: above it the file is given up. */
const maxRecord = 1 << 20;
const nothing: Buffer = Buffer.alloc(0);

/** What a Feed tells of the file, besides its packets. */
export interface FeedSink {
  rejected(reason: string, line: number, offset: number, excerpt: string): void;
}

export type TakePacket = PacketSink['packet'];

/**
 * The bytes of one capture file, or of a part of it, read as far as asked: chunks in, packets out. A record that lies in
 * one chunk is read in place; one that is cut is put together in a buffer of its own, at most 1 MiB.
 */
export class Feed implements PacketSink {
  /** Time of the next packet, µs; NaN: more bytes are needed to know; Infinity: there is none. */
  next = Number.NaN;
  link = 0;
  readonly packet: TakePacket;
  private readonly reader: PacketReader;
  private readonly sink: FeedSink;
  /** later times are no times: packets with them are passed on at once, to be rejected */
  private readonly latest: number;
  private until = Number.POSITIVE_INFINITY;
  private held = nothing;
  private chunk = nothing;
  /** of held[0], or of chunk[0] when nothing is held */
  private offset: number;
  private begun = false;
  private over = false;

  constructor(reader: PacketReader, sink: FeedSink, packet: TakePacket, latest: number, offset = 0) {
    this.reader = reader;
    this.sink = sink;
    this.packet = packet;
    this.latest = latest;
    this.offset = offset;
  }

  /** More bytes; only when what was pushed before is read, that is when `next` is NaN. */
  push(chunk: Buffer): void {
    if (this.over || chunk.length === 0) return;
    this.begun = true;
    this.chunk = this.chunk.length === 0 ? chunk : Buffer.concat([this.chunk, chunk]);
    this.read(Number.NEGATIVE_INFINITY);
  }

  /** Passes on the packets that are there with times up to `until`, and those in between that have none. */
  run(until: number): void {
    if (!this.over) this.read(until);
  }

  /** There are no more bytes. */
  end(): void {
    if (!this.over && this.held.length > 0) {
      const reason = this.reader.rest(this.held.length);
      const excerpt = this.held.subarray(0, 64).toString('hex');
      if (reason !== '') this.sink.rejected(reason, this.reader.nextLine, this.offset, excerpt);
    } else if (!this.over && !this.begun) this.sink.rejected(this.reader.rest(0), 1, 0, '');
    this.stop();
  }

  private read(until: number): void {
    this.until = until;
    this.next = Number.NaN;
    // Put a cut record together with as little copying as will do, then go on in the chunk itself.
    while (this.held.length > 0) {
      const before = this.held.length;
      const want = Math.min(this.chunk.length, Math.max(4096, before));
      const joined = want === 0 ? this.held : Buffer.concat([this.held, this.chunk.subarray(0, want)]);
      const stop = this.reader.read(joined, 0, joined.length, this.offset, this);
      if (this.over) return;
      this.offset += stop;
      if (stop >= before) {
        // everything that was held is read: the rest of `joined` is still in the chunk
        this.held = nothing;
        this.chunk = this.chunk.subarray(stop - before);
      } else {
        this.held = joined.subarray(stop);
        this.chunk = this.chunk.subarray(want);
      }
      if (!Number.isNaN(this.next)) return;
      if (this.held.length > maxRecord) this.fatal('record too long', this.offset);
      if (this.over || (this.held.length > 0 && want === 0)) return;
    }
    if (this.chunk.length === 0) return;
    const stop = this.reader.read(this.chunk, 0, this.chunk.length, this.offset, this);
    if (this.over) return;
    this.offset += stop;
    if (!Number.isNaN(this.next)) {
      this.chunk = this.chunk.subarray(stop);
      return;
    }
    this.held = stop === this.chunk.length ? nothing : Buffer.from(this.chunk.subarray(stop));
    this.chunk = nothing;
  }

  private stop(): void {
    this.over = true;
    this.next = Number.POSITIVE_INFINITY;
    this.held = nothing;
    this.chunk = nothing;
  }

  // ---- as the reader's sink

  mustWait(time: number): boolean {
    if (time <= this.until || time > this.latest) return false;
    this.next = time;
    return true;
  }
  section(_offset: number, _packets: number): void {}
  rejected(reason: string, line: number, offset: number): void {
    this.sink.rejected(reason, line, offset, '');
  }
  fatal(reason: string, offset: number): void {
    this.sink.rejected(reason, this.reader.nextLine, offset, '');
    this.stop();
  }
}
