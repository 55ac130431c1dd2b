import { heldBack } from '../alert/index.ts';
import { WeirError } from '../base/error.ts';
import { instant } from '../base/format.ts';
import type { Content } from '../content/index.ts';
import type { DetectorRun } from '../detect/index.ts';
import type { Config } from '../schema/config.ts';
import type { Detector } from '../schema/detector.ts';
import type { Finding, HeldBack } from '../schema/finding.ts';
import type { InputReport } from '../schema/ledger.ts';
import type { Loss } from '../schema/loss.ts';
import type { Role } from '../schema/role.ts';
import type { Vantage } from '../schema/vantage.ts';
import { type Store, saveFindings, saveRun } from '../store/index.ts';
import { readBaseline } from './baseline.ts';
import { startEmpty } from './clear.ts';
import type { Failed } from './failed.ts';
import { Ingest, type Progress } from './ingest.ts';
import { localNetworksFor, localOnly } from './local.ts';
import { readLosses } from './losses.ts';
import { baselineNote, judgedToo, strayNote, unseen } from './notes.ts';
import { planBaseline, planOf } from './planned.ts';
import { Scheduler } from './scheduler.ts';
import { tell } from './telling.ts';

/** One run over files: everything is given, nothing is read from the environment. Times are µs since 1970. */
export interface AnalyzeOptions {
  readonly run_id: string;
  readonly version: string;
  readonly paths: readonly string[];
  /** learned from first, not reported on */
  readonly baseline_paths: readonly string[];
  readonly since: number | null;
  readonly until: number | null;
  /** null: the private ranges, or what the traffic suggests when it has none */
  readonly local_networks: readonly string[] | null;
  /** what the operator says of hosts, in place of what is learned */
  readonly roles: Config['roles'];
  readonly budget_per_day: number;
  /** ids; empty: all */
  readonly detectors: readonly string[];
  readonly keep_raw: boolean;
  readonly evidence: number;
  /** detectors that run side by side, each with its share of the engine's memory; changes nothing of what is found */
  readonly at_once: number;
  readonly now: number;
  readonly progress: (state: AnalyzeProgress) => void;
}

/** A run in which nothing was asked for. */
export const runDefaults = {
  baseline_paths: [],
  since: null,
  until: null,
  local_networks: null,
  roles: {},
  budget_per_day: 20,
  detectors: [],
  keep_raw: false,
  evidence: 5,
  at_once: 2,
} as const satisfies Partial<AnalyzeOptions>;

export type AnalyzeProgress =
  | ({ readonly step: 'read' } & Progress)
  | { readonly step: 'detect'; readonly detector: string; readonly done: number; readonly of: number };

export interface AnalyzeResult {
  readonly findings: readonly Finding[];
  readonly held: HeldBack;
  readonly inputs: readonly InputReport[];
  readonly runs: readonly DetectorRun[];
  /** Detectors that could not be run to their end: what they would have found is missing. */
  readonly failed: readonly Failed[];
  /** networks of which one direction only is seen */
  readonly vantage: readonly Vantage[];
  /** when sensors lost packets, by their own word */
  readonly losses: readonly Loss[];
  /** who plays which part, local hosts only */
  readonly roles: readonly Role[];
  readonly local_networks: readonly string[];
  /** said when Weir chose the local networks itself */
  readonly local_note: string | null;
  readonly first_time: number | null;
  readonly last_time: number | null;
  readonly events: number;
  readonly hosts: number;
  readonly baseline_note: string;
}

const day_us = 86_400e6;

/**
 * The route, whole: collect → sources → enrich → store → features → detect → alert. Each folder is crossed once; what
 * a run finds depends on event time only, never on the clock.
 */
export async function analyze(
  store: Store,
  content: Content,
  options: AnalyzeOptions,
): Promise<AnalyzeResult> {
  const detectors = chosen(content, options.detectors);
  const planned = await planOf(options.paths);
  const { planned: past, left_out } = await planBaseline(options.baseline_paths, planned);
  await startEmpty(store);
  store.lookAt(null);
  const local = localNetworksFor(planned, options.local_networks);
  const ingest = (): Ingest =>
    new Ingest(store, {
      run_id: options.run_id,
      now: options.now,
      latest_time: options.now + day_us,
      until: options.until ?? Number.MAX_SAFE_INTEGER,
      keep_raw: options.keep_raw,
      local_networks: local.networks,
      progress: (state) => options.progress({ step: 'read', ...state }),
    });
  const baseline =
    past.length > 0
      ? await readBaseline(store, ingest, past, planned[0]?.first_time ?? null, options.run_id)
      : null;
  const reading = ingest();
  await reading.read(planned);

  const { span } = reading;
  const { first_time = null, last_time = null } = span ?? {};
  if (options.since !== null && last_time !== null && options.since > last_time)
    throw new WeirError(
      'usage',
      `--since ${instant(options.since)} is after all that was read, which ends ${instant(last_time)} (UTC): nothing can be told; give an earlier instant`,
    );
  // Events whose clock was wrong are nobody's past, and are not judged.
  if (span !== null && span.strays + (baseline?.strays ?? 0) > 0)
    store.lookAt({
      from: Math.min(span.first_time, baseline?.begins ?? span.first_time),
      to: span.last_time,
    });
  const losses = await readLosses(store);
  const scheduler = new Scheduler(store, content, detectors, {
    taught_until: baseline?.ends ?? 0,
    roles: options.roles,
    networks: options.local_networks ?? [],
    at_once: options.at_once,
    progress: (detector, done, of) => options.progress({ step: 'detect', detector, done, of }),
  });
  // Files have told everything at their end.
  const { findings, vantage, roles, deviceAt, ...step } = await scheduler.advance(
    Number.POSITIVE_INFINITY,
    options.now + 2 * day_us,
  );
  const { runs } = scheduler;
  const failed = [...step.failed];
  const { budget_per_day } = options;
  const told = await tell(
    store,
    detectors,
    findings,
    { vantage, deviceAt },
    {
      budget_per_day,
      since: options.since ?? 0,
      evidence: options.evidence,
      judged: runs.reduce((sum, run) => sum + run.judged, 0),
    },
  );
  const { shown, held, folded } = told;
  failed.push(...told.failed);
  await saveFindings(store, options.run_id, shown, true, options.now);
  await saveFindings(store, options.run_id, [...held, ...folded], false, options.now);
  await saveRun(store, runRecord(options, reading.events, shown.length, held.length, failed), options.now);
  return {
    findings: shown,
    held: heldBack({ shown, held, folded }, budget_per_day),
    inputs: [...(baseline?.reports ?? []), ...reading.reports],
    runs,
    failed,
    vantage,
    losses,
    roles: localOnly(roles, local.networks),
    local_networks: local.networks,
    local_note: local.note,
    first_time,
    last_time,
    events: reading.events,
    hosts: await localHosts(store),
    baseline_note:
      baselineNote(baseline?.note ?? null, first_time, last_time, span?.days ?? 0) +
      judgedToo(left_out) +
      strayNote(span) +
      (await unseen(store, reading.events, span?.strays ?? 0)),
  };
}

function chosen(content: Content, ids: readonly string[]): Detector[] {
  for (const id of ids) {
    if (!content.detectors.some((one) => one.id === id)) {
      throw new WeirError(
        'usage',
        `there is no detector ${id}; there are ${content.detectors.map((one) => one.id).join(', ')}`,
      );
    }
  }
  return content.detectors.filter((one) => ids.length === 0 || ids.includes(one.id));
}

function runRecord(
  options: AnalyzeOptions,
  events: number,
  findings: number,
  held: number,
  failed: readonly Failed[],
): Parameters<typeof saveRun>[1] {
  const { run_id, version, now } = options;
  return {
    run_id,
    started_at: now,
    ended_at: now,
    command: 'analyze',
    version,
    state: 'done',
    figures: { events, findings, held, failed },
  };
}

/** Tables that name the two ends of an event, and when the one that was called answered; '': they do not tell. */
const host_tables = {
  connection: "outcome = 'answered'",
  dns: "response_code != ''",
  http: 'status_code > 0',
  tls: "cipher != ''",
  authentication: '',
} as const;

/** Local addresses that said something: that opened a connection or answered one. What is only called need not be there. */
async function localHosts(store: Store): Promise<number> {
  const ends = Object.entries(host_tables).flatMap(([table, answered]) => [
    `SELECT src_ip AS host FROM ${table} WHERE src_local AND direction != ''`,
    ...(answered === '' ? [] : [`SELECT dst_ip AS host FROM ${table} WHERE dst_local AND ${answered}`]),
  ]);
  const [row] = await store.query<{ n: number }>(`SELECT uniq(host) AS n FROM (${ends.join(' UNION ALL ')})`);
  return Number(row?.n ?? 0);
}
