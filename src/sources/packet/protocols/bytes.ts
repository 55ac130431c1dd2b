import { formatIpv6 } from '../../../base/ip.ts';

/**
 * What a reader of a growing stream prefix answers besides a result:
 * - 'more': so far it fits, but bytes are missing; call again with a longer prefix
 * - 'no': these bytes are not this protocol
 */
export type Parsed<T extends object> = T | 'more' | 'no';

/** Reading past the end gives 0 in the missing places: callers check lengths first, and a slip cannot throw. */
export function u16(b: Uint8Array, i: number): number {
  return (b[i]! << 8) | b[i + 1]!;
}
export function u24(b: Uint8Array, i: number): number {
  return (b[i]! << 16) | (b[i + 1]! << 8) | b[i + 2]!;
}
export function u32(b: Uint8Array, i: number): number {
  return ((b[i]! << 24) | (b[i + 1]! << 16) | (b[i + 2]! << 8) | b[i + 3]!) >>> 0;
}
export function u16le(b: Uint8Array, i: number): number {
  return b[i]! | (b[i + 1]! << 8);
}
export function u32le(b: Uint8Array, i: number): number {
  return (b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24)) >>> 0;
}

/** The same memory as a Buffer, whose decoders take a range. */
export function view(b: Uint8Array): Buffer {
  return b instanceof Buffer ? b : Buffer.from(b.buffer, b.byteOffset, b.byteLength);
}
/** Short texts come again and again (names, agents, types): one string serves them all while they are kept. */
const shared: string[] = new Array<string>(4096).fill('');
const mostShared = 96;

export function latin1(b: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length <= 0) return '';
  if (length > mostShared || end > b.length) return view(b).toString('latin1', start, end);
  let h = length;
  const step = length > 16 ? 3 : 1;
  for (let i = start; i < end; i += step) h = (Math.imul(h, 31) + b[i]!) | 0;
  h ^= h >>> 12;
  const known = shared[h & 4095]!;
  if (known.length === length) {
    let i = 0;
    while (i < length && known.charCodeAt(i) === b[start + i]) i++;
    if (i === length) return known;
  }
  const text = view(b).toString('latin1', start, end);
  shared[h & 4095] = text;
  return text;
}
export function utf8(b: Uint8Array, start: number, end: number): string {
  return view(b).toString('utf8', start, end);
}
export function utf16le(b: Uint8Array, start: number, end: number): string {
  return view(b).toString('utf16le', start, end);
}
export function hex(b: Uint8Array, start: number, end: number): string {
  return view(b).toString('hex', start, end);
}

/** A copy that keeps nothing else alive. */
export function copy(b: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(b.subarray(start, end));
}

/** Index of `byte` in [start, end), or -1. */
export function indexOfByte(b: Uint8Array, byte: number, start: number, end: number): number {
  // Not b.indexOf(): that looks on to the end of the buffer, a whole chunk of the capture.
  for (let i = start; i < end; i++) if (b[i] === byte) return i;
  return -1;
}

/** True when the ASCII text stands at `at`, inside [at, end). */
export function startsWith(b: Uint8Array, at: number, end: number, ascii: string): boolean {
  if (end - at < ascii.length) return false;
  for (let i = 0; i < ascii.length; i++) if (b[at + i] !== ascii.charCodeAt(i)) return false;
  return true;
}

export function ipv4Text(b: Uint8Array, i: number): string {
  return `${b[i]!}.${b[i + 1]!}.${b[i + 2]!}.${b[i + 3]!}`;
}

/** The one way Weir writes an address: RFC 5952, IPv4-mapped as IPv4. */
export function ipv6Text(b: Uint8Array, i: number): string {
  const groups: number[] = [];
  for (let g = 0; g < 8; g++) groups.push(u16(b, i + g * 2));
  return formatIpv6(groups);
}

export function macText(b: Uint8Array, i: number): string {
  let text = '';
  for (let k = 0; k < 6; k++) text += (k === 0 ? '' : ':') + b[i + k]!.toString(16).padStart(2, '0');
  return text;
}

/** Text with control characters and bytes above 126 as \xNN; a backslash too, so that it can be read back. */
export function escaped(b: Uint8Array, start: number, end: number): string {
  let plain = true;
  for (let i = start; i < end && plain; i++) plain = b[i]! >= 0x20 && b[i]! < 0x7f && b[i]! !== 0x5c;
  if (plain) return latin1(b, start, end);
  let text = '';
  for (let i = start; i < end; i++) {
    const c = b[i]!;
    text +=
      c >= 0x20 && c < 0x7f && c !== 0x5c ? String.fromCharCode(c) : `\\x${c.toString(16).padStart(2, '0')}`;
  }
  return text;
}
