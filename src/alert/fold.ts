import { severities } from '../schema/detector.ts';
import type { Also, Finding, Member } from '../schema/finding.ts';
import { dayOf, primary } from './keys.ts';
import { byRisk, bySize } from './rank.ts';

/** Lines of a list, and what was folded into them: each keeps the id of the finding it is told with. */
export interface Folded {
  readonly lines: readonly Finding[];
  readonly folded: readonly Finding[];
}

/**
 * Findings of one detector on the same entity whose times touch (at most `gap_us` apart) become one that grows; the
 * strongest window speaks for all, or one in which more came to light (`speaks`). `joins`: whether the later one may be told
 * with the earlier, if not always. Pure. Input in any order; output by start.
 */
export function foldWindows(
  findings: readonly Finding[],
  gap_us: (detector: string) => number,
  joins: (before: Finding, after: Finding) => boolean = () => true,
): Finding[] {
  const open = new Map<string, Finding>();
  const done: Finding[] = [];
  for (const finding of [...findings].sort(byStart)) {
    const key = `${finding.detector} ${Object.values(finding.entity).join(' ')}`;
    const before = open.get(key);
    if (before && finding.start_at - before.end_at <= gap_us(finding.detector) && joins(before, finding)) {
      open.set(key, joined(before, finding));
      continue;
    }
    if (before) done.push(before);
    open.set(key, finding);
  }
  return [...done, ...open.values()].sort(byStart);
}

/** From the end of one evening's work to the same an evening later, with two hours to spare, µs. */
const about_a_day_us = 26 * 3600e6;

/**
 * What is seen again within about a day, and no worse than before, is the same finding that grows: a host that does it
 * daily is told once, not once a day. What is worse than before is told anew. Pure.
 */
export function foldDays(findings: readonly Finding[]): Finding[] {
  return foldWindows(
    findings,
    () => about_a_day_us,
    (before, after) => severities[after.severity] <= severities[before.severity],
  );
}

function byStart(a: Finding, b: Finding): number {
  return a.start_at - b.start_at || byRisk(a, b);
}

/** The window that speaks for two: one that says so, else the riskier. It is as severe and as risky as the worse of them. */
function speaker(a: Finding, b: Finding): Finding {
  const riskier = bySize(a, b) <= 0 ? a : b;
  if (a.speaks === b.speaks) return riskier;
  const { severity, risk_score } = riskier;
  return { ...(a.speaks ? a : b), severity, risk_score };
}

function joined(a: Finding, b: Finding): Finding {
  const stronger = speaker(a, b);
  return {
    ...stronger,
    finding_id: a.finding_id,
    start_at: Math.min(a.start_at, b.start_at),
    end_at: Math.max(a.end_at, b.end_at),
    windows: a.windows + b.windows,
  };
}

/** More than this many findings of one detector on one primary entity within a day are one finding with members. */
export const flood_at = 3;

/**
 * A flood is one finding that grows: when a detector fires on more than `most` entities that share the same key within
 * a day, the strongest one speaks and the others become its members. Pure.
 */
export function foldFloods(
  { lines, folded }: Folded,
  keyOf: (finding: Finding) => string,
  most = flood_at,
): Folded {
  const groups = Map.groupBy(lines, (one) => `${one.detector} ${keyOf(one)} ${dayOf(one)}`);
  return foldGroups(
    [...groups.values()].map((group) => ({ group, fold: group.length > most })),
    folded,
    withMembers,
    bySize,
  );
}

/**
 * What several detectors say of the same pair on a day, or of the same facts of one entity, is one line: the strongest
 * speaks, the others are further reasons. No risk is lowered by it. Pure.
 */
export function foldPairs({ lines, folded }: Folded, pairOf: (finding: Finding) => string): Folded {
  const groups = Map.groupBy(lines, pairOf);
  return foldGroups(
    [...groups.values()].map((group) => ({ group, fold: group.length > 1 })),
    folded,
    withReasons,
  );
}

/**
 * That a host behaves oddly as a whole is no step of an attack but a reason to look at the steps: it is told with the
 * riskiest other line of that host and day. Whichever of the two is the riskier speaks, the others are its reasons. Pure.
 */
export function foldHosts({ lines, folded }: Folded, about_host: (detector: string) => boolean): Folded {
  const hosts = Map.groupBy(lines, (one) => {
    const host = primary(one);
    return host === '' ? one.finding_id : `${host} ${dayOf(one)}`;
  });
  const groups = [...hosts.values()].flatMap((all) => {
    const of_host = all.filter((one) => about_host(one.detector));
    const [strongest, ...others] = all.filter((one) => !about_host(one.detector)).sort(byRisk);
    const together = strongest ? [...of_host, strongest] : of_host;
    return [
      { group: together, fold: together.length > 1 },
      ...others.map((one) => ({ group: [one], fold: false })),
    ];
  });
  return foldGroups(groups, folded, withReasons);
}

/** One line out of each group that is to be folded. */
export function foldGroups(
  groups: readonly { readonly group: readonly Finding[]; readonly fold: boolean }[],
  folded: readonly Finding[],
  into: (first: Finding, rest: readonly Finding[]) => Finding,
  order: (a: Finding, b: Finding) => number = byRisk,
): Folded {
  const lines: Finding[] = [];
  const away = new Map<string, string>();
  const all = [...folded];
  for (const { group, fold } of groups) {
    if (!fold) {
      for (const one of group) lines.push(one);
      continue;
    }
    const [first, ...rest] = [...group].sort(order) as [Finding, ...Finding[]];
    lines.push(into(first, rest));
    for (const one of rest) {
      away.set(one.finding_id, first.finding_id);
      all.push(one);
    }
  }
  if (away.size === 0) return { lines, folded };
  // What was told with one that is now told with another goes along.
  const moved = (one: Finding): Finding => {
    const to = away.get(one.finding_id) ?? away.get(one.folded_into);
    return to === undefined ? one : { ...one, folded_into: to };
  };
  return { lines, folded: all.map(moved) };
}

/** Members that a finding carries by name; a flood may have any number, and the store has them all. */
const most_members = 1000;
/** Reasons of other detectors that a finding carries; what is beyond are members. */
const most_reasons = 10;

/** The first with the rest as its members. */
export function withMembers(first: Finding, rest: readonly Finding[]): Finding {
  const further = rest.flatMap((one) => [memberOf(one), ...one.also.map(memberOf), ...one.members]);
  return {
    ...spanning(first, rest),
    members: foremost([...first.members, ...further]),
    members_total:
      first.members_total + rest.reduce((sum, one) => sum + 1 + one.also.length + one.members_total, 0),
  };
}

/** The first with the rest as further reasons, and with the reasons that those had. */
function withReasons(first: Finding, rest: readonly Finding[]): Finding {
  const reasons = [...first.also, ...rest.flatMap((one) => [alsoOf(one), ...one.also])];
  const beyond = reasons.slice(most_reasons);
  const further = [...rest.flatMap((one) => one.members), ...beyond.map(memberOf)];
  return {
    ...spanning(first, rest),
    also: reasons.slice(0, most_reasons),
    members: foremost([...first.members, ...further]),
    members_total: rest.reduce((sum, one) => sum + one.members_total, first.members_total) + beyond.length,
  };
}

function spanning(first: Finding, rest: readonly Finding[]): Finding {
  return {
    ...first,
    own_start_at: first.own_start_at ?? first.start_at,
    own_end_at: first.own_end_at ?? first.end_at,
    start_at: rest.reduce((least, one) => Math.min(least, one.start_at), first.start_at),
    end_at: rest.reduce((most, one) => Math.max(most, one.end_at), first.end_at),
    // Those of different entities may be the same windows: no sum.
    windows: rest
      .filter((one) => one.detector === first.detector)
      .reduce((most, one) => Math.max(most, one.windows), first.windows),
  };
}

/**
 * The first of each kind and severity, then the severest: however many a flood has, it pushes nothing of another kind
 * out of what is named.
 */
function foremost(members: readonly Member[]): Member[] {
  const seen = new Set<string>();
  const firsts: Member[] = [];
  const others: Member[] = [];
  for (const one of [...members].sort((a, b) => severities[b.severity] - severities[a.severity])) {
    if (seen.has(one.detector)) others.push(one);
    else firsts.push(one);
    seen.add(one.detector);
  }
  return [...firsts, ...others].slice(0, most_members);
}

function memberOf(one: Member): Member {
  const { finding_id, detector, title, severity, entity, start_at, end_at, p_value, summary } = one;
  return { finding_id, detector, title, severity, entity, start_at, end_at, p_value, summary };
}

function alsoOf(finding: Finding): Also {
  const { reasons, evidence, evidence_total } = finding;
  return { ...memberOf(finding), reasons, evidence, evidence_total };
}
