import { createHash } from 'node:crypto';
import { type ClientHello, isGrease } from './tls.ts';

/**
 * JA4, the TLS client fingerprint of FoxIO (BSD 3-Clause, see NOTICE;
 * https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md). Only the client part: the rest of JA4+ has
 * another licence.
 * - protocol: t TLS over TCP, q QUIC, d DTLS
 */
export function ja4(hello: ClientHello, protocol: 't' | 'q' | 'd'): string {
  const { a, b, c } = parts(hello, protocol);
  return `${a}_${b === '' ? noHash : shortHash(b)}_${c === '' ? noHash : shortHash(c)}`;
}

/** JA4_r: the same with the lists in place of their hashes, for people. */
export function ja4Raw(hello: ClientHello, protocol: 't' | 'q' | 'd'): string {
  const { a, b, c } = parts(hello, protocol);
  return `${a}_${b}_${c}`;
}

const noHash = '000000000000';

function parts(hello: ClientHello, protocol: string): { a: string; b: string; c: string } {
  const ciphers = hello.ciphers.filter((v) => !isGrease(v));
  const extensions = hello.extensions.filter((v) => !isGrease(v));
  const a =
    protocol +
    versionCode(hello) +
    (extensions.includes(0) ? 'd' : 'i') +
    twoDigits(ciphers.length) +
    twoDigits(extensions.length) +
    alpnCode(hello.alpn[0]);
  const kept = sortedHex(extensions.filter((v) => v !== 0 && v !== 16));
  const algorithms = hello.signature_algorithms
    .filter((v) => !isGrease(v))
    .map(hex4)
    .join(',');
  return { a, b: sortedHex(ciphers), c: algorithms === '' ? kept : `${kept}_${algorithms}` };
}

function versionCode(hello: ClientHello): string {
  switch (highestVersion(hello)) {
    case 0x0304:
      return '13';
    case 0x0303:
      return '12';
    case 0x0302:
      return '11';
    case 0x0301:
      return '10';
    case 0x0300:
      return 's3';
    case 0x0002:
      return 's2';
    case 0xfeff:
      return 'd1';
    case 0xfefd:
      return 'd2';
    case 0xfefc:
      return 'd3';
    default:
      return '00';
  }
}

/** DTLS counts down: 0xfefc is newer than 0xfefd. */
function highestVersion(hello: ClientHello): number {
  let best = -1;
  let bestRank = -1;
  for (const version of hello.supported_versions) {
    if (isGrease(version)) continue;
    const rank = version >> 8 === 0xfe ? 0xffff - version : version;
    if (rank > bestRank) {
      best = version;
      bestRank = rank;
    }
  }
  return best === -1 ? hello.version : best;
}

/**
 * First and last character of the first protocol; of its hexadecimal form when either is not a letter or digit. The
 * page asks for hexadecimal digits whatever the byte ('ad' for ab cd), but every vector its authors publish has 99 for a protocol that
 * begins above ASCII, so that is what other tools give and what is given here (FoxIO-LLC/ja4, issue 178).
 */
function alpnCode(first: string | undefined): string {
  if (first === undefined || first === '') return '00';
  const head = first[0]!;
  if (first.charCodeAt(0) > 0x7f) return '99';
  const tail = first[first.length - 1]!;
  if (isAlphanumeric(head) && isAlphanumeric(tail)) return head + tail;
  const text = Buffer.from(first, 'latin1').toString('hex');
  return text[0]! + text[text.length - 1]!;
}

function isAlphanumeric(c: string): boolean {
  return /^[0-9A-Za-z]$/.test(c);
}

function twoDigits(count: number): string {
  return String(Math.min(count, 99)).padStart(2, '0');
}

function hex4(value: number): string {
  return value.toString(16).padStart(4, '0');
}

function sortedHex(values: readonly number[]): string {
  return values.map(hex4).sort().join(',');
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
