import { isMapped } from '../../base/ip.ts';
import { internetSum } from './checksum.ts';
import { type FragmentCache, newFragmentCache } from './fragments.ts';

/** Outcome of decoding: IP found, a well-formed packet that is not IP, more fragments awaited, or broken. */
export const found = 0;
export const notIp = 1;
export const waiting = 2;
export const broken = 3;
export type Outcome = 0 | 1 | 2 | 3;

/** Link types of the files (https://www.tcpdump.org/linktypes.html) that are decoded. */
export const link = {
  null: 0,
  ethernet: 1,
  ppp: 9,
  fddi: 10,
  raw_bsd: 12,
  raw_openbsd: 14,
  ppp_hdlc: 50,
  ppp_ether: 51,
  raw: 101,
  chdlc: 104,
  ieee80211: 105,
  frame_relay: 107,
  loop: 108,
  linux_sll: 113,
  radiotap: 127,
  ppi: 192,
  mpls: 219,
  ipv4: 228,
  ipv6: 229,
  nflog: 239,
  linux_sll2: 276,
} as const;

/** How many headers of one kind or another are peeled off before a packet is given up as hostile. */
const maxHeaders = 32;
/** Tunnels inside tunnels that are followed. */
export const maxTunnels = 4;

const noMac = -1;

/**
 * One packet while it is decoded. One object lives as long as the decoder: decode() fills it, the meter reads it.
 * `buf` may be the reader's buffer, so nothing of it may be kept without a copy.
 */
export class Frame {
  buf: Uint8Array = new Uint8Array(0);
  /** µs since 1970 */
  time = 0;
  /** end of the captured bytes of the current IP packet in buf (padding cut off) */
  end = 0;
  /** bytes that were on the wire from the start of the current layer, though fewer may be captured */
  wire = 0;

  v6 = false;
  /** addresses as big-endian words; IPv4 in word 3 */
  s0 = 0;
  s1 = 0;
  s2 = 0;
  s3 = 0;
  d0 = 0;
  d1 = 0;
  d2 = 0;
  d3 = 0;
  protocol = 0;
  /** identification of an IPv4 packet, 0 for IPv6 */
  ip_id = 0;
  /** what a cooked header (Linux, 'any') says of where the packet was seen: interface or sender, coming or going; 0: none */
  cooked = 0;
  /** bytes of the IP packet with its headers, as the IP header counts */
  ip_bytes = 0;
  /** transport header in buf */
  l4 = 0;
  /** bytes of transport header and payload as the IP header counts; may be more than captured */
  l4_bytes = 0;
  /** set by the transport decoder */
  src_port = 0;
  dst_port = 0;

  vlan = 0;
  /** offsets of the MAC addresses in `mac_buf`, -1: none */
  mac_buf: Uint8Array = new Uint8Array(0);
  src_mac = noMac;
  dst_mac = noMac;
  /** offset of an ARP message, -1: it is none */
  arp = -1;
  /** tunnels passed so far */
  tunnels = 0;
  /** tells the tunnel a packet came through from others, the same both ways; 0: none */
  tunnel_id = 0;
  /** why decode() did not find IP; few words for notIp, for people when broken */
  reason = '';

  readonly fragments: FragmentCache = newFragmentCache();
  /** whether IPv4 headers with a wrong checksum are refused */
  verify = false;
  private headers = 0;

  /** Decodes buf[start, end) as captured on a link of that type; `wire` is the length the packet had there. */
  decode(buf: Uint8Array, start: number, end: number, wire: number, linkType: number): Outcome {
    this.buf = buf;
    this.end = end;
    this.wire = wire;
    this.vlan = 0;
    this.src_mac = noMac;
    this.dst_mac = noMac;
    this.arp = -1;
    this.tunnels = 0;
    this.tunnel_id = 0;
    this.cooked = 0;
    this.headers = 0;
    this.subframe = -1;
    // The two commonest links first; everything else goes through the table below.
    if (linkType === link.ethernet) return this.ethernet(start);
    return this.other(start, linkType);
  }

  private fail(reason: string): Outcome {
    this.reason = reason;
    return broken;
  }

  private skip(reason: string): Outcome {
    this.reason = reason;
    return notIp;
  }

  private other(start: number, linkType: number): Outcome {
    const { buf, end } = this;
    switch (linkType) {
      case link.raw:
      case link.raw_bsd:
      case link.raw_openbsd:
      case link.ipv4:
      case link.ipv6:
        return this.ip(start);
      case link.null:
      case link.loop: {
        if (end - start < 4) return this.fail('loopback header cut short');
        this.wire -= 4;
        const family = buf[start]! || buf[start + 3]!;
        if (family === 2 || family === 24 || family === 28 || family === 30 || family === 10) {
          return this.ip(start + 4);
        }
        return this.skip('not IP');
      }
      case link.linux_sll: {
        if (end - start < 16) return this.fail('Linux cooked header cut short');
        this.mac_buf = buf;
        if (this.u16(start + 4) === 6) this.src_mac = start + 6;
        // coming or going, and the sender's address: version 1 does not name the interface
        this.cooked = ((this.u16(start) << 24) ^ this.word(start + 6) ^ (this.u16(start + 10) << 8)) | 1;
        this.wire -= 16;
        const hardware = this.u16(start + 2);
        const type = this.u16(start + 14);
        if (hardware === 824) return this.skip('not IP'); // netlink
        return this.etherType(type, start + 16);
      }
      case link.linux_sll2: {
        if (end - start < 20) return this.fail('Linux cooked header cut short');
        this.mac_buf = buf;
        if (buf[start + 11] === 6) this.src_mac = start + 12;
        this.cooked = (this.word(start + 4) << 3) | (buf[start + 10]! & 7) | 0x4000_0000;
        this.wire -= 20;
        if (this.u16(start + 8) === 824) return this.skip('not IP');
        return this.etherType(this.u16(start), start + 20);
      }
      case link.ppp:
      case link.ppp_hdlc:
      case link.ppp_ether:
        return this.ppp(start);
      case link.chdlc:
        if (end - start < 4) return this.fail('Cisco HDLC header cut short');
        this.wire -= 4;
        return this.etherType(this.u16(start + 2), start + 4);
      case link.frame_relay: {
        // Q.922 address of 2 bytes, control 0x03, NLPID
        if (end - start < 4) return this.fail('frame relay header cut short');
        this.wire -= 4;
        if (buf[start + 2] === 0x03 && buf[start + 3] === 0xcc) return this.ip(start + 4);
        if (buf[start + 2] === 0x03 && buf[start + 3] === 0x8e) return this.ip(start + 4);
        if (this.u16(start + 2) === 0x0800 || this.u16(start + 2) === 0x86dd) return this.ip(start + 4);
        return this.skip('not IP');
      }
      case link.mpls:
        return this.mpls(start);
      case link.ieee80211:
        return this.wlan(start);
      case link.radiotap: {
        if (end - start < 4) return this.fail('radiotap header cut short');
        const length = buf[start + 2]! | (buf[start + 3]! << 8);
        if (length < 8 || length > end - start) return this.fail('radiotap header longer than the packet');
        this.wire -= length;
        // flags field: frame check sequence at the end, data padding (bits 1 TSFT, 2 flags)
        return this.wlan(start + length);
      }
      case link.ppi: {
        if (end - start < 8) return this.fail('PPI header cut short');
        const length = buf[start + 2]! | (buf[start + 3]! << 8);
        const inner = buf[start + 4]! | (buf[start + 5]! << 8);
        if (length < 8 || length > end - start) return this.fail('PPI header longer than the packet');
        this.wire -= length;
        if (++this.headers > maxHeaders || inner === link.ppi) return this.fail('too many headers');
        return inner === link.ethernet ? this.ethernet(start + length) : this.other(start + length, inner);
      }
      case link.nflog: {
        // TLVs in host order: payload is type 9
        if (end - start < 4) return this.fail('NFLOG header cut short');
        let at = start + 4;
        while (at + 4 <= end) {
          const length = buf[at]! | (buf[at + 1]! << 8);
          const type = buf[at + 2]! | (buf[at + 3]! << 8);
          if (length < 4) return this.fail('NFLOG field too short');
          if (type === 9) {
            this.wire -= at + 4 - start;
            return this.ip(at + 4);
          }
          at += (length + 3) & ~3;
        }
        return this.skip('not IP');
      }
      case link.fddi: {
        if (end - start < 13) return this.fail('FDDI header cut short');
        this.wire -= 13;
        return this.llc(start + 13);
      }
      default:
        return this.skip('link type not used');
    }
  }

  private u16(at: number): number {
    return (this.buf[at]! << 8) | this.buf[at + 1]!;
  }

  private ethernet(start: number): Outcome {
    const { buf } = this;
    if (this.end - start < 14) return this.fail('Ethernet header cut short');
    this.mac_buf = buf;
    this.dst_mac = start;
    this.src_mac = start + 6;
    this.wire -= 14;
    const type = (buf[start + 12]! << 8) | buf[start + 13]!;
    if (type === 0x0800) return this.ip(start + 14);
    return this.etherType(type, start + 14);
  }

  /** Peels VLAN tags, MPLS labels and the like from `start` on, whose protocol is `first`. */
  private etherType(first: number, from: number): Outcome {
    let type = first;
    let at = from;
    for (;;) {
      if (++this.headers > maxHeaders) return this.fail('too many headers');
      switch (type) {
        case 0x0800:
        case 0x86dd:
          return this.ip(at);
        case 0x8100:
        case 0x88a8:
        case 0x9100:
        case 0x9200:
          if (this.end - at < 4) return this.fail('VLAN tag cut short');
          if (this.vlan === 0) this.vlan = this.u16(at) & 0xfff;
          type = this.u16(at + 2);
          at += 4;
          this.wire -= 4;
          break;
        case 0x8926: // Cisco VN-Tag
          if (this.end - at < 6) return this.fail('VN-Tag cut short');
          type = this.u16(at + 4);
          at += 6;
          this.wire -= 6;
          break;
        case 0x8847:
        case 0x8848:
          return this.mpls(at);
        case 0x8864:
          if (this.end - at < 6) return this.fail('PPPoE header cut short');
          this.wire -= 6;
          return this.ppp(at + 6);
        case 0x880b:
          return this.ppp(at);
        case 0x88e7: // provider backbone bridge: I-TAG, then Ethernet
          if (this.end - at < 4) return this.fail('I-TAG cut short');
          this.wire -= 4;
          return this.ethernet(at + 4);
        case 0x8903: // Cisco FabricPath: tag of 2 bytes, then Ethernet
          if (this.end - at < 2) return this.fail('FabricPath tag cut short');
          this.wire -= 2;
          return this.ethernet(at + 2);
        case 0x6558:
          return this.ethernet(at);
        case 0x0806:
          this.arp = at;
          return this.skip('ARP');
        default:
          if (type <= 1500) return this.llc(at);
          return this.skip('not IP');
      }
    }
  }

  private llc(at: number): Outcome {
    const { buf, end } = this;
    if (end - at < 3) return this.skip('not IP');
    if (buf[at] === 0xaa && buf[at + 1] === 0xaa) {
      if (end - at < 8) return this.fail('SNAP header cut short');
      this.wire -= 8;
      if (++this.headers > maxHeaders) return this.fail('too many headers');
      return this.etherType(this.u16(at + 6), at + 8);
    }
    if (buf[at] === 0x06 && buf[at + 1] === 0x06) {
      this.wire -= 3;
      return this.ip(at + 3);
    }
    return this.skip('not IP');
  }

  private ppp(from: number): Outcome {
    const { buf } = this;
    let at = from;
    if (this.end - at < 2) return this.fail('PPP header cut short');
    if (buf[at] === 0xff && buf[at + 1] === 0x03) at += 2;
    if (this.end - at < 2) return this.fail('PPP header cut short');
    let type = buf[at]!;
    if ((type & 1) === 1) at += 1;
    else {
      type = this.u16(at);
      at += 2;
    }
    this.wire -= at - from;
    if (type === 0x21 || type === 0x57 || type === 0x0800 || type === 0x86dd) return this.ip(at);
    if (type === 0x281) return this.mpls(at);
    return this.skip('not IP');
  }

  private mpls(from: number): Outcome {
    let at = from;
    for (;;) {
      if (this.end - at < 4) return this.fail('MPLS label cut short');
      if (++this.headers > maxHeaders) return this.fail('too many headers');
      const bottom = (this.buf[at + 2]! & 1) === 1;
      at += 4;
      this.wire -= 4;
      if (bottom) break;
    }
    if (this.end - at < 1) return this.fail('nothing after the MPLS labels');
    const version = this.buf[at]! >>> 4;
    if (version === 4 || version === 6) return this.ip(at);
    // pseudo wire: a control word of four bytes (RFC 4385) and Ethernet
    if (version === 0 && this.end - at >= 18) {
      this.wire -= 4;
      return this.ethernet(at + 4);
    }
    return this.ethernet(at);
  }

  private wlan(start: number): Outcome {
    const { buf, end } = this;
    if (end - start < 24) return this.skip('not IP');
    const control = buf[start]!;
    const flags = buf[start + 1]!;
    if ((control & 0x0c) !== 0x08 || (control & 0x40) !== 0) return this.skip('not IP'); // no data
    if ((flags & 0x40) !== 0) return this.skip('encrypted WLAN frame');
    let length = 24;
    const toDs = (flags & 1) !== 0;
    const fromDs = (flags & 2) !== 0;
    if (toDs && fromDs) length += 6;
    let aggregate = false;
    if ((control & 0x80) !== 0) {
      if (end - start < length + 2) return this.skip('not IP');
      aggregate = (buf[start + length]! & 0x80) !== 0;
      length += 2;
      if ((flags & 0x80) !== 0) length += 4;
    }
    if (end - start < length + 8) return this.skip('not IP');
    this.mac_buf = buf;
    this.dst_mac = toDs ? start + 16 : start + 4;
    this.src_mac = fromDs ? (toDs ? start + 24 : start + 16) : start + 10;
    this.wire -= length;
    if (aggregate) {
      this.subframe = start + length;
      this.subframesEnd = end;
      this.subframesBuf = buf;
      return this.nextSubframe();
    }
    return this.llc(start + length);
  }

  private subframe = -1;
  private subframesEnd = 0;
  private subframesBuf: Uint8Array = new Uint8Array(0);

  /** The next packet of an aggregated WLAN frame (A-MSDU): addresses, length, LLC, padding to four bytes. */
  nextSubframe(): Outcome {
    const at = this.subframe;
    if (at < 0) return notIp;
    this.buf = this.subframesBuf;
    const length = this.subframesEnd - at < 14 ? 0 : this.u16(at + 12);
    if (length === 0 || at + 14 + length > this.subframesEnd) {
      this.subframe = -1;
      return this.skip('not IP');
    }
    this.subframe = at + ((14 + length + 3) & ~3);
    this.end = at + 14 + length;
    this.wire = length;
    this.mac_buf = this.buf;
    this.dst_mac = at;
    this.src_mac = at + 6;
    return this.llc(at + 14);
  }

  /** IPv4 or IPv6 by version nibble. Tunnels of IP in IP and GRE are followed here, those in UDP by the meter. */
  ip(from: number): Outcome {
    let at = from;
    for (;;) {
      if (this.end - at < 1) return this.fail('no IP header');
      const version = this.buf[at]! >>> 4;
      let outcome: Outcome;
      if (version === 4) outcome = this.ipv4(at);
      else if (version === 6) outcome = this.ipv6(at);
      else return this.fail(`IP version ${version}`);
      if (outcome !== found) return outcome;
      const protocol = this.protocol;
      if (protocol === 6 || protocol === 17) return found;
      if (protocol === 4 || protocol === 41) {
        if (++this.tunnels > maxTunnels) return this.fail('too many tunnels');
        this.tunnel_id = this.ends();
        at = this.l4;
        this.wire = this.l4_bytes;
        continue;
      }
      if (protocol === 47) return this.gre(this.l4);
      return found;
    }
  }

  private ipv4(at: number): Outcome {
    const { buf } = this;
    if (this.end - at < 20) return this.fail('IPv4 header cut short');
    const header = (buf[at]! & 0x0f) << 2;
    if (header < 20) return this.fail(`IPv4 header of ${header} bytes`);
    let total = (buf[at + 2]! << 8) | buf[at + 3]!;
    if (total === 0) total = this.wire; // segmentation offload leaves it empty
    if (total < header) return this.fail(`IPv4 length ${total} below its header of ${header} bytes`);
    if (total > this.wire) return this.fail(`IPv4 length ${total} beyond the ${this.wire} bytes sent`);
    if (header > this.end - at) return this.fail('IPv4 header cut short');
    if (this.verify && internetSum(buf, at, at + header, 0) !== 0xffff)
      return this.fail('IPv4 header checksum');
    this.v6 = false;
    this.s0 = 0;
    this.s1 = 0;
    this.s2 = 0;
    this.d0 = 0;
    this.d1 = 0;
    this.d2 = 0;
    this.s3 = (buf[at + 12]! << 24) | (buf[at + 13]! << 16) | (buf[at + 14]! << 8) | buf[at + 15]!;
    this.d3 = (buf[at + 16]! << 24) | (buf[at + 17]! << 16) | (buf[at + 18]! << 8) | buf[at + 19]!;
    this.protocol = buf[at + 9]!;
    this.ip_id = (buf[at + 4]! << 8) | buf[at + 5]!;
    this.ip_bytes = total;
    this.l4 = at + header;
    this.l4_bytes = total - header;
    if (this.end > at + total) this.end = at + total;
    const fragment = (buf[at + 6]! << 8) | buf[at + 7]!;
    if ((fragment & 0x3fff) !== 0) {
      return this.fragment(this.ip_id, (fragment & 0x1fff) << 3, (fragment & 0x2000) !== 0, header);
    }
    return found;
  }

  private ipv6(at: number): Outcome {
    const { buf } = this;
    if (this.end - at < 40) return this.fail('IPv6 header cut short');
    const length = (buf[at + 4]! << 8) | buf[at + 5]!;
    // a jumbogram (hop-by-hop option) or segmentation offload leaves it empty
    const unsized = length === 0 && (buf[at + 6] === 0 || buf[at + 6] === 6);
    const total = unsized ? this.wire : length + 40;
    if (total > this.wire) return this.fail(`IPv6 length ${total} beyond the ${this.wire} bytes sent`);
    this.v6 = true;
    this.ip_id = 0;
    this.s0 = this.word(at + 8);
    this.s1 = this.word(at + 12);
    this.s2 = this.word(at + 16);
    this.s3 = this.word(at + 20);
    this.d0 = this.word(at + 24);
    this.d1 = this.word(at + 28);
    this.d2 = this.word(at + 32);
    this.d3 = this.word(at + 36);
    this.ip_bytes = total;
    if (isMapped(this.s0, this.s1, this.s2) && isMapped(this.d0, this.d1, this.d2)) this.unmap();
    if (this.end > at + total) this.end = at + total;
    let next = buf[at + 6]!;
    let offset = 40;
    for (;;) {
      if (next === 6 || next === 17 || next === 58) break;
      if (next === 0 || next === 43 || next === 60 || next === 135 || next === 139 || next === 140) {
        if (next === 135) break; // mobility: nothing comes after it
        if (this.end - at - offset < 8) return this.fail('IPv6 extension header cut short');
        next = buf[at + offset]!;
        offset += (buf[at + offset + 1]! + 1) << 3;
      } else if (next === 51) {
        if (this.end - at - offset < 8) return this.fail('IPv6 extension header cut short');
        next = buf[at + offset]!;
        offset += (buf[at + offset + 1]! + 2) << 2;
      } else if (next === 44) {
        if (this.end - at - offset < 8) return this.fail('IPv6 fragment header cut short');
        next = buf[at + offset]!;
        const fragment = (buf[at + offset + 2]! << 8) | buf[at + offset + 3]!;
        const id = this.word(at + offset + 4);
        const header = offset;
        offset += 8;
        if (offset > total) return this.fail('IPv6 extension headers beyond the packet');
        this.protocol = next;
        this.l4 = at + offset;
        this.l4_bytes = total - offset;
        if ((fragment & 0xfff9) !== 0) {
          return this.fragment(id, fragment & 0xfff8, (fragment & 1) !== 0, header);
        }
      } else break;
      if (offset > total) return this.fail('IPv6 extension headers beyond the packet');
      if (++this.headers > maxHeaders) return this.fail('too many headers');
    }
    if (at + offset > this.end) return this.fail('IPv6 extension header cut short');
    this.protocol = next;
    this.l4 = at + offset;
    this.l4_bytes = total - offset;
    if (next === 59) return this.skip('no next header');
    return found;
  }

  /** Both ends are IPv4 written as IPv6 (::ffff:10.0.0.1): the same flow as between the IPv4 addresses. */
  private unmap(): void {
    this.v6 = false;
    this.s2 = 0;
    this.d2 = 0;
  }

  private word(at: number): number {
    const { buf } = this;
    return (buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!;
  }

  /** A fragment: kept until its datagram is whole, then that is looked at as if it had come in one piece. */
  private fragment(id: number, offset: number, more: boolean, header: number): Outcome {
    const captured = this.end - this.l4;
    if (captured < this.l4_bytes) {
      // cut by the snap length: only the first fragment says something, its ports
      if (offset !== 0) return this.skip('fragment not captured whole');
      return found;
    }
    const whole = this.fragments.add(this, id, offset, more);
    if (whole === null) {
      if (this.fragments.problem === '') return waiting;
      return this.fail(this.fragments.problem);
    }
    this.buf = whole;
    this.l4 = 0;
    this.l4_bytes = whole.length;
    this.ip_bytes = whole.length + (this.v6 ? 40 : header);
    this.wire = whole.length;
    this.end = whole.length;
    return found;
  }

  private ends(): number {
    return (this.s0 ^ this.s1 ^ this.s2 ^ this.s3 ^ this.d0 ^ this.d1 ^ this.d2 ^ this.d3) | 1;
  }

  private gre(start: number): Outcome {
    const { buf } = this;
    this.tunnel_id = this.ends();
    if (this.end - start < 4) return this.fail('GRE header cut short');
    if (++this.tunnels > maxTunnels) return this.fail('too many tunnels');
    const flags = this.u16(start);
    const type = this.u16(start + 2);
    const version = flags & 7;
    let length = 4;
    if (version > 1) return this.fail(`GRE version ${version}`);
    if ((flags & 0xc000) !== 0) length += 4; // checksum, routing: offset
    if ((flags & 0x2000) !== 0) length += 4; // key
    if ((flags & 0x1000) !== 0) length += 4; // sequence
    if (version === 1 && (flags & 0x0080) !== 0) length += 4; // acknowledgement
    if ((flags & 0x4000) !== 0) {
      for (;;) {
        if (this.end - start < length + 4) return this.fail('GRE routing cut short');
        const size = buf[start + length + 3]!;
        const family = this.u16(start + length);
        length += 4 + size;
        if (family === 0 && size === 0) break;
        if (++this.headers > maxHeaders) return this.fail('too many headers');
      }
    }
    if (this.end - start < length) return this.fail('GRE header cut short');
    let at = start + length;
    this.wire = this.l4_bytes - length;
    if (version === 1) {
      if (this.wire === 0) return this.skip('GRE without payload');
      return this.ppp(at);
    }
    if (type === 0x88be) {
      // ERSPAN: type II has a header of 8 bytes and the sequence bit, type I neither
      if ((flags & 0x1000) !== 0) {
        at += 8;
        this.wire -= 8;
      }
      return this.ethernet(at);
    }
    if (type === 0x22eb) {
      if (this.end - at < 12) return this.fail('ERSPAN header cut short');
      const platform = (buf[at + 11]! & 1) !== 0 ? 8 : 0;
      at += 12 + platform;
      this.wire -= 12 + platform;
      return this.ethernet(at);
    }
    if (type === 0x6558 || type === 0x0800 || type === 0x86dd || type === 0x8847 || type === 0x8848) {
      return this.etherType(type, at);
    }
    if (type === 0x8100) return this.etherType(type, at);
    if (type >= 0x8200 && type <= 0x9100) return this.wlan(at); // Aruba: 802.11 inside
    if (type === 0) return this.wlan(at);
    return this.skip('not IP');
  }

  /** Looks at what a UDP datagram carries as a tunnel. `at` is its payload. The outer packet was metered already. */
  tunnel(port: number, at: number): Outcome {
    const { buf, end } = this;
    const left = this.l4_bytes - 8;
    if (++this.tunnels > maxTunnels) return this.fail('too many tunnels');
    switch (port) {
      case 4789: // VXLAN (RFC 7348)
      case linuxVxlanPort:
        if (end - at < 8 || (buf[at]! & 0x08) === 0) return this.skip('not a tunnel');
        this.wire = left - 8;
        return this.ethernet(at + 8);
      case 6081: {
        // Geneve (RFC 8926)
        if (end - at < 8 || (buf[at]! & 0xc0) !== 0) return this.skip('not a tunnel');
        const length = 8 + ((buf[at]! & 0x3f) << 2);
        if (end - at < length) return this.skip('not a tunnel');
        this.wire = left - length;
        return this.etherType(this.u16(at + 2), at + length);
      }
      case 4754: {
        // GRE in UDP (RFC 8086)
        this.l4_bytes = left;
        this.tunnels--;
        return this.gre(at);
      }
      case 2152: {
        // GTP-U version 1, T-PDU
        if (end - at < 8 || buf[at]! >>> 4 !== 3 || buf[at + 1] !== 0xff) return this.skip('not a tunnel');
        let length = 8;
        if ((buf[at]! & 7) !== 0) {
          length = 12;
          if (end - at < length) return this.skip('not a tunnel');
          let next = (buf[at]! & 4) !== 0 ? buf[at + 11]! : 0;
          while (next !== 0) {
            if (end - at < length + 1) return this.skip('not a tunnel');
            const size = buf[at + length]! << 2;
            if (size === 0 || end - at < length + size) return this.skip('not a tunnel');
            next = buf[at + length + size - 1]!;
            length += size;
          }
        }
        if (end - at <= length) return this.skip('not a tunnel');
        const version = buf[at + length]! >>> 4;
        if (version !== 4 && version !== 6) return this.skip('not a tunnel');
        this.wire = left - length;
        return this.ip(at + length);
      }
      case teredoPort: {
        // Teredo (RFC 4380): authentication and origin indication may come first
        let start = at;
        if (end - start >= 4 && buf[start] === 0 && buf[start + 1] === 1) {
          start += 13 + buf[start + 2]! + buf[start + 3]!;
        }
        if (end - start >= 8 && buf[start] === 0 && buf[start + 1] === 0) start += 8;
        if (end - start < 40 || buf[start]! >>> 4 !== 6) return this.skip('not a tunnel');
        const size = this.u16(start + 4) + 40;
        if (size > left - (start - at)) return this.skip('not a tunnel');
        this.wire = left - (start - at);
        return this.ip(start);
      }
      case 5072: {
        // AYIYA: lengths in 4-byte words of identity, signature; operation; next header
        if (end - at < 8) return this.skip('not a tunnel');
        const identity = 1 << (buf[at]! >>> 4);
        const signature = (buf[at + 1]! >>> 4) << 2;
        const operation = buf[at + 2]! & 0x0f;
        const next = buf[at + 3]!;
        const length = 8 + identity + signature;
        if (operation !== 1 || (next !== 41 && next !== 4) || end - at < length + 20) {
          return this.skip('not a tunnel');
        }
        this.wire = left - length;
        return this.ip(at + length);
      }
      default:
        return this.skip('not a tunnel');
    }
  }
}

export const teredoPort = 3544;
/** Where Linux sends VXLAN unless told otherwise, from before IANA gave it 4789 (Documentation/networking/vxlan.rst). */
export const linuxVxlanPort = 8472;

/** Teredo between clients and relays uses any port: an IPv6 packet that fits exactly, with a Teredo address. */
export function looksLikeTeredo(buf: Uint8Array, from: number, upTo: number): boolean {
  if (upTo - from < 40 || buf[from]! >>> 4 !== 6) return false;
  if (((buf[from + 4]! << 8) | buf[from + 5]!) + 40 !== upTo - from) return false;
  return hasTeredoPrefix(buf, from + 8) || hasTeredoPrefix(buf, from + 24);
}

function hasTeredoPrefix(buf: Uint8Array, at: number): boolean {
  return buf[at] === 0x20 && buf[at + 1] === 0x01 && buf[at + 2] === 0 && buf[at + 3] === 0;
}

/** Whether UDP to this port may be a tunnel that tunnel() knows. */
export function isTunnelPort(port: number): boolean {
  return (
    port === 4789 ||
    port === linuxVxlanPort ||
    port === 6081 ||
    port === 2152 ||
    port === 3544 ||
    port === 5072 ||
    port === 4754
  );
}
