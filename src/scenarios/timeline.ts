import type { WeirEvent } from '../schema/event/index.ts';

export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 3600 * SECOND;
export const DAY = 24 * HOUR;

interface Wake {
  readonly time: number;
  readonly order: number;
  readonly run: (time: number) => void;
}

/**
 * Runs actors in simulated time. An actor is woken at its time, emits events that are not earlier, and sets its next
 * wake. Events leave in time order; memory is what lies between now and the farthest event emitted.
 */
export class Timeline {
  readonly end: number;
  private readonly wakes: Wake[] = [];
  private order = 0;
  private ready: WeirEvent[] = [];
  private enough = 8192;

  /** Wakes and events at or after `end` do not happen. µs since 1970. */
  constructor(end: number) {
    this.end = end;
  }

  at(time: number, run: (time: number) => void): void {
    if (!(time < this.end)) return;
    const { wakes } = this;
    const wake: Wake = { time, order: this.order++, run };
    let i = wakes.length;
    wakes.push(wake);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = wakes[parent] as Wake;
      if (!earlier(wake, above)) break;
      wakes[i] = above;
      i = parent;
    }
    wakes[i] = wake;
  }

  /** Wakes at `first` and then after every gap (µs) that `gap` gives, for as long as it gives a positive number. */
  every(first: number, gap: (time: number) => number, run: (time: number) => void): void {
    const step = (time: number): void => {
      run(time);
      const wait = gap(time);
      if (wait > 0) this.at(time + Math.max(1, wait), step);
    };
    this.at(first, step);
  }

  readonly emit = (event: WeirEvent): void => {
    if (event.time < this.end) this.ready.push(event);
  };

  *run(): Generator<WeirEvent> {
    for (let wake = this.next(); wake !== undefined; wake = this.next()) {
      wake.run(wake.time);
      if (this.ready.length >= this.enough) yield* this.release();
    }
    yield* this.release();
  }

  /** Gives out what can no longer be overtaken: every wake still to come is at or after the earliest one. */
  private release(): WeirEvent[] {
    const before = this.wakes[0]?.time ?? Number.POSITIVE_INFINITY;
    const out: WeirEvent[] = [];
    const kept: WeirEvent[] = [];
    for (const event of this.ready) (event.time < before ? out : kept).push(event);
    this.ready = kept;
    this.enough = 8192 + 2 * kept.length;
    return out.sort(byTime);
  }

  private next(): Wake | undefined {
    const { wakes } = this;
    const top = wakes[0];
    const last = wakes.pop();
    if (top === undefined || last === undefined || wakes.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= wakes.length) break;
      if (child + 1 < wakes.length && earlier(wakes[child + 1] as Wake, wakes[child] as Wake)) child++;
      if (!earlier(wakes[child] as Wake, last)) break;
      wakes[i] = wakes[child] as Wake;
      i = child;
    }
    wakes[i] = last;
    return top;
  }
}

function earlier(a: Wake, b: Wake): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

function byTime(a: WeirEvent, b: WeirEvent): number {
  return a.time - b.time;
}
