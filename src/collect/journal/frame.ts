import { crc32 } from 'node:zlib';
import type { Delivery } from '../live/input.ts';

/** What is refused first when there is no room: alerts of other engines have a tenth of the journal for themselves. */
export type Priority = 'bulk' | 'alerts';

/** A piece as it comes back. Its sequence number is never given to another one of this journal. */
export interface Kept extends Delivery {
  readonly seq: number;
  readonly priority: Priority;
}

/**
 * One record in a segment, all numbers little endian:
 *
 *     0  u32  magic, bytes 57 4a 46 31 ("WJF1")
 *     4  u32  CRC of bytes 8 to 63
 *     8  u32  CRC of the body
 *    12  u32  bytes of the body
 *    16  u64  sequence number
 *    24  u64  offset   of the first byte in the origin
 *    32  u64  line     of the first byte in the origin
 *    40  u64  received_at, µs since 1970
 *    48  u8   kind: 1, a piece of bulk; 2, a piece of alerts
 *    49  u8   flags: 1, its origin has ended; 2, it has a head, maybe an empty one
 *    50  u16  bytes of the source
 *    52  u16  bytes of the origin
 *    54  u16  0
 *    56  u32  bytes of the head
 *    60  u32  0
 *    64       body: source and origin (UTF-8), the head, the payload
 *
 * The CRC is that of zlib, ISO-HDLC polynomial 0xEDB88320 (RFC 1952, 8), because the runtime has it in machine code;
 * CRC-32C would be many times slower in JavaScript, or a package with a binary. It begins with a value of the segment
 * (`seedOf`) that no sender knows, so that nothing a sender puts into a payload is ever taken for a frame, nor is what an
 * older file left on the same blocks. The header has a CRC of its own: when the body is damaged, its length still leads to
 * the next frame, and a search for a frame costs one CRC of 56 bytes at each magic, however hostile the payload.
 */
export const frame_header_bytes = 64;
export const frame_magic = Uint8Array.of(0x57, 0x4a, 0x46, 0x31);
const magic = 0x31464a57;
const flag_ended = 1;
const flag_head = 2;
/** u16 in the header. */
const most_name_bytes = 0xffff;
const two32 = 2 ** 32;

/** A frame's header, once its CRC is right. */
export interface FrameHeader {
  readonly seq: number;
  readonly body_crc: number;
  readonly body_bytes: number;
  readonly offset: number;
  readonly line: number;
  readonly received_at: number;
  readonly priority: Priority;
  readonly source_bytes: number;
  readonly origin_bytes: number;
  readonly head_bytes: number;
  readonly flags: number;
}

/** What a piece takes in a segment; what the numbers and names of the format cannot hold is a `RangeError`. */
export function frameBytes({ source, origin, head, bytes, offset, line, received_at }: Delivery): number {
  const names = [Buffer.byteLength(source), Buffer.byteLength(origin)] as const;
  for (const one of names)
    if (one > most_name_bytes) throw new RangeError(`A name of ${one} bytes is too long for the journal.`);
  for (const one of [offset, line, received_at])
    if (!Number.isSafeInteger(one) || one < 0)
      throw new RangeError(`${one} is no offset, line or instant for the journal.`);
  return frame_header_bytes + names[0] + names[1] + (head?.length ?? 0) + bytes.length;
}

/** Writes a piece as a frame to `into`, which must have the room; gives where the frame ends. */
export function putFrame(
  into: Buffer,
  at: number,
  piece: Delivery,
  seq: number,
  priority: Priority,
  seed: number,
): number {
  const body = at + frame_header_bytes;
  const source_bytes = into.write(piece.source, body, 'utf8');
  const origin_bytes = into.write(piece.origin, body + source_bytes, 'utf8');
  const head = body + source_bytes + origin_bytes;
  if (piece.head !== undefined) into.set(piece.head, head);
  const payload = head + (piece.head?.length ?? 0);
  into.set(piece.bytes, payload);
  const end = payload + piece.bytes.length;
  into.writeUInt32LE(magic, at);
  into.writeUInt32LE(crc32(into.subarray(body, end), seed), at + 8);
  into.writeUInt32LE(end - body, at + 12);
  putU64(into, at + 16, seq);
  putU64(into, at + 24, piece.offset);
  putU64(into, at + 32, piece.line);
  putU64(into, at + 40, piece.received_at);
  into[at + 48] = priority === 'alerts' ? 2 : 1;
  into[at + 49] = (piece.ended ? flag_ended : 0) | (piece.head === undefined ? 0 : flag_head);
  into.writeUInt16LE(source_bytes, at + 50);
  into.writeUInt16LE(origin_bytes, at + 52);
  into.writeUInt16LE(0, at + 54);
  into.writeUInt32LE(payload - head, at + 56);
  into.writeUInt32LE(0, at + 60);
  into.writeUInt32LE(crc32(into.subarray(at + 8, body), seed), at + 4);
  return end;
}

/** The header at `at`, where 64 bytes must be; null when there is none that is whole. */
export function headerAt(from: Buffer, at: number, seed: number): FrameHeader | null {
  if (from.readUInt32LE(at) !== magic) return null;
  if (crc32(from.subarray(at + 8, at + frame_header_bytes), seed) !== from.readUInt32LE(at + 4)) return null;
  const header: FrameHeader = {
    seq: getU64(from, at + 16),
    body_crc: from.readUInt32LE(at + 8),
    body_bytes: from.readUInt32LE(at + 12),
    offset: getU64(from, at + 24),
    line: getU64(from, at + 32),
    received_at: getU64(from, at + 40),
    priority: from[at + 48] === 2 ? 'alerts' : 'bulk',
    source_bytes: from.readUInt16LE(at + 50),
    origin_bytes: from.readUInt16LE(at + 52),
    head_bytes: from.readUInt32LE(at + 56),
    flags: from[at + 49]!,
  };
  const { source_bytes, origin_bytes, head_bytes, body_bytes } = header;
  return source_bytes + origin_bytes + head_bytes <= body_bytes ? header : null;
}

/** The piece of a header whose body begins at `at`; null when the body is damaged. Its bytes are those of `from`. */
export function pieceAt(from: Buffer, at: number, header: FrameHeader, seed: number): Kept | null {
  const end = at + header.body_bytes;
  if (crc32(from.subarray(at, end), seed) !== header.body_crc) return null;
  const origin = at + header.source_bytes;
  const head = origin + header.origin_bytes;
  const payload = head + header.head_bytes;
  return {
    source: from.toString('utf8', at, origin),
    origin: from.toString('utf8', origin, head),
    ...((header.flags & flag_head) === 0 ? {} : { head: from.subarray(head, payload) }),
    ...((header.flags & flag_ended) === 0 ? {} : { ended: true }),
    bytes: from.subarray(payload, end),
    offset: header.offset,
    line: header.line,
    received_at: header.received_at,
    position: null,
    seq: header.seq,
    priority: header.priority,
  };
}

/** A whole number up to 2^53, little endian: no BigInt in the way of each record. */
export function putU64(into: Buffer, at: number, value: number): void {
  into.writeUInt32LE(value % two32, at);
  into.writeUInt32LE(Math.floor(value / two32), at + 4);
}

export function getU64(from: Buffer, at: number): number {
  return from.readUInt32LE(at) + from.readUInt32LE(at + 4) * two32;
}

/**
 * The head of a segment, 64 bytes, little endian:
 *
 *     0  8 bytes  "WEIRJNL1"
 *     8  u32      CRC of bytes 12 to 63, begun with the seed of the segment
 *    12  u32      0
 *    16  u64      number of the segment, also its name
 *    24  u64      first sequence number in it
 *    32  u64      made at, µs since 1970
 *    40  24 bytes 0
 */
export const segment_header_bytes = 64;
const segment_magic = 'WEIRJNL1';

/** With what the CRCs of a segment begin: of the journal's id, which only its folder knows, and the segment's number. */
export function seedOf(journal: string, segment: number): number {
  return crc32(`${journal} ${segment}`);
}

export function segmentHead(number: number, first_seq: number, made_at: number, seed: number): Buffer {
  const head = Buffer.alloc(segment_header_bytes);
  head.write(segment_magic, 'latin1');
  putU64(head, 16, number);
  putU64(head, 24, first_seq);
  putU64(head, 32, made_at);
  head.writeUInt32LE(crc32(head.subarray(12), seed), 8);
  return head;
}

/** The first sequence number that the head of a segment names; null when the head is damaged. */
export function firstSeqOf(head: Buffer, number: number, seed: number): number | null {
  if (head.length < segment_header_bytes || head.toString('latin1', 0, 8) !== segment_magic) return null;
  if (crc32(head.subarray(12, segment_header_bytes), seed) !== head.readUInt32LE(8)) return null;
  return getU64(head, 16) === number ? getU64(head, 24) : null;
}
