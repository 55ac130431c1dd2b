import { askedSince, farBeyondChance, heldBack, listOf } from '../alert/index.ts';
import { storeIsGone, WeirError } from '../base/error.ts';
import { counted, instant } from '../base/format.ts';
import { plain } from '../base/terminal.ts';
import { findInputs } from '../collect/index.ts';
import type { Content } from '../content/index.ts';
import { type DetectorRun, evidenceOf, evidenceStatements } from '../detect/index.ts';
import { networkOf, type Span } from '../enrich/index.ts';
import { vantageWords } from '../report/index.ts';
import type { Config } from '../schema/config.ts';
import type { Detector } from '../schema/detector.ts';
import { deviceBook } from '../schema/device.ts';
import type { Finding, HeldBack } from '../schema/finding.ts';
import type { InputReport } from '../schema/ledger.ts';
import { type Loss, lossCaveat, lossesOf, lossFigures, type SensorFigure } from '../schema/loss.ts';
import type { Role } from '../schema/role.ts';
import type { Vantage } from '../schema/vantage.ts';
import { whyUnknown } from '../sources/index.ts';
import { type Store, saveFindings, saveRun } from '../store/index.ts';
import { clearEvents, startEmpty } from './clear.ts';
import { aboutHost, runDetector, windowsOf } from './detectors.ts';
import { learnDevices, withNames } from './devices.ts';
import { Ingest, type Planned, type Progress, plan } from './ingest.ts';
import { localNetworksFor, localOnly } from './local.ts';
import { checkRoleNames, learnRoles } from './roles.ts';
import { learnVantage } from './vantage.ts';

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
  readonly now: number;
  readonly progress: (state: AnalyzeProgress) => void;
}

export type AnalyzeProgress =
  | ({ readonly step: 'read' } & Progress)
  | { readonly step: 'detect'; readonly detector: string; readonly done: number; readonly of: number };

export interface AnalyzeResult {
  readonly findings: Finding[];
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

export interface Failed {
  readonly detector: string;
  /** the file it comes from */
  readonly file: string;
  readonly why: string;
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
  checkRoleNames(content.roles, options.roles);
  const planned = await planOf(options.paths);
  const past = options.baseline_paths.length > 0 ? await planOf(options.baseline_paths) : [];
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
  const deviceAt = deviceBook(await learnDevices(store));
  const learned = await learnRoles(store, content.roles, options.roles);
  const vantage = await learnVantage(store);
  const losses = await readLosses(store);
  const taught_until = baseline?.ends ?? 0;
  const { findings, runs, failed } = await detectAll(store, content, detectors, taught_until, options);
  const { budget_per_day } = options;
  const judged = runs.reduce((sum, run) => sum + run.judged, 0);
  const list = listOf(findings, {
    far_p: farBeyondChance(judged),
    window_us: windowsOf(detectors),
    about_host: aboutHost(detectors),
    budget_per_day,
  });
  // Chosen last: all of the past is judged, folded and ranked in the same way whatever is asked for, so that `--since`
  // changes nothing of what it leaves.
  const asked = askedSince(list, options.since ?? 0);
  const named = (all: readonly Finding[]): Finding[] => all.map((one) => withNames(one, deviceAt));
  const [shown, held, folded] = [named(asked.shown), named(asked.held), named(asked.folded)];
  failed.push(...learned.failed);
  failed.push(...(await addEvidence(store, detectors, shown, folded, options.evidence)));
  stampVantage([...shown, ...held, ...folded], vantage);
  stampLoss([...shown, ...held, ...folded], losses);
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
    roles: localOnly(learned.roles, local.networks),
    local_networks: local.networks,
    local_note: local.note,
    first_time,
    last_time,
    events: reading.events,
    hosts: await localHosts(store),
    baseline_note:
      baselineNote(baseline?.note ?? null, first_time, last_time, span?.days ?? 0) +
      strayNote(span) +
      (await unseen(store, reading.events)),
  };
}

/** Says with each finding of a time in which a sensor lost packets that this is so. */
function stampLoss(findings: readonly Finding[], losses: readonly Loss[]): void {
  for (const { caveats, start_at, end_at } of findings) {
    const caveat = lossCaveat(losses, start_at, end_at);
    if (caveat !== null) caveats.push(caveat);
  }
}

/** Figures of sensors that are looked at: those of eight workers that tell each minute for half a year. */
const most_figures = 2_000_000;

async function readLosses(store: Store): Promise<Loss[]> {
  return lossesOf(
    await store.query<SensorFigure>(
      `SELECT engine, sensor, name, toUnixTimestamp64Micro(time) AS time, value, interval_s
       FROM (SELECT * FROM sensor_stats WHERE has({names:Array(String)}, name)
             ORDER BY time DESC, engine, sensor, name LIMIT ${most_figures})`,
      { names: [...lossFigures] },
    ),
  );
}

/** Says with each finding about a host of a network of which one direction only is seen that this is so. */
function stampVantage(findings: readonly Finding[], vantage: readonly Vantage[]): void {
  const said = new Map(
    [...Map.groupBy(vantage, (one) => one.network)].map(([network, of]) => [network, vantageWords(of)]),
  );
  for (const { entity, caveats } of findings) {
    for (const network of new Set([entity.src_ip, entity.dst_ip].map((ip) => networkOf(String(ip ?? ''))))) {
      const words = said.get(network);
      if (words !== undefined) caveats.push(words);
    }
  }
}

/** Finds and tells apart what is to be read; `input_unknown` with the reasons when nothing of it can be. */
async function planOf(paths: readonly string[]): Promise<Planned[]> {
  const planned = await plan(await findInputs(paths));
  const given = paths.map(plain).join(' ');
  if (planned.length === 0) throw new WeirError('input_unknown', `there is no file in ${given}`);
  const unknown = planned.filter((one) => one.format === null && one.head.length > 0);
  if (unknown.length === 0 || planned.some((one) => one.format !== null)) return planned;
  const why = unknown.slice(0, 3).map((one) => `${plain(one.input.name)}: ${whyUnknown(one.head)}`);
  const more = unknown.length > 3 ? `; and ${unknown.length - 3} more` : '';
  throw new WeirError(
    'input_unknown',
    `nothing in ${given} is of a kind that Weir reads (Zeek logs, Suricata eve.json, pcap, pcapng): ${why.join('; ')}${more}`,
  );
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

interface Learned {
  readonly reports: readonly InputReport[];
  readonly note: string;
  /** Its first event, µs. */
  readonly begins: number;
  /** events of it far from all others in time */
  readonly strays: number;
  /** Just after its last event, µs: only what ends later is reported. */
  readonly ends: number;
}

/**
 * Reads what is to be learned from first. It must lie before what is judged: when it does not, its times are moved
 * back by whole weeks, so that hours of the week keep their meaning.
 */
async function readBaseline(
  store: Store,
  ingest: () => Ingest,
  past: readonly Planned[],
  judged_from: number | null,
  run_id: string,
): Promise<Learned> {
  let reading = ingest();
  await reading.read(past);
  const last_time = reading.span?.last_time ?? 0;
  const learned = `learned from ${reading.events} events of the baseline first`;
  if (judged_from === null || last_time < judged_from)
    return { reports: reading.reports, note: learned, ...beginning(reading), ends: last_time + 1 };
  if (past.some((one) => one.input.size_bytes === null))
    throw new WeirError(
      'usage',
      '--baseline: it is later than what is judged, so it must be read twice, and that takes files, not a pipe',
    );
  const week_us = 7 * day_us;
  const weeks = Math.floor((last_time - judged_from) / week_us) + 1;
  await clearEvents(store);
  await store.command(
    'DELETE FROM reject WHERE run_id = {run_id:String}',
    { run_id },
    { name: 'clear rejects' },
  );
  reading = ingest();
  await reading.read(past, -weeks * week_us);
  return {
    reports: reading.reports,
    note: `${learned}, its times moved back by ${weeks} week${weeks === 1 ? '' : 's'} to come before`,
    ...beginning(reading),
    ends: last_time - weeks * week_us + 1,
  };
}

async function detectAll(
  store: Store,
  content: Content,
  detectors: readonly Detector[],
  taught_until: number,
  options: AnalyzeOptions,
): Promise<{ findings: Finding[]; runs: DetectorRun[]; failed: Failed[] }> {
  const findings: Finding[] = [];
  const runs: DetectorRun[] = [];
  const failed: Failed[] = [];
  const latest = options.now + 2 * day_us;
  for (const [done, detector] of detectors.entries()) {
    options.progress({ step: 'detect', detector: detector.id, done, of: detectors.length });
    try {
      const ran = await whole(() => runDetector(store, content, detector, { taught_until, to: latest }));
      runs.push(ran.run);
      for (const finding of ran.findings) findings.push(finding);
    } catch (error) {
      failed.push(failure(detector, error));
    }
  }
  return { findings, runs, failed };
}

/** When the engine dies in mid-answer, what was computed from half of it is thrown away and it is asked again. */
async function whole<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof WeirError) || error.code !== 'store_unavailable' || tries >= 2) throw error;
    }
  }
}

/** One detector that fails is told of and does not cost the others; without a store there is nothing to go on with. */
function failure(detector: Detector, error: unknown): Failed {
  if (storeIsGone(error)) throw error;
  const why = error instanceof Error ? error.message : String(error);
  return { detector: detector.id, file: detector.file, why };
}

async function addEvidence(
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
  for (const statement of evidenceStatements(detector, finding, limit)) {
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
    return;
  }
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

function beginning({ span }: Ingest): Pick<Learned, 'begins' | 'strays'> {
  return { begins: span?.first_time ?? 0, strays: span?.strays ?? 0 };
}

/** Events far from all others in time: told of, never judged. */
function strayNote(span: Span | null): string {
  if (span === null || span.stray_time === null) return '';
  const { strays, stray_time } = span;
  return `; ${counted(strays, 'event')} years away from all others (${instant(stray_time).slice(0, 10)}): kept, not judged`;
}

/** What cannot be seen because the input has no records of connections. */
async function unseen(store: Store, events: number): Promise<string> {
  if (events === 0) return '';
  const [row] = await store.query<{ n: number }>('SELECT count() AS n FROM connection');
  return Number(row?.n ?? 0) > 0
    ? ''
    : '; no records of connections (conn.log, flows, captures): scans, volumes and rhythms of addresses cannot be seen';
}

/** Tables that name the two ends of an event. */
const host_tables = ['connection', 'dns', 'http', 'tls', 'authentication'] as const;

async function localHosts(store: Store): Promise<number> {
  const ends = host_tables.flatMap((table) => [
    `SELECT src_ip AS host FROM ${table} WHERE src_local AND direction != ''`,
    `SELECT dst_ip AS host FROM ${table} WHERE dst_local AND direction = 'inbound'`,
  ]);
  const [row] = await store.query<{ n: number }>(`SELECT uniq(host) AS n FROM (${ends.join(' UNION ALL ')})`);
  return Number(row?.n ?? 0);
}

function baselineNote(
  learned: string | null,
  first_time: number | null,
  last_time: number | null,
  days: number,
): string {
  if (learned) return learned;
  const hours = ((last_time ?? 0) - (first_time ?? 0)) / 3600e6;
  if (hours < 6)
    return 'no history: hosts are compared only with each other and with what is usual on other networks';
  if (hours > 48 && hours / 24 > 2 * days)
    return `${days} day${days === 1 ? '' : 's'} with traffic in a span of ${Math.floor(hours / 24)} days: there are gaps, or a clock was wrong`;
  if (hours < 72)
    return `${Math.floor(hours)} hours of history: every window is judged by the hours before it; the first ones only by the population`;
  return `${Math.floor(hours / 24)} days of history: every window is judged by what came before it`;
}
