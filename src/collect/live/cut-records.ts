/**
 * Where records of a file end: lines, and packets of captures. Only their lengths are read here; what they say is for
 * src/sources. pcap and pcapng as described there (draft-ietf-opsawg-pcap-05, draft-ietf-opsawg-pcapng-03).
 */
export type Kind = 'text' | 'pcap' | 'pcapng';

/** A longer record is left out and counted. */
export const longestRecord = 1024 * 1024;
/** More header than this is not kept. */
const mostHeader = 64 * 1024;
/** libpcap's limit of a packet */
const maxCaptured = 262_144;

/** How much of some bytes is whole records. */
export interface Cut {
  readonly end: number;
  readonly records: number;
  /** with `end` 0: the first record is longer than `longestRecord`; so many bytes, null: up to the next line feed */
  readonly too_long?: number | null;
}

export interface Framing {
  readonly kind: Kind;
  /** Bytes at the beginning of a file that are its header and no records; 0: none, or not whole yet. */
  begin(bytes: Buffer): number;
  /** How much of `bytes`, which begin with a record, is whole records. */
  cut(bytes: Buffer): Cut;
  /** These records, which begin at `offset`, were taken: the header that is in force after them. */
  taken(bytes: Buffer, offset: number): void;
  /** What a decoder needs that begins after what was taken; null: nothing. */
  head(): Buffer | null;
}

/** Where header lines stand in a file. */
export interface Header {
  readonly offset: number;
  readonly bytes: number;
}

/** What a file is by its first bytes; null: too few to say. 'other': neither text nor a capture. */
export function kindOf(head: Buffer): Kind | 'other' | null {
  if (head.length < 4) return head.includes(10) ? 'text' : null;
  const magic = head.readUInt32BE(0);
  if (magic === 0x0a0d0d0a) return head.length < 12 ? null : orderOf(head, 0) === null ? 'text' : 'pcapng';
  if (recordHeader(magic) > 0) return head.length < 24 ? null : 'pcap';
  const utf16 = magic >>> 16 === 0xfffe || magic >>> 16 === 0xfeff;
  return head.includes(0) && !utf16 ? 'other' : 'text';
}

export function framingOf(kind: Kind): Framing {
  return kind === 'text' ? new Lines() : kind === 'pcap' ? new Packets() : new Blocks();
}

export class Lines implements Framing {
  readonly kind = 'text';
  /** where the header lines of a Zeek log are, the last ones before what comes next */
  header: Header | null = null;
  #header: Buffer = Buffer.alloc(0);
  /** whether what comes next may belong to the header */
  #open = true;

  begin(): number {
    return 0;
  }

  cut(bytes: Buffer): Cut {
    const end = bytes.lastIndexOf(10) + 1;
    if (end === 0 && bytes.length > longestRecord) return { end, records: 0, too_long: null };
    return { end, records: countLines(bytes, end) };
  }

  taken(bytes: Buffer, offset: number): void {
    // A new header in mid-file (rotated files put together) counts from there.
    const again = bytes.lastIndexOf('\n#separator ') + 1;
    if (again === 0 && !this.#open && bytes.indexOf('#separator ') !== 0) return;
    if (again > 0 || !this.#open) this.header = null;
    let at = again;
    while (at < bytes.length && bytes[at] === 0x23) {
      const feed = bytes.indexOf(10, at);
      at = feed < 0 ? bytes.length : feed + 1;
    }
    this.#open = at === bytes.length;
    const before = this.header === null ? Buffer.alloc(0) : this.#header;
    if (at === again || before.length + at - again > mostHeader) return;
    this.#header = Buffer.concat([before, bytes.subarray(again, at)]);
    this.header = { offset: this.header?.offset ?? offset + again, bytes: this.#header.length };
  }

  /** After a restart: `bytes` are the header that stands at `offset`; reading goes on at `from`. */
  recall(bytes: Buffer, offset: number, from: number): void {
    this.taken(bytes, offset);
    this.#open = from === offset + bytes.length;
  }

  head(): Buffer | null {
    return this.header === null ? null : this.#header;
  }
}

function countLines(bytes: Buffer, end: number): number {
  let n = 0;
  for (let at = bytes.indexOf(10); at >= 0 && at < end; at = bytes.indexOf(10, at + 1)) n++;
  return n;
}

/** Bytes of a packet header by the magic number as it stands in the file; 0: no pcap. */
function recordHeader(magic: number): number {
  if ([0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1].includes(magic)) return 16;
  return magic === 0xa1b2cd34 || magic === 0x34cdb2a1 ? 24 : 0;
}

const isBig = (magic: number): boolean => magic >>> 16 === 0xa1b2;

class Packets implements Framing {
  readonly kind = 'pcap';
  #header: Buffer | null = null;
  /** a header that cannot be: bytes are passed on as they are from there, and the decoder looks for the next packet */
  #broken = false;

  begin(bytes: Buffer): number {
    if (bytes.length < 24) return 0;
    this.#header = Buffer.from(bytes.subarray(0, 24));
    return 24;
  }

  cut(bytes: Buffer): Cut {
    if (this.#broken || this.#header === null) return { end: bytes.length, records: 0 };
    const magic = this.#header.readUInt32BE(0);
    const [header, big] = [recordHeader(magic), isBig(magic)];
    let [at, records] = [0, 0];
    while (bytes.length - at >= header) {
      const captured = u32(bytes, at + 8, big);
      if (captured > maxCaptured) {
        this.#broken = true;
        return { end: bytes.length, records };
      }
      if (bytes.length - at < header + captured) break;
      at += header + captured;
      records++;
    }
    return { end: at, records };
  }

  taken(): void {}

  head(): Buffer | null {
    return this.#header;
  }
}

/** Byte order of the section whose header is at `at`: true big, null: it is none. */
function orderOf(bytes: Buffer, at: number): boolean | null {
  const order = bytes.readUInt32BE(at + 8);
  return order === 0x1a2b3c4d ? true : order === 0x4d3c2b1a ? false : null;
}

const sectionHeader = 0x0a0d0d0a;

interface Block {
  readonly type: number;
  readonly length: number;
  readonly big: boolean;
}

/** The block at `at`, of which 12 bytes are there; null: it cannot be one. */
function blockAt(bytes: Buffer, at: number, big: boolean): Block | null {
  const type = u32(bytes, at, big);
  const order = type === sectionHeader ? orderOf(bytes, at) : big;
  if (order === null) return null;
  const length = u32(bytes, at + 4, order);
  return length < 12 || length % 4 !== 0 || length > 1 << 30 ? null : { type, length, big: order };
}

const isPacket = (type: number): boolean => type === 6 || type === 3 || type === 2;

class Blocks implements Framing {
  readonly kind = 'pcapng';
  /** section header and interfaces of the section at hand */
  #header: Buffer = Buffer.alloc(0);
  #big = false;
  #broken = false;

  /** Section header and the interfaces that follow it at once. */
  begin(bytes: Buffer): number {
    let [at, big] = [0, false];
    while (bytes.length - at >= 12) {
      const block = blockAt(bytes, at, big);
      const header = block !== null && (at === 0 ? block.type === sectionHeader : block.type === 1);
      if (!header || bytes.length - at < block.length) break;
      at += block.length;
      big = block.big;
    }
    this.taken(bytes.subarray(0, at));
    return at;
  }

  cut(bytes: Buffer): Cut {
    if (this.#broken) return { end: bytes.length, records: 0 };
    let [at, records, big] = [0, 0, this.#big];
    while (bytes.length - at >= 12) {
      const block = blockAt(bytes, at, big);
      if (block === null) {
        this.#broken = true;
        return { end: bytes.length, records };
      }
      if (bytes.length - at < block.length) {
        if (at === 0 && block.length > longestRecord) return { end: 0, records: 0, too_long: block.length };
        break;
      }
      at += block.length;
      big = block.big;
      if (isPacket(block.type)) records++;
    }
    return { end: at, records };
  }

  taken(bytes: Buffer): void {
    if (this.#broken) return;
    for (let at = 0; bytes.length - at >= 12; ) {
      const block = blockAt(bytes, at, this.#big);
      if (block === null) return;
      this.#big = block.big;
      if (block.type === sectionHeader) this.#header = Buffer.alloc(0);
      const keep = block.type === sectionHeader || block.type === 1;
      if (keep && this.#header.length + block.length <= mostHeader)
        this.#header = Buffer.concat([this.#header, bytes.subarray(at, at + block.length)]);
      at += block.length;
    }
  }

  head(): Buffer | null {
    return this.#header.length > 0 ? this.#header : null;
  }
}

function u32(bytes: Buffer, at: number, big: boolean): number {
  return big ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
}

/** Time of the first packet in the first bytes of a capture, µs: the order of files of one folder; null: not told there. */
export function firstPacketTime(kind: Kind, head: Buffer): number | null {
  if (kind === 'pcap' && head.length >= 32) {
    const magic = head.readUInt32BE(0);
    const nanos = magic === 0xa1b23c4d || magic === 0x4d3cb2a1;
    const fraction = u32(head, 28, isBig(magic));
    return u32(head, 24, isBig(magic)) * 1_000_000 + (nanos ? Math.floor(fraction / 1000) : fraction);
  }
  if (kind !== 'pcapng') return null;
  let [big, per_second] = [false, 0];
  for (let at = 0; head.length - at >= 20; ) {
    const block = blockAt(head, at, big);
    if (block === null) return null;
    big = block.big;
    if (block.type === 1 && per_second === 0) per_second = resolution(head, at, block);
    if (block.type === 6) {
      const ticks = u32(head, at + 12, big) * 2 ** 32 + u32(head, at + 16, big);
      return Math.floor((ticks / (per_second || 1_000_000)) * 1_000_000);
    }
    at += block.length;
  }
  return null;
}

/** Ticks a second of an interface: option if_tsresol, 10^6 without it. */
function resolution(head: Buffer, at: number, { length, big }: Block): number {
  const end = Math.min(head.length, at + length - 4);
  const u16 = (place: number): number => (big ? head.readUInt16BE(place) : head.readUInt16LE(place));
  for (let option = at + 16; option + 5 <= end; option += 4 + ((u16(option + 2) + 3) & ~3)) {
    if (u16(option) === 0) break;
    if (u16(option) !== 9) continue;
    const value = head[option + 4]!;
    return (value & 0x80) !== 0 ? 2 ** (value & 0x7f) : 10 ** value;
  }
  return 1_000_000;
}

/** Whole records as they were cut out of a stream. */
export interface Piece {
  readonly bytes: Buffer;
  readonly offset: number;
  readonly records: number;
}

/** Cuts a stream of bytes (what a packed file holds, what a child prints) into pieces of whole records. */
export class StreamCutter {
  readonly framing: Framing;
  /** records that were given out, and such as were left out because they are too long */
  records = 0;
  too_long = 0;
  #carry: Buffer = Buffer.alloc(0);
  /** offset of the first byte of `carry` */
  #at = 0;
  #begun = false;
  /** bytes that are left of a record that is too long; null: up to the next line feed */
  #skip: number | null = 0;

  readonly #split_at: number;

  /** `split_at`: an offset where a piece begins if a record does. */
  constructor(kind: Kind, split_at = 0) {
    this.framing = framingOf(kind);
    this.#split_at = split_at;
  }

  /** The records that are whole now. They were `taken` already: framing.head() is that of what follows them. */
  push(chunk: Buffer): (Piece & { readonly head: Buffer | null })[] {
    let bytes = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    if (this.#skip !== 0) bytes = this.#skipped(bytes);
    if (!this.#begun && bytes.length > 0) {
      const start = this.framing.begin(bytes);
      if (start === 0 && this.framing.kind !== 'text') {
        this.#carry = bytes;
        return [];
      }
      this.#begun = true;
      this.#at += start;
      bytes = bytes.subarray(start);
    }
    const pieces = [];
    while (bytes.length > 0 && this.#skip === 0) {
      const { end, records, too_long } = this.#cut(bytes);
      if (too_long !== undefined) {
        this.too_long++;
        this.#skip = too_long;
        bytes = this.#skipped(bytes);
        continue;
      }
      if (end === 0) break;
      const piece = { bytes: bytes.subarray(0, end), offset: this.#at, records, head: this.framing.head() };
      this.framing.taken(piece.bytes, piece.offset);
      pieces.push(piece);
      this.records += records;
      this.#at += end;
      bytes = bytes.subarray(end);
    }
    this.#carry = Buffer.from(bytes);
    return pieces;
  }

  #cut(bytes: Buffer): Cut {
    const before = this.#split_at - this.#at;
    if (before > 0 && before < bytes.length) {
      const cut = this.framing.cut(bytes.subarray(0, before));
      if (cut.end > 0) return cut;
    }
    return this.framing.cut(bytes);
  }

  #skipped(bytes: Buffer): Buffer {
    const feed = this.#skip === null ? bytes.indexOf(10) : -1;
    const step =
      this.#skip === null ? (feed < 0 ? bytes.length : feed + 1) : Math.min(this.#skip, bytes.length);
    if (this.#skip !== null) this.#skip -= step;
    else if (feed >= 0) this.#skip = 0;
    this.#at += step;
    return bytes.subarray(step);
  }

  /** What is left at the end: a record without its end. */
  rest(): Piece {
    return { bytes: this.#carry, offset: this.#at, records: this.#carry.length > 0 ? 1 : 0 };
  }
}
