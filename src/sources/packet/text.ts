import { isMapped } from '../../base/ip.ts';

/** Texts of flows: addresses, ids. Made for some hundred thousand calls per second. */

/** Digits of an octet, first in the low byte; their number in the top byte. */
const octets = new Int32Array(256);
for (let i = 0; i < 256; i++) {
  const digits = String(i);
  for (let k = 0; k < digits.length; k++) octets[i] = octets[i]! | (digits.charCodeAt(k) << (8 * k));
  octets[i] = octets[i]! | (digits.length << 24);
}

const cached: string[] = new Array<string>(4096).fill('');
const cachedWords = new Int32Array(4096);
const addressBytes = Buffer.alloc(20);
/** Node's own decoder; its types leave it out. */
const addressSource = addressBytes as unknown as { latin1Slice(from: number, upTo: number): string };

export function ipv4Text(word: number): string {
  const slot = (word ^ (word >>> 12)) & 4095;
  if (cachedWords[slot] === word && cached[slot] !== '') return cached[slot]!;
  // Written into bytes first: joined from pieces it would be a tree of five strings.
  let at = 0;
  for (let shift = 24; shift >= 0; shift -= 8) {
    const digits = octets[(word >>> shift) & 255]!;
    addressBytes[at] = digits;
    addressBytes[at + 1] = digits >>> 8;
    addressBytes[at + 2] = digits >>> 16;
    at += digits >>> 24;
    addressBytes[at++] = 0x2e;
  }
  const text = addressSource.latin1Slice(0, at - 1);
  cachedWords[slot] = word;
  cached[slot] = text;
  return text;
}

/** RFC 5952: lower case, the longest run of two or more zero groups shortened; IPv4-mapped as IPv4. */
export function ipv6Text(a: number, b: number, c: number, d: number): string {
  if (isMapped(a, b, c)) return ipv4Text(d);
  const groups = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff, c >>> 16, c & 0xffff, d >>> 16, d & 0xffff];
  let from = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let j = i;
    while (j < 8 && groups[j] === 0) j++;
    if (j - i > length) {
      from = i;
      length = j - i;
    }
    if (j > i) i = j;
  }
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i === from) {
      text += '::';
      i += length - 1;
    } else {
      if (text !== '' && !text.endsWith(':')) text += ':';
      text += groups[i]!.toString(16);
    }
  }
  return text;
}

const hexPairs: string[] = [];
for (let i = 0; i < 256; i++) hexPairs.push(i.toString(16).padStart(2, '0'));

const cachedMacs: string[] = new Array<string>(1024).fill('');
const cachedMacWords = new Int32Array(2 * 1024);

/** MAC address of six bytes, the first in the low byte of the first word. There are few in a network. */
export function macText(low: number, high: number): string {
  const slot = Math.imul(low ^ (high << 7), 0x9e3779b1) >>> 22;
  if (cachedMacWords[2 * slot] === low && cachedMacWords[2 * slot + 1] === high && cachedMacs[slot] !== '') {
    return cachedMacs[slot]!;
  }
  const bytes = [low, low >>> 8, low >>> 16, low >>> 24, high, high >>> 8];
  const text = bytes.map((byte) => hexPairs[byte & 255]).join(':');
  cachedMacWords[2 * slot] = low;
  cachedMacWords[2 * slot + 1] = high;
  cachedMacs[slot] = text;
  return text;
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Two digits of base 62 at once, the low one first. */
const pairs = new Uint16Array(62 * 62);
for (let i = 0; i < pairs.length; i++) {
  pairs[i] = alphabet.charCodeAt(i % 62) | (alphabet.charCodeAt(Math.floor(i / 62)) << 8);
}
const u = new Uint8Array(20);

function spell(at: number, word: number): void {
  let rest = word >>> 0;
  for (let i = at; i < at + 6; i += 2) {
    const left = Math.floor(rest / 3844);
    const pair = pairs[rest - left * 3844]!;
    u[i] = pair & 255;
    u[i + 1] = pair >>> 8;
    rest = left;
  }
}

function mix(h: number, k: number): number {
  let x = Math.imul(k, 0xcc9e2d51);
  x = (x << 15) | (x >>> 17);
  x = Math.imul(x, 0x1b873593);
  let y = h ^ x;
  y = (y << 13) | (y >>> 19);
  return (Math.imul(y, 5) + 0xe6546b64) | 0;
}

function settle(h: number): number {
  let x = h ^ (h >>> 16);
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/**
 * Id of a flow: 'C' and 96 bits of a hash (Murmur3's rounds, three chains) of its first packet's time and its
 * addresses, ports and protocol, in base 62. The same capture gives the same ids every time.
 */
export function flowUid(time: number, w: Int32Array, b: number, ports: number, protocol: number): string {
  let x = 0x9747b28c | 0;
  let y = 0x2f0b4391 | 0;
  let z = 0x5bd1e995 | 0;
  const high = Math.floor(time / 4294967296) | 0;
  const low = time | 0;
  for (let i = 0; i < 12; i++) {
    const k = i < 8 ? w[b + i]! : i === 8 ? ports : i === 9 ? protocol : i === 10 ? high : low;
    x = mix(x, k);
    y = mix(y, k ^ x);
    z = mix(z, k ^ y);
  }
  spell(2, settle(x));
  spell(8, settle(y));
  spell(14, settle(z));
  // Twice as fast as a decoder for so few characters.
  // biome-ignore format: one row a chain
  return String.fromCharCode(
    0x43,
    u[2]!, u[3]!, u[4]!, u[5]!, u[6]!, u[7]!,
    u[8]!, u[9]!, u[10]!, u[11]!, u[12]!, u[13]!,
    u[14]!, u[15]!, u[16]!, u[17]!, u[18]!, u[19]!,
  );
}
