import { z } from 'zod';
import { binomialUpper, medianInPlace, normalUpper, quantileSorted } from '../base/stats.ts';

/**
 * Calls at near-equal gaps from one host to one place.
 *
 * Starts from RITA v5 (timing, data size, duration, histogram, a quarter each), Elastic's
 * truncated statistics and Sentinel's share of the most frequent gap, and mends what they miss:
 * - Young beacons: everything is measured against the pair's own span, not against 24 bins of the data's; the number
 *   of gaps is evidence by itself (`p_value`), so 20 clean minutes are enough and 4 calls are not.
 * - Sub-second gaps: times are seconds with microseconds; calls at the same instant are one call.
 * - Bursts: calls closer than a share of the gap that fills most of the time are one call of several connections.
 * - Missed calls: gaps at whole multiples of the period count as explained time; breaks (laptop lid) are not held
 *   against it where both sides run on.
 * - Jitter up to ±50 % is measured instead of punished.
 * - Retries: 5 s, 5 s, 5 s and then ten minutes of nothing is regular, but explains none of the time: quiet.
 * - Many calls: a rhythm holds clearly more gaps than chance would put there (`isRhythm`), however small p is.
 *
 * p_value. The null: gaps are independent, and their density (after taking off what was merged as burst) puts no more
 * mass on any window of ratio b/a than an exponential (Poisson calls) or a lognormal of sigma 1 does, whichever is
 * more. People are more spread than that: gaps of browsing have sigma 1.5 and more. If K of n gaps lie in the best
 * window P ± w, then p = choices · n · P(Binomial(n - 1, q) >= K - 1): the union bound over windows that begin at a gap,
 * over the widths and burst limits tried. No simulation, exact enough at 10^-12, too large rather than too small.
 *
 * Does not see: gaps drawn from an exponential (no implant known to us does by default), beacons inside a connection,
 * jitter above ±50 %, calls to the same place at random between those of the clock, one for each and more (beyond ±20 %
 * fewer are enough). NTP, monitoring and update checks are regular too and score so: prevalence and age tell them apart,
 * elsewhere.
 */
export const BeaconParams = z.strictObject({
  min_calls: z.int().min(4).default(8),
});
export type BeaconParams = z.infer<typeof BeaconParams>;

export interface Calls {
  /** Seconds, rising; any origin. */
  readonly times: Float64Array;
  /** Bytes per call, same length; leave out if unknown. */
  readonly src_bytes?: ArrayLike<number>;
  readonly dst_bytes?: ArrayLike<number>;
}

export interface BeaconPart {
  readonly name: 'timing' | 'coverage' | 'count' | 'size';
  /** 0 .. 1 */
  readonly value: number;
  /** The weights of all parts sum to 1; score = Σ weight · value. */
  readonly weight: number;
}

export interface Beacon {
  readonly score: number;
  readonly p_value: number;
  readonly log10_p: number;
  readonly period_s: number;
  /** Half the width of the gaps as a share of the period: 0.1 for ±10 %. */
  readonly jitter_share: number;
  /** Share of the pair's span that the period explains, missed calls allowed for, breaks left out. */
  readonly coverage: number;
  /** Calls after merging bursts; `connections` before. */
  readonly calls: number;
  readonly connections: number;
  /** Connections in one call, mean. */
  readonly burst: number;
  /** Calls missing at whole multiples of the period, as a share of those due. */
  readonly missed_share: number;
  readonly span_s: number;
  /** Time in which it ran, breaks left out. */
  readonly active_s: number;
  /** Share of gaps in the best window. */
  readonly regular_share: number;
  /** Relative median deviation of sizes; 0 equal, NaN unknown. */
  readonly src_size_spread: number;
  readonly dst_size_spread: number;
  readonly parts: readonly BeaconPart[];
}

const WEIGHTS = { timing: 0.5, coverage: 0.2, count: 0.2, size: 0.1 } as const;
/** Half-widths of windows tried, as shares of the period. */
const WIDTHS = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5] as const;
/** Calls closer than this share of the typical gap are one. */
const BURSTS = [0, 0.03, 0.1, 0.25] as const;
/** From here on a window holds gaps of a factor of two and more. */
const WIDE = 0.35;
const CHOICES = WIDTHS.length * BURSTS.length;
/** Relative median deviation of an exponential: gaps without any rhythm. */
const NO_RHYTHM = 0.694;
/** A period has to explain this share of the time, else it is a rhythm within bursts. */
const LEAST_COVERAGE = 0.5;
/** Longer gaps than this many periods are breaks. */
const BREAK = 5.5;
/** Calls that a run between breaks needs to count as running. */
const RUN = 6;
/** Calls looked at: a day of one a second. Those beyond are left out and counted in `connections`. */
export const MOST_CALLS = 90_000;

/** Judges the calls of one pair. Fewer than `min_calls`, or all at one instant: score 0, p 1. */
export function judgeBeacon(calls: Calls, params: BeaconParams): Beacon {
  const times = calls.times.length > MOST_CALLS ? calls.times.subarray(0, MOST_CALLS) : calls.times;
  const gaps = gapsOf(times);
  let best: Fit | undefined;
  if (gaps.length + 1 >= params.min_calls) {
    const typical = typicalGap(gaps);
    let last = -1;
    for (const share of BURSTS) {
      const merged = mergeBursts(gaps, share * typical);
      if (merged.length === last || merged.length + 1 < params.min_calls) continue;
      last = merged.length;
      const fit = bestFit(merged, share * typical);
      if (fit && (!best || fit.log10_p < best.log10_p)) best = fit;
    }
  }
  return describe(calls, times, best);
}

interface Fit {
  readonly log10_p: number;
  readonly period: number;
  readonly width: number;
  /** Calls closer than this were merged. */
  readonly merge: number;
  readonly gaps: Float64Array;
  readonly inside: number;
  readonly coverage: number;
  readonly active: number;
  readonly missed_share: number;
}

/** Positive gaps: what happens at one instant is one call. */
function gapsOf(times: Float64Array): Float64Array {
  const gaps = new Float64Array(Math.max(0, times.length - 1));
  let n = 0;
  for (let i = 1; i < times.length; i++) {
    const gap = times[i]! - times[i - 1]!;
    if (gap > 5e-7) gaps[n++] = gap;
  }
  return gaps.subarray(0, n);
}

/** The gap below which half of the time lies: bursts of short gaps take up no time, so they do not move it. */
function typicalGap(gaps: Float64Array): number {
  const order = gaps.slice().sort();
  let total = 0;
  for (const gap of order) total += gap;
  let sum = 0;
  for (const gap of order) {
    sum += gap;
    if (sum >= total / 2) return gap;
  }
  return 0;
}

/** Gaps between the end of one burst and the begin of the next. */
function mergeBursts(gaps: Float64Array, limit: number): Float64Array {
  return limit > 0 ? gaps.filter((gap) => gap > limit) : gaps;
}

function bestFit(gaps: Float64Array, merge: number): Fit | undefined {
  const order = gaps.slice().sort();
  let best: Fit | undefined;
  for (const width of WIDTHS) {
    const { inside, start } = fullestWindow(order, width);
    if (inside < 3) continue;
    const period = quantileSorted(order.subarray(start, start + inside), 0.5);
    const edge = order[start]!;
    const q = mostMass(edge, (edge * (1 + width)) / (1 - width), merge);
    const log10_p = Math.min(
      0,
      Math.log10(CHOICES * order.length) + binomialUpper(inside - 1, order.length - 1, q).log10_p,
    );
    if (best && log10_p >= best.log10_p) continue;
    const { made, ...cover } = coverageOf(gaps, period, width);
    if (cover.coverage < LEAST_COVERAGE) continue;
    const rhythmic =
      isRhythm(inside / order.length, q, width) || isRhythm(made / order.length, byMultiples(width), width);
    if (!rhythmic) continue;
    best = { log10_p, period, width, merge, gaps, inside, ...cover };
  }
  return best;
}

/**
 * Whether a share of the gaps is a rhythm: half of what chance would leave out lies in it, or, where the window is narrow, twice
 * as much as chance would put there. With thousands of calls whatever is a little unlike the null is most unlikely by
 * it, and yet not regular; to lie within a factor of two of each other is what gaps of programs and people often do.
 */
function isRhythm(share: number, by_chance: number, width: number): boolean {
  return share >= (1 + by_chance) / 2 || (width < WIDE && share >= 2 * by_chance);
}

/** What part of all gaps up to BREAK lies near a multiple of any period, as `coverageOf` takes near. */
function byMultiples(width: number): number {
  let sum = 0;
  for (let k = 1; k < BREAK; k++) sum += Math.min(1, 2 * width * Math.sqrt(k));
  return sum / Math.floor(BREAK);
}

/** The window [a, a (1+w)/(1-w)] that holds the most gaps; `order` rises. */
function fullestWindow(order: Float64Array, width: number): { inside: number; start: number } {
  const ratio = (1 + width) / (1 - width);
  let inside = 0;
  let start = 0;
  let end = 0;
  for (let i = 0; i < order.length; i++) {
    while (end < order.length && order[end]! <= order[i]! * ratio) end++;
    if (end - i > inside) {
      inside = end - i;
      start = i;
    }
  }
  return { inside, start };
}

/**
 * The most that a null density can put on [a, b], given that a gap is longer than `merge`. Exponential of any mean:
 * past `merge` it is an exponential again, so the most of e^-(a-m)/s - e^-(b-m)/s over s. Lognormal with sigma 1:
 * 2 Φ(ln(b/a) / 2) - 1, with a and b less the merged part as well.
 */
function mostMass(a: number, b: number, merge: number): number {
  const low = Math.max(a - merge, a * 0.02);
  const high = b - merge;
  const ratio = high / low;
  const exponential = ratio ** (-1 / (ratio - 1)) - ratio ** (-ratio / (ratio - 1));
  const lognormal = 1 - 2 * normalUpper(Math.log(ratio) / 2).p;
  return Math.max(exponential, lognormal);
}

/**
 * Share of the time that gaps near 1, 2, .. 5 periods explain. Longer gaps are breaks: not counted if the calls run on
 * for six and more on both sides, else time that is not explained.
 */
function coverageOf(
  gaps: Float64Array,
  period: number,
  width: number,
): { coverage: number; active: number; missed_share: number; made: number } {
  let explained = 0;
  let counted = 0;
  let due = 0;
  let made = 0;
  let run_explained = 0;
  let run_time = 0;
  let run_calls = 1;
  let open_break = 0;
  let last_ran = false;
  const close = (): void => {
    const ran = run_calls >= RUN;
    counted += run_time + (ran && last_ran ? 0 : open_break);
    if (ran) explained += run_explained;
    last_ran = ran;
  };
  for (const gap of gaps) {
    const periods = gap / period;
    if (periods > BREAK) {
      close();
      open_break = gap;
      run_explained = 0;
      run_time = 0;
      run_calls = 1;
      continue;
    }
    run_calls++;
    run_time += gap;
    const k = Math.max(1, Math.round(periods));
    if (Math.abs(periods - k) > Math.min(0.5, width * Math.sqrt(k)) + 1e-9) continue;
    run_explained += gap;
    due += k;
    made++;
  }
  close();
  return {
    coverage: counted > 0 ? explained / counted : 0,
    active: explained,
    missed_share: due > 0 ? 1 - made / due : 0,
    made,
  };
}

function describe(calls: Calls, times: Float64Array, fit: Fit | undefined): Beacon {
  const src = relativeSpread(calls.src_bytes);
  const dst = relativeSpread(calls.dst_bytes);
  const span_s = times.length > 1 ? times[times.length - 1]! - times[0]! : 0;
  const common = {
    connections: calls.times.length,
    span_s,
    src_size_spread: src,
    dst_size_spread: dst,
  };
  if (!fit)
    return {
      ...common,
      score: 0,
      p_value: 1,
      log10_p: 0,
      period_s: 0,
      jitter_share: 0,
      coverage: 0,
      calls: calls.times.length,
      burst: 1,
      missed_share: 0,
      active_s: 0,
      regular_share: 0,
      parts: [],
    };
  const regular = regularity(fit);
  const share = fit.inside / fit.gaps.length;
  const known = Number.isFinite(src) || Number.isFinite(dst);
  const values: Record<BeaconPart['name'], number> = {
    timing: regular.timing,
    coverage: fit.coverage,
    count: Math.min(1, -fit.log10_p / 8),
    size: known ? 1 - Math.min(1, sizeSpread(src, dst)) : 0,
  };
  const names = (Object.keys(WEIGHTS) as BeaconPart['name'][]).filter((name) => name !== 'size' || known);
  const all = names.reduce((sum, name) => sum + WEIGHTS[name], 0);
  const parts = names.map((name) => ({ name, value: values[name], weight: WEIGHTS[name] / all }));
  const calls_made = fit.gaps.length + 1;
  return {
    ...common,
    score: Math.min(
      1,
      parts.reduce((sum, part) => sum + part.value * part.weight, 0),
    ),
    p_value: Math.max(1e-12, 10 ** fit.log10_p),
    log10_p: fit.log10_p,
    period_s: fit.period,
    jitter_share: regular.jitter,
    coverage: fit.coverage,
    calls: calls_made,
    burst: times.length / calls_made,
    missed_share: fit.missed_share,
    active_s: fit.active,
    regular_share: share,
    parts,
  };
}

/** Timing 1 for a clock, 0 for gaps as spread as an exponential's; jitter of the gaps around one period. */
function regularity(fit: Fit): { timing: number; jitter: number } {
  const folded = new Float64Array(fit.gaps.length);
  let n = 0;
  for (const gap of fit.gaps) {
    const k = Math.round(gap / fit.period);
    if (k <= 1) folded[n++] = gap;
    else if (k <= BREAK) folded[n++] = gap / k;
  }
  const single = folded.subarray(0, n);
  const distance = single.map((gap) => Math.abs(gap - fit.period));
  const spread = medianInPlace(distance) / fit.period;
  const near = single.filter((gap) => Math.abs(gap - fit.period) <= 0.55 * fit.period).sort();
  const jitter = (quantileSorted(near, 0.95) - quantileSorted(near, 0.05)) / (2 * 0.9 * fit.period);
  const rhythm = Math.max(0, 1 - (spread / NO_RHYTHM) ** 2);
  return { timing: rhythm * (near.length / fit.gaps.length), jitter: Number.isFinite(jitter) ? jitter : 0 };
}

/** Median deviation over median; NaN if unknown, 0 if all are 0. */
function relativeSpread(sizes: ArrayLike<number> | undefined): number {
  if (!sizes || sizes.length === 0) return Number.NaN;
  const order = Float64Array.from(sizes);
  const middle = medianInPlace(order);
  for (let i = 0; i < order.length; i++) order[i] = Math.abs(order[i]! - middle);
  const spread = medianInPlace(order);
  return middle > 0 ? spread / middle : spread > 0 ? 1 : 0;
}

/** What is sent is a fixed form more often than what comes back (orders, updates): weights 0.6 and 0.4. */
function sizeSpread(src: number, dst: number): number {
  if (!Number.isFinite(dst)) return src;
  if (!Number.isFinite(src)) return dst;
  return 0.6 * Math.min(1, src) + 0.4 * Math.min(1, dst);
}
