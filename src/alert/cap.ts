import type { Finding, HeldBack } from '../schema/finding.ts';
import { type Folded, foldGroups, withMembers } from './fold.ts';
import { dayOf, isLow, lowKind, primary } from './keys.ts';
import { byRisk } from './rank.ts';

export interface Capped {
  /** The lines of the list, the riskiest first. */
  readonly shown: readonly Finding[];
  /** Of low severity and beyond the cap: kept in the store, counted, not shown. */
  readonly held: readonly Finding[];
  /** Told with another: kept in the store, each with the id of that one. */
  readonly folded: readonly Finding[];
}

/**
 * The p-value from which on a finding is far beyond chance: by chance alone, fewer than one run in a hundred has even one
 * such finding among all rows it judged (Bonferroni at a family-wise error of 1 %). To hold that back for want of places
 * would be to hide what cannot well be noise. Pure.
 */
export function farBeyondChance(judged: number): number {
  return 0.01 / Math.max(1, judged);
}

/**
 * At most `per_day` lines a day of event time, as long as nothing that matters is lost for it. A day that has more is
 * folded first, the largest groups first and no more than is needed: what is low by kind, then what is of one host, then
 * what is of one kind. Only then the least of what is low is held. Never held is what is of medium severity or more, and
 * what is far beyond chance (p ≤ `far_p`): rather the day has more lines. Pure.
 */
export function capped(findings: Folded, per_day: number, far_p: number): Capped {
  const shown: Finding[] = [];
  const held: Finding[] = [];
  let folded = findings.folded;
  for (const day of Map.groupBy(findings.lines, dayOf).values()) {
    const one = [lowKind, primary, kind].reduce<Folded>((all, key) => foldToFit(all, key, per_day), {
      lines: day,
      folded,
    });
    folded = one.folded;
    const [first, rest] = split(one.lines, per_day, far_p);
    for (const line of first) shown.push(line);
    for (const line of rest) held.push(line);
  }
  return { shown: shown.sort(byRisk), held: held.sort(byRisk), folded };
}

const kind = (finding: Finding): string => finding.detector;

/** Folds the largest groups of a day until no more than `most` lines are left. */
function foldToFit({ lines, folded }: Folded, keyOf: (finding: Finding) => string, most: number): Folded {
  if (lines.length <= most) return { lines, folded };
  const groups = [...Map.groupBy([...lines].sort(byRisk), (one) => keyOf(one) || one.finding_id).values()];
  let left = lines.length;
  const chosen = groups
    .sort((a, b) => b.length - a.length || byRisk(a[0]!, b[0]!))
    .map((group) => {
      const fold = left > most && group.length > 1;
      if (fold) left -= group.length - 1;
      return { group, fold };
    });
  return foldGroups(chosen, folded, withMembers);
}

/** The lines of a day that have a place, and those that do not. */
function split(lines: readonly Finding[], per_day: number, far_p: number): [Finding[], Finding[]] {
  const mayBeHeld = (line: Finding): boolean =>
    isLow(line) && ![line, ...line.also, ...line.members].some((one) => one.p_value <= far_p);
  const must = lines.filter((line) => !mayBeHeld(line));
  const may = lines.filter(mayBeHeld).sort(byRisk);
  const room = Math.max(0, per_day - must.length);
  return [[...must, ...may.slice(0, room)], may.slice(room)];
}

/** Counts what is not a line of its own. */
export function heldBack({ shown, held, folded }: Capped, cap_per_day: number): HeldBack {
  const days = Map.groupBy([...shown, ...held], dayOf);
  const ids = new Set(held.map((one) => one.finding_id));
  const within = [...held, ...folded.filter((one) => ids.has(one.folded_into))];
  const full = new Set(held.map(dayOf));
  return {
    cap_per_day,
    findings: within.length,
    kinds: new Set(within.map(kind)).size,
    hosts: new Set(within.map(primary)).size,
    shown_by: [...full].reduce((most, day) => Math.max(most, days.get(day)!.length), 0),
    folded: folded.length - (within.length - held.length),
  };
}

/**
 * The part of a list that is asked for: lines that end at `since` (µs since 1970) or later, with all that is told with
 * them. What they name and is not asked for is not named: no id is shown that nobody keeps. Pure.
 */
export function askedSince(list: Capped, since: number): Capped {
  const asked = (all: readonly Finding[]): Finding[] => all.filter((one) => one.end_at >= since);
  const [shown, held] = [asked(list.shown), asked(list.held)];
  const lines = new Set([...shown, ...held].map((one) => one.finding_id));
  const folded = list.folded.filter((one) => lines.has(one.folded_into));
  const known = new Set([...lines, ...folded.map((one) => one.finding_id)]);
  const named = (one: Finding): Finding => ({ ...one, related: one.related.filter((id) => known.has(id)) });
  return { shown: shown.map(named), held: held.map(named), folded: folded.map(named) };
}
