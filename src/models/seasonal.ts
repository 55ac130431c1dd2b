import { medianInPlace } from '../base/stats.ts';
import { type DeviationColumn, onScale, type Usual, usual, usualOnScale } from './robust-deviation.ts';

/**
 * What is usual at this hour of the week, of the day, or at any time, by how much history there is and whether the
 * hours differ at all.
 *
 * Centre of an hour: median of the values of that hour and its two neighbours, the neighbours counted half (values of
 * the hour itself are put in twice). Spread: that of the residuals within three hours around it if there are 20, else
 * of all residuals: an hour of the week has 3 values after 3 weeks, too few for a spread of its own.
 *
 * Hours are used from 3 weeks (of the week) or 3 days (of the day) on, and only if they take at least 15 % off the
 * median deviation around the flat median, each value judged by a centre that it did not take part in: a server that
 * works day and night gains nothing by hours and keeps its larger sample.
 */
export type Rhythm = 'hour_of_week' | 'hour_of_day' | 'flat';

export interface Seasonal {
  readonly rhythm: Rhythm;
  /** For people. */
  readonly says: string;
  /** One per hour of the rhythm; one for flat. */
  readonly hours: readonly Usual[];
  readonly utc_offset_s: number;
}

const HOUR = 3600;
const DAY = 24 * HOUR;
const GAIN = 0.85;

/** Learns from past windows: times in seconds since 1970 (rising or not) and their values in the unit of the column. */
export function learnSeasonal(
  times: ArrayLike<number>,
  values: ArrayLike<number>,
  column: DeviationColumn,
  utc_offset_s = 0,
): Seasonal {
  const flat = usual(values, column);
  const span = spanOf(times);
  const scaled = Float64Array.from({ length: values.length }, (_, i) => onScale(values[i]!, column));
  const flat_off = medianOff(scaled, () => flat.centre);
  for (const [rhythm, buckets, least_span, words] of [
    ['hour_of_week', 168, 21 * DAY, 'hour of the week'],
    ['hour_of_day', 24, 3 * DAY, 'hour of the day'],
  ] as const) {
    if (span < least_span - HOUR) continue;
    const bucket = Int32Array.from({ length: values.length }, (_, i) =>
      hourOf(times[i]!, buckets, utc_offset_s),
    );
    const members = group(bucket, buckets);
    const off = medianOff(scaled, (i) => centreOf(members, scaled, bucket[i]!, i));
    if (!(off < GAIN * flat_off)) continue;
    const says = `${words}, from ${values.length} windows over ${Math.round(span / DAY)} days`;
    return { rhythm, says, hours: hoursOf(members, scaled, column, flat), utc_offset_s };
  }
  const days = span / DAY;
  const length = days >= 2 ? `${Math.round(days)} days` : `${Math.round(span / HOUR)} hours`;
  return {
    rhythm: 'flat',
    says: `any hour, from ${values.length} windows over ${length}`,
    hours: [flat],
    utc_offset_s,
  };
}

/** What is usual at a time (seconds since 1970); judge with `deviation`. */
export function usualAt(seasonal: Seasonal, time: number): Usual {
  const buckets = seasonal.hours.length;
  return seasonal.hours[buckets === 1 ? 0 : hourOf(time, buckets, seasonal.utc_offset_s)]!;
}

/** Hour within the day (24) or within the week from Monday 0:00 (168): 1970 began on a Thursday. */
export function hourOf(time: number, buckets: number, utc_offset_s: number): number {
  const hour = Math.floor((time + utc_offset_s) / HOUR) + (buckets === 168 ? 72 : 0);
  return ((hour % buckets) + buckets) % buckets;
}

function spanOf(times: ArrayLike<number>): number {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < times.length; i++) {
    low = Math.min(low, times[i]!);
    high = Math.max(high, times[i]!);
  }
  return high > low ? high - low + HOUR : 0;
}

function group(bucket: Int32Array, buckets: number): number[][] {
  const members = Array.from({ length: buckets }, (): number[] => []);
  bucket.forEach((b, i) => {
    members[b]!.push(i);
  });
  return members;
}

/** Weighted median of an hour and its neighbours; row `without` is left out. NaN if nothing is left. */
function centreOf(members: readonly number[][], scaled: Float64Array, hour: number, without = -1): number {
  const near: number[] = [];
  for (const [step, times] of [
    [-1, 1],
    [0, 2],
    [1, 1],
  ] as const)
    for (const i of members[(hour + step + members.length) % members.length]!)
      if (i !== without) for (let k = 0; k < times; k++) near.push(scaled[i]!);
  return medianInPlace(Float64Array.from(near));
}

function medianOff(scaled: Float64Array, centre: (i: number) => number): number {
  const off = new Float64Array(scaled.length);
  let n = 0;
  for (let i = 0; i < scaled.length; i++) {
    const distance = Math.abs(scaled[i]! - centre(i));
    if (!Number.isNaN(distance)) off[n++] = distance;
  }
  return medianInPlace(off.subarray(0, n));
}

function hoursOf(
  members: readonly number[][],
  scaled: Float64Array,
  column: DeviationColumn,
  flat: Usual,
): Usual[] {
  const centres = members.map((_, hour) => centreOf(members, scaled, hour));
  const residual = new Float64Array(scaled.length);
  members.forEach((rows, hour) => {
    for (const i of rows) residual[i] = scaled[i]! - centres[hour]!;
  });
  return centres.map((centre, hour) => {
    if (Number.isNaN(centre)) return flat;
    const near: number[] = [];
    for (let step = -3; step <= 3; step++)
      for (const i of members[(hour + step + members.length) % members.length]!) near.push(residual[i]!);
    const around = Float64Array.from(near.length >= 20 ? near : residual, (off) => centre + off);
    return usualOnScale(around.sort(), column);
  });
}
