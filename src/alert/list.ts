import type { Finding } from '../schema/finding.ts';
import { type Budgeted, withinBudget } from './budget.ts';
import { foldFloods, foldWindows } from './fold.ts';
import { primary, sameName, target } from './keys.ts';
import { byRisk, corroborate, riskScore } from './rank.ts';

/** What decides which findings of a run are told, and how many. */
export interface Policy {
  /** length of a detector's window, µs */
  readonly window_us: (detector: string) => number;
  readonly budget_per_day: number;
}

const hour_us = 3600e6;
/** Outside hosts that do the same to one of ours before they are one finding. */
const most_outside = 10;

/**
 * From what detectors saw to the list that people read: risk, folds, corroboration, rank and budget, in this
 * order. A run and a detector's own tests go through it alike. Pure.
 */
export function listOf(findings: readonly Finding[], { window_us, budget_per_day }: Policy): Budgeted {
  const judged = findings.map((one) => ({ ...one, risk_score: riskScore(one) }));
  const folded = foldWindows(judged, (id) => Math.max(2 * window_us(id), hour_us));
  const single = foldFloods(foldFloods(foldFloods(folded, sameName), primary), target, most_outside);
  const ranked = corroborate(single, primary).sort(byRisk);
  return withinBudget(ranked, budget_per_day);
}
