import type { DiskFile } from './disk.ts';
import {
  type FrameHeader,
  frame_header_bytes,
  frame_magic,
  headerAt,
  type Kept,
  pieceAt,
  segment_header_bytes,
} from './frame.ts';

/** What lies in a range of a segment: a record, or bytes that are none. */
export interface Found {
  readonly from: number;
  readonly to: number;
  /** null: no frame, or a damaged one */
  readonly piece: Kept | null;
}

const chunk_bytes = 1024 * 1024;
const sector_bytes = 4096;

/**
 * Reads a segment frame by frame. Every step goes forward: after damage it goes on at the next frame that is whole, and a
 * sector that the disk cannot read is damage like any other.
 */
export class Scan {
  readonly #file: DiskFile;
  readonly #seed: number;
  #at = segment_header_bytes;
  #chunk: Buffer = Buffer.alloc(0);
  #chunk_at = 0;

  constructor(file: DiskFile, seed: number) {
    this.#file = file;
    this.#seed = seed;
  }

  /** What comes next before `end`; null at `end`. More may be there with a later `end`. */
  async next(end: number): Promise<Found | null> {
    const from = this.#at;
    if (from >= end) return null;
    const header = await this.#header(from, end);
    if (header === null) return this.#passed(from, await this.#search(from + 1, end), null);
    const to = from + frame_header_bytes + header.body_bytes;
    await this.#load(from, to - from, end);
    const body = from - this.#chunk_at + frame_header_bytes;
    return this.#passed(from, to, pieceAt(this.#chunk, body, header, this.#seed));
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #passed(from: number, to: number, piece: Kept | null): Found {
    this.#at = to;
    return { from, to, piece };
  }

  /** The header at `at` of a frame that ends by `end`; null when there is none. */
  async #header(at: number, end: number): Promise<FrameHeader | null> {
    if (at + frame_header_bytes > end) return null;
    await this.#load(at, frame_header_bytes, end);
    return this.#headerIn(at, end);
  }

  /** The same, of what is loaded. */
  #headerIn(at: number, end: number): FrameHeader | null {
    const header = headerAt(this.#chunk, at - this.#chunk_at, this.#seed);
    return header !== null && at + frame_header_bytes + header.body_bytes <= end ? header : null;
  }

  /** Where the next header after damage is; `end` when there is none. */
  async #search(from: number, end: number): Promise<number> {
    for (let at = from; at + frame_header_bytes <= end; ) {
      await this.#load(at, frame_header_bytes, end);
      const last = this.#chunk_at + this.#chunk.length - frame_header_bytes;
      // No waiting within a chunk: a hostile payload may look like a header at every fourth byte.
      while (at <= last) {
        const found = this.#chunk.indexOf(frame_magic, at - this.#chunk_at);
        at = found === -1 ? last + 1 : this.#chunk_at + found;
        if (at > last) break;
        if (this.#headerIn(at, end) !== null) return at;
        at++;
      }
    }
    return end;
  }

  /** Has at least `bytes` from `at` in the chunk. A chunk is never written to again: records point into it. */
  async #load(at: number, bytes: number, end: number): Promise<void> {
    if (at >= this.#chunk_at && at + bytes <= this.#chunk_at + this.#chunk.length) return;
    this.#chunk = await readRange(this.#file, at, Math.min(end, at + Math.max(bytes, chunk_bytes)));
    this.#chunk_at = at;
  }
}

/** Bytes `from` to `to` of a file; zeros where the disk cannot read them or the file is shorter. */
export async function readRange(file: DiskFile, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(to - from);
  try {
    await file.read(bytes, from);
  } catch {
    bytes.fill(0);
    for (let at = 0; at < bytes.length; at += sector_bytes) {
      try {
        await file.read(bytes.subarray(at, at + sector_bytes), from + at);
      } catch {
        // A sector that cannot be read stays zeros, which are no frame.
      }
    }
  }
  return bytes;
}
