import type { Finding } from '../schema/finding.ts';

/**
 * Findings of one detector on the same entity whose times touch (at most `gap_us` apart) become one that grows; the
 * strongest window speaks for all. Pure. Input in any order; output by start.
 */
export function foldWindows(findings: readonly Finding[], gap_us: (detector: string) => number): Finding[] {
  const open = new Map<string, Finding>();
  const done: Finding[] = [];
  for (const finding of [...findings].sort((a, b) => a.start_at - b.start_at)) {
    const key = `${finding.detector} ${Object.values(finding.entity).join(' ')}`;
    const before = open.get(key);
    if (before && finding.start_at - before.end_at <= gap_us(finding.detector)) {
      open.set(key, joined(before, finding));
      continue;
    }
    if (before) done.push(before);
    open.set(key, finding);
  }
  return [...done, ...open.values()].sort((a, b) => a.start_at - b.start_at);
}

function joined(a: Finding, b: Finding): Finding {
  const stronger =
    b.risk_score > a.risk_score || (b.risk_score === a.risk_score && b.p_value < a.p_value) ? b : a;
  return {
    ...stronger,
    finding_id: a.finding_id,
    start_at: Math.min(a.start_at, b.start_at),
    end_at: Math.max(a.end_at, b.end_at),
    windows: a.windows + b.windows,
    members: [...a.members, ...b.members].slice(0, most_members),
  };
}

/** Members that a finding carries by name; a flood may have any number. */
const most_members = 1000;

/** More than this many findings of one detector on one primary entity within a day are one finding with members. */
export const flood_at = 3;

/**
 * A flood is one finding that grows: when a detector fires on more than `most` entities that share the same
 * primary address within a day, the strongest one speaks and the others become its members. Pure.
 */
export function foldFloods(
  findings: readonly Finding[],
  primary: (finding: Finding) => string,
  most = flood_at,
): Finding[] {
  const day_us = 86_400e6;
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${finding.detector} ${primary(finding)} ${Math.floor(finding.start_at / day_us)}`;
    const group = groups.get(key);
    if (group) group.push(finding);
    else groups.set(key, [finding]);
  }
  return [...groups.values()].flatMap((group) => (group.length > most ? [flood(group)] : group));
}

function flood(group: readonly Finding[]): Finding {
  const [first, ...rest] = [...group].sort(
    (a, b) => b.risk_score - a.risk_score || a.p_value - b.p_value,
  ) as [Finding, ...Finding[]];
  return {
    ...first,
    start_at: group.reduce((least, one) => Math.min(least, one.start_at), first.start_at),
    end_at: group.reduce((most, one) => Math.max(most, one.end_at), first.end_at),
    windows: group.reduce((sum, one) => sum + one.windows, 0),
    members: [...first.members, ...rest.flatMap((one) => [memberOf(one), ...one.members])].slice(
      0,
      most_members,
    ),
  };
}

/** What is kept of a finding that was folded into another. */
export function memberOf(finding: Finding): Finding['members'][number] {
  const { finding_id, entity, start_at, end_at, p_value, summary } = finding;
  return { finding_id, entity, start_at, end_at, p_value, summary };
}
