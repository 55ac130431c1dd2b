import { evidenceStatements, recountStatements } from '../detect/index.ts';
import type { Detector } from '../schema/detector.ts';
import type { Finding } from '../schema/finding.ts';
import type { Store } from '../store/index.ts';
import { feature_settings } from './settings.ts';

/** One value of a finding's sentence, as it was told and as the stored events give it now. */
export interface Recounted {
  readonly column: string;
  readonly told: unknown;
  readonly counted: unknown;
  readonly agrees: boolean;
}

/** Sums of fractions may come out otherwise in the last digits when they are added in another order. */
const most_difference = 1e-9;

/**
 * Counts the numbers of a finding's sentence again, from the events that are in the store, by the detector's `counts`:
 * nothing of how the finding was made is used. Empty when no event of the finding is there any more.
 */
export async function recount(store: Store, detector: Detector, finding: Finding): Promise<Recounted[]> {
  const evidence = await firstWithRows(store, detector, finding);
  if (evidence === null) return [];
  const counted: Recounted[] = [];
  for (const { sql, params, told } of recountStatements(detector, finding, evidence)) {
    const [row] = await store.query<Record<string, unknown>>(sql, params, {
      name: 'recount',
      settings: feature_settings,
      of_content: true,
    });
    if (Number(row?.events ?? 0) === 0) continue;
    for (const [column, value] of Object.entries(told)) {
      // What cannot be seen is not said (fillTemplate leaves it out), so there is nothing to count.
      if (isNothing(value)) continue;
      const now = row?.[column];
      counted.push({ column, told: value, counted: now, agrees: same(value, now) });
    }
  }
  return counted;
}

async function firstWithRows(store: Store, detector: Detector, finding: Finding): Promise<number | null> {
  for (const [i, { count_sql, params }] of evidenceStatements(detector, finding, 1).entries()) {
    const [row] = await store.query<{ n: number }>(count_sql, params, { name: 'recount', of_content: true });
    if (Number(row?.n ?? 0) > 0) return i;
  }
  return null;
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || Number.isNaN(value);
}

/** Whether two values are the same number, or the same text. A share of nothing is nothing. */
function same(told: unknown, counted: unknown): boolean {
  const [a, b] = [Number(told ?? 0), Number(counted ?? 0)];
  if (Number.isNaN(a) || Number.isNaN(b)) return String(told) === String(counted);
  return Math.abs(a - b) <= most_difference * Math.max(1, Math.abs(a), Math.abs(b));
}
