import { counted, instant } from '../base/format.ts';
import type { Span } from '../enrich/index.ts';
import type { Store } from '../store/index.ts';

/** Events far from all others in time: told of, never judged. */
export function strayNote(span: Span | null): string {
  if (span === null || span.stray_time === null) return '';
  const { strays, stray_time } = span;
  return `; ${counted(strays, 'event')} years away from all others (${instant(stray_time).slice(0, 10)}): kept, not judged`;
}

/** Files of the baseline that are judged as well. */
export function judgedToo(files: number): string {
  return files === 0 ? '' : `; ${counted(files, 'file')} of it left out, because judged as well`;
}

/** What cannot be seen because the input has no records of connections; `strays`: events that are not looked at. */
export async function unseen(store: Store, events: number, strays: number): Promise<string> {
  if (events === 0 || strays > 0) return '';
  const [row] = await store.query<{ n: number }>('SELECT count() AS n FROM connection');
  return Number(row?.n ?? 0) > 0
    ? ''
    : '; no records of connections (conn.log, flows, captures): scans, volumes and rhythms of addresses cannot be seen';
}

/**
 * How well what is judged is known: what was learned first, or how much history there is. Times in µs since 1970; `days`: on
 * how many of them there was traffic. Pure.
 */
export function baselineNote(
  learned: string | null,
  first_time: number | null,
  last_time: number | null,
  days: number,
): string {
  if (learned) return learned;
  const hours = ((last_time ?? 0) - (first_time ?? 0)) / 3600e6;
  if (hours < 6)
    return 'no history: hosts are compared only with each other and with what is usual on other networks';
  if (hours > 48 && hours / 24 > 2 * days)
    return `${counted(days, 'day')} with traffic in a span of ${counted(Math.floor(hours / 24), 'day')}: there are gaps, or a clock was wrong`;
  if (hours < 72)
    return `${Math.floor(hours)} hours of history: every window is judged by the hours before it; the first ones only by the population`;
  return `${counted(Math.floor(hours / 24), 'day')} of history: every window is judged by what came before it`;
}
