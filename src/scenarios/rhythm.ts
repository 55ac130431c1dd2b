import type { Random } from './random.ts';
import { DAY, HOUR, MINUTE } from './timeline.ts';

/** 0 Monday .. 6 Sunday, of local midnight `time` (µs since 1970; 1970-01-01 was a Thursday). */
export function weekday(time: number, utc_offset_h = 0): number {
  return (((Math.floor((time + utc_offset_h * HOUR) / DAY) + 3) % 7) + 7) % 7;
}

export function isWeekend(time: number, utc_offset_h = 0): boolean {
  return weekday(time, utc_offset_h) > 4;
}

/** One person's day at the office, µs since 1970; null: not there. */
export interface Workday {
  readonly arrive: number;
  readonly lunch: number;
  readonly back: number;
  readonly leave: number;
}

/** `habit` is how early this person tends to be, in µs against the others. */
export function workday(random: Random, midnight: number, weekend: boolean, habit: number): Workday | null {
  if (random.chance(weekend ? 0.97 : 0.06)) return null;
  const arrive = midnight + 8.7 * HOUR + habit + random.normal() * 14 * MINUTE;
  const lunch = midnight + 12.2 * HOUR + random.normal() * 14 * MINUTE;
  const back = lunch + random.lognormal(38, 1.25) * MINUTE;
  const leave = Math.max(back + HOUR, arrive + 8.7 * HOUR + random.normal() * 30 * MINUTE);
  return { arrive, lunch, back, leave };
}
