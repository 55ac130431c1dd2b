import type { Frame } from './frame.ts';

/**
 * Flows in typed arrays: an open-addressing hash table over fixed records. A Map with string keys costs four to five
 * times as much per packet (docs/conformance.md has no word on speed; bench/meter.ts measures it).
 *
 * A record is `stride` 32-bit words, seen as Int32 or, two words at a time, as Float64. Pages of records are never
 * moved, so growing costs no copy. A flow is known by its index: page = index >> pageBits.
 */
export const stride = 80;
export const pageBits = 12;
const pageSize = 1 << pageBits;

/** Words of a record (Int32). What every packet needs is in the first 64 bytes and in the two ends. */
export const at = {
  orig: 0, // 4 words, IPv4 in the last
  resp: 4,
  ports: 8, // originator << 16 | responder
  meta: 9, // protocol | v6 << 8 | one-way << 9
  flags: 10, // flag | number of the file of the first packet << fileShift
  seen: 11, // letters of the history that are put once; responder's in the upper half
  services: 14,
  packed: 15, // letters of the history | VLAN << 8 | originator has a MAC << 24 | responder has << 25
  letters: 22, // 12 bytes
  tunnel: 25, // what the last packet came through, 0: no tunnel
  macs: 26, // 12 bytes, originator first
  line: 29,
  hash: 30,
  idle: 31, // seconds without a packet after which it ends | changes of tunnel << 16
  ends: 32,
  remove_ms: 45, // ms after the start when a closed connection is taken out; 0: not closed
  attempt_ms: 69, // ... when an unanswered attempt is taken out; 0: none
} as const;
/** Float64 places, counted in words. */
export const num = {
  last: 12,
  start: 16,
  offset: 18,
  missed: 20,
} as const;
/** One end of a connection: 24 words. The thirteenth is lent out above. */
export const endWords = 24;
export const end = {
  state: 0, // state | previous << 4 | endFlags
  start: 1,
  last: 2,
  ack: 3,
  wraps: 4, // sequence wraps | acknowledgement wraps << 16
  syn: 5, // relative sequence number of the last SYN, FIN, RST put into the history
  fin: 6,
  rst: 7,
  retransmits: 8,
  zero_windows: 9,
  gaps: 10,
  bad_checksums: 11,
  packets: 12,
} as const;
export const lentWord = 13;
export const endNum = {
  ip_bytes: 14,
  bytes: 16, // UDP and others: payload; TCP: relative sequence number after the FIN
  delivered: 18, // relative sequence number up to which data was delivered
  trimmed: 20, // ... up to which it was acknowledged
  highest: 22, // highest relative sequence number of data held, 0: none
} as const;

/** Seconds without a packet after which a flow ends. */
export function setIdle(w: Int32Array, b: number, seconds: number): void {
  w[b + at.idle] = (w[b + at.idle]! & ~0xffff) | seconds;
}

export const vlanOf = (packed: number): number => (packed >>> 8) & 0xfff;
export const macBits = 24;
const inlineLetters = 12;
const mostLetters = 250;

export const flag = {
  partial: 1,
  orig_seen: 2,
  resp_seen: 4,
  active: 8,
  close_deferred: 16,
  deferred_event: 32,
  app: 64, // an analyzer wants the payload
  app_done: 128, // no analyzer wants it (any more)
  orig_active: 256, // UDP: payload seen
  resp_active: 512,
  long_history: 1024,
  teredo: 2048,
} as const;
export const fileShift = 12;
/** Files that are told apart. */
export const mostFiles = 1 << (32 - fileShift);

export class FlowTable {
  readonly words: Int32Array[] = [];
  readonly numbers: Float64Array[] = [];
  /** lower bound of when a flow may be due to be taken out, µs; NaN: free record */
  due: Float64Array = new Float64Array(pageSize);
  live = 0;
  /** records ever used: indexes below this are free or live */
  used = 0;
  private readonly free: number[] = [];
  private slots: Int32Array;
  private mask: number;
  private readonly seed: number;
  private readonly longHistories = new Map<number, string>();

  constructor(seed: number) {
    this.seed = seed | 0;
    this.slots = new Int32Array(2 * 8192); // hash, index + 1
    this.mask = 8191;
  }

  /** Symmetric in the two ends, so both directions find one flow. The seed keeps crafted collisions away. */
  hashOf(f: Frame): number {
    let a = f.s3 ^ this.seed;
    let b = f.d3 ^ this.seed;
    if (f.v6) {
      a = mix(mix(mix(a, f.s2), f.s1), f.s0);
      b = mix(mix(mix(b, f.d2), f.d1), f.d0);
    }
    a = mix(a, f.src_port);
    b = mix(b, f.dst_port);
    let h = (a + b) | 0;
    h ^= h >>> 16;
    h = Math.imul(h ^ f.protocol, 0x45d9f3b);
    h ^= h >>> 15;
    return h | 0;
  }

  /**
   * Index of the flow a frame belongs to, or -1. `direction` says which way: 1 when its source is the originator,
   * 0 when it is the responder.
   */
  direction = 1;
  find(f: Frame, hash: number, oneWay: boolean): number {
    const { slots, mask } = this;
    const meta = f.protocol | (f.v6 ? 256 : 0) | (oneWay ? 512 : 0);
    const forward = (f.src_port << 16) | f.dst_port;
    const backward = (f.dst_port << 16) | f.src_port;
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const index = slots[2 * i + 1]! - 1;
      if (index < 0) return -1;
      if (slots[2 * i] !== hash) continue;
      const w = this.words[index >>> pageBits]!;
      const b = (index & (pageSize - 1)) * stride;
      if (w[b + at.meta] !== meta) continue;
      if (
        w[b + 3] === f.s3 &&
        w[b + 7] === f.d3 &&
        w[b + at.ports] === forward &&
        (!f.v6 ||
          (w[b + 2] === f.s2 &&
            w[b + 1] === f.s1 &&
            w[b] === f.s0 &&
            w[b + 6] === f.d2 &&
            w[b + 5] === f.d1 &&
            w[b + 4] === f.d0))
      ) {
        this.direction = 1;
        return index;
      }
      if (
        !oneWay &&
        w[b + 3] === f.d3 &&
        w[b + 7] === f.s3 &&
        w[b + at.ports] === backward &&
        (!f.v6 ||
          (w[b + 2] === f.d2 &&
            w[b + 1] === f.d1 &&
            w[b] === f.d0 &&
            w[b + 6] === f.s2 &&
            w[b + 5] === f.s1 &&
            w[b + 4] === f.s0))
      ) {
        this.direction = 0;
        return index;
      }
    }
  }

  /** A new, zeroed record for the frame's flow, its source as originator. */
  add(f: Frame, hash: number, oneWay: boolean): number {
    let index = this.free.pop();
    if (index === undefined) {
      index = this.used++;
      if (index >>> pageBits >= this.words.length) {
        const page = new ArrayBuffer(pageSize * stride * 4);
        this.words.push(new Int32Array(page));
        this.numbers.push(new Float64Array(page));
      }
      if (index >= this.due.length) {
        const wider = new Float64Array(this.due.length * 2);
        wider.set(this.due);
        this.due = wider;
      }
    } else {
      const old = this.words[index >>> pageBits]!;
      const from = (index & (pageSize - 1)) * stride;
      old.set(emptyRecord, from);
    }
    const w = this.words[index >>> pageBits]!;
    const b = (index & (pageSize - 1)) * stride;
    w[b] = f.s0;
    w[b + 1] = f.s1;
    w[b + 2] = f.s2;
    w[b + 3] = f.s3;
    w[b + 4] = f.d0;
    w[b + 5] = f.d1;
    w[b + 6] = f.d2;
    w[b + 7] = f.d3;
    w[b + at.ports] = (f.src_port << 16) | f.dst_port;
    w[b + at.meta] = f.protocol | (f.v6 ? 256 : 0) | (oneWay ? 512 : 0);
    w[b + at.hash] = hash;
    w[b + at.packed] =
      (f.vlan << 8) | (f.src_mac >= 0 ? 1 << macBits : 0) | (f.dst_mac >= 0 ? 2 << macBits : 0);
    if (f.src_mac >= 0 || f.dst_mac >= 0) {
      putMac(w, b + at.macs, 0, f.mac_buf, f.src_mac);
      putMac(w, b + at.macs, 6, f.mac_buf, f.dst_mac);
    }
    if (++this.live * 2 > this.mask) this.grow();
    this.put(hash, index);
    return index;
  }

  private put(hash: number, index: number): void {
    const { slots, mask } = this;
    let i = hash & mask;
    while (slots[2 * i + 1] !== 0) i = (i + 1) & mask;
    slots[2 * i] = hash;
    slots[2 * i + 1] = index + 1;
  }

  private grow(): void {
    const old = this.slots;
    this.mask = this.mask * 2 + 1;
    this.slots = new Int32Array(2 * (this.mask + 1));
    for (let i = 0; i < old.length; i += 2) if (old[i + 1] !== 0) this.put(old[i]!, old[i + 1]! - 1);
  }

  /** Takes a flow out; its record may be used again at once. */
  remove(index: number): void {
    const w = this.words[index >>> pageBits]!;
    const b = (index & (pageSize - 1)) * stride;
    const hash = w[b + at.hash]!;
    const { slots, mask } = this;
    let i = hash & mask;
    while (slots[2 * i + 1] !== index + 1) i = (i + 1) & mask;
    // close the hole: move back whatever would not be found across it
    let hole = i;
    for (let j = (i + 1) & mask; slots[2 * j + 1] !== 0; j = (j + 1) & mask) {
      const home = slots[2 * j]! & mask;
      if (((j - home) & mask) >= ((j - hole) & mask)) {
        slots[2 * hole] = slots[2 * j]!;
        slots[2 * hole + 1] = slots[2 * j + 1]!;
        hole = j;
      }
    }
    slots[2 * hole] = 0;
    slots[2 * hole + 1] = 0;
    if ((w[b + at.flags]! & flag.long_history) !== 0) this.longHistories.delete(index);
    this.due[index] = Number.NaN;
    this.free.push(index);
    this.live--;
  }

  /** Takes every flow out. */
  clear(): void {
    this.slots = new Int32Array(2 * 8192);
    this.mask = 8191;
    this.words.length = 0;
    this.numbers.length = 0;
    this.due = new Float64Array(pageSize);
    this.free.length = 0;
    this.longHistories.clear();
    this.used = 0;
    this.live = 0;
  }

  /** Adds a letter to a flow's history. */
  letter(index: number, w: Int32Array, b: number, code: number): void {
    const packed = w[b + at.packed]!;
    const length = packed & 255;
    if (length >= mostLetters) return; // hostile: a SYN with another number each time adds a letter each time
    w[b + at.packed] = packed + 1;
    if (length < inlineLetters) {
      const word = b + at.letters + (length >>> 2);
      w[word] = w[word]! | (code << ((length & 3) << 3));
      return;
    }
    w[b + at.flags] = w[b + at.flags]! | flag.long_history;
    this.longHistories.set(index, (this.longHistories.get(index) ?? '') + String.fromCharCode(code));
  }

  history(index: number, w: Int32Array, b: number): string {
    const length = Math.min(w[b + at.packed]! & 255, inlineLetters);
    if (length === 0) return '';
    // Most flows have one of a few histories: those are kept as text.
    const l = b + at.letters;
    const h = Math.imul(Math.imul(Math.imul(w[l]!, 31) ^ w[l + 1]!, 0x9e3779b1) ^ w[l + 2]!, 0x9e3779b1);
    const slot = h >>> 22;
    const known = 3 * slot;
    let text = knownHistories[slot]!;
    if (
      text.length !== length ||
      knownLetters[known] !== w[l] ||
      knownLetters[known + 1] !== w[l + 1] ||
      knownLetters[known + 2] !== w[l + 2]
    ) {
      text = '';
      for (let i = 0; i < length; i++) {
        text += String.fromCharCode((w[l + (i >>> 2)]! >>> ((i & 3) << 3)) & 0x7f);
      }
      knownHistories[slot] = text;
      knownLetters[known] = w[l]!;
      knownLetters[known + 1] = w[l + 1]!;
      knownLetters[known + 2] = w[l + 2]!;
    }
    if ((w[b + at.flags]! & flag.long_history) !== 0) text += this.longHistories.get(index) ?? '';
    return text;
  }
}

const emptyRecord = new Int32Array(stride);
const knownHistories: string[] = new Array<string>(1024).fill('');
const knownLetters = new Int32Array(3 * 1024);

function mix(a: number, b: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ b;
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  return h ^ (h >>> 13);
}

function putMac(w: Int32Array, word: number, from: number, buf: Uint8Array, mac: number): void {
  if (mac < 0) return;
  for (let i = 0; i < 6; i++) {
    const place = word + ((from + i) >>> 2);
    w[place] = w[place]! | (buf[mac + i]! << (((from + i) & 3) << 3));
  }
}
