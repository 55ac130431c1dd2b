import type { Selectable } from 'kysely';
import type {
  FindingChange,
  FindingState,
  FindingVersion,
  KeptFinding,
  KeptFindingFilter,
} from '../../schema/control/kept-finding.ts';
import { type Severity, severities } from '../../schema/detector.ts';
import type { Finding } from '../../schema/finding.ts';
import { lastNumber, nextNumber } from './counters.ts';
import { type Handle, pieces } from './handle.ts';
import { jsonText, most_json } from './json.ts';
import type { Tables } from './tables.ts';

/** Versions of a finding that are kept beside the first. */
const last_versions = 50;
const sequence_of_findings = 'finding';

type Row = Selectable<Tables['finding']>;

/**
 * Keeps what is known of findings, and gives what that changed, in the order of `states`. A new version is made only when
 * something of it changed; a state that was looked at up to an earlier time than the one that is kept changes nothing, so that
 * repeating what was done before a crash takes nothing back.
 */
export async function upsertFindings(
  handle: Handle,
  states: readonly FindingState[],
  now_us: number,
): Promise<FindingChange[]> {
  return handle.transaction(async (transaction) => {
    const changes: FindingChange[] = [];
    for (const state of states) changes.push(await upsertOne(transaction, state, now_us));
    return changes;
  });
}

/** What became of a state, beside what is kept. Pure. */
export function changeOf(
  have: {
    readonly as_of: number;
    readonly body: string;
    readonly episode: string;
    shown: unknown;
    held: unknown;
  } | null,
  state: FindingState,
  body: string,
): FindingChange['change'] {
  if (have === null) return 'new';
  if (state.as_of < have.as_of) return 'stale';
  const same =
    have.body === body &&
    have.episode === state.episode &&
    Boolean(have.shown) === state.shown &&
    Boolean(have.held) === state.held;
  return same ? 'same' : 'changed';
}

async function upsertOne(handle: Handle, state: FindingState, now_us: number): Promise<FindingChange> {
  const { finding, as_of } = state;
  const { finding_id } = finding;
  const body = jsonText(finding, most_json.finding, `Finding ${finding_id}`);
  const have =
    (await handle.db
      .selectFrom('finding')
      .select(['version', 'sequence', 'as_of', 'body', 'episode', 'shown', 'held'])
      .where('finding_id', '=', finding_id)
      .executeTakeFirst()) ?? null;
  const change = changeOf(have, state, body);
  if (have !== null && (change === 'same' || change === 'stale')) {
    if (as_of > have.as_of)
      await handle.db.updateTable('finding').set({ as_of }).where('finding_id', '=', finding_id).execute();
    return { finding_id, change, version: have.version, sequence: have.sequence };
  }
  const version = (have?.version ?? 0) + 1;
  const sequence = await nextNumber(handle, sequence_of_findings);
  const told = {
    ...{ version, sequence, as_of, body, changed_at: now_us },
    ...{ episode: state.episode, shown: state.shown, held: state.held },
  };
  const row = {
    ...told,
    detector: finding.detector,
    severity: finding.severity,
    risk: finding.risk_score,
    p_value: finding.p_value,
    start_at: finding.start_at,
    end_at: finding.end_at,
    folded_into: finding.folded_into,
  };
  await handle.db
    .insertInto('finding')
    .values({ finding_id, ...row, created_at: now_us })
    .onConflict((on) => on.column('finding_id').doUpdateSet(row))
    .execute();
  await keepEntity(handle, finding, have?.body ?? null);
  await handle.db
    .insertInto('finding_version')
    .values({ finding_id, ...told })
    .execute();
  await handle.db
    .deleteFrom('finding_version')
    .where('finding_id', '=', finding_id)
    .where('version', '>', 1)
    .where('version', '<=', version - last_versions)
    .execute();
  return { finding_id, change, version, sequence };
}

async function keepEntity(
  handle: Handle,
  { finding_id, entity }: Finding,
  body: string | null,
): Promise<void> {
  const values = valuesOf(entity);
  const had = body === null ? [] : valuesOf((JSON.parse(body) as Finding).entity);
  if (body !== null && values.join('\0') === had.join('\0')) return;
  await handle.db.deleteFrom('finding_entity').where('finding_id', '=', finding_id).execute();
  for (const some of pieces(values))
    await handle.db
      .insertInto('finding_entity')
      .values(some.map((value) => ({ finding_id, value })))
      .onConflict((on) => on.doNothing())
      .execute();
}

/** Longest value of an entity by which a finding is found: longer than any address, name or service. */
const most_entity_value = 512;

function valuesOf(entity: Finding['entity']): string[] {
  const values = Object.values(entity).map((value) => String(value).slice(0, most_entity_value));
  return [...new Set(values)].sort();
}

/** A page of findings by their last change, and from where to go on: null when there is no more now. */
export interface FindingPage {
  readonly findings: readonly KeptFinding[];
  readonly next: number | null;
}

/**
 * Findings in the order of their last change. `after`: those changed since that sequence, the oldest change first; a reader
 * that goes on from the last sequence it saw misses none, and gets one that changed again again. Otherwise the newest
 * change first, those before the sequence `before`.
 */
export async function pageFindings(
  handle: Handle,
  filter: KeptFindingFilter = {},
  page: { readonly after?: number; readonly before?: number; readonly limit?: number } = {},
): Promise<FindingPage> {
  const { after, before, limit = 100 } = page;
  let query = handle.db.selectFrom('finding').selectAll();
  const { severity_at_least, detector, entity, from, to, shown } = filter;
  if (severity_at_least !== undefined) query = query.where('severity', 'in', fromSeverity(severity_at_least));
  if (detector !== undefined) query = query.where('detector', '=', detector);
  if (from !== undefined) query = query.where('end_at', '>=', from);
  if (to !== undefined) query = query.where('start_at', '<=', to);
  if (shown !== undefined) query = query.where('shown', '=', shown);
  if (entity !== undefined)
    query = query.where('finding_id', 'in', (is) =>
      is
        .selectFrom('finding_entity')
        .select('finding_id')
        .where('value', '=', entity.slice(0, most_entity_value)),
    );
  if (after !== undefined) query = query.where('sequence', '>', after);
  if (before !== undefined) query = query.where('sequence', '<', before);
  const rows = await query
    .orderBy('sequence', after === undefined ? 'desc' : 'asc')
    .limit(limit + 1)
    .execute();
  const findings = rows.slice(0, limit).map(keptOf);
  return { findings, next: rows.length > limit ? (findings.at(-1)?.sequence ?? null) : null };
}

function fromSeverity(least: Severity): Severity[] {
  const rising = Object.keys(severities) as Severity[];
  return rising.slice(rising.indexOf(least));
}

/** The sequence of the last change of any finding; 0 when there was none. */
export function lastFindingSequence(handle: Handle): Promise<number> {
  return lastNumber(handle, sequence_of_findings);
}

/** The finding of that id; null when there is none. */
export async function findFinding(handle: Handle, finding_id: string): Promise<KeptFinding | null> {
  const row = await handle.db
    .selectFrom('finding')
    .selectAll()
    .where('finding_id', '=', finding_id)
    .executeTakeFirst();
  return row === undefined ? null : keptOf(row);
}

/** The versions of a finding that are kept, the first and the last fifty, in order. */
export async function listFindingVersions(handle: Handle, finding_id: string): Promise<FindingVersion[]> {
  const rows = await handle.db
    .selectFrom('finding_version')
    .selectAll()
    .where('finding_id', '=', finding_id)
    .orderBy('version')
    .execute();
  return rows.map(versionOf);
}

/** Forgets findings that ended before, with their versions; at most `limit` at once. Gives how many. */
export async function pruneFindings(handle: Handle, ended_before: number, limit = 500): Promise<number> {
  return handle.transaction(async ({ db }) => {
    const rows = await db
      .selectFrom('finding')
      .select('finding_id')
      .where('end_at', '<', ended_before)
      .orderBy('end_at')
      .limit(limit)
      .execute();
    for (const some of pieces(rows.map((row) => row.finding_id)))
      await db.deleteFrom('finding').where('finding_id', 'in', some).execute();
    return rows.length;
  });
}

function keptOf(row: Row): KeptFinding {
  return { ...versionOf(row), created_at: row.created_at, changed_at: row.changed_at };
}

function versionOf(row: Selectable<Tables['finding_version']>): FindingVersion {
  return {
    finding: JSON.parse(row.body) as Finding,
    episode: row.episode,
    version: row.version,
    sequence: row.sequence,
    as_of: row.as_of,
    shown: Boolean(row.shown),
    held: Boolean(row.held),
    changed_at: row.changed_at,
  };
}
