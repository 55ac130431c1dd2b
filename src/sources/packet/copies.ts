import { type Frame, link } from './frame.ts';

/** Copies of a packet lie at most this far apart: what clocks of two sensors, or a queue between two interfaces, differ by. */
export const copyWindow = 1_000_000;
/** Two views of one packet on the way through one kernel, where the file does not say on which interfaces. */
const sameKernel = 1_000;
/** ... when nothing in the packet tells it from another that says the same (no IP id, no sequence number). */
const sameKernelUnnumbered = 100;

const ways = 4;
/** Packets remembered, twice over: 9 MB, made when first needed. At 130,000 packets/s all of the last two seconds. */
const slots = 1 << 18;
const mask = slots - 1;

/** Open addressing without deletion: of four places that a key may have, the oldest is taken. */
class Recent {
  readonly keys = new Int32Array(slots);
  readonly times = new Float64Array(slots).fill(Number.NEGATIVE_INFINITY);
  readonly values = new Int32Array(slots);

  /** Place of a key, or of what may be overwritten by it: then `keys[place]` is another, or its time long ago. */
  place(bucket: number, key: number): number {
    const first = Math.imul(bucket, ways) & mask;
    let oldest = first;
    for (let i = first; i < first + ways; i++) {
      if (this.keys[i] === key && this.times[i] !== Number.NEGATIVE_INFINITY) return i;
      if (this.times[i]! < this.times[oldest]!) oldest = i;
    }
    return oldest;
  }
}

/**
 * Tells packets that were captured before: by another file of the same traffic (a mirror read twice), or on another
 * interface of the same host (`tcpdump -i any` sees a forwarded packet coming and going, and once more on each bridge and
 * virtual link it passes).
 *
 * Two packets are copies when addresses, protocol, IP id, length and the first 28 bytes of the transport part (512 where
 * there is neither IP id nor sequence number) are the same but for the checksum (offload leaves it out on one side) and what
 * routers and bridges change (TTL, VLAN, MAC); when they came from different places; and within a second. The n-th alike packet of one place is a copy of the n-th of another:
 * what is said twice in one place was said twice. Memory is bounded: of more packets the oldest are forgotten, and copies
 * of those count.
 */
export class Copies {
  /** how often an alike packet was seen at a place: key of packet and place → ordinal */
  private counts: Recent | null = null;
  /** where the n-th alike packet was seen first: key of packet and ordinal → place */
  private firsts: Recent | null = null;
  private stream_of = new Int32Array(0);
  /** running number of the packet with which each stream began, and with which it ended */
  private readonly begins: number[] = [];
  private readonly ends: number[] = [];
  private packets = 0;
  private a = 0;
  private b = 0;

  /** A stream of packets (a file) begins; its number. */
  open(): number {
    this.begins.push(Number.POSITIVE_INFINITY);
    this.ends.push(Number.POSITIVE_INFINITY);
    return this.begins.length - 1;
  }

  close(stream: number): void {
    this.ends[stream] = this.packets;
  }

  /** Counts a packet of a stream; to be called for each, also when it is not asked whether it is a copy. */
  pass(stream: number): void {
    this.packets++;
    if (this.begins[stream]! > this.packets) this.begins[stream] = this.packets;
  }

  /** Whether the packet at hand was told before. `interface_number`: of its file, 0: the only one. */
  isCopy(f: Frame, linkType: number, stream: number, interface_number: number): boolean {
    if (this.firsts === null) this.allocate();
    const firsts = this.firsts!;
    this.hash(f);
    const place = mix(mix(stream + 1, interface_number), f.cooked);
    const n = this.ordinal(f, linkType, place);
    if (n < 0) return true;
    const key = mix(this.a, n);
    const at = firsts.place(this.b, key);
    const { keys, times, values } = firsts;
    const age = f.time - times[at]!;
    if (keys[at] === key && Math.abs(age) <= copyWindow && values[at] !== place) {
      const other = this.stream_of[at]!;
      // Of files that follow each other neither has what the other has.
      if (other === stream || this.ends[other]! >= this.begins[stream]!) return true;
    }
    keys[at] = key;
    times[at] = f.time;
    values[at] = place;
    this.stream_of[at] = stream;
    return false;
  }

  private allocate(): void {
    this.counts = new Recent();
    this.firsts = new Recent();
    this.stream_of = new Int32Array(slots);
  }

  /** How many alike packets this place had within the window before; -1: the same packet, seen twice there. */
  private ordinal(f: Frame, linkType: number, place: number): number {
    const key = mix(this.a, place);
    const counts = this.counts!;
    const at = counts.place(this.b, key);
    const { keys, times, values } = counts;
    const age = keys[at] === key ? Math.abs(f.time - times[at]!) : Number.POSITIVE_INFINITY;
    // Version 1 of the cooked header does not name the interface.
    if (linkType === link.linux_sll && age <= (isNumbered(f) ? sameKernel : sameKernelUnnumbered)) return -1;
    const n = age <= copyWindow ? values[at]! + 1 : 0;
    keys[at] = key;
    times[at] = f.time;
    values[at] = n;
    return n;
  }

  /** Two hashes of what stays the same about a packet on its way. */
  private hash(f: Frame): void {
    this.a = mix(mix(f.s3, f.protocol), f.ip_id);
    this.b = mix(mix(f.d3, f.l4_bytes), this.a);
    if (f.v6) for (const word of [f.s0, f.s1, f.s2, f.d0, f.d1, f.d2]) this.add(word);
    const { buf, l4 } = f;
    const upTo = Math.min(f.end, l4 + (isNumbered(f) ? 28 : 512));
    let i = l4;
    for (; i + 4 <= upTo; i += 4) {
      const word = (buf[i]! << 24) | (buf[i + 1]! << 16) | (buf[i + 2]! << 8) | buf[i + 3]!;
      this.add(word & checksumMask(f.protocol, i - l4));
    }
    for (; i < upTo; i++) this.add(buf[i]!);
  }

  private add(word: number): void {
    this.a = mix(this.a, word);
    this.b = mix(this.b, word ^ this.a);
  }
}

/** Whether the head of a packet tells it from others that say the same: by its IP id, or by a sequence number. */
function isNumbered(f: Frame): boolean {
  return f.ip_id !== 0 || f.protocol === 6;
}

/** Which bits of the word at `at` of a transport header are no checksum. */
function checksumMask(protocol: number, at: number): number {
  if (protocol === 6 && at === 16) return 0xffff;
  if (protocol === 17 && at === 4) return -65_536;
  if ((protocol === 1 || protocol === 58) && at === 0) return -65_536;
  return -1;
}

/** A round of MurmurHash3 (A. Appleby). */
function mix(hash: number, value: number): number {
  let k = Math.imul(value, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  let h = hash ^ Math.imul(k, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  return h ^ (h >>> 15);
}
