const day_us = 86_400e6;

/** Events of one day, days counted since 1970; times in µs. */
export interface DaySeen {
  events: number;
  first_time: number;
  last_time: number;
}

/** When the events of a run happened, without those whose clock was wrong. Times in µs since 1970. */
export interface Span {
  readonly first_time: number;
  readonly last_time: number;
  /** days on which something happened */
  readonly days: number;
  /** events far from all others, which are not judged and are nobody's past */
  readonly strays: number;
  /** first of their times; null: there are none */
  readonly stray_time: number | null;
}

/** What lies further apart belongs to different recordings, or a clock was wrong. */
const far_days = 365;
/** A clock that was never set counts from 1970, 1980 or 2000; nothing recorded traffic before this day of 1990. */
const first_believable = 7305;
/** Of events far away at most this share of the others is taken for strays: more is a recording of its own. */
const stray_share = 0.05;
const stray_share_before_1990 = 0.5;

/**
 * The span of a run: days that lie within a year of their neighbours belong together, and of what lies further away only
 * few events are strays. One record of 1970 makes no history of 50 years. Null: no events.
 */
export function spanOf(days: ReadonlyMap<number, DaySeen>): Span | null {
  const parts = partsOf([...days].sort((a, b) => a[0] - b[0]));
  const main = parts.reduce<Part | null>(
    (best, one) => (best && best.events >= one.events ? best : one),
    null,
  );
  if (main === null) return null;
  // A recorder that counts from 1970 has no dates: what has one beside it is a recording of its own.
  const undated = main.last_day < first_believable;
  const isStray = (one: Part): boolean =>
    one !== main &&
    !(undated && one.last_day >= first_believable) &&
    one.events <= main.events * (one.last_day < first_believable ? stray_share_before_1990 : stray_share);
  const sum = (of: readonly Part[]): number => of.reduce((all, one) => all + one.events, 0);
  const far = parts.filter(isStray);
  // Many small recordings far from each other are no strays of the largest.
  const strays = sum(far) * 2 <= sum(parts) ? far : [];
  const kept = parts.filter((one) => !strays.includes(one));
  return {
    first_time: kept[0]!.first_time,
    last_time: kept.at(-1)!.last_time,
    days: kept.reduce((sum, one) => sum + one.days, 0),
    strays: sum(strays),
    stray_time: strays[0]?.first_time ?? null,
  };
}

interface Part extends DaySeen {
  days: number;
  last_day: number;
}

function partsOf(days: readonly (readonly [day: number, seen: DaySeen])[]): Part[] {
  const parts: Part[] = [];
  for (const [day, { events, first_time, last_time }] of days) {
    const part = parts.at(-1);
    if (part && day - part.last_day <= far_days) {
      part.events += events;
      part.last_time = Math.max(part.last_time, last_time);
      part.days++;
      part.last_day = day;
    } else parts.push({ events, first_time, last_time, days: 1, last_day: day });
  }
  return parts;
}

/** Counts an event into its day. */
export function countDay(days: Map<number, DaySeen>, time: number): void {
  const day = Math.floor(time / day_us);
  const seen = days.get(day);
  if (seen === undefined) {
    days.set(day, { events: 1, first_time: time, last_time: time });
    return;
  }
  seen.events++;
  if (time < seen.first_time) seen.first_time = time;
  else if (time > seen.last_time) seen.last_time = time;
}
