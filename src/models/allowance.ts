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

const day_us = 86_400e6;
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

/** Hosts counted by name in a window, the busiest; what others do there is little. */
const most_named = 3;

interface Window {
  /** µs since 1970 */
  readonly at: number;
  readonly tests: number;
  /** its busiest hosts, and how many tests each had */
  readonly busiest: readonly (readonly [host: string, tests: number])[];
}

export interface TestsState {
  readonly windows: readonly Window[];
  readonly first: number;
  readonly day_from: number;
}

/**
 * Counts tests by event time and gives how many there are in a day. Time may not go back. For each host, those of the
 * busiest other host are left out: a noisy neighbour (one of the three busiest of its windows) raises its own bar and
 * nobody else's. With n_h tests of host h and N
 * in all, the threshold for h is a / (N - max n_i over the others i), so chance gives at most
 * a · Σ n_h / (N - max n_i) <= 2 a: no more than a for the busiest host, nor for all others together.
 */
export class TestsPerDay {
  #windows: Window[];
  #first: number;
  readonly #week = new Tally();
  readonly #day = new Tally();
  #day_from: number;

  constructor(saved?: TestsState) {
    this.#windows = [...(saved?.windows ?? [])];
    this.#first = saved?.first ?? Number.NaN;
    this.#day_from = saved?.day_from ?? 0;
    for (const [at, window] of this.#windows.entries()) {
      this.#week.add(window, 1);
      if (at >= this.#day_from) this.#day.add(window, 1);
    }
  }

  save(): TestsState {
    return { windows: this.#windows, first: this.#first, day_from: this.#day_from };
  }

  /** Counts the tests of a window that starts at `at`, µs since 1970, one for each host given. */
  note(at: number, hosts: readonly string[]): void {
    if (Number.isNaN(this.#first)) this.#first = at;
    const by_host = new Map<string, number>();
    for (const host of hosts) by_host.set(host, (by_host.get(host) ?? 0) + 1);
    const busiest = [...by_host].sort((a, b) => b[1] - a[1]).slice(0, most_named);
    const window = { at, tests: hosts.length, busiest };
    this.#windows.push(window);
    this.#week.add(window, 1);
    this.#day.add(window, 1);
    while (this.#windows[this.#day_from]!.at <= at - day_us)
      this.#day.add(this.#windows[this.#day_from++]!, -1);
    let over = 0;
    while (this.#windows[over]!.at <= at - most_days * day_us) this.#week.add(this.#windows[over++]!, -1);
    if (over === 0) return;
    this.#windows.splice(0, over);
    this.#day_from -= over;
  }

  /** Tests in a day as far as is known at `at`, µs since 1970, that window's own included, those of the busiest other host left out. */
  at(at: number): (host: string) => number {
    const last_day = this.#day.without();
    const week = this.#week.without();
    const days = Math.min(most_days, (at - this.#first) / day_us);
    return (host) => Math.max(last_day(host), days >= 1 ? week(host) / days : 0);
  }
}

/** How many tests there were, in all and of each busy host. */
class Tally {
  #tests = 0;
  readonly #of = new Map<string, number>();

  add({ tests, busiest }: Window, sign: 1 | -1): void {
    this.#tests += sign * tests;
    for (const [host, n] of busiest) {
      const now = (this.#of.get(host) ?? 0) + sign * n;
      if (now > 0) this.#of.set(host, now);
      else this.#of.delete(host);
    }
  }

  /** By host: all tests but those of the busiest other one. */
  without(): (host: string) => number {
    let first = { host: '', tests: 0 };
    let second = 0;
    for (const [host, tests] of this.#of) {
      if (tests > first.tests) {
        second = first.tests;
        first = { host, tests };
      } else second = Math.max(second, tests);
    }
    return (host) => this.#tests - (host === first.host ? second : first.tests);
  }
}
