import type { Disk, DiskFile } from './disk.ts';
import { firstSeqOf, seedOf, segment_header_bytes } from './frame.ts';
import { readRange, Scan } from './scan.ts';
import type { SetAside } from './set-aside.ts';

/** A file of records that follow each other. */
export interface Segment {
  readonly number: number;
  /** for the CRCs of its frames */
  readonly seed: number;
  readonly first_seq: number;
  /** one more than the last sequence number that belongs into it; what its file says of later ones does not count */
  next_seq: number;
  /** up to where it holds records that are on the disk */
  end: number;
  /** what its file takes on the disk, with room made ahead */
  bytes: number;
}

const suffix = '.segment';

export function segmentName(number: number): string {
  return `${String(number).padStart(16, '0')}${suffix}`;
}

function numberOf(name: string): number | null {
  return /^\d{16}\.segment$/.test(name) ? Number(name.slice(0, -suffix.length)) : null;
}

/**
 * Finds the segments of a journal, oldest first, each with the sequence numbers that belong into it. The last one is made
 * whole: what follows its last whole frame was cut off in the middle of writing, is set aside unless it is room made
 * ahead, and is cut; frames before it stay, and what is damaged between them is found when it is read.
 */
export async function findSegments(disk: Disk, journal: string, set_aside: SetAside): Promise<Segment[]> {
  const numbers = (await disk.names()).flatMap((name) => numberOf(name) ?? []).sort((a, b) => b - a);
  const segments: Segment[] = [];
  for (const number of numbers) {
    const later = segments[0] ?? null;
    const segment = await findSegment(disk, journal, number, set_aside, later);
    if (segment !== null) segments.unshift(segment);
  }
  return segments;
}

/**
 * One segment, before the `later` one: null for the last. Null when nothing in it can be a record: the file is set aside
 * and removed; one without a head was made in the moment of a crash, and nothing in it was acknowledged.
 */
async function findSegment(
  disk: Disk,
  journal: string,
  number: number,
  set_aside: SetAside,
  later: Segment | null,
): Promise<Segment | null> {
  const seed = seedOf(journal, number);
  const name = segmentName(number);
  const file = await disk.open(name, 'change');
  const scan = new Scan(file, seed);
  try {
    const bytes = await file.size();
    const head = firstSeqOf(await readRange(file, 0, Math.min(bytes, segment_header_bytes)), number, seed);
    // A damaged head takes nothing with it: the first frame says the same.
    const found = head === null || later === null ? await walk(scan, bytes, later === null) : null;
    const first_seq = head ?? found?.first_seq ?? null;
    if (first_seq === null) {
      const used = await usedTo(file, 0, bytes);
      if (used > 0) await set_aside.keep(file, number, 0, used, 0, later === null ? 'tail' : 'damaged');
      await disk.remove(name);
      return null;
    }
    if (later !== null) return { number, seed, first_seq, next_seq: later.first_seq, end: bytes, bytes };
    const { next_seq = first_seq, end = segment_header_bytes } = found ?? {};
    await cutTail(file, number, end, bytes, set_aside);
    return { number, seed, first_seq, next_seq, end, bytes: end };
  } finally {
    await scan.close();
  }
}

interface Walked {
  readonly first_seq: number;
  readonly next_seq: number;
  /** where the last whole frame ends */
  readonly end: number;
}

/** Looks at the frames of a segment, all of them or the first; null when there is none. */
async function walk(scan: Scan, bytes: number, all: boolean): Promise<Walked | null> {
  let first_seq: number | null = null;
  let next_seq = 0;
  let end = 0;
  for (let found = await scan.next(bytes); found !== null; found = await scan.next(bytes)) {
    if (found.piece === null) continue;
    first_seq ??= found.piece.seq;
    next_seq = found.piece.seq + 1;
    end = found.to;
    if (!all) break;
  }
  return first_seq === null ? null : { first_seq, next_seq, end };
}

/** Cuts what follows the last whole frame, and waits until what stays is on the disk: it will be handed out. */
async function cutTail(
  file: DiskFile,
  number: number,
  end: number,
  bytes: number,
  set_aside: SetAside,
): Promise<void> {
  if (end < bytes) {
    const used = await usedTo(file, end, bytes);
    if (used > end) await set_aside.keep(file, number, end, used, 0, 'tail');
    await file.truncate(end);
  }
  await file.sync();
}

/** Where a range that ends with zeros, room made ahead, ends without them. */
async function usedTo(file: DiskFile, from: number, to: number): Promise<number> {
  const step = 1024 * 1024;
  for (let end = to; end > from; end = Math.max(from, end - step)) {
    const at = Math.max(from, end - step);
    const chunk = await readRange(file, at, end);
    const last = chunk.findLastIndex((byte) => byte !== 0);
    if (last !== -1) return at + last + 1;
  }
  return from;
}
