import type { Finding } from '../schema/finding.ts';
import { byRisk } from './rank.ts';

export interface Budgeted {
  readonly shown: Finding[];
  /** Real but below the budget: kept in the store, not shown. */
  readonly held: Finding[];
}

/**
 * At most `per_day` findings a day of event time, the riskiest of each day. A finding counts for the day it started.
 * Nothing is deleted: what is held back is counted and kept. Pure.
 */
export function withinBudget(findings: readonly Finding[], per_day: number): Budgeted {
  const used = new Map<number, number>();
  const shown: Finding[] = [];
  const held: Finding[] = [];
  for (const finding of [...findings].sort(byRisk)) {
    const day = Math.floor(finding.start_at / 86_400e6);
    const count = used.get(day) ?? 0;
    if (count >= per_day) {
      held.push(finding);
      continue;
    }
    used.set(day, count + 1);
    shown.push(finding);
  }
  return { shown, held };
}
