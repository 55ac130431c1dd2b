import { quantileSorted, type Tail, tailOf, tailOfLog } from '../base/stats.ts';

/**
 * Turns a model's raw score into a p-value that means the same for every model: the chance that an ordinary row of
 * this network scores at least as high. Learned from scores of past rows the model did not learn from.
 *
 * Inside the sample: (r + 1) / (n + 1), r past scores at least as high (Phipson and Smyth 2010: never 0).
 * Above the 90 % quantile, from 50 scores on: a generalised Pareto tail over the excesses (Pickands 1975; fitted by
 * probability-weighted moments, Hosking and Wallis 1987) of -ln(1 - score). Its shape is kept within 0 .. 0.5: below 0
 * the tail would end and call everything beyond impossible; above 0.5 it has no variance to fit.
 * Limit: never below 1 / (1000 n). Three orders of magnitude are as far as a fitted tail is trusted beyond what was
 * counted.
 */
export interface Calibration {
  readonly n: number;
  /** Stretched scores, rising: all of them up to 512, else 257 even quantiles. */
  readonly scores: readonly number[];
  /** Where the fitted tail begins (stretched), its scale and shape; scale 0: no tail was fitted. */
  readonly from: number;
  readonly above: number;
  readonly scale: number;
  readonly shape: number;
}

const KEPT = 512;
const TAIL_SHARE = 0.1;
const TAIL_LEAST = 50;

export const uncalibrated: Calibration = { n: 0, scores: [], from: 0, above: 0, scale: 0, shape: 0 };

/** Learns from held-out scores in 0 .. 1; those that are no numbers are left out. */
export function calibrate(scores: ArrayLike<number>): Calibration {
  const order = Float64Array.from(Array.from(scores).filter(Number.isFinite), stretch).sort();
  const n = order.length;
  if (n === 0) return uncalibrated;
  const kept = n <= KEPT ? Array.from(order) : quantiles(order, 257);
  const from = quantileSorted(order, 1 - TAIL_SHARE);
  const first = firstAbove(order, from);
  const excesses = order.subarray(first).map((x) => x - from);
  const fitted = n >= TAIL_LEAST && excesses.length >= 5 ? fitPareto(excesses) : { scale: 0, shape: 0 };
  return { n, scores: kept, from, above: excesses.length, ...fitted };
}

/** Chance of a score at least this high. 1 where nothing was learned. */
export function calibrated(score: number, by: Calibration): Tail {
  if (by.n === 0 || Number.isNaN(score)) return tailOf(1);
  const x = stretch(score);
  const least = -Math.log10(by.n * 1000);
  if (by.scale > 0 && x > by.from) {
    const start = Math.log((by.above + 1) / (by.n + 1));
    const z = (x - by.from) / by.scale;
    const ln = start + (by.shape > 1e-9 ? -Math.log1p(by.shape * z) / by.shape : -z);
    return tailOfLog(Math.max(ln, least * Math.LN10));
  }
  const at_least = by.scores.length - firstAtLeast(by.scores, x);
  const r = (at_least / by.scores.length) * by.n;
  return tailOf(Math.max(10 ** least, (r + 1) / (by.n + 1)));
}

/** Scores crowd below 1; the stretch gives their tail room. */
function stretch(score: number): number {
  return -Math.log(Math.max(1e-16, 1 - Math.min(1, Math.max(0, score))));
}

/** Mean and first weighted moment → scale and shape. `excesses` rise. */
function fitPareto(excesses: Float64Array): { scale: number; shape: number } {
  const k = excesses.length;
  let mean = 0;
  let weighted = 0;
  for (let j = 0; j < k; j++) {
    mean += excesses[j]! / k;
    weighted += ((1 - (j + 1 - 0.35) / k) * excesses[j]!) / k;
  }
  if (!(mean > 0)) return { scale: 0, shape: 0 };
  const gap = mean - 2 * weighted;
  const free = gap > 0 ? 2 - mean / gap : 0;
  const shape = Math.min(0.5, Math.max(0, free));
  return { scale: mean * (1 - shape), shape };
}

function quantiles(order: Float64Array, count: number): number[] {
  return Array.from({ length: count }, (_, i) => quantileSorted(order, i / (count - 1)));
}

function firstAbove(order: ArrayLike<number>, x: number): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order[middle]! > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

function firstAtLeast(order: ArrayLike<number>, x: number): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order[middle]! >= x) high = middle;
    else low = middle + 1;
  }
  return low;
}
