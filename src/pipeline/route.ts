import { byRisk, corroborate, foldFloods, foldWindows, riskScore, withinBudget } from '../alert/index.ts';
import { duration } from '../base/duration.ts';
import { WeirError } from '../base/error.ts';
import { findInputs } from '../collect/index.ts';
import { technique } from '../content/attack.ts';
import type { Content } from '../content/index.ts';
import { type DetectorRun, detect, evidenceOf, evidenceStatements } from '../detect/index.ts';
import type { Detector } from '../schema/detector.ts';
import type { Finding } from '../schema/finding.ts';
import type { InputReport } from '../schema/ledger.ts';
import { type Store, saveFindings, saveRun } from '../store/index.ts';
import { clearEvents } from './clear.ts';
import { Ingest, type Progress, plan } from './ingest.ts';
import { localNetworksFor } from './local.ts';
import { featureRows } from './rows.ts';

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
  readonly budget_per_day: number;
  /** ids; empty: all */
  readonly detectors: readonly string[];
  readonly keep_raw: boolean;
  readonly evidence: number;
  readonly now: number;
  readonly progress: (state: AnalyzeProgress) => void;
}

export type AnalyzeProgress =
  | ({ readonly step: 'read' } & Progress)
  | { readonly step: 'detect'; readonly detector: string; readonly done: number; readonly of: number };

export interface AnalyzeResult {
  readonly findings: Finding[];
  readonly held: number;
  readonly inputs: readonly InputReport[];
  readonly runs: readonly DetectorRun[];
  readonly local_networks: readonly string[];
  /** said when Weir chose the local networks itself */
  readonly local_note: string | null;
  readonly first_time: number | null;
  readonly last_time: number | null;
  readonly events: number;
  readonly hosts: number;
  readonly baseline_note: string;
}

/** Rows less surprising than this are ordinary, whatever the budget. */
const most_p = 0.01;
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
  const planned = await plan(await findInputs(options.paths));
  const past = await plan(await findInputs(options.baseline_paths));
  if (planned.every((one) => one.format === null && one.input.path !== '-' && one.head.length > 0)) {
    throw new WeirError(
      'input_unknown',
      `none of the ${planned.length} files is of a kind that Weir reads (Zeek, Suricata, captures)`,
    );
  }
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
    past.length > 0 ? await readBaseline(store, ingest, past, planned[0]?.first_time ?? null) : null;
  const reading = ingest();
  await reading.read(planned);

  const { first_time, last_time } = extent(reading.reports);
  const report_from = Math.max(options.since ?? 0, baseline ? (first_time ?? 0) : 0);
  const { findings, runs } = await detectAll(store, content, detectors, report_from, options);
  const { shown, held } = rank(findings, detectors, runs, options, first_time, last_time);
  await addEvidence(store, detectors, shown, options.evidence);
  await saveFindings(store, options.run_id, shown, true, options.now);
  await saveFindings(store, options.run_id, held, false, options.now);
  await saveRun(store, runRecord(options, reading.events, shown.length, held.length), options.now);
  return {
    findings: shown,
    held: held.length,
    inputs: [...(baseline?.reports ?? []), ...reading.reports],
    runs,
    local_networks: local.networks,
    local_note: local.note,
    first_time,
    last_time,
    events: reading.events,
    hosts: await localHosts(store),
    baseline_note: baselineNote(baseline?.note ?? null, first_time, last_time),
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

/**
 * Reads what is to be learned from first. It must lie before what is judged: when it does not, its times are moved
 * back by whole weeks, so that hours of the week keep their meaning.
 */
async function readBaseline(
  store: Store,
  ingest: () => Ingest,
  past: Awaited<ReturnType<typeof plan>>,
  judged_from: number | null,
): Promise<{ reports: readonly InputReport[]; note: string }> {
  let reading = ingest();
  await reading.read(past);
  const { last_time } = extent(reading.reports);
  if (last_time === null || judged_from === null || last_time < judged_from) {
    return { reports: reading.reports, note: `learned from ${reading.events} events of the baseline first` };
  }
  const week_us = 7 * day_us;
  const weeks = Math.floor((last_time - judged_from) / week_us) + 1;
  await clearEvents(store);
  reading = ingest();
  await reading.read(past, -weeks * week_us);
  return {
    reports: reading.reports,
    note: `learned from ${reading.events} events of the baseline first, its times moved back by ${weeks} weeks to come before`,
  };
}

async function detectAll(
  store: Store,
  content: Content,
  detectors: readonly Detector[],
  report_from: number,
  options: AnalyzeOptions,
): Promise<{ findings: Finding[]; runs: DetectorRun[] }> {
  const findings: Finding[] = [];
  const runs: DetectorRun[] = [];
  for (const [done, detector] of detectors.entries()) {
    options.progress({ step: 'detect', detector: detector.id, done, of: detectors.length });
    const feature = content.features.get(detector.features)!;
    const run: DetectorRun = { detector: detector.id, windows: 0, rows: 0, judged: 0, findings: 0 };
    runs.push(run);
    const rows = featureRows(store, feature, detector, { from: 0, to: options.now + 2 * day_us });
    const of_detector = await detect(
      detector,
      feature,
      rows,
      { report_from_s: report_from / 1e6, most_p, techniques: technique },
      run,
    );
    for (const finding of of_detector) findings.push({ ...finding, risk_score: riskScore(finding) });
  }
  return { findings, runs };
}

function rank(
  findings: readonly Finding[],
  detectors: readonly Detector[],
  runs: readonly DetectorRun[],
  options: AnalyzeOptions,
  first_time: number | null,
  last_time: number | null,
): { shown: Finding[]; held: Finding[] } {
  const window_us = new Map(detectors.map((one) => [one.id, duration(one.window) * 1e6]));
  const days = Math.max(1, ((last_time ?? 0) - (first_time ?? 0)) / day_us);
  const judged = runs.reduce((sum, run) => sum + run.judged, 0);
  // With this threshold, chance alone gives at most the budget.
  const threshold = Math.min(most_p, (options.budget_per_day * days) / Math.max(1, judged));
  const rare = findings.filter((one) => one.p_value <= threshold);
  const folded = foldWindows(rare, (id) => Math.max(2 * window_us.get(id)!, 3600e6));
  const single = foldFloods(foldFloods(foldFloods(folded, sameName), primary), target, 10);
  const ranked = corroborate(single, primary).sort(byRisk);
  return withinBudget(ranked, options.budget_per_day);
}

/** The address a finding is about first: who did it, or to whom it was done. */
function primary(finding: Finding): string {
  return String(finding.entity.src_ip ?? finding.entity.dst_ip ?? '');
}

/** What another engine calls it: one signature that fires for many is one finding. */
function sameName(finding: Finding): string {
  return finding.detector === 'outside_engine' ? String(finding.entity.name) : finding.finding_id;
}

/** The address it was done to, where many outside hosts may do the same; else the finding itself. */
function target(finding: Finding): string {
  return finding.values.direction === 'inbound' ? String(finding.entity.dst_ip ?? '') : finding.finding_id;
}

async function addEvidence(
  store: Store,
  detectors: readonly Detector[],
  findings: readonly Finding[],
  limit: number,
): Promise<void> {
  const by_id = new Map(detectors.map((one) => [one.id, one]));
  for (const finding of findings) {
    for (const statement of evidenceStatements(by_id.get(finding.detector)!, finding, limit)) {
      const rows = await store.query<Record<string, unknown>>(statement.sql, statement.params, {
        name: 'evidence',
      });
      if (rows.length === 0) continue;
      const [count] = await store.query<{ n: number }>(statement.count_sql, statement.params, {
        name: 'evidence count',
      });
      finding.evidence = rows.map((row) => evidenceOf(statement.table, row));
      finding.evidence_total = Number(count?.n ?? rows.length);
      break;
    }
  }
}

function runRecord(
  options: AnalyzeOptions,
  events: number,
  findings: number,
  held: number,
): Parameters<typeof saveRun>[1] {
  const { run_id, version, now } = options;
  return {
    run_id,
    started_at: now,
    ended_at: now,
    command: 'analyze',
    version,
    state: 'done',
    figures: { events, findings, held },
  };
}

function extent(reports: readonly InputReport[]): { first_time: number | null; last_time: number | null } {
  let first: number | null = null;
  let last: number | null = null;
  for (const { first_time, last_time } of reports) {
    if (first_time !== null && (first === null || first_time < first)) first = first_time;
    if (last_time !== null && (last === null || last_time > last)) last = last_time;
  }
  return { first_time: first, last_time: last };
}

async function localHosts(store: Store): Promise<number> {
  const [row] = await store.query<{ n: number }>('SELECT uniq(src_ip) AS n FROM connection WHERE src_local');
  return Number(row?.n ?? 0);
}

function baselineNote(learned: string | null, first_time: number | null, last_time: number | null): string {
  if (learned) return learned;
  const hours = ((last_time ?? 0) - (first_time ?? 0)) / 3600e6;
  if (hours < 6)
    return 'no history: hosts are compared only with each other and with what is usual on other networks';
  if (hours < 72)
    return `${Math.floor(hours)} hours of history: every window is judged by the hours before it; the first ones only by the population`;
  return `${Math.floor(hours / 24)} days of history: every window is judged by what came before it`;
}
