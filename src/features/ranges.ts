const hour_us = 3600e6;

/** Events of one hour of event time; `at`: its start, µs since 1970. */
export interface Hour {
  readonly at: number;
  readonly events: number;
}

/** Windows that start in [from, to); µs since 1970. */
export interface WindowRange {
  readonly from: number;
  readonly to: number;
}

/** How long windows are and how far apart they begin; seconds. */
export interface Windows {
  readonly window_s: number;
  readonly hop_s: number;
}

/**
 * Cuts all windows that hold an event into ranges, so that the statement of each range reads at most `most` events, each
 * counted as often as it lies in a window. A range is never less than the windows of an hour (or one window, where the
 * hop is longer): that may be more than `most`. Hours in any order, without gaps filled: a stray record decades away
 * costs one range. Pure.
 */
export function windowRanges(hours: readonly Hour[], windows: Windows, most: number): WindowRange[] {
  const step_us = stepOf(windows);
  const sorted = hours.filter(({ events }) => events > 0).sort((a, b) => a.at - b.at);
  const counted = counter(sorted);
  const overlap = Math.ceil(windows.window_s / windows.hop_s);
  const ranges: { from: number; to: number }[] = [];
  for (const at of starts(sorted, windows, step_us)) {
    const last = ranges.at(-1);
    const to = at + step_us;
    if (last && overlap * counted(last.from, endOf({ from: last.from, to }, windows)) <= most) last.to = to;
    else ranges.push({ from: at, to });
  }
  return ranges;
}

/**
 * Windows that are due: those not judged yet (they start at `judged_until` or later) that are over at `known_until`, up to
 * which everything has been told; µs since 1970. An end in the middle of a window leaves it for later, so that windows are
 * the same in whatever steps time goes on. Null: none is due. Pure.
 */
export function dueWindows(judged_until: number, known_until: number, windows: Windows): WindowRange | null {
  const hop_us = windows.hop_s * 1e6;
  const to =
    known_until === Number.POSITIVE_INFINITY
      ? Number.POSITIVE_INFINITY
      : Math.floor((known_until - windows.window_s * 1e6) / hop_us) * hop_us + hop_us;
  return to > judged_until ? { from: judged_until, to } : null;
}

/** Windows that have begun at an instant and were not judged yet; µs since 1970. Null: there is none. Pure. */
export function openWindows(judged_until: number, at: number, windows: Windows): WindowRange | null {
  const hop_us = windows.hop_s * 1e6;
  const to = Math.floor(at / hop_us) * hop_us + hop_us;
  // What was not judged for long is for the next step, not for a look in passing.
  const from = Math.max(judged_until, Math.floor(at / hop_us) * hop_us - windows.window_s * 1e6);
  return to > from ? { from, to } : null;
}

/** What two ranges share; null: nothing. */
export function shared(a: WindowRange, b: WindowRange): WindowRange | null {
  const [from, to] = [Math.max(a.from, b.from), Math.min(a.to, b.to)];
  return from < to ? { from, to } : null;
}

/** A range in two halves; null when it is the least there is. */
export function halves({ from, to }: WindowRange, windows: Windows): [WindowRange, WindowRange] | null {
  const step_us = stepOf(windows);
  const steps = Math.floor((to - from) / step_us);
  if (steps < 2) return null;
  const middle = from + Math.floor(steps / 2) * step_us;
  return [
    { from, to: middle },
    { from: middle, to },
  ];
}

/** Just after the last event that windows of a range can hold. */
export function endOf({ to }: WindowRange, { window_s, hop_s }: Windows): number {
  return to + Math.max(0, window_s - hop_s) * 1e6;
}

/** Ranges begin and end at whole multiples of the hop that are an hour at least: events are counted by the hour. */
function stepOf({ hop_s }: Windows): number {
  return hop_s * Math.ceil(3600 / hop_s) * 1e6;
}

/** The steps in which a window starts that holds an event, rising. */
function starts(sorted: readonly Hour[], { window_s, hop_s }: Windows, step_us: number): number[] {
  const all: number[] = [];
  for (const { at } of sorted) {
    const first = Math.max(0, Math.floor((at - (window_s - hop_s) * 1e6) / step_us) * step_us);
    const from = Math.max(first, (all.at(-1) ?? -step_us) + step_us);
    for (let start = from; start < at + hour_us; start += step_us) all.push(start);
  }
  return all;
}

/** Events between two instants, by whole hours. */
function counter(sorted: readonly Hour[]): (from: number, to: number) => number {
  const sums = [0];
  for (const { events } of sorted) sums.push(sums.at(-1)! + events);
  const before = (at: number): number => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]!.at < at) low = middle + 1;
      else high = middle;
    }
    return sums[low]!;
  };
  return (from, to) => before(to) - before(Math.floor(from / hour_us) * hour_us);
}
