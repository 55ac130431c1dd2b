import { random, type Random as Source } from '../base/random.ts';

/** Draws for made-up traffic, from one seeded stream: same seed and label, same numbers, on every machine. */
export class Random {
  private readonly source: Source;

  /** `label` gives every actor a stream of its own under one seed. */
  constructor(seed: number, label = '') {
    this.source = random(hash(label, (Math.trunc(seed) ^ Math.trunc(seed / 4294967296)) >>> 0));
  }

  /** A new stream, so that one more draw here does not change what happens there. */
  fork(label: string): Random {
    return new Random(this.u32(), label);
  }

  /** 0 .. 2^32 - 1. */
  u32(): number {
    return this.source.next() * 4294967296;
  }

  /** 0 ≤ x < 1, 32 bits. */
  unit(): number {
    return this.source.next();
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.unit();
  }

  /** Whole number, both ends included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  chance(share: number): boolean {
    return this.unit() < share;
  }

  pick<T>(from: readonly T[]): T {
    const one = from[Math.floor(this.unit() * from.length)];
    if (one === undefined) throw new RangeError('pick from an empty list');
    return one;
  }

  /** `count` different ones (all when there are fewer), in random order. */
  sample<T>(from: readonly T[], count: number): T[] {
    const rest = [...from];
    const taken = Math.min(count, rest.length);
    for (let i = 0; i < taken; i++) {
      const j = this.int(i, rest.length - 1);
      const one = rest[j] as T;
      rest[j] = rest[i] as T;
      rest[i] = one;
    }
    return rest.slice(0, taken);
  }

  normal(): number {
    return this.source.normal();
  }

  /** `spread` is a factor: two thirds of the values lie within median / spread and median × spread. */
  lognormal(median: number, spread: number): number {
    return median * Math.exp(Math.log(spread) * this.normal());
  }

  exponential(mean: number): number {
    return mean * this.source.exponential();
  }

  /** `mean` plus or minus a share of it, evenly. */
  jittered(mean: number, share: number): number {
    return mean * (1 + share * (2 * this.unit() - 1));
  }

  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += this.u32().toString(16).padStart(8, '0');
    return text.slice(0, digits);
  }
}

/** FNV-1a over the text with Murmur3's finish; 32 bits, unsigned. Spreads names over numbers, nothing more. */
export function hash(text: string, start = 0): number {
  let h = (0x811c9dc5 ^ start) >>> 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Draws 0 .. n - 1 with weight 1 / (rank + 1)^exponent (Zipf), by a table. */
export class Zipf {
  private readonly sums: Float64Array;
  constructor(n: number, exponent = 1) {
    this.sums = new Float64Array(n);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += 1 / (i + 1) ** exponent;
      this.sums[i] = sum;
    }
  }
  draw(random: Random): number {
    const { sums } = this;
    const at = random.unit() * (sums[sums.length - 1] ?? 0);
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
