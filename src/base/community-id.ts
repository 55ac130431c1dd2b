import { ipWords } from './ip.ts';

/**
 * Community ID version 1, https://github.com/corelight/community-id-spec: '1:' and the base64 of the SHA-1 of
 * seed, addresses, protocol and ports of a flow, put in one order whichever side is looked at first.
 * Written for some hundred thousand calls per second: one SHA-1 block in place, no allocation but the text.
 */
const block = new Int32Array(80);
const bytes = new Uint8Array(64);
const alphabet = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1');
const text = Buffer.alloc(30);
text.write('1:', 0, 'latin1');
text[29] = 0x3d;
/** Node's own decoder; its types leave it out. */
const source = text as unknown as { latin1Slice(from: number, upTo: number): string };

/** SHA-1 (FIPS 180-4) of one padded block in `bytes`; the digest as base64 is put into `text` after '1:'. */
function digest(): void {
  const w = block;
  for (let i = 0, o = 0; i < 16; i++, o += 4) {
    w[i] = (bytes[o]! << 24) | (bytes[o + 1]! << 16) | (bytes[o + 2]! << 8) | bytes[o + 3]!;
  }
  for (let i = 16; i < 80; i++) {
    const x = w[i - 3]! ^ w[i - 8]! ^ w[i - 14]! ^ w[i - 16]!;
    w[i] = (x << 1) | (x >>> 31);
  }
  let a = 0x67452301 | 0;
  let b = 0xefcdab89 | 0;
  let c = 0x98badcfe | 0;
  let d = 0x10325476 | 0;
  let e = 0xc3d2e1f0 | 0;
  for (let i = 0; i < 20; i++) {
    const t = (((a << 5) | (a >>> 27)) + ((b & c) | (~b & d)) + e + 0x5a827999 + w[i]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  for (let i = 20; i < 40; i++) {
    const t = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0x6ed9eba1 + w[i]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  for (let i = 40; i < 60; i++) {
    const t = (((a << 5) | (a >>> 27)) + ((b & c) | (b & d) | (c & d)) + e + 0x8f1bbcdc + w[i]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  for (let i = 60; i < 80; i++) {
    const t = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0xca62c1d6 + w[i]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  a = (a + 0x67452301) | 0;
  b = (b + 0xefcdab89) | 0;
  c = (c + 0x98badcfe) | 0;
  d = (d + 0x10325476) | 0;
  e = (e + 0xc3d2e1f0) | 0;
  // 20 bytes as six groups of 24 bits and one of 16
  group(2, a >>> 8);
  group(6, ((a & 0xff) << 16) | (b >>> 16));
  group(10, ((b & 0xffff) << 8) | (c >>> 24));
  group(14, c & 0xffffff);
  group(18, d >>> 8);
  group(22, ((d & 0xff) << 16) | (e >>> 16));
  const rest = (e & 0xffff) << 2;
  text[26] = alphabet[(rest >>> 12) & 63]!;
  text[27] = alphabet[(rest >>> 6) & 63]!;
  text[28] = alphabet[rest & 63]!;
}

function group(at: number, bits: number): void {
  text[at] = alphabet[(bits >>> 18) & 63]!;
  text[at + 1] = alphabet[(bits >>> 12) & 63]!;
  text[at + 2] = alphabet[(bits >>> 6) & 63]!;
  text[at + 3] = alphabet[bits & 63]!;
}

function put32(at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** IP protocols of which the spec hashes ports. */
function hasPorts(protocol: number): boolean {
  return protocol === 6 || protocol === 17 || protocol === 132 || protocol === 1 || protocol === 58;
}

/**
 * For ICMP the ports are type and the type of the answer; a type without an answer is one-way: its code is the
 * second port and the order is kept. -1: one-way. (Tables of the spec, which are Zeek's.)
 */
export function icmpCounterpart(type: number): number {
  switch (type) {
    case 8:
      return 0;
    case 0:
      return 8;
    case 13:
      return 14;
    case 14:
      return 13;
    case 15:
      return 16;
    case 16:
      return 15;
    case 10:
      return 9;
    case 9:
      return 10;
    case 17:
      return 18;
    case 18:
      return 17;
    default:
      return -1;
  }
}
/** The same for ICMPv6. */
export function icmp6Counterpart(type: number): number {
  switch (type) {
    case 128:
      return 129;
    case 129:
      return 128;
    case 133:
      return 134;
    case 134:
      return 133;
    case 135:
      return 136;
    case 136:
      return 135;
    case 130:
      return 131;
    case 131:
      return 130;
    case 139:
      return 140;
    case 140:
      return 139;
    case 144:
      return 145;
    case 145:
      return 144;
    default:
      return -1;
  }
}

/**
 * Community ID from raw addresses.
 * - a, b: the addresses as big-endian 32-bit words, `ai`, `bi` where they start; IPv4 is one word, IPv6 four
 * - protocol: IP protocol number; for ICMP and ICMPv6 the ports are type and code (or type and answering type)
 * - seed: 0 in every event of Weir
 */
export function communityId(
  a: Int32Array,
  ai: number,
  b: Int32Array,
  bi: number,
  v6: boolean,
  protocol: number,
  aPort: number,
  bPort: number,
  seed = 0,
): string {
  const words = v6 ? 4 : 1;
  let oneWay = false;
  let bp = bPort;
  if (protocol === 1 || protocol === 58) {
    const answer = protocol === 1 ? icmpCounterpart(aPort) : icmp6Counterpart(aPort);
    if (answer < 0) oneWay = true;
    else bp = answer;
  }
  let order = 0;
  for (let i = 0; i < words && order === 0; i++) order = (a[ai + i]! >>> 0) - (b[bi + i]! >>> 0);
  if (order === 0 && hasPorts(protocol)) order = aPort - bp;
  const swap = order > 0 && !oneWay;
  bytes.fill(0);
  bytes[0] = seed >>> 8;
  bytes[1] = seed;
  let at = 2;
  for (let i = 0; i < words; i++, at += 4) put32(at, swap ? b[bi + i]! : a[ai + i]!);
  for (let i = 0; i < words; i++, at += 4) put32(at, swap ? a[ai + i]! : b[bi + i]!);
  bytes[at++] = protocol;
  bytes[at++] = 0;
  if (hasPorts(protocol)) {
    const first = swap ? bp : aPort;
    const second = swap ? aPort : bp;
    bytes[at++] = first >>> 8;
    bytes[at++] = first;
    bytes[at++] = second >>> 8;
    bytes[at++] = second;
  }
  bytes[at] = 0x80;
  bytes[62] = (at * 8) >>> 8;
  bytes[63] = at * 8;
  digest();
  return source.latin1Slice(0, 30);
}

const left = new Int32Array(4);
const right = new Int32Array(4);

/** Words of an address in text, 1 for IPv4, 4 for IPv6, 0 when it is neither. */
function parse(ip: string, to: Int32Array): number {
  const words = ipWords(ip);
  if (words === null) return 0;
  to.set(words);
  return words.length;
}

const numbers: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132, icmp: 1 };

/**
 * Community ID from the columns of a flow; '' when it cannot be made (an address is missing or the two differ in
 * kind). `transport` as in the event tables; 'icmp' between IPv6 addresses is ICMPv6.
 */
export function communityIdOf(
  src_ip: string,
  src_port: number,
  dst_ip: string,
  dst_port: number,
  transport: string,
  seed = 0,
): string {
  const words = parse(src_ip, left);
  if (words === 0 || parse(dst_ip, right) !== words) return '';
  let protocol = numbers[transport] ?? Number(transport);
  if (!Number.isInteger(protocol) || protocol < 0 || protocol > 255 || transport === '') return '';
  if (transport === 'icmp' && words === 4) protocol = 58;
  return communityId(left, 0, right, 0, words === 4, protocol, src_port, dst_port, seed);
}
