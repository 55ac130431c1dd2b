import { z } from 'zod';
import {
  MAD_TO_SIGMA,
  medianInPlace,
  quantileSorted,
  studentQuantile,
  studentUpper,
  type Tail,
  tailOf,
} from '../base/stats.ts';
import type { Model, Part, Score } from '../schema/model.ts';
import { fisher, strongest } from './combine.ts';
import { boundedP, scoreOfLog10, shares } from './surprise.ts';

/**
 * How far each number is from its usual value, in robust spreads.
 *
 * Scale: `log` columns (counts, bytes, durations; at least 0) are looked at as ln(1 + x), as in the adaptive baseline
 * of Slips; `linear` ones (shares, ratios) as they are.
 *
 * Usual value and spread: median and 1.4826 · median absolute deviation (Hampel 1974), which half of the past may be
 * poisoned without moving far. Each side's spread is at least (90 % quantile - median) / 1.2816 on that side: where more
 * than half of the past is one value (zeros), the median absolute deviation alone is 0 and calls ordinary busy hours
 * strange. Never below `floor`.
 *
 * Prior: n past rows weigh n, the shipped prior weighs `strength`; centre and ln(spread) are their weighted means.
 * Where the past has no spread on a side, it tells nothing about how far a change goes: the spread is then the floor or
 * the shrunken prior's for `score`, and the prior's for `p_value` (see below).
 *
 * Tail: Student's t with 2 + 0.37 n degrees of freedom, at most 8, where n counts the prior's weight too. The spread
 * of few rows is itself uncertain, and the median absolute deviation is worth only 37 % of the rows (its efficiency); at
 * most 8, because volumes of networks stay heavier than normal however long one looks. A normal tail would call
 * 10 spreads 10^-23, this one 10^-6.
 *
 * Two limits keep p honest. If r of n past rows were at least as far out, p is at least r / (n + strength). And a past
 * without spread cannot prove more than its length: p = (r + 1) / (n + strength + 1), times the tail by the prior's
 * spread, so that only a change that is far in the shipped prior too falls below one in n.
 */
export const DeviationColumn = z.strictObject({
  scale: z.enum(['log', 'linear']).default('log'),
  side: z.enum(['high', 'low', 'both']).default('high'),
  floor: z
    .number()
    .positive()
    .optional()
    .describe('least spread: a factor for log columns (1.1: 10 %), in units for linear ones'),
  prior: z.strictObject({
    median: z.number().describe('usual value, in the unit of the column'),
    spread: z.number().positive().describe('a factor above 1 for log columns, in units for linear ones'),
    strength: z.number().positive().default(12).describe('past rows that weigh as much as the prior'),
  }),
});
export type DeviationColumn = z.infer<typeof DeviationColumn>;

export const DeviationParams = z.strictObject({
  columns: z.array(DeviationColumn).min(1),
  combine: z.enum(['strongest', 'all']).default('strongest'),
});
export type DeviationParams = z.infer<typeof DeviationParams>;

/** What is usual for one column, on its scale. Plain JSON. */
export interface Usual {
  /** Past rows. */
  readonly n: number;
  readonly centre: number;
  /** One spread upwards and downwards, prior blended in. */
  readonly up: number;
  readonly down: number;
  /** Whether the past had no spread of its own on that side. */
  readonly flat_up: boolean;
  readonly flat_down: boolean;
  /** The past values, rising; of more than 2,048 as many even quantiles. Empty if there is no past. */
  readonly quantiles: readonly number[];
}

export interface DeviationState {
  readonly columns: readonly Usual[];
  /** Variance of Fisher's sum over the columns, blended with that of columns correlated by a half. */
  readonly variance: number;
}

/** Judgement on one number. */
export interface Deviation {
  /** Chance of a number at least this far out on the watched side, honest limits applied. */
  readonly tail: Tail;
  /** The same without the limits: orders the strange among each other. */
  readonly raw_log10_p: number;
  /** Distance from the usual value in spreads, positive upwards. */
  readonly spreads: number;
  readonly expected: number;
  readonly low: number;
  readonly high: number;
}

const MOST_DF = 8;
/** Past values kept as they are; more are thinned to so many even quantiles. */
const QUANTILES = 2048;
/** One column alone adds at most this many orders of magnitude to the sum of all. */
const MOST_SURPRISE = 6;

export function onScale(value: number, column: DeviationColumn): number {
  return column.scale === 'log' ? Math.log1p(Math.max(0, value)) : value;
}

export function offScale(value: number, column: DeviationColumn): number {
  return column.scale === 'log' ? Math.expm1(Math.max(0, value)) : value;
}

/** The prior's spread on the scale of the column. */
export function priorSpread(column: DeviationColumn): number {
  const { spread } = column.prior;
  return column.scale === 'log' ? Math.log(Math.max(1.01, spread)) : spread;
}

/** Least spread on the scale of the column: 10 % for log columns, a twentieth of the prior's for linear ones. */
export function floorSpread(column: DeviationColumn): number {
  if (column.scale === 'log') return Math.log(Math.max(1.001, column.floor ?? 1.1));
  return column.floor ?? column.prior.spread / 20;
}

/** Learns one column from its past values, in its own unit; `values` is not changed. */
export function usual(values: ArrayLike<number>, column: DeviationColumn): Usual {
  const scaled = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) scaled[i] = onScale(values[i]!, column);
  return usualOnScale(scaled.sort(), column);
}

/** The same for values already on the scale and sorted. */
export function usualOnScale(order: Float64Array, column: DeviationColumn): Usual {
  const n = order.length;
  const strength = column.prior.strength;
  const prior_centre = onScale(column.prior.median, column);
  const prior_spread = priorSpread(column);
  if (n === 0)
    return {
      n,
      centre: prior_centre,
      up: prior_spread,
      down: prior_spread,
      flat_up: false,
      flat_down: false,
      quantiles: [],
    };
  const centre = quantileSorted(order, 0.5);
  const { up, down } = spreads(order, centre);
  const floor = floorSpread(column);
  const share = n / (n + strength);
  return {
    n,
    centre: share * centre + (1 - share) * prior_centre,
    up: blend(Math.max(up, floor), prior_spread, share),
    down: blend(Math.max(down, floor), prior_spread, share),
    flat_up: up === 0,
    flat_down: down === 0,
    quantiles: thinned(order),
  };
}

/** Spread upwards and downwards of sorted values. */
function spreads(order: Float64Array, centre: number): { up: number; down: number } {
  const distance = new Float64Array(order.length);
  for (let i = 0; i < order.length; i++) distance[i] = Math.abs(order[i]! - centre);
  const mad = MAD_TO_SIGMA * medianInPlace(distance);
  return {
    up: Math.max(mad, (quantileSorted(order, 0.9) - centre) / 1.2815515655446004),
    down: Math.max(mad, (centre - quantileSorted(order, 0.1)) / 1.2815515655446004),
  };
}

function blend(own: number, prior: number, share: number): number {
  return Math.exp(share * Math.log(own) + (1 - share) * Math.log(prior));
}

function thinned(order: Float64Array): number[] {
  if (order.length <= QUANTILES) return Array.from(order);
  return Array.from({ length: QUANTILES }, (_, i) => quantileSorted(order, i / (QUANTILES - 1)));
}

/** Judges one number, in its own unit. */
export function deviation(value: number, state: Usual, column: DeviationColumn): Deviation {
  const x = onScale(Number.isFinite(value) ? value : 0, column);
  const weight = state.n + column.prior.strength;
  const df = Math.min(MOST_DF, 2 + 0.37 * weight);
  const widen = Math.sqrt(1 + 1 / weight);
  const distance = x - state.centre;
  const spreads_out = distance / ((distance >= 0 ? state.up : state.down) * widen);
  const raw = sided(spreads_out, df, column.side);
  const reach = studentQuantile95(df) * widen;
  return {
    tail: limited(raw, x, distance, df, state, column),
    raw_log10_p: raw.log10_p,
    spreads: spreads_out,
    expected: offScale(state.centre, column),
    low: offScale(state.centre - reach * state.down, column),
    high: offScale(state.centre + reach * state.up, column),
  };
}

function sided(spreads_out: number, df: number, side: DeviationColumn['side']): Tail {
  if (side === 'high') return studentUpper(spreads_out, df);
  if (side === 'low') return studentUpper(-spreads_out, df);
  const one = studentUpper(Math.abs(spreads_out), df);
  return { p: Math.min(1, 2 * one.p), log10_p: Math.min(0, one.log10_p + Math.log10(2)) };
}

/** The two honest limits of the head comment. */
function limited(
  raw: Tail,
  x: number,
  distance: number,
  df: number,
  state: Usual,
  column: DeviationColumn,
): Tail {
  const { n } = state;
  if (n === 0) return raw;
  const weight = n + column.prior.strength;
  const beyond = shareBeyond(x, state.quantiles, column.side, state.centre);
  if (beyond < 0.5 && (distance >= 0 ? state.flat_up : state.flat_down)) {
    const prior = sided(distance / priorSpread(column), df, column.side);
    // An even chance by the prior takes nothing away.
    const log10_p = Math.log10((beyond * n + 1) / (weight + 1)) + Math.min(0, prior.log10_p + Math.log10(2));
    return raw.log10_p > log10_p ? raw : { p: 10 ** log10_p, log10_p };
  }
  const least = (beyond * n) / weight;
  return raw.p >= least ? raw : tailOf(least);
}

/** Share of the past at least as far out as x, on the watched side. */
function shareBeyond(
  x: number,
  quantiles: readonly number[],
  side: DeviationColumn['side'],
  centre: number,
): number {
  const n = quantiles.length;
  const from = (least: number): number => n - firstAtLeast(quantiles, least);
  const upTo = (most: number): number => firstAbove(quantiles, most);
  if (side === 'high') return from(x) / n;
  if (side === 'low') return upTo(x) / n;
  const far = Math.abs(x - centre);
  return far === 0 ? 1 : (from(centre + far) + upTo(centre - far)) / n;
}

/** Index of the first value of a rising list that is at least, or above, a bound; its length when there is none. */
function firstAtLeast(rising: readonly number[], least: number): number {
  return firstWhere(rising, (value) => value >= least);
}
function firstAbove(rising: readonly number[], most: number): number {
  return firstWhere(rising, (value) => value > most);
}
function firstWhere(rising: readonly number[], holds: (value: number) => boolean): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(rising[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

const reach95 = new Map<number, number>();

/** Half-width of the middle 95 % of Student's t, remembered per quarter of a degree of freedom. */
function studentQuantile95(df: number): number {
  const key = Math.round(df * 4) / 4;
  let reach = reach95.get(key);
  if (reach === undefined) {
    reach = studentQuantile(0.025, key);
    reach95.set(key, reach);
  }
  return reach;
}

/** One row's judgement from the judgement of its columns. */
export function combineDeviations(
  values: ArrayLike<number>,
  columns: readonly Deviation[],
  combine: DeviationParams['combine'],
  variance: number,
): Score {
  const one = (pick: (d: Deviation) => number): Tail => {
    if (combine === 'strongest') return strongest(columns.map(pick));
    return fisher(
      columns.map((d) => Math.max(-MOST_SURPRISE, pick(d))),
      variance,
    );
  };
  const weights = shares(columns.map((d) => (d.tail.p < 0.5 ? -d.tail.log10_p : 0)));
  const parts: Part[] = columns.map((d, column) => ({
    column,
    actual: values[column]!,
    expected: d.expected,
    low: d.low,
    high: d.high,
    weight: weights[column]!,
  }));
  return {
    score: scoreOfLog10(one((d) => d.raw_log10_p).log10_p),
    p_value: boundedP(one((d) => d.tail.log10_p).log10_p),
    parts,
  };
}

/** Variance of Fisher's sum over past rows, shrunk towards that of columns which share half of their surprise. */
function fisherVariance(
  rows: number,
  read: (row: number, column: number) => number,
  states: readonly Usual[],
  columns: readonly DeviationColumn[],
): number {
  const d = columns.length;
  const prior = 4 * d + 2 * d * (d - 1);
  const looked = Math.min(rows, 400);
  if (looked < 2 || d === 1) return d === 1 ? 4 : prior;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < looked; i++) {
    const row = Math.floor((i * rows) / looked);
    let total = 0;
    for (let c = 0; c < d; c++) {
      const judged = deviation(read(row, c), states[c]!, columns[c]!);
      total += -2 * Math.LN10 * Math.max(-MOST_SURPRISE, judged.tail.log10_p);
    }
    sum += total;
    squares += total * total;
  }
  const own = (squares - (sum * sum) / looked) / (looked - 1);
  return (looked * own + 50 * prior) / (looked + 50);
}

export const robustDeviation: Model<DeviationParams, DeviationState> = {
  kind: 'deviation',
  doc: 'How far each number is from its usual value, in robust spreads; heavy tails; falls back on a shipped prior.',
  params: DeviationParams,
  fit(past, params) {
    const { rows, columns: width, values } = past;
    const states = params.columns.map((column, c) => {
      const own = new Float64Array(rows);
      for (let r = 0; r < rows; r++) own[r] = values[r * width + c]!;
      return usual(own, column);
    });
    // Judging every past row again costs more than all else: only where the sum is used.
    const looked = params.combine === 'all' ? rows : 0;
    const variance = fisherVariance(looked, (r, c) => values[r * width + c]!, states, params.columns);
    return { columns: states, variance };
  },
  score(row, state, params) {
    const judged = params.columns.map((column, c) => deviation(row[c]!, state.columns[c]!, column));
    return combineDeviations(row, judged, params.combine, state.variance);
  },
};
