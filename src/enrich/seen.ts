/**
 * A bounded map from 64-bit keys to 32-bit values in typed arrays (open addressing, 16 bytes a slot). Grows by doubling
 * up to `most` keys; then the older half is dropped: keys live in two generations, and a full young one becomes the old.
 */
export class Seen {
  readonly #most: number;
  #young: Generation;
  #old: Generation | null = null;
  /** Keys forgotten because the map was full. */
  dropped = 0;

  constructor(most: number) {
    this.#most = Math.max(1024, most >> 1);
    this.#young = new Generation(1024);
  }

  /** The value of a key, or -1. */
  get(hi: number, lo: number): number {
    const found = this.#young.get(hi, lo);
    return found >= 0 || this.#old === null ? found : this.#old.get(hi, lo);
  }

  set(hi: number, lo: number, value: number): void {
    if (this.#young.size >= this.#most) {
      this.dropped += this.#old?.size ?? 0;
      this.#old = this.#young;
      this.#young = new Generation(1024);
    }
    this.#young = this.#young.set(hi, lo, value);
  }
}

class Generation {
  size = 0;
  readonly #mask: number;
  readonly #keys: Uint32Array;
  readonly #values: Int32Array;

  constructor(slots: number) {
    this.#mask = slots - 1;
    this.#keys = new Uint32Array(slots * 2);
    this.#values = new Int32Array(slots).fill(-1);
  }

  get(hi: number, lo: number): number {
    for (let slot = lo & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const value = this.#values[slot]!;
      if (value === -1) return -1;
      if (this.#keys[2 * slot] === hi && this.#keys[2 * slot + 1] === lo) return value;
    }
  }

  /** Returns itself, or the larger generation it became. */
  set(hi: number, lo: number, value: number): Generation {
    if (this.size * 4 > (this.#mask + 1) * 3) return this.#larger().set(hi, lo, value);
    let slot = lo & this.#mask;
    while (this.#values[slot] !== -1 && !(this.#keys[2 * slot] === hi && this.#keys[2 * slot + 1] === lo))
      slot = (slot + 1) & this.#mask;
    if (this.#values[slot] === -1) this.size++;
    this.#keys[2 * slot] = hi;
    this.#keys[2 * slot + 1] = lo;
    this.#values[slot] = value;
    return this;
  }

  #larger(): Generation {
    let larger = new Generation((this.#mask + 1) * 2);
    for (let slot = 0; slot <= this.#mask; slot++) {
      const value = this.#values[slot]!;
      if (value !== -1) larger = larger.set(this.#keys[2 * slot]!, this.#keys[2 * slot + 1]!, value);
    }
    return larger;
  }
}
