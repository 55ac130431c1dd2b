import type { Finding } from '../schema/finding.ts';
import { type Capped, capped } from './cap.ts';
import { type Folded, foldDays, foldFloods, foldHosts, foldPairs, foldWindows } from './fold.ts';
import { lowKind, pairsOf, place, primary, sameDay, sameHosts, sameName, target } from './keys.ts';
import { corroborate, riskScore, severityAs } from './rank.ts';

/** What decides which findings of a run are told, and how many. */
export interface Policy {
  /** what is less likely than this is never held back */
  readonly far_p: number;
  /** length of a detector's window, µs */
  readonly window_us: (detector: string) => number;
  /** whether a detector tells of a host as a whole */
  readonly about_host: (detector: string) => boolean;
  /** whether what a host does to several others is one act */
  readonly one_act: (detector: string) => boolean;
  /** feature set whose rows a detector judges */
  readonly facts_of: (detector: string) => string;
  readonly budget_per_day: number;
}

const hour_us = 3600e6;
/** Outside hosts that do the same to one of ours before they are one finding. */
const most_outside = 10;

/**
 * From what detectors saw to the list that people read: risk, folds, corroboration and cap, in this order. A
 * run and a detector's own tests go through it alike. Pure.
 */
export function listOf(findings: readonly Finding[], policy: Policy): Capped {
  const { far_p, window_us, about_host, one_act, facts_of, budget_per_day } = policy;
  const judged = findings.map(weighed);
  const lines = foldDays(foldWindows(judged, (id) => Math.max(2 * window_us(id), hour_us)));
  const single = [sameName, primary, place].reduce<Folded>((all, key) => foldFloods(all, key), {
    lines,
    folded: [],
  });
  const floods = foldFloods(single, target, most_outside);
  const ranked = { lines: corroborate(floods.lines, primary), folded: floods.folded };
  const pairs = foldPairs(ranked, pairsOf(ranked.lines));
  const facts = foldPairs(pairs, (one) => `${facts_of(one.detector)} ${sameDay(one)}`);
  const acts = foldFloods(facts, (one) => (one_act(one.detector) ? primary(one) : one.finding_id), 1);
  const hosts = foldHosts(foldFloods(acts, sameHosts, 1), about_host);
  return capped(foldFloods(hosts, lowKind, 1), budget_per_day, far_p);
}

/** Severity, risk and confidence that agree with each other. */
function weighed(finding: Finding): Finding {
  const settled = { ...finding, severity: severityAs(finding) };
  return { ...settled, risk_score: riskScore(settled) };
}
