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
/** What a source at its end told last is history when it is older than this. */
const least_history_us = 6 * 3600e6;
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
 * back. Null: nothing is known yet. Infinity: all are at their end, and told of long ago.
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
  const told = right.filter((one) => one.newest !== null);
  if (told.length === 0) return null;
  if (told.every((one) => isHistory(one, now))) return Number.POSITIVE_INFINITY;
  return Math.max(
    ...told.map(
      ({ newest, lateness_us, heard_at, ended }) => newest! - (ended ? 0 : lateness_us) + (now - heard_at),
    ),
  );
}

/** A source at its end that tells of long ago: nothing follows on what it told. A log that is quiet for now is none. */
function isHistory({ newest, ended }: SourceTold, now: number): boolean {
  return ended && newest !== null && newest < now - least_history_us;
}
