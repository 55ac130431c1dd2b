import { evidenceInAll, evidenceOf, evidenceStatements } from '../detect/index.ts';
import type { Detector } from '../schema/detector.ts';
import type { Finding } from '../schema/finding.ts';
import type { Store } from '../store/index.ts';
import { type Failed, failure } from './failed.ts';

/**
 * Finds the events that back what is shown, and what each line tells with it as a further reason: at most `limit` of each,
 * and how many there are. A detector whose evidence cannot be found is told of; its findings stay.
 */
export async function addEvidence(
  store: Store,
  detectors: readonly Detector[],
  shown: readonly Finding[],
  folded: readonly Finding[],
  limit: number,
): Promise<Failed[]> {
  const reasons = new Set(shown.flatMap((one) => one.also.map((also) => also.finding_id)));
  const told_with = folded.filter((one) => reasons.has(one.finding_id));
  const by_id = new Map(detectors.map((one) => [one.id, one]));
  const failed = new Map<string, Failed>();
  for (const finding of [...told_with, ...shown]) {
    const detector = by_id.get(finding.detector)!;
    try {
      await findEvidence(store, detector, finding, limit);
    } catch (error) {
      const told = failure(detector, error);
      failed.set(detector.id, { ...told, why: `its evidence cannot be found: ${told.why}` });
    }
  }
  const backed = new Map(told_with.map((one) => [one.finding_id, one]));
  for (const also of shown.flatMap((one) => one.also)) {
    const { evidence, evidence_total } = backed.get(also.finding_id) ?? also;
    Object.assign(also, { evidence, evidence_total });
  }
  return [...failed.values()];
}

async function findEvidence(
  store: Store,
  detector: Detector,
  finding: Finding,
  limit: number,
): Promise<void> {
  for (const [i, statement] of evidenceStatements(detector, finding, limit).entries()) {
    const rows = await store.query<Record<string, unknown>>(statement.sql, statement.params, {
      name: 'evidence',
      of_content: true,
    });
    if (rows.length === 0) continue;
    const [count] = await store.query<{ n: number }>(statement.count_sql, statement.params, {
      name: 'evidence count',
      of_content: true,
    });
    finding.evidence = rows.map((row) => evidenceOf(statement.table, row));
    finding.evidence_total = Number(count?.n ?? rows.length);
    const all = evidenceInAll(detector, finding, i);
    if (all === null) return;
    const [in_all] = await store.query<{ n: number }>(all.count_sql, all.params, {
      name: 'evidence count in all',
      of_content: true,
    });
    if (in_all) finding.evidence_in_all = Number(in_all.n);
    return;
  }
}
