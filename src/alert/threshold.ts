/** Rows less surprising than this are ordinary, whatever the budget. */
export const most_p = 0.01;

/** How much a run looked at. */
export interface Looked {
  /** rows that were judged, by all detectors */
  readonly judged: number;
  /** days of traffic, at least one */
  readonly days: number;
  readonly budget_per_day: number;
}

/**
 * The greatest p-value that is worth telling: with it, chance alone gives at most the budget (Bonferroni's bound on the
 * expected number of false findings). Pure.
 */
export function threshold({ judged, days, budget_per_day }: Looked): number {
  return Math.min(most_p, (budget_per_day * days) / Math.max(1, judged));
}
