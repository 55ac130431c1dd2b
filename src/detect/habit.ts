import { OldestOut, type SavedOldestOut } from '../base/bounded.ts';

/** Earlier days on which an entity must have done the same before it counts as its habit. */
const least_days = 3;
/** More than this many times what it did before is something new. */
const much_more = 3;
/** Entities remembered; beyond that the one heard first is forgotten. */
const most_entities = 100_000;

interface Known {
  readonly first_day: number;
  last_day: number;
  days: number;
  readonly most: number[];
}

/**
 * What an entity does day after day is its habit, however strange it looked at first: a nightly back-up, a scanner. It
 * was said on the first three days; from then on the chance is the share of its days that had it. Doing three times as
 * much as on those days is not covered.
 */
export class Habits {
  readonly #known: OldestOut<string, Known>;

  constructor(saved?: HabitsState) {
    this.#known = new OldestOut(most_entities, saved);
  }

  save(): HabitsState {
    return this.#known.save();
  }

  /** Chance that the entity shows these values on a day, 0 when it is not known for them; `values` in order of columns. */
  chance(key: string, at: number, values: readonly number[]): number {
    const known = this.#known.get(key);
    if (!known) return 0;
    const day = dayOf(at);
    const earlier = known.last_day === day ? known.days - 1 : known.days;
    if (earlier < least_days || isMuchMore(values, known)) return 0;
    return earlier / (day - known.first_day + 1);
  }

  /** Whether it is known for about these values, of whatever day. */
  covers(key: string, values: readonly number[]): boolean {
    const known = this.#known.get(key);
    return known !== undefined && !isMuchMore(values, known);
  }

  /** Whether it showed about these values on an earlier day already: once is no habit, but no news either. */
  again(key: string, at: number, values: readonly number[]): boolean {
    const known = this.#known.get(key);
    return known !== undefined && known.first_day < dayOf(at) && !isMuchMore(values, known);
  }

  /** Notes that the entity looked strange with these values. */
  note(key: string, at: number, values: readonly number[]): void {
    const day = dayOf(at);
    const known = this.#known.get(key);
    if (!known) {
      this.#known.set(key, { first_day: day, last_day: day, days: 1, most: [...values] });
      return;
    }
    if (known.last_day !== day) {
      known.last_day = day;
      known.days++;
    }
    values.forEach((value, c) => {
      known.most[c] = Math.max(known.most[c]!, value);
    });
  }
}

function isMuchMore(values: readonly number[], known: { readonly most: readonly number[] }): boolean {
  return values.some((value, c) => value > much_more * known.most[c]!);
}

function dayOf(at: number): number {
  return Math.floor(at / 86_400e6);
}

export type HabitsState = SavedOldestOut<string, Known>;
export type OddState = SavedOldestOut<string, Odd>;

/** Windows as odd as one that make it the host's habit. */
const least_odd = 3;
/** Scores are counted in steps of this size. */
const step = 0.01;
/** Forests grown from other samples of the same past score the same row up to this far apart. */
const about = 0.05;

interface Odd {
  readonly counts: Uint32Array;
  readonly most: number[];
}

/**
 * How odd an entity was in its past windows, by scores between 0 and 1: a monitoring server is unlike every other host
 * in each of its hours, which makes it no news in the next. More than three times as much as ever before of anything is
 * not covered. Windows are noted when they are over.
 */
export class OddWindows {
  readonly #known: OldestOut<string, Odd>;

  constructor(saved?: OddState) {
    this.#known = new OldestOut(most_entities, saved);
  }

  save(): OddState {
    return this.#known.save();
  }

  /** Share of the entity's past windows that were about as odd or odder; 0 when fewer than three were. */
  share(key: string, score: number, values: readonly number[]): number {
    const known = this.#known.get(key);
    if (!known || isMuchMore(values, known)) return 0;
    let odd = 0;
    let all = 0;
    const from = stepOf(score - about);
    for (const [at, count] of known.counts.entries()) {
      all += count;
      if (at >= from) odd += count;
    }
    return odd < least_odd ? 0 : odd / (all + 1);
  }

  note(key: string, score: number, values: readonly number[]): void {
    const known = this.#known.get(key) ?? { counts: new Uint32Array(stepOf(1) + 1), most: [...values] };
    known.counts[stepOf(score)]!++;
    values.forEach((value, c) => {
      known.most[c] = Math.max(known.most[c]!, value);
    });
    this.#known.set(key, known);
  }
}

function stepOf(score: number): number {
  return Math.round(Math.max(0, Math.min(1, score)) / step);
}
