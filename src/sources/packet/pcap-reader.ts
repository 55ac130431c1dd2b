import { type PacketReader, type PacketSink, timeOf } from './reader.ts';

/**
 * Captures of libpcap: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html. Both byte orders, µs and ns,
 * also the header of Kuznetsov's patched tcpdump, whose packet headers are 8 bytes longer.
 */
export const pcapHeaderBytes = 24;

interface Kind {
  readonly big: boolean;
  readonly nanos: boolean;
  /** bytes of a packet header */
  readonly record: number;
}

function kindOf(buf: Uint8Array, at: number): Kind | null {
  const magic = ((buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!) >>> 0;
  switch (magic) {
    case 0xa1b2c3d4:
      return { big: true, nanos: false, record: 16 };
    case 0xd4c3b2a1:
      return { big: false, nanos: false, record: 16 };
    case 0xa1b23c4d:
      return { big: true, nanos: true, record: 16 };
    case 0x4d3cb2a1:
      return { big: false, nanos: true, record: 16 };
    case 0xa1b2cd34:
      return { big: true, nanos: false, record: 24 };
    case 0x34cdb2a1:
      return { big: false, nanos: false, record: 24 };
    default:
      return null;
  }
}

/** More than any link carries; libpcap's limit. */
const maxCaptured = 262_144;
/** How far a broken file is searched for the next packet header. */
const searchBytes = 1 << 20;

export class PcapReader implements PacketReader {
  private kind: Kind | null = null;
  private linkType = 0;
  private line = 0;
  private lastSeconds = -1;
  /** since a broken header: where it was, and how much was searched */
  private lost = -1;
  private searched = 0;

  /** Reads whole records from buf[from, upTo), whose first byte is at `offset` in the file; returns where it stopped. */
  read(buf: Uint8Array, from: number, upTo: number, offset: number, to: PacketSink): number {
    let at = from;
    if (this.kind === null) {
      if (upTo - at < pcapHeaderBytes) return at;
      const kind = kindOf(buf, at);
      if (kind === null) {
        to.fatal('not a pcap file', offset);
        return upTo;
      }
      this.kind = kind;
      // the upper bits hold the length of a frame check sequence, or nothing we know of
      this.linkType = u32(buf, at + 20, kind.big) & 0xffff;
      at += pcapHeaderBytes;
    }
    const { big, nanos, record } = this.kind;
    for (;;) {
      if (upTo - at < record) return at;
      if (this.lost >= 0) {
        at = this.search(buf, at, upTo, offset + (at - from), to);
        if (this.lost >= 0) return at;
        continue;
      }
      const captured = u32(buf, at + 8, big);
      if (captured > maxCaptured) {
        this.lost = offset + (at - from);
        this.searched = 0;
        this.line++;
        to.rejected(`captured length of ${captured} bytes`, this.line, this.lost);
        at += 1;
        continue;
      }
      if (upTo - at < record + captured) return at;
      const seconds = u32(buf, at, big);
      const fraction = u32(buf, at + 4, big);
      const wire = u32(buf, at + 12, big);
      const time = timeOf(seconds, fraction, nanos);
      if (to.mustWait(time)) return at;
      this.line++;
      this.lastSeconds = seconds;
      const start = at + record;
      to.packet(
        buf,
        start,
        start + captured,
        wire < captured ? captured : wire,
        this.linkType,
        time,
        this.line,
        offset + (at - from),
      );
      at = start + captured;
    }
  }

  /** After a broken header: the next place that looks like two packet headers in a row. */
  private search(buf: Uint8Array, from: number, upTo: number, offset: number, to: PacketSink): number {
    const { big, record } = this.kind!;
    let at = from;
    for (; upTo - at >= record; at++, this.searched++) {
      if (this.searched > searchBytes) {
        to.fatal('no packet found after a broken one', offset + (at - from));
        return upTo;
      }
      if (!this.plausible(buf, at)) continue;
      const captured = u32(buf, at + 8, big);
      const next = at + record + captured;
      if (upTo - next < record) return at; // more bytes are needed to be sure
      if (this.plausible(buf, next)) {
        this.lost = -1;
        return at;
      }
    }
    return at;
  }

  private plausible(buf: Uint8Array, at: number): boolean {
    const { big, nanos } = this.kind!;
    const captured = u32(buf, at + 8, big);
    const wire = u32(buf, at + 12, big);
    if (captured === 0 || captured > maxCaptured || wire < captured || wire > maxCaptured) return false;
    if (u32(buf, at + 4, big) >= (nanos ? 1_000_000_000 : 1_000_000)) return false;
    const seconds = u32(buf, at, big);
    return this.lastSeconds < 0 || Math.abs(seconds - this.lastSeconds) <= 86_400;
  }

  /** What is wrong with `left` bytes that remain at the end. */
  rest(left: number): string {
    if (this.kind === null) return 'file header cut short';
    if (this.lost >= 0) return '';
    return left < this.kind.record ? 'packet header cut short' : 'packet cut short';
  }

  get nextLine(): number {
    return this.line + 1;
  }
}

function u32(buf: Uint8Array, at: number, big: boolean): number {
  return big
    ? ((buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!) >>> 0
    : (buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24)) >>> 0;
}

/** Event time of the first packet in the first bytes of a file, µs; null when it is no pcap file, or has no packet there. */
export function pcapFirstTime(head: Uint8Array): number | null {
  const kind = head.length >= pcapHeaderBytes + 16 ? kindOf(head, 0) : null;
  if (kind === null) return null;
  const seconds = u32(head, pcapHeaderBytes, kind.big);
  return timeOf(seconds, u32(head, pcapHeaderBytes + 4, kind.big), kind.nanos);
}

/** Whether a file begins as a pcap file does. */
export function isPcap(head: Uint8Array): boolean {
  return head.length >= 4 && kindOf(head, 0) !== null;
}
