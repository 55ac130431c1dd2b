const segment_bits = 6;
const segments = 1 << segment_bits;
const first_slots = 16;
/** Slots in use at most, and how much larger a full segment becomes: between 68 % and 85 % are in use. */
const fullest = 0.85;
const growth = 1.25;
/** Segments below this many slots double: all together take less than 7 MB then. */
const small = 8192;

/** When the newest generation is full, the oldest is dropped: three quarters of the keys at least are remembered. */
const generations = 4;

/**
 * A bounded map from 64-bit keys (hi, lo: unsigned 32 bits) to 32-bit values: open addressing in typed arrays, 12 bytes a
 * slot, 14 to 18 bytes a key once there are half a million. It is cut into 64 segments by the highest bits, so that growing
 * copies a 64th at a time. At most `most` keys, in four generations; what is dropped with the oldest is counted.
 */
export class Seen {
  readonly #most_each: number;
  /** newest first */
  readonly #all: { segments: Segment[]; size: number }[] = [{ segments: newSegments(), size: 0 }];
  /** Keys that were forgotten because the map was full. */
  dropped = 0;

  constructor(most: number) {
    this.#most_each = Math.max(1, Math.floor(most / generations));
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#all.reduce((sum, one) => sum + one.size, 0);
  }

  /** The value of a key, -1 when it has none. */
  get(hi: number, lo: number): number {
    const segment = hi >>> (32 - segment_bits);
    for (let i = 0; i < this.#all.length; i++) {
      const value = this.#all[i]!.segments[segment]!.get(hi, lo);
      if (value >= 0) return value;
    }
    return -1;
  }

  /** The value of a key, or -1 when it was new; then it has `value` from now on. As get and set, in one look. */
  getOrSet(hi: number, lo: number, value: number): number {
    const segment = hi >>> (32 - segment_bits);
    for (let i = 1; i < this.#all.length; i++) {
      const had = this.#all[i]!.segments[segment]!.get(hi, lo);
      if (had >= 0) return had;
    }
    const newest = this.#all[0]!;
    const had = newest.segments[segment]!.getOrSet(hi, lo, value);
    if (had < 0) this.#added(newest);
    return had;
  }

  /** Remembers a value, 0 .. 2^31 - 1. */
  set(hi: number, lo: number, value: number): void {
    const segment = hi >>> (32 - segment_bits);
    for (let i = 1; i < this.#all.length; i++)
      if (this.#all[i]!.segments[segment]!.update(hi, lo, value)) return;
    const newest = this.#all[0]!;
    if (newest.segments[segment]!.set(hi, lo, value)) this.#added(newest);
  }

  #added(newest: { size: number }): void {
    if (++newest.size < this.#most_each) return;
    this.#all.unshift({ segments: newSegments(), size: 0 });
    if (this.#all.length > generations) this.dropped += this.#all.pop()!.size;
  }
}

const newSegments = (): Segment[] => Array.from({ length: segments }, () => new Segment());

/** Words of a slot: low half (0: free), high half, value. They lie together, so that a look-up touches one place in memory. */
const width = 3;

class Segment {
  #size = 0;
  #end = first_slots * width;
  #words = new Uint32Array(first_slots * width);

  get(hi: number, lo: number): number {
    const at = this.#find(hi, lo || 1);
    return this.#words[at] === 0 ? -1 : this.#words[at + 2]!;
  }

  /** Sets the value of a key it has; false when it has none. */
  update(hi: number, lo: number, value: number): boolean {
    const at = this.#find(hi, lo || 1);
    if (this.#words[at] === 0) return false;
    this.#words[at + 2] = value;
    return true;
  }

  /** Sets a value; true when the key is new. */
  set(hi: number, lo: number, value: number): boolean {
    const at = this.#find(hi, lo || 1);
    if (this.#words[at] !== 0) {
      this.#words[at + 2] = value;
      return false;
    }
    this.#put(at, hi, lo, value);
    return true;
  }

  getOrSet(hi: number, lo: number, value: number): number {
    const at = this.#find(hi, lo || 1);
    if (this.#words[at] !== 0) return this.#words[at + 2]!;
    this.#put(at, hi, lo, value);
    return -1;
  }

  #put(at: number, hi: number, lo: number, value: number): void {
    const words = this.#words;
    words[at] = lo || 1;
    words[at + 1] = hi;
    words[at + 2] = value;
    if (++this.#size * width > this.#end * fullest) this.#grow();
  }

  /** Where a key is, or the free place where it belongs. Its first place follows the order of its high half. */
  #find(hi: number, lo: number): number {
    const end = this.#end;
    const words = this.#words;
    let at = width * Math.floor((((hi << segment_bits) >>> 0) / 4_294_967_296) * (end / width));
    for (;;) {
      const found = words[at]!;
      if (found === 0 || (found === lo && words[at + 1] === hi)) return at;
      at += width;
      if (at === end) at = 0;
    }
  }

  #grow(): void {
    const before = this.#words;
    const slots = this.#end / width;
    this.#end = width * (slots < small ? slots * 2 : Math.ceil(slots * growth));
    this.#words = new Uint32Array(this.#end);
    for (let from = 0; from < before.length; from += width) {
      if (before[from] === 0) continue;
      const to = this.#find(before[from + 1]!, before[from]!);
      this.#words[to] = before[from]!;
      this.#words[to + 1] = before[from + 1]!;
      this.#words[to + 2] = before[from + 2]!;
    }
  }
}
