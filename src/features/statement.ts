import { duration } from '../base/duration.ts';
import { instant } from '../base/time.ts';
import type { Detector, Feature } from '../schema/detector.ts';
import { endOf, type WindowRange, type Windows } from './ranges.ts';

export interface Statement {
  readonly sql: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Event time between two instants, µs since 1970; `to` is not in it. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Length and distance of a detector's windows. */
export function windowsOf(detector: Detector): Windows {
  const window_s = duration(detector.window);
  return { window_s, hop_s: Math.min(window_s, detector.hop ? duration(detector.hop) : window_s) };
}

/**
 * The statement that gives a detector's feature rows for all windows that start in a range, oldest first.
 * Adds to the feature's own columns: worth (the detector's `when`), called (which of its `called` names it, -1 for none),
 * raise_0 … (its `raise` conditions), lower_0 …, instants as numbers. A window's row is computed from events of that window and before, never after, so that it is the same in
 * whatever ranges the windows are asked for. `all`: from the first event that is stored to just after the last.
 */
export function featureStatement(
  feature: Feature,
  detector: Detector,
  range: WindowRange,
  all: Range,
): Statement {
  const windows = windowsOf(detector);
  const { window_s, hop_s } = windows;
  const raises = detector.raise.map((one, i) => `toUInt8(${one.when}) AS raise_${i}`);
  const lowers = detector.lower.map((one, i) => `toUInt8(${one.when}) AS lower_${i}`);
  const columns = Object.entries(feature.columns).map(([name, { unit }]) =>
    unit === 'text' || unit === 'list' ? name : `toFloat64(${name}) AS ${name}`,
  );
  const judged_only = detector.model.kind === 'beacon';
  const sql = `SELECT
  toFloat64(toUnixTimestamp(window_at)) * 1e6 AS window_at_us,
  toFloat64(toUnixTimestamp64Micro(toDateTime64(first_at, 6))) AS first_at_us,
  toFloat64(toUnixTimestamp64Micro(toDateTime64(last_at, 6))) AS last_at_us,
  ${feature.sql.includes('peer_group') ? 'toString(peer_group)' : "''"} AS peer,
  worth, ${called(detector)} AS called, ${[...raises, ...lowers, ...feature.grain, ...columns].join(', ')}
FROM (SELECT *, toUInt8(${detector.when}) AS worth FROM (
${expandWindows(feature.sql, window_s, hop_s)}
))
WHERE toUnixTimestamp(window_at) >= {windows_from:UInt32} AND toUnixTimestamp(window_at) < {windows_to:UInt32}${judged_only ? ' AND worth' : ''}
ORDER BY window_at_us, ${feature.grain.join(', ')}`;
  const params: Record<string, unknown> = {
    from: instant(range.from),
    to: instant(endOf(range, windows)),
    begun: instant(all.from),
    ended: instant(all.to),
    windows_from: range.from / 1e6,
    windows_to: range.to / 1e6,
    window_s,
  };
  for (const [name, setting] of Object.entries(detector.settings)) params[name] = setting.value;
  return { sql, params };
}

function called({ called }: Detector): string {
  if (called.length === 0) return 'toInt16(-1)';
  return `toInt16(multiIf(${called.map(({ when }, i) => `${when}, ${i}`).join(', ')}, -1))`;
}

/** The columns of `featureStatement`, in order. */
export function statementColumns(feature: Feature, detector: Detector): string[] {
  return [
    'window_at_us',
    'first_at_us',
    'last_at_us',
    'peer',
    'worth',
    'called',
    ...detector.raise.map((_, i) => `raise_${i}`),
    ...detector.lower.map((_, i) => `lower_${i}`),
    ...feature.grain,
    ...Object.keys(feature.columns),
  ];
}

/**
 * `window_of(told_at)` in a feature's SQL becomes the start of the window. Where windows overlap (hop < window) each
 * event belongs to several, so that nothing hides by straddling an edge.
 */
export function expandWindows(sql: string, window_s: number, hop_s: number): string {
  return sql.replace(/window_of\(([a-z_.]+)\)/g, (_, time: string) => {
    const start = `toStartOfInterval(${time}, toIntervalSecond(${hop_s}))`;
    if (hop_s >= window_s) return start;
    const hops = Math.ceil(window_s / hop_s);
    // A window that would begin before 1970 does not exist, and one that is not asked for is not made.
    return `arrayJoin(arrayMap(hop -> ${start} - toIntervalSecond(hop * ${hop_s}), arrayFilter(hop -> hop * ${hop_s} <= toUnixTimestamp(${start}) AND toUnixTimestamp(${start}) - hop * ${hop_s} >= {windows_from:UInt32} AND toUnixTimestamp(${start}) - hop * ${hop_s} < {windows_to:UInt32}, range(${hops}))))`;
  });
}
