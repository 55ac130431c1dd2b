import {
  type Deviation,
  type DeviationColumn,
  deviation,
  onScale,
  type Usual,
  usualOnScale,
} from './robust-deviation.ts';

/**
 * What is usual for each of many entities, learned window by window in bounded memory: a ring of the last `windows`
 * values per entity, in one pool of 32-bit numbers. Rings take pages of 32 values as they fill, so that 100,000
 * entities seen a few times cost 13 MB and not 270. Where the pool is full, the entity not heard of for longest
 * is forgotten, and counted.
 *
 * Slow to be taught: a window that scored p < 0.01 enters with chance 1 in 4 only, and then no farther out than the
 * 95 % range it broke (winsorised). Slips slows its averages in the same spirit (weights .5, .05, .005). A lasting honest
 * change is learned all the same: tenfold traffic is pointed out for about eight days of hourly windows.
 */
export interface RollingParams {
  readonly column: DeviationColumn;
  /** Windows kept per entity; 24 · 28 hours by default. */
  readonly windows?: number;
  /** Numbers in the pool; 16 million (64 MB) by default. */
  readonly numbers?: number;
}

export interface RollingState {
  readonly windows: number;
  readonly forgotten: number;
  /** Per entity: oldest value first, on the scale of the column. */
  readonly entities: readonly (readonly [string, readonly number[]])[];
}

/** Values in a page: rings take their memory page by page, so the pool never falls to pieces. */
const PAGE = 32;
const SUSPICIOUS = 0.01;
const ENTERS = 0.25;

interface Ring {
  readonly pages: number[];
  count: number;
  next: number;
}

export class RollingRobust {
  /** Entities forgotten for lack of room. */
  forgotten = 0;
  readonly column: DeviationColumn;
  readonly windows: number;
  private readonly most_pages: number;
  private pool: Float32Array;
  private used_pages = 0;
  private readonly free: number[] = [];
  /** In order of last use. */
  private readonly rings = new Map<string, Ring>();
  private readonly scratch: Float64Array;

  constructor(params: RollingParams) {
    this.column = params.column;
    this.windows = Math.max(1, params.windows ?? 24 * 28);
    // Room for two full rings at least, so that the one in use is never forgotten.
    const least = 2 * Math.ceil(this.windows / PAGE);
    this.most_pages = Math.max(least, Math.floor((params.numbers ?? 16_000_000) / PAGE));
    this.pool = new Float32Array(PAGE * Math.min(this.most_pages, 2048));
    this.scratch = new Float64Array(this.windows);
  }

  get entities(): number {
    return this.rings.size;
  }

  /** What is usual for an entity now; the prior alone if it was never seen. */
  usual(entity: string): Usual {
    const ring = this.rings.get(entity);
    const n = ring?.count ?? 0;
    const values = this.scratch.subarray(0, n);
    if (ring) for (let i = 0; i < n; i++) values[i] = this.at(ring, i);
    return usualOnScale(values.sort(), this.column);
  }

  /** Judges a value by what came before, in the unit of the column; learns nothing. */
  judge(entity: string, value: number): Deviation {
    return deviation(value, this.usual(entity), this.column);
  }

  /**
   * Judges, then learns. `dice` in 0..1 decides whether a suspicious window enters; `p_value` where something else than
   * the judgement here tells that it is suspicious. The value is in the unit of the column.
   */
  observe(entity: string, value: number, dice: number, p_value?: number): Deviation {
    const judged = this.judge(entity, value);
    const suspicious = (p_value ?? judged.tail.p) < SUSPICIOUS;
    if (suspicious && dice >= ENTERS) {
      this.touch(entity);
      return judged;
    }
    const kept = suspicious ? Math.min(judged.high, Math.max(judged.low, value)) : value;
    this.push(entity, onScale(Number.isFinite(kept) ? kept : 0, this.column));
    return judged;
  }

  toJSON(): RollingState {
    const entities = [...this.rings].map(([entity, ring]): [string, number[]] => {
      const first = ring.count === this.windows ? ring.next : 0;
      return [entity, Array.from({ length: ring.count }, (_, i) => this.at(ring, (first + i) % ring.count))];
    });
    return { windows: this.windows, forgotten: this.forgotten, entities };
  }

  static from(state: RollingState, params: RollingParams): RollingRobust {
    const rolling = new RollingRobust({ ...params, windows: state.windows });
    for (const [entity, values] of state.entities) for (const value of values) rolling.push(entity, value);
    rolling.forgotten = state.forgotten;
    return rolling;
  }

  private at(ring: Ring, slot: number): number {
    return this.pool[ring.pages[Math.floor(slot / PAGE)]! * PAGE + (slot % PAGE)]!;
  }

  private touch(entity: string): Ring {
    const ring = this.rings.get(entity) ?? { pages: [], count: 0, next: 0 };
    this.rings.delete(entity);
    this.rings.set(entity, ring);
    return ring;
  }

  private push(entity: string, value: number): void {
    const ring = this.touch(entity);
    const slot = ring.next;
    const page = Math.floor(slot / PAGE);
    if (page === ring.pages.length) ring.pages.push(this.takePage());
    this.pool[ring.pages[page]! * PAGE + (slot % PAGE)] = value;
    ring.count = Math.max(ring.count, slot + 1);
    ring.next = (slot + 1) % this.windows;
  }

  private takePage(): number {
    const spare = this.free.pop();
    if (spare !== undefined) return spare;
    if (this.used_pages < this.most_pages) {
      this.reserve(this.used_pages + 1);
      return this.used_pages++;
    }
    this.forgetOldest();
    return this.takePage();
  }

  private reserve(pages: number): void {
    if (pages * PAGE <= this.pool.length) return;
    const larger = new Float32Array(Math.min(this.most_pages * PAGE, this.pool.length * 2));
    larger.set(this.pool);
    this.pool = larger;
  }

  private forgetOldest(): void {
    for (const [entity, ring] of this.rings) {
      this.rings.delete(entity);
      this.free.push(...ring.pages);
      this.forgotten++;
      if (ring.pages.length > 0) return;
    }
  }
}
