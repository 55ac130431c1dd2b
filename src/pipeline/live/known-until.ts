/** Up to when everything has been told: what windows wait for. Pure; all instants µs since 1970. */

/** What is known of one source. */
export interface SourceTold {
  /** its newest record, by when it could be told; null: none has come yet */
  readonly newest: number | null;
  /** how much later than newer ones a record may come, µs: time-outs of a sensor, spread of clocks */
  readonly lateness_us: number;
  /** when its last record came, by the clock */
  readonly heard_at: number;
  /** it has told everything for now: a file at its end */
  readonly ended: boolean;
}

/** A source whose records are further ahead of the clock than this has a wrong clock. */
const most_ahead_us = 600e6;
/** No network was watched before: 2000-01-01. */
const least_time = 946_684_800e6;
/** A source is silent when nothing came for as long as its lateness, and for at least this. */
const least_silence_us = 60e6;

/** A source whose clock is wrong: told of, and never asked how far time has come. */
export function clockIsWrong({ newest }: SourceTold, now: number): boolean {
  return newest !== null && (newest > now + most_ahead_us || newest < least_time);
}

/** Whether nothing has come from a source for longer than it may be silent. */
export function isSilent({ lateness_us, heard_at, ended }: SourceTold, now: number): boolean {
  return !ended && now - heard_at > Math.max(lateness_us, least_silence_us);
}

/**
 * The least instant up to which every source that speaks has told everything. Who is silent beyond its habit stops holding
 * the others back; when all are silent, time goes on with the clock from the newest record. Sources at their end hold nobody
 * back. Null: nothing is known yet. Infinity: all are at their end.
 */
export function knownUntil(sources: readonly SourceTold[], now: number): number | null {
  const right = sources.filter((one) => !clockIsWrong(one, now));
  if (right.length === 0) return null;
  const speaking = right.filter((one) => !one.ended && !isSilent(one, now));
  if (speaking.length > 0)
    return speaking.reduce<number | null>((least, { newest, lateness_us }) => {
      if (newest === null || least === null) return null;
      return Math.min(least, newest - lateness_us);
    }, Number.POSITIVE_INFINITY);
  const silent = right.filter((one) => !one.ended && one.newest !== null);
  if (silent.length === 0) return right.some((one) => one.ended) ? Number.POSITIVE_INFINITY : null;
  return Math.max(...silent.map((one) => one.newest! - one.lateness_us + (now - one.heard_at)));
}
