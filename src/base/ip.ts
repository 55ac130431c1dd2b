/** Reads dotted IPv4; the four bytes as one number 0 .. 2^32 - 1, or -1. Leading zeros are refused: some tools read them as octal. */
export function parseIpv4(text: string): number {
  const length = text.length;
  if (length < 7 || length > 15) return -1;
  let value = 0;
  let parts = 0;
  let part = -1;
  let digits = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === 46) {
      if (part < 0 || parts === 3) return -1;
      value = value * 256 + part;
      parts++;
      part = -1;
      digits = 0;
      continue;
    }
    const digit = code - 48;
    if (digit < 0 || digit > 9 || (digits > 0 && part === 0)) return -1;
    part = digits === 0 ? digit : part * 10 + digit;
    digits++;
    if (part > 255) return -1;
  }
  return parts === 3 && part >= 0 ? value * 256 + part : -1;
}

/** IPv4 from its number, dotted. */
export function formatIpv4(value: number): string {
  return `${(value >>> 24) & 255}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** Reads IPv6 without a zone; eight groups of 16 bits, or null. An IPv4 tail (::ffff:1.2.3.4) is allowed. */
export function parseIpv6(text: string): number[] | null {
  if (text.length < 2 || text.length > 45) return null;
  const groups: number[] = [];
  let gap = -1;
  let i = 0;
  if (text.startsWith('::')) {
    gap = 0;
    i = 2;
  } else if (text.charCodeAt(0) === 58) return null;
  while (i < text.length) {
    let end = text.indexOf(':', i);
    if (end < 0) end = text.length;
    const part = text.slice(i, end);
    if (end === text.length && part.includes('.')) {
      const v4 = parseIpv4(part);
      if (v4 < 0) return null;
      groups.push(Math.floor(v4 / 65536), v4 % 65536);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
      groups.push(Number.parseInt(part, 16));
    }
    if (groups.length > 8) return null;
    i = end + 1;
    if (end === text.length) break;
    if (text.charCodeAt(i) === 58) {
      if (gap >= 0) return null;
      gap = groups.length;
      i++;
    } else if (i === text.length) return null;
  }
  if (gap < 0) return groups.length === 8 ? groups : null;
  if (groups.length > 7) return null;
  const zeros = new Array<number>(8 - groups.length).fill(0);
  return [...groups.slice(0, gap), ...zeros, ...groups.slice(gap)];
}

/** IPv6 from its eight groups as RFC 5952 wants it; IPv4-mapped (::ffff:0:0/96) as dotted IPv4. */
export function formatIpv6(groups: readonly number[]): string {
  if (groups[5] === 0xffff && groups.slice(0, 5).every((one) => one === 0))
    return formatIpv4(groups[6]! * 65536 + groups[7]!);
  let best = -1;
  let best_length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > best_length) {
      best = i;
      best_length = run;
    }
    i += run;
  }
  const hex = groups.map((one) => one.toString(16));
  if (best < 0) return hex.join(':');
  return `${hex.slice(0, best).join(':')}::${hex.slice(best + best_length).join(':')}`;
}

/**
 * An address as big-endian signed 32-bit words: one for IPv4 and for IPv4-mapped IPv6 (::ffff:0:0/96, RFC 4291 2.5.5.2: how
 * a socket of both families shows an IPv4 peer), four for other IPv6; null when the text is no address.
 */
export function ipWords(text: string): number[] | null {
  const v4 = parseIpv4(text);
  if (v4 >= 0) return [v4 | 0];
  const groups = parseIpv6(text);
  if (groups === null) return null;
  const words = [0, 2, 4, 6].map((i) => (groups[i]! << 16) | groups[i + 1]!);
  return isMapped(words[0]!, words[1]!, words[2]!) ? [words[3]!] : words;
}

/** Whether an IPv6 address of four words, of which these are the first three, is an IPv4-mapped one. */
export function isMapped(w0: number, w1: number, w2: number): boolean {
  return w0 === 0 && w1 === 0 && w2 === 0xffff;
}

/** A name that may be an address ('[::FFFF:10.0.0.1]' in a Host header, '2001:DB8::1' in an answer): the address as canonicalIp writes it, else the text itself. */
export function canonicalName(text: string): string {
  if (!text.includes(':')) return text;
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  return canonicalIp(bare) ?? text;
}

/**
 * The one way an address is written in Weir: IPv4 dotted, IPv6 as RFC 5952, IPv4-mapped as IPv4; null when the text is
 * no address. A zone ('fe80::1%eth0', RFC 4007) names an interface of the sensor and is dropped.
 */
export function canonicalIp(text: string): string | null {
  if (parseIpv4(text) >= 0) return text;
  const zone = text.indexOf('%');
  const groups = parseIpv6(zone > 0 ? text.slice(0, zone) : text);
  return groups === null ? null : formatIpv6(groups);
}
