import { instant } from '../base/time.ts';
import type { Finding } from '../schema/finding.ts';
import { insertRows } from './inserts.ts';
import type { Store } from './store.ts';

/** Findings sent to the engine at once: a flood may have any number. */
const batch = 1000;

/** Stores findings of a run; a later one of the same run and id takes the place of the earlier. `shown`: within the budget. */
export async function saveFindings(
  store: Store,
  run_id: string,
  findings: readonly Finding[],
  shown: boolean,
  now_us: number,
): Promise<void> {
  for (let from = 0; from < findings.length; from += batch) {
    const rows = findings.slice(from, from + batch).map((one) => rowOf(one, run_id, shown, now_us));
    await insertRows(store.connection, 'finding', rows);
  }
}

function rowOf(
  finding: Finding,
  run_id: string,
  shown: boolean,
  now_us: number,
): Readonly<Record<string, unknown>> {
  return {
    run_id,
    finding_id: finding.finding_id,
    detector: finding.detector,
    severity: finding.severity,
    stage: finding.stage,
    start_at: instant(finding.start_at),
    end_at: instant(finding.end_at),
    score: finding.score,
    p_value: finding.p_value,
    risk_score: finding.risk_score,
    shown,
    entity: Object.fromEntries(Object.entries(finding.entity).map(([name, value]) => [name, String(value)])),
    body: JSON.stringify(finding),
    stored_at: instant(now_us),
  };
}

export interface FindingFilter {
  readonly run_id?: string;
  readonly finding_id?: string;
  /** the first characters of an id */
  readonly id_prefix?: string;
  /** true: only those within the budget; false: only those held back */
  readonly shown?: boolean;
  readonly detector?: string;
  /** a value that any column of the entity has: an address, a name */
  readonly entity?: string;
  readonly limit?: number;
}

/** Findings, the riskiest first. */
export async function listFindings(store: Store, filter: FindingFilter = {}): Promise<Finding[]> {
  const conditions = [
    filter.run_id !== undefined && 'run_id = {run_id:String}',
    filter.finding_id !== undefined && 'finding_id = {finding_id:String}',
    filter.id_prefix !== undefined && 'startsWith(finding_id, {id_prefix:String})',
    filter.shown !== undefined && 'shown = {shown:Bool}',
    filter.detector !== undefined && 'detector = {detector:String}',
    filter.entity !== undefined && 'has(mapValues(entity), {entity:String})',
  ].filter((one) => one !== false);
  const rows = await store.rows<[string]>(
    `SELECT body FROM finding FINAL WHERE ${conditions.join(' AND ') || '1'}
ORDER BY risk_score DESC, p_value, start_at, finding_id LIMIT {limit:UInt32}`,
    { limit: 1000, ...filter },
    { name: 'findings' },
  );
  return rows.map(([body]) => JSON.parse(body) as Finding);
}
