import { negativeBinomialUpper, type Tail, tailOf } from '../base/stats.ts';

/**
 * How surprising it is to count n of something in a window (hosts tried, failed log-ins, unknown names).
 *
 * The rate of an entity is a Gamma: `prior.strength` windows of `prior.mean` each, and its own past windows on top.
 * Counts then follow a negative binomial: more spread than a Poisson, by as much as the past shows (`dispersion`:
 * variance = mean + dispersion · mean²) and by what is not known yet about the rate.
 *
 * A negative binomial still ends exponentially: it calls a back-up that runs for the first time 10^-300. So one window
 * in (windows + strength) may be of a kind never seen, whose size has no scale of its own: such a window exceeds x
 * times the mean with chance (1 + x)^-2 (Lomax). Ten windows of history can thus never claim much below one in
 * twenty unless the count is also far in orders of magnitude: 1,000 times the mean after 100 windows is 10^-8. Where many
 * others of the same kind were watched, how seldom such windows are is known better (`strange_share`).
 */
export interface CountPast {
  readonly windows: number;
  /** Sum of the counts of the past windows. */
  readonly total: number;
  /** Sum of their squares; without it the dispersion is the prior's. */
  readonly squares?: number;
}
export interface CountPrior {
  /** Count in an ordinary window. */
  readonly mean: number;
  /** Windows that weigh as much as the prior. */
  readonly strength: number;
  /** Variance = mean + dispersion · mean². Default 1. */
  readonly dispersion?: number;
  /** At most this share of windows is of a kind never seen. Default: one in as many windows as are known, the prior's too. */
  readonly strange_share?: number;
}
export interface CountSurprise extends Tail {
  readonly expected: number;
  /** The largest count that 2.5 % of windows reach still: more is not usual. */
  readonly high: number;
}

export const noCounts: CountPast = { windows: 0, total: 0, squares: 0 };

/** P(count >= n) in the next window. */
export function countSurprise(n: number, past: CountPast, prior: CountPrior): CountSurprise {
  const weight = past.windows + prior.strength;
  const mean = Math.max(1e-9, (past.total + prior.strength * prior.mean) / weight);
  const size = sizeOf(past, prior, mean, weight);
  const upper = (count: number): Tail =>
    heavyUpper(count, mean, size, Math.min(1 / weight, prior.strange_share ?? 1));
  return { ...upper(n), expected: mean, high: firstBelow(upper, 0.025, mean) - 1 };
}

/** Shape of the negative binomial: over-dispersion within windows, and the uncertainty of the rate (Gamma posterior). */
function sizeOf(past: CountPast, prior: CountPrior, mean: number, weight: number): number {
  const prior_dispersion = prior.dispersion ?? 1;
  let dispersion = prior_dispersion;
  if (past.squares !== undefined && past.windows > 1) {
    const centre = past.total / past.windows;
    const variance = Math.max(0, (past.squares - past.windows * centre * centre) / (past.windows - 1));
    const own = centre > 0 ? Math.max(0, variance - centre) / (centre * centre) : prior_dispersion;
    dispersion = (past.windows * own + prior.strength * prior_dispersion) / weight;
  }
  const rate = 1 / Math.max(1e-9, weight * mean + 1);
  return 1 / Math.max(1e-9, dispersion + rate);
}

function heavyUpper(n: number, mean: number, size: number, strange_share: number): Tail {
  if (n <= 0) return tailOf(1);
  const usual = negativeBinomialUpper(n, mean, size);
  const share = Math.min(0.5, strange_share);
  return tailOf((1 - share) * usual.p + share * (1 + n / (mean + 1)) ** -2);
}

function firstBelow(upper: (n: number) => Tail, p: number, mean: number): number {
  let low = 0;
  let high = Math.max(1, Math.ceil(mean));
  while (upper(high).p >= p && high < 1e15) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (upper(middle).p >= p) low = middle;
    else high = middle;
  }
  return high;
}
