import type { PacketReader, PacketSink } from './reader.ts';

/**
 * pcapng: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html. Sections of either byte order, any number
 * of interfaces, time resolutions of 10 and of 2, blocks: section header, interface, enhanced, simple and old packet.
 * Other blocks (names, statistics, secrets, custom) are passed over.
 */
export const sectionHeader = 0x0a0d0d0a;
const maxBlock = 1 << 20;
const maxInterfaces = 65_536;

interface Interface {
  readonly linkType: number;
  readonly snapLength: number;
  /** ticks a second when a power of ten below 10^6 and the like: µs = ticks * times / over */
  readonly perSecond: number;
  readonly offsetSeconds: number;
}

export class PcapngReader implements PacketReader {
  private big = false;
  private started = false;
  private interfaces: Interface[] = [];
  private line: number;
  private skip = 0;
  private lastTime = 0;

  /** `before`: packets of the file before the section that is read first. */
  constructor(before = 0) {
    this.line = before;
  }

  read(buf: Uint8Array, from: number, upTo: number, offset: number, to: PacketSink): number {
    let at = from;
    for (;;) {
      if (this.skip > 0) {
        const step = Math.min(this.skip, upTo - at);
        at += step;
        this.skip -= step;
        if (this.skip > 0) return at;
      }
      if (upTo - at < 12) return at;
      const place = offset + (at - from);
      let type = this.u32(buf, at);
      // the type of a section header reads the same in both orders
      if (type === sectionHeader) {
        const order =
          ((buf[at + 8]! << 24) | (buf[at + 9]! << 16) | (buf[at + 10]! << 8) | buf[at + 11]!) >>> 0;
        if (order === 0x1a2b3c4d) this.big = true;
        else if (order === 0x4d3c2b1a) this.big = false;
        else {
          to.fatal('section header without a byte-order mark', place);
          return upTo;
        }
        this.started = true;
        this.interfaces = [];
        type = sectionHeader;
      } else if (!this.started) {
        to.fatal('not a pcapng file', place);
        return upTo;
      }
      const length = this.u32(buf, at + 4);
      if (length < 12 || length % 4 !== 0) {
        to.fatal(`block of ${length} bytes`, place);
        return upTo;
      }
      if (length > maxBlock) {
        if (type === 6 || type === 2 || type === 3) {
          this.line++;
          to.rejected(`packet block of ${length} bytes`, this.line, place);
        } else if (length > 1 << 30) {
          to.fatal(`block of ${length} bytes`, place);
          return upTo;
        }
        this.skip = length;
        continue;
      }
      if (upTo - at < length) return at;
      if (this.u32(buf, at + length - 4) !== length) {
        to.fatal('block whose two lengths differ', place);
        return upTo;
      }
      if (type === sectionHeader) to.section(place, this.line);
      if (!this.block(type, buf, at + 8, at + length - 4, place, to)) return at;
      at += length;
    }
  }

  /** False: the block holds a packet whose turn has not come. */
  private block(
    type: number,
    buf: Uint8Array,
    at: number,
    end: number,
    place: number,
    to: PacketSink,
  ): boolean {
    switch (type) {
      case 1:
        this.interfaceBlock(buf, at, end);
        return true;
      case 6:
      case 2:
        if (end - at >= 20) {
          return this.packet(type === 6 ? this.u32(buf, at) : this.u16(buf, at), buf, at, end, place, to);
        }
        this.line++;
        to.rejected('packet block too short', this.line, place);
        return true;
      case 3: {
        this.line++;
        const on = this.interfaces[0];
        if (on === undefined) to.rejected('packet of an interface that was not described', this.line, place);
        else if (end - at < 4) to.rejected('packet block too short', this.line, place);
        else {
          const wire = this.u32(buf, at);
          const limit = on.snapLength === 0 ? wire : Math.min(wire, on.snapLength);
          if (limit > end - at - 4) to.rejected('packet longer than its block', this.line, place);
          else {
            // it has no time of its own: that of the packet before it
            to.link = 0;
            to.packet(buf, at + 4, at + 4 + limit, wire, on.linkType, this.lastTime, this.line, place);
          }
        }
        return true;
      }
      default:
        return true;
    }
  }

  private packet(
    number: number,
    buf: Uint8Array,
    at: number,
    end: number,
    place: number,
    to: PacketSink,
  ): boolean {
    const on = this.interfaces[number];
    if (on === undefined) {
      to.rejected('packet of an interface that was not described', ++this.line, place);
      return true;
    }
    const captured = this.u32(buf, at + 12);
    const wire = this.u32(buf, at + 16);
    if (captured > end - at - 20) {
      to.rejected('packet longer than its block', ++this.line, place);
      return true;
    }
    const time = toMicroseconds(this.u32(buf, at + 4), this.u32(buf, at + 8), on);
    if (to.mustWait(time)) return false;
    this.line++;
    this.lastTime = time;
    to.link = this.interfaces.length > 1 ? number + 1 : 0;
    const start = at + 20;
    to.packet(
      buf,
      start,
      start + captured,
      wire < captured ? captured : wire,
      on.linkType,
      time,
      this.line,
      place,
    );
    return true;
  }

  private interfaceBlock(buf: Uint8Array, from: number, end: number): void {
    if (end - from < 8 || this.interfaces.length >= maxInterfaces) return;
    let perSecond = 1_000_000;
    let offsetSeconds = 0;
    for (let at = from + 8; at + 4 <= end; ) {
      const code = this.u16(buf, at);
      const length = this.u16(buf, at + 2);
      if (code === 0 || at + 4 + length > end) break;
      if (code === 9 && length >= 1) {
        const value = buf[at + 4]!;
        perSecond = (value & 0x80) !== 0 ? 2 ** (value & 0x7f) : 10 ** value;
      } else if (code === 14 && length >= 8) {
        const high = this.u32(buf, this.big ? at + 4 : at + 8) | 0;
        const low = this.u32(buf, this.big ? at + 8 : at + 4);
        offsetSeconds = high * 4294967296 + low;
      }
      at += 4 + ((length + 3) & ~3);
    }
    this.interfaces.push({
      linkType: this.u16(buf, from),
      snapLength: this.u32(buf, from + 4),
      perSecond,
      offsetSeconds,
    });
  }

  private u32(buf: Uint8Array, at: number): number {
    return this.big
      ? ((buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!) >>> 0
      : (buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24)) >>> 0;
  }

  private u16(buf: Uint8Array, at: number): number {
    return this.big ? (buf[at]! << 8) | buf[at + 1]! : buf[at]! | (buf[at + 1]! << 8);
  }

  rest(_left: number): string {
    return this.started ? 'block cut short' : 'file header cut short';
  }

  get nextLine(): number {
    return this.line + 1;
  }
}

function toMicroseconds(high: number, low: number, on: Interface): number {
  let time: number;
  if (on.perSecond === 1_000_000) time = high * 4294967296 + low;
  else if (on.perSecond === 1_000_000_000) {
    // 64-bit nanoseconds do not fit a double: take the thousands apart
    const ticks = (BigInt(high) << 32n) | BigInt(low);
    time = Number(ticks / 1000n);
  } else {
    const ticks = high * 4294967296 + low;
    time = Math.floor((ticks / on.perSecond) * 1_000_000);
  }
  return time + on.offsetSeconds * 1_000_000;
}

/** Whether a file, or a section of one, begins as pcapng does. */
export function isPcapng(head: Uint8Array): boolean {
  return head.length >= 12 && head[0] === 0x0a && head[1] === 0x0d && head[2] === 0x0d && head[3] === 0x0a;
}
