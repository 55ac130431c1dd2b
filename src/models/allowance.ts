/**
 * How small a p-value has to be so that chance alone gives few findings a day, whatever the size of the network.
 *
 * If p-values are honest, N tests a day with threshold t give N · t false findings a day on average, however the tests
 * depend on each other (Bonferroni's bound on the expectation). So t = allowance / N. N is not known in advance and grows
 * and shrinks; it is taken from the past only, as alpha-spending rules do (Foster and Stine 2008; Javanmard and Montanari
 * 2018): tests of the last day, or the mean of the last week where that is more. What came before a window never depends
 * on what comes later, on where reporting begins, or on how many other detectors run.
 *
 * While less than a day is known, the tests so far stand for N: they are too few, so the first day may spend
 * 1 + ln(N of that day) times the allowance.
 */

const day_s = 86_400;
/** Days of which the mean is taken. */
const most_days = 7;

/** False findings that chance may give in a day, all detectors together: half of the one that is promised, for p-values are estimates. */
export const false_per_day = 0.5;

/** Rows less surprising than this are ordinary, however few there are. */
export const most_p = 0.01;

/** What a severity may spend of the allowance, as a multiple of medium: one wrong look at a high finding saves less than one that is missed costs. */
const weights = { informational: 0.25, low: 0.5, medium: 1, high: 2, critical: 2 } as const;

/** A detector's part of `false_per_day`, by its severity among those of all detectors. */
export function shareOf(severity: keyof typeof weights, all: readonly (keyof typeof weights)[]): number {
  const sum = all.reduce((total, one) => total + weights[one], 0);
  return sum > 0 ? (false_per_day * weights[severity]) / sum : false_per_day;
}

/** The greatest p-value that is worth telling. `allowance`: false findings a day; never above `most_p`. */
export function threshold(tests_per_day: number, allowance: number): number {
  return Math.min(most_p, allowance / Math.max(1, tests_per_day));
}

/** Counts tests by event time and gives how many there are in a day. Time may not go back. */
export class TestsPerDay {
  #windows: { readonly at_s: number; readonly tests: number }[] = [];
  #week = 0;
  #first_s = Number.NaN;

  /** Counts the tests of a window that starts at `at_s`. */
  note(at_s: number, tests: number): void {
    if (Number.isNaN(this.#first_s)) this.#first_s = at_s;
    this.#windows.push({ at_s, tests });
    this.#week += tests;
    let over = 0;
    while (this.#windows[over]!.at_s <= at_s - most_days * day_s) this.#week -= this.#windows[over++]!.tests;
    if (over > 0) this.#windows.splice(0, over);
  }

  /** Tests in a day as far as is known at `at_s`, that window's own included. */
  at(at_s: number): number {
    let last_day = 0;
    for (let i = this.#windows.length - 1; i >= 0 && this.#windows[i]!.at_s > at_s - day_s; i--)
      last_day += this.#windows[i]!.tests;
    const days = Math.min(most_days, (at_s - this.#first_s) / day_s);
    return Math.max(last_day, days >= 1 ? this.#week / days : 0);
  }
}
