import { remembered } from '../base/bounded.ts';
import { canonicalIp, canonicalName, parseIpv4 } from '../base/ip.ts';
import { epochMicros, lastTime, parseEpochTime, parseIsoTime, roundMicros } from '../base/time.ts';
import { setAside } from '../schema/set-aside.ts';
import { excerptLength } from './lines.ts';

/** IPv6 addresses repeat: their canonical form is remembered; '' of what is no address. */
const canonicalIpv6 = remembered((text) => {
  const canonical = canonicalIp(text) ?? '';
  // A copy of its own: the text may be a slice that would keep a whole piece of the file alive.
  return canonical === text ? Buffer.from(text, 'latin1').toString('latin1') : canonical;
}, 65_536);

/** canonicalIp with a bounded memory; '' when the text is no address. */
export function cachedIp(text: string): string {
  if (parseIpv4(text) >= 0) return text;
  return text.length > 100 ? '' : canonicalIpv6(text);
}

/** A value as it is shown in a reason: short, on one line. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}

const password =
  /("(?:[\w.-]*\.)?(?:password|passwd|proxy_password)"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^",}\]]+)/gi;
const ftpPass =
  /("(?:[\w.-]*\.)?command"\s*:\s*"PASS"\s*,\s*"(?:[\w.-]*\.)?(?:command_data|arg)"\s*:\s*)"(?:[^"\\]|\\.)*"?/gi;
const authorization = /("name"\s*:\s*"(?:proxy-)?authorization"\s*,\s*"value"\s*:\s*)"(?:[^"\\]|\\.)*"?/gi;
const mayHoldSecret = /passw|"PASS"|authorization/i;

/** JSON text with the values of passwords and credentials replaced; used before a record is kept as text. */
export function maskJson(text: string): string {
  if (!mayHoldSecret.test(text)) return text;
  return text.replace(password, '$1"***"').replace(ftpPass, '$1"***"').replace(authorization, '$1"***"');
}

export function excerptOf(text: string): string {
  return text.length > excerptLength ? text.slice(0, excerptLength) : text;
}

/** Columns of the fields that every log of a family names in its own way; other fields are noted under their own name. */
const columnOf: Readonly<Record<string, string>> = {
  'id.orig_h': 'src_ip',
  'id.orig_p': 'src_port',
  'id.resp_h': 'dst_ip',
  'id.resp_p': 'dst_port',
  dest_ip: 'dst_ip',
  dest_port: 'dst_port',
  proto: 'transport',
  duration: 'duration_s',
  orig_bytes: 'src_bytes',
  resp_bytes: 'dst_bytes',
  orig_pkts: 'src_packets',
  resp_pkts: 'dst_packets',
  orig_ip_bytes: 'src_ip_bytes',
  resp_ip_bytes: 'dst_ip_bytes',
  pkts_toserver: 'src_packets',
  pkts_toclient: 'dst_packets',
  bytes_toserver: 'src_ip_bytes',
  bytes_toclient: 'dst_ip_bytes',
  orig_l2_addr: 'src_mac',
  resp_l2_addr: 'dst_mac',
  app_proto: 'service',
};
const secretName = /passw|secret|auth|cookie/i;
const none: readonly string[] = [];

/**
 * Values of one record, checked while they are converted. Nothing is thrown. A value that is wrong (of another kind, out
 * of range) is set aside: it is noted, and a neutral value returned, so that it costs its field and not the record. What
 * the record cannot do without is noted in `problem`, and who asked throws the record away. Absent values (undefined,
 * null) are '' , null, false or [].
 */
export class Checked {
  problem = '';
  /** µs since 1970 */
  latest_time = lastTime;
  private readonly noted: { set_aside?: readonly string[] } = {};

  /** Before each record. */
  begin(): void {
    this.problem = '';
    this.noted.set_aside = none;
  }

  /** The record as a whole cannot be used. */
  fail(reason: string): void {
    if (this.problem === '') this.problem = reason;
  }

  /** The record cannot do without this value: it is missing, or was set aside. */
  lacks(name: string): void {
    const column = `${columnOf[name] ?? name}: `;
    const note = this.noted.set_aside?.find((one) => one.startsWith(column));
    this.fail(note === undefined ? `${name} is missing` : `${name} is ${note.slice(column.length)}`);
  }

  /** Sets a value aside; `what` goes on after the field's name: 'not a port'. */
  aside(name: string, what: string, value: unknown): void {
    const reason = secretName.test(name) ? what : `${what}: ${shown(value)}`;
    setAside(this.noted, columnOf[name] ?? name, reason);
  }

  /** What was made of the record, with notes of what was set aside; of several events the first has them. */
  marked<E extends { set_aside?: readonly string[] }>(made: E): E {
    const { set_aside = none } = this.noted;
    if (set_aside.length > 0) made.set_aside = [...(made.set_aside ?? none), ...set_aside];
    return made;
  }

  /** Text; anything else is set aside. */
  toText(name: string, value: unknown): string {
    if (typeof value === 'string') return value;
    if (value === undefined || value === null) return '';
    this.aside(name, 'not text', value);
    return '';
  }

  /** An id, a version or a code that some write as text and others as a number. */
  toLabel(name: string, value: unknown): string {
    return typeof value === 'number' && Number.isFinite(value) ? String(value) : this.toText(name, value);
  }

  toIp(name: string, value: unknown): string {
    if (typeof value === 'string') {
      if (value === '') return '';
      const ip = cachedIp(value);
      if (ip !== '') return ip;
    } else if (value === undefined || value === null) return '';
    this.aside(name, 'not an address', value);
    return '';
  }

  /** Whole number from 0 to `most`; null when absent. */
  private toWhole(name: string, value: unknown, most: number, what: string): number | null {
    if (typeof value === 'number') {
      if (Number.isInteger(value) && value >= 0 && value <= most) return value;
    } else if (value === undefined || value === null || value === '') return null;
    else if (typeof value === 'string' && value.length <= 16) {
      const number = digits.test(value) ? Number(value) : -1;
      if (number >= 0 && number <= most) return number;
    }
    this.aside(name, `not ${what}`, value);
    return null;
  }

  /** 0 .. 65535; 0 when absent */
  toPort(name: string, value: unknown): number {
    return this.toWhole(name, value, 65_535, 'a port') ?? 0;
  }

  /** 0 .. 2^53 - 1; null when absent */
  toCount(name: string, value: unknown): number | null {
    return this.toWhole(name, value, Number.MAX_SAFE_INTEGER, 'a count');
  }

  /** 0 .. most; null when absent */
  toCode(name: string, value: unknown, most: number): number | null {
    return this.toWhole(name, value, most, `a number up to ${most}`);
  }

  /** Any finite number, rounded to six digits as Zeek's TSV writes it; null when absent. */
  toNumber(name: string, value: unknown): number | null {
    if (value === undefined || value === null || value === '') return null;
    const number =
      typeof value === 'number' ? value : typeof value === 'string' && real.test(value) ? Number(value) : NaN;
    if (Number.isFinite(number)) return Math.abs(number) < 1e9 ? roundMicros(number) : number;
    this.aside(name, 'not a number', value);
    return null;
  }

  /** Seconds from 0, to the microsecond; null when absent. */
  toSeconds(name: string, value: unknown): number | null {
    const seconds = this.toNumber(name, value);
    if (seconds !== null && seconds < 0) {
      this.aside(name, 'negative', value);
      return null;
    }
    return seconds === 0 ? 0 : seconds;
  }

  toBool(name: string, value: unknown): boolean | null {
    if (typeof value === 'boolean') return value;
    if (value === undefined || value === null || value === '') return null;
    if (value === 'T' || value === 'true' || value === 1) return true;
    if (value === 'F' || value === 'false' || value === 0) return false;
    this.aside(name, 'not true or false', value);
    return null;
  }

  /** Instant in µs since 1970, not bounded: time since 1970 in any unit (epochMicros) or ISO 8601; null when absent. */
  toInstant(name: string, value: unknown): number | null {
    if (typeof value === 'number') {
      if (Math.abs(value) <= 1e20) return epochMicros(value);
    } else if (value === undefined || value === null || value === '') return null;
    else if (typeof value === 'string' && value.length <= 40) {
      const time = parseIsoTime(value) ?? parseEpochTime(value);
      if (time !== null) return time;
    }
    this.aside(name, 'not a time', value);
    return null;
  }

  /** When the record happened: required, from 1970 to the latest time that is believed. */
  toTime(name: string, value: unknown): number {
    const time = this.toInstant(name, value);
    if (time === null) {
      this.lacks(name);
      return 0;
    }
    if (time < 0) this.fail(`${name} is before 1970: ${shown(value)}`);
    else if (time > this.latest_time) this.fail(`${name} is in the future: ${shown(value)}`);
    return time;
  }

  /** An instant that is only described (a certificate's end): before 1970 and absent 0, after 2255 the last one. */
  toDate(name: string, value: unknown): number {
    const time = this.toInstant(name, value) ?? 0;
    return Math.min(Math.max(time, 0), lastTime);
  }

  /** List of texts; one text is a list of one; absent members are '', wrong ones are left out. */
  toTexts(name: string, value: unknown): string[] {
    if (value === undefined || value === null) return [];
    const texts: string[] = [];
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one === 'string') texts.push(one);
      else if (one === undefined || one === null) texts.push('');
      else this.aside(name, 'not text', one);
    }
    return texts;
  }

  /** List of addresses, canonical; members that are none are left out (a file's path may name hosts). */
  toIps(name: string, value: unknown): string[] {
    return this.toTexts(name, value)
      .map(cachedIp)
      .filter((ip) => ip !== '');
  }
}

const digits = /^[0-9]+$/;
const real = /^-?[0-9]{1,300}(?:\.[0-9]{1,300})?(?:[eE][+-]?[0-9]{1,3})?$/;

/** Host header as a name: without port and brackets, lower case. */
export function hostName(header: string): string {
  if (header === '') return '';
  const bracket = header.startsWith('[') ? header.indexOf(']') : -1;
  if (bracket > 0) return canonicalName(header.slice(1, bracket).toLowerCase());
  const colon = header.indexOf(':');
  // More than one colon: an IPv6 address without brackets.
  const bare = colon > 0 && header.indexOf(':', colon + 1) < 0 ? header.slice(0, colon) : header;
  return canonicalName(bare.toLowerCase());
}

/** DNS name: lower case, without the closing dot. */
export function dnsName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/** The columns that enrich fills in. */
export const unplaced: { src_local: boolean; dst_local: boolean; direction: string } = {
  src_local: false,
  dst_local: false,
  direction: '',
};
