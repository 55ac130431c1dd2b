/** Events of one hour of event time; `at_s`: its start, seconds since 1970. */
export interface Hour {
  readonly at_s: number;
  readonly events: number;
}

/** Windows that start in [from_s, to_s); seconds since 1970. */
export interface WindowRange {
  readonly from_s: number;
  readonly to_s: number;
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
  const step_s = stepOf(windows);
  const sorted = hours.filter(({ events }) => events > 0).sort((a, b) => a.at_s - b.at_s);
  const counted = counter(sorted);
  const overlap = Math.ceil(windows.window_s / windows.hop_s);
  const ranges: { from_s: number; to_s: number }[] = [];
  for (const at_s of starts(sorted, windows, step_s)) {
    const last = ranges.at(-1);
    const to_s = at_s + step_s;
    if (last && overlap * counted(last.from_s, endOf({ from_s: last.from_s, to_s }, windows)) <= most)
      last.to_s = to_s;
    else ranges.push({ from_s: at_s, to_s });
  }
  return ranges;
}

/** A range in two halves; null when it is the least there is. */
export function halves({ from_s, to_s }: WindowRange, windows: Windows): [WindowRange, WindowRange] | null {
  const step_s = stepOf(windows);
  const steps = Math.floor((to_s - from_s) / step_s);
  if (steps < 2) return null;
  const middle_s = from_s + Math.floor(steps / 2) * step_s;
  return [
    { from_s, to_s: middle_s },
    { from_s: middle_s, to_s },
  ];
}

/** Just after the last event that windows of a range can hold. */
export function endOf({ to_s }: WindowRange, { window_s, hop_s }: Windows): number {
  return to_s + Math.max(0, window_s - hop_s);
}

/** Ranges begin and end at whole multiples of the hop that are an hour at least: events are counted by the hour. */
function stepOf({ hop_s }: Windows): number {
  return hop_s * Math.ceil(3600 / hop_s);
}

/** The steps in which a window starts that holds an event, rising. */
function starts(sorted: readonly Hour[], { window_s, hop_s }: Windows, step_s: number): number[] {
  const all: number[] = [];
  for (const { at_s } of sorted) {
    const first = Math.max(0, Math.floor((at_s - window_s + hop_s) / step_s) * step_s);
    const from = Math.max(first, (all.at(-1) ?? -step_s) + step_s);
    for (let start = from; start < at_s + 3600; start += step_s) all.push(start);
  }
  return all;
}

/** Events between two instants, by whole hours. */
function counter(sorted: readonly Hour[]): (from_s: number, to_s: number) => number {
  const sums = [0];
  for (const { events } of sorted) sums.push(sums.at(-1)! + events);
  const before = (at_s: number): number => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]!.at_s < at_s) low = middle + 1;
      else high = middle;
    }
    return sums[low]!;
  };
  return (from_s, to_s) => before(to_s) - before(Math.floor(from_s / 3600) * 3600);
}
