import { daysFromCivil, isDate, roundMicros } from '../base/time.ts';
import { WordCache } from '../base/word-cache.ts';
import type { Connection } from '../schema/event/connection.ts';
import { cachedIp } from './checked.ts';

/**
 * Connections are nine of ten records, so they have a way of their own: one pass over the bytes of the line, no array
 * of columns, no object of JSON. It takes only what is plain (fields each once, no escapes, no objects, values in range)
 * and says null to everything else, which then goes the general way (zeek-conn.ts); so there is one
 * place that decides what is wrong with a record. A test holds both ways to the same events.
 */

/** What to do with a field's value. */
const IGNORE = 0;
const TIME = 1;
const UID = 2;
const SRC_IP = 3;
const SRC_PORT = 4;
const DST_IP = 5;
const DST_PORT = 6;
const PROTO = 7;
const SERVICE = 8;
const DURATION = 9;
const SRC_BYTES = 10;
const DST_BYTES = 11;
const STATE = 12;
const MISSED = 13;
const HISTORY = 14;
const SRC_PACKETS = 15;
const SRC_IP_BYTES = 16;
const DST_PACKETS = 17;
const DST_IP_BYTES = 18;
const SRC_MAC = 19;
const DST_MAC = 20;
const VLAN = 21;
const COMMUNITY_ID = 22;
const PATH = 23;
/** a value that is only stepped over: local_orig, tunnel_parents, and whatever a package adds */
const SKIP = 24;
/** a count that is only checked */
const COUNT = 25;

const slots: Readonly<Record<string, number>> = {
  ts: TIME,
  uid: UID,
  'id.orig_h': SRC_IP,
  'id.orig_p': SRC_PORT,
  'id.resp_h': DST_IP,
  'id.resp_p': DST_PORT,
  proto: PROTO,
  service: SERVICE,
  duration: DURATION,
  orig_bytes: SRC_BYTES,
  resp_bytes: DST_BYTES,
  conn_state: STATE,
  missed_bytes: MISSED,
  history: HISTORY,
  orig_pkts: SRC_PACKETS,
  orig_ip_bytes: SRC_IP_BYTES,
  resp_pkts: DST_PACKETS,
  resp_ip_bytes: DST_IP_BYTES,
  orig_l2_addr: SRC_MAC,
  resp_l2_addr: DST_MAC,
  vlan: VLAN,
  community_id: COMMUNITY_ID,
};

/** JSON fields as Zeek's writer and the collectors name them; others are stepped over. */
const jsonSlots: Readonly<Record<string, number>> = {
  ...slots,
  _path: PATH,
  '@stream': PATH,
  '@path': PATH,
  id_orig_h: SRC_IP,
  id_orig_p: SRC_PORT,
  id_resp_h: DST_IP,
  id_resp_p: DST_PORT,
  ip_proto: COUNT,
};
/** Names of fields told apart at most, known ones included; a record with further ones goes the general way. */
const mostKeys = 64;
/** A longer name, with quotes and colon, goes the general way. */
const longestKey = 64;

/**
 * Names of JSON fields by number. Which came after which in the records before is remembered, two for each, because
 * records of a file have their fields in one order with some left out: so a name is compared with one or two others.
 */
class KeyBook {
  private readonly numbers = new Map<string, number>();
  /** each name with what follows it: ts": */
  private readonly texts: Uint8Array[] = [];
  readonly slots = new Uint8Array(mostKeys);
  /** two guesses after each number; the first two are for the beginning of a record */
  private readonly after = new Int8Array(2 * (mostKeys + 1)).fill(-1);

  /** The number of the name at `at` (behind its quote), after the one numbered `before` (-1: the first); -1: not told. */
  at(bytes: Uint8Array, at: number, before: number): number {
    const guess = 2 * (before + 1);
    const first = this.after[guess]!;
    if (first >= 0 && this.is(first, bytes, at)) return first;
    const second = this.after[guess + 1]!;
    const key = second >= 0 && this.is(second, bytes, at) ? second : this.find(bytes, at);
    if (key < 0) return -1;
    this.after[guess] = key;
    this.after[guess + 1] = first;
    return key;
  }

  /** Bytes from the name's first to its colon. */
  length(key: number): number {
    return this.texts[key]!.length;
  }

  private is(key: number, bytes: Uint8Array, at: number): boolean {
    const name = this.texts[key]!;
    let i = name.length - 1;
    while (i >= 0 && bytes[at + i] === name[i]) i--;
    return i < 0;
  }

  private find(bytes: Uint8Array, at: number): number {
    let to = at;
    for (; bytes[to] !== QUOTE; to++) {
      const code = bytes[to];
      if (code === undefined || code === BACKSLASH || code < SPACE || to - at > longestKey) return -1;
    }
    if (bytes[to + 1] !== COLON) return -1;
    const name = Buffer.from(bytes.subarray(at, to)).toString('latin1');
    let key = this.numbers.get(name);
    if (key === undefined) {
      key = this.texts.length;
      if (key === mostKeys) return -1;
      this.numbers.set(name, key);
      this.texts.push(Uint8Array.from(bytes.subarray(at, to + 2)));
      this.slots[key] = Object.hasOwn(jsonSlots, name) ? jsonSlots[name]! : SKIP;
    }
    return key;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const DOT = 0x2e;
const SPACE = 0x20;
const BACKSLASH = 0x5c;
const TAB = 9;
const COLON = 0x3a;
const MINUS = 0x2d;

/** The columns of a TSV header as slots; null when the header lacks what a connection must have. */
export function connColumns(fields: readonly string[]): Uint8Array | null {
  const needed = ['ts', 'id.orig_h', 'id.resp_h', 'proto'];
  if (needed.some((name) => !fields.includes(name)) || fields.includes('password')) return null;
  return Uint8Array.from(fields.map((name) => (Object.hasOwn(slots, name) ? slots[name]! : IGNORE)));
}

/** Shared by all files that are read: they are of one network. */
const addresses = new WordCache(16_384, cachedIp);
const words = new WordCache(2048, (text) => text);
const macs = new WordCache(4096, (text) => text.toLowerCase());

/** Reads conn records; the values of the record at hand are its fields, so that no object is made for a failed try. */
export class ConnScanner {
  private readonly latest_time: number;
  private readonly keys = new KeyBook();
  private bytes: Uint8Array = new Uint8Array();
  private text = '';
  private of_json = false;
  /** where the value at hand ends; its reader leaves it there */
  private at = 0;
  /** bit n: slot n was read */
  private seen = 0;
  private time = 0;
  private uid = '';
  private src_ip = '';
  private src_port = 0;
  private dst_ip = '';
  private dst_port = 0;
  private proto = '';
  private service = '';
  private duration: number | null = null;
  private src_bytes: number | null = null;
  private dst_bytes: number | null = null;
  private state = '';
  private missed = 0;
  private history = '';
  private src_packets = 0;
  private src_ip_bytes = 0;
  private dst_packets = 0;
  private dst_ip_bytes = 0;
  private src_mac = '';
  private dst_mac = '';
  private vlan = 0;
  private community_id = '';

  constructor(latest_time: number) {
    this.latest_time = latest_time;
  }

  private reset(text: string, bytes: Uint8Array): void {
    this.text = text;
    this.bytes = bytes;
    this.seen = 0;
    this.uid = '';
    this.src_port = 0;
    this.dst_port = 0;
    this.service = '';
    this.duration = null;
    this.src_bytes = null;
    this.dst_bytes = null;
    this.state = '';
    this.missed = 0;
    this.history = '';
    this.src_packets = 0;
    this.src_ip_bytes = 0;
    this.dst_packets = 0;
    this.dst_ip_bytes = 0;
    this.src_mac = '';
    this.dst_mac = '';
    this.vlan = 0;
    this.community_id = '';
  }

  /** The JSON record in text[start, end), whose bytes stand at the same places, or null. */
  json(text: string, bytes: Uint8Array, start: number, end: number): Connection | null {
    if (bytes[start] !== 0x7b) return null;
    this.reset(text, bytes);
    this.of_json = true;
    const { keys } = this;
    let at = start + 1;
    let key = -1;
    let seen_low = 0;
    let seen_high = 0;
    for (;;) {
      if (bytes[at] === SPACE) at++;
      if (bytes[at] !== QUOTE) return null;
      at++;
      key = keys.at(bytes, at, key);
      if (key < 0) return null;
      // readers disagree on a name that comes twice
      const bit = 1 << (key & 31);
      if (((key < 32 ? seen_low : seen_high) & bit) !== 0) return null;
      if (key < 32) seen_low |= bit;
      else seen_high |= bit;
      at += keys.length(key);
      if (bytes[at] === SPACE) at++;
      this.at = at;
      const slot = keys.slots[key]!;
      if (slot >= SKIP) {
        if (!(slot === SKIP ? this.skip(at, end) : this.whole(at, Number.MAX_SAFE_INTEGER) >= 0)) return null;
      } else if (bytes[at] !== 0x6e || (slot >= SRC_IP && slot <= DST_PORT)) {
        if (!this.jsonValue(slot, at, end)) return null;
        if ((this.seen & (1 << slot)) !== 0) return null;
        this.seen |= 1 << slot;
      } else if (!this.skipWord(at, 'null')) return null;
      at = this.at;
      const after = bytes[at];
      at++;
      if (after === COMMA) continue;
      if (after !== 0x7d || at !== end) return null;
      break;
    }
    // Without _path only conn_state tells that this is a connection.
    if ((this.seen & ((1 << PATH) | (1 << STATE))) === 0) return null;
    return this.connection();
  }

  private jsonValue(slot: number, at: number, end: number): boolean {
    if (this.bytes[at] !== QUOTE) return this.number(slot, at);
    const to = this.stringEnd(at + 1, end);
    if (to < 0) return false;
    this.at = to + 1;
    if (slot === TIME) return this.isoTime(at + 1, to);
    return this.string(slot, at + 1, to);
  }

  /** Where the string that begins at `from` ends, when nothing in it is escaped; else -1. */
  private stringEnd(from: number, end: number): number {
    const { bytes } = this;
    for (let to = from; to < end; to++) {
      const code = bytes[to]!;
      if (code === QUOTE) return to;
      if (code === BACKSLASH || code < SPACE) return -1;
    }
    return -1;
  }

  /** Steps over a value that is well-formed JSON and no object: a string, a number, true, false, null, a list of those. */
  private skip(at: number, end: number): boolean {
    const { bytes } = this;
    if (bytes[at] !== 0x5b) return this.skipOne(at, end);
    let to = at + 1;
    if (bytes[to] === 0x5d) {
      this.at = to + 1;
      return true;
    }
    for (;;) {
      if (!this.skipOne(to, end)) return false;
      to = this.at;
      const code = bytes[to];
      to++;
      if (code === 0x5d) {
        this.at = to;
        return true;
      }
      if (code !== COMMA) return false;
      if (bytes[to] === SPACE) to++;
    }
  }

  private skipOne(at: number, end: number): boolean {
    switch (this.bytes[at]) {
      case QUOTE: {
        const to = this.stringEnd(at + 1, end);
        this.at = to + 1;
        return to >= 0;
      }
      case 0x74:
        return this.skipWord(at, 'true');
      case 0x66:
        return this.skipWord(at, 'false');
      case 0x6e:
        return this.skipWord(at, 'null');
      default:
        return this.skipNumber(at);
    }
  }

  private skipWord(at: number, word: string): boolean {
    for (let i = 0; i < word.length; i++) if (this.bytes[at + i] !== word.charCodeAt(i)) return false;
    this.at = at + word.length;
    return true;
  }

  /** RFC 8259, section 6 */
  private skipNumber(at: number): boolean {
    const { bytes } = this;
    const from = bytes[at] === MINUS ? at + 1 : at;
    let to = this.digitsEnd(from);
    if (to === from || (to - from > 1 && bytes[from] === 48)) return false;
    if (bytes[to] === DOT) {
      const decimals = to + 1;
      to = this.digitsEnd(decimals);
      if (to === decimals) return false;
    }
    if ((bytes[to]! | 0x20) === 0x65) {
      to++;
      if (bytes[to] === MINUS || bytes[to] === 0x2b) to++;
      const exponent = to;
      to = this.digitsEnd(exponent);
      if (to === exponent) return false;
    }
    this.at = to;
    return true;
  }

  private digitsEnd(from: number): number {
    const { bytes } = this;
    let to = from;
    while (bytes[to]! >= 48 && bytes[to]! <= 57) to++;
    return to;
  }

  /** The tab-separated record in text[start, end), whose columns are `columns`, or null. */
  tsv(text: string, bytes: Uint8Array, start: number, end: number, columns: Uint8Array): Connection | null {
    this.reset(text, bytes);
    this.of_json = false;
    let at = start;
    const last = columns.length - 1;
    for (let column = 0; column <= last; column++) {
      const slot = columns[column]!;
      const from = at;
      let escaped = false;
      for (; at < end; at++) {
        const code = bytes[at]!;
        if (code === TAB) break;
        if (code === BACKSLASH) escaped = true;
      }
      // the end of the line must come with the last column, and no earlier
      if ((at === end) !== (column === last)) return null;
      if (slot !== IGNORE && !(at - from === 1 && bytes[from] === 0x2d)) {
        if (escaped || !this.tsvValue(slot, from, at)) return null;
        this.seen |= 1 << slot;
      }
      at++;
    }
    return this.connection();
  }

  private tsvValue(slot: number, from: number, to: number): boolean {
    if (isText(slot)) {
      if (this.bytes[from] === 0x28 && this.text.slice(from, to) === '(empty)')
        return slot !== SRC_IP && slot !== DST_IP;
      return this.string(slot, from, to);
    }
    return this.number(slot, from) && this.at === to;
  }

  private string(slot: number, from: number, to: number): boolean {
    const { bytes } = this;
    switch (slot) {
      case SRC_IP:
        this.src_ip = addresses.get(bytes, from, to);
        return this.src_ip !== '';
      case DST_IP:
        this.dst_ip = addresses.get(bytes, from, to);
        return this.dst_ip !== '';
      case UID:
        this.uid = this.text.slice(from, to);
        return true;
      case PROTO: {
        const value = words.get(bytes, from, to);
        this.proto = value;
        return value === 'tcp' || value === 'udp' || value === 'icmp';
      }
      case SERVICE:
        this.service = words.get(bytes, from, to);
        return true;
      case STATE:
        this.state = words.get(bytes, from, to);
        return true;
      case HISTORY:
        this.history = words.get(bytes, from, to);
        return true;
      case SRC_MAC:
        this.src_mac = macs.get(bytes, from, to);
        return true;
      case DST_MAC:
        this.dst_mac = macs.get(bytes, from, to);
        return true;
      case COMMUNITY_ID:
        this.community_id = this.text.slice(from, to);
        return true;
      case PATH:
        return words.get(bytes, from, to) === 'conn';
      default:
        return false;
    }
  }

  private number(slot: number, at: number): boolean {
    switch (slot) {
      case TIME:
        return this.epochTime(at);
      case DURATION:
        return this.seconds(at);
      case SRC_PORT:
        this.src_port = this.whole(at, 65_535);
        return this.src_port >= 0;
      case DST_PORT:
        this.dst_port = this.whole(at, 65_535);
        return this.dst_port >= 0;
      case VLAN:
        this.vlan = this.whole(at, 65_535);
        return this.vlan >= 0;
      default:
        return this.count(slot, this.whole(at, Number.MAX_SAFE_INTEGER));
    }
  }

  private count(slot: number, value: number): boolean {
    if (value < 0) return false;
    switch (slot) {
      case SRC_BYTES:
        this.src_bytes = value;
        return true;
      case DST_BYTES:
        this.dst_bytes = value;
        return true;
      case MISSED:
        this.missed = value;
        return true;
      case SRC_PACKETS:
        this.src_packets = value;
        return true;
      case SRC_IP_BYTES:
        this.src_ip_bytes = value;
        return true;
      case DST_PACKETS:
        this.dst_packets = value;
        return true;
      case DST_IP_BYTES:
        this.dst_ip_bytes = value;
        return true;
      default:
        return false;
    }
  }

  /** Digits from `at`, without a leading zero; -1 when it is none, more than `most`, or longer than 15 digits. */
  private whole(at: number, most: number): number {
    const { bytes } = this;
    let to = at;
    let value = 0;
    for (; ; to++) {
      const digit = bytes[to]! - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    this.at = to;
    const length = to - at;
    if (length === 0 || length > 15 || (length > 1 && bytes[at] === 48) || value > most) return -1;
    const after = bytes[to]!;
    return after === DOT || after === 0x65 || after === 0x45 ? -1 : value;
  }

  /** Milliseconds (13 digits) or microseconds (16) since 1970, without decimals; the rest goes the general way. */
  private wholeTime(value: number, length: number, to: number): boolean {
    if (length !== 13 && length !== 16) return false;
    const after = this.bytes[to]!;
    if (after === DOT || (after | 0x20) === 0x65) return false;
    this.at = to;
    this.time = length === 13 ? value * 1000 : value;
    return this.time <= this.latest_time;
  }

  /** Seconds since 1970 with up to six decimals, or whole milliseconds or microseconds. */
  private epochTime(at: number): boolean {
    const { bytes } = this;
    let to = at;
    let seconds = 0;
    for (; ; to++) {
      const digit = bytes[to]! - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      seconds = seconds * 10 + digit;
    }
    const length = to - at;
    if (length === 0 || (length > 1 && bytes[at] === 48)) return false;
    if (length > 10) return this.wholeTime(seconds, length, to);
    if (bytes[to] !== DOT) {
      this.at = to;
      this.time = seconds * 1_000_000;
      return (bytes[to]! | 0x20) !== 0x65 && this.time <= this.latest_time;
    }
    const from = ++to;
    let micros = 0;
    for (; ; to++) {
      const digit = bytes[to]! - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      micros = micros * 10 + digit;
    }
    const decimals = to - from;
    if (decimals === 0 || decimals > 12 || (bytes[to]! | 0x20) === 0x65) return false;
    this.at = to;
    // All the digits of a double that is not quite a microsecond: in JSON as the general way rounds it, in TSV not at all.
    if (decimals > 6) {
      if (!this.of_json) return false;
      this.time = Math.round(Number(this.text.slice(at, to)) * 1_000_000);
    } else this.time = seconds * 1_000_000 + micros * powers[6 - decimals]!;
    return this.time <= this.latest_time;
  }

  /** Seconds as a decimal number; no sign. */
  private seconds(at: number): boolean {
    const { bytes } = this;
    let to = at;
    let value = 0;
    for (; ; to++) {
      const digit = bytes[to]! - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    const length = to - at;
    if (length === 0 || length > 9 || (length > 1 && bytes[at] === 48)) return false;
    if (bytes[to] !== DOT) {
      this.at = to;
      this.duration = value;
      return (bytes[to]! | 0x20) !== 0x65;
    }
    const from = ++to;
    for (; ; to++) {
      const digit = bytes[to]! - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      if (to - from < 6) value = value * 10 + digit;
    }
    const decimals = to - from;
    if (decimals === 0) return false;
    if ((bytes[to]! | 0x20) === 0x65) {
      // 9.5e-07
      to++;
      if (bytes[to] === 0x2d || bytes[to] === 0x2b) to++;
      const exponent = to;
      while (bytes[to]! >= 48 && bytes[to]! <= 57) to++;
      if (to === exponent || to - exponent > 3) return false;
    } else if (decimals <= 6) {
      this.at = to;
      this.duration = (value * powers[6 - decimals]!) / 1_000_000;
      return true;
    }
    this.at = to;
    const exact = Number(this.text.slice(at, to));
    this.duration = roundMicros(exact);
    return exact < 1e9;
  }

  /** 2018-03-24T17:15:20.613421Z, as Zeek writes it. */
  private isoTime(from: number, to: number): boolean {
    const { bytes } = this;
    if (to - from !== 27 || bytes[to - 1] !== 0x5a || bytes[from + 19] !== DOT) return false;
    if (bytes[from + 4] !== 0x2d || bytes[from + 7] !== 0x2d || bytes[from + 10] !== 0x54) return false;
    if (bytes[from + 13] !== 0x3a || bytes[from + 16] !== 0x3a) return false;
    const year = this.fixed(from, 4);
    const month = this.fixed(from + 5, 2);
    const day = this.fixed(from + 8, 2);
    const hour = this.fixed(from + 11, 2);
    const minute = this.fixed(from + 14, 2);
    const second = this.fixed(from + 17, 2);
    const micros = this.fixed(from + 20, 6);
    // a part that is not all digits is below zero
    if (year < 1970 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0 || micros < 0)
      return false;
    if (!isDate(year, month, day) || hour > 23 || minute > 59 || second > 59) return false;
    const minutes = daysFromCivil(year, month, day) * 1440 + hour * 60 + minute;
    this.time = (minutes * 60 + second) * 1_000_000 + micros;
    return this.time <= this.latest_time;
  }

  private fixed(from: number, length: number): number {
    let value = 0;
    for (let i = from; i < from + length; i++) {
      const digit = this.bytes[i]! - 48;
      if (!(digit >= 0 && digit <= 9)) return -1;
      value = value * 10 + digit;
    }
    return value;
  }

  private connection(): Connection | null {
    const { seen } = this;
    if ((seen & needed) !== needed) return null;
    return {
      kind: 'connection',
      time: this.time,
      uid: this.uid,
      src_ip: this.src_ip,
      src_port: this.src_port,
      dst_ip: this.dst_ip,
      dst_port: this.dst_port,
      transport: this.proto,
      src_local: false,
      dst_local: false,
      direction: '',
      community_id: this.community_id,
      service: this.service,
      duration_s: this.duration,
      src_bytes: this.src_bytes,
      dst_bytes: this.dst_bytes,
      src_packets: this.src_packets,
      dst_packets: this.dst_packets,
      src_ip_bytes: this.src_ip_bytes,
      dst_ip_bytes: this.dst_ip_bytes,
      missed_bytes: this.missed,
      conn_state: this.state,
      history: this.history,
      vlan: this.vlan,
      src_mac: this.src_mac,
      dst_mac: this.dst_mac,
      outcome: '',
      orientation: '',
      dst_name: '',
    };
  }
}

const needed = (1 << TIME) | (1 << SRC_IP) | (1 << DST_IP) | (1 << PROTO);
const powers = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000] as const;

function isText(slot: number): boolean {
  return (
    slot === UID ||
    slot === SRC_IP ||
    slot === DST_IP ||
    slot === PROTO ||
    slot === SERVICE ||
    slot === STATE ||
    slot === HISTORY ||
    slot === SRC_MAC ||
    slot === DST_MAC ||
    slot === COMMUNITY_ID
  );
}
