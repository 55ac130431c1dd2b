import { isIP } from 'node:net';
import { range } from '../base/format.ts';
import { plain } from '../base/terminal.ts';
import { attackList } from '../content/attack.ts';
import { type Stage, severities, type Unit } from '../schema/detector.ts';
import type { Evidence, Finding, Reason } from '../schema/finding.ts';
import { confidenceLevel, riskLevel } from '../schema/level.ts';
import type { Ocsf } from './ocsf-check.ts';

/** The version of OCSF that is written: https://schema.ocsf.io/1.5.0/classes/detection_finding */
export const ocsf_version = '1.5.0';

/**
 * A finding as one OCSF Detection Finding (class 2004). Event time drives everything, so `time` is the end of what was
 * seen, not the clock: the same input gives the same findings. Times are ms since 1970. Sentences have control characters
 * taken out; observables keep what was seen as it was.
 */
export function toOcsf(finding: Finding, product: { readonly version: string }): Ocsf {
  const start_time = ms(finding.start_at);
  const end_time = ms(finding.end_at);
  const message = plain(finding.summary);
  const kill_chain = phases[finding.stage];
  return {
    class_uid: 2004,
    class_name: 'Detection Finding',
    category_uid: 2,
    category_name: 'Findings',
    activity_id: 1,
    activity_name: 'Create',
    type_uid: 200401,
    type_name: 'Detection Finding: Create',
    severity_id: severities[finding.severity],
    severity: caption(finding.severity),
    status_id: 1,
    status: 'New',
    is_alert: true,
    time: end_time,
    start_time,
    end_time,
    duration: end_time - start_time,
    timezone_offset: 0,
    count: Math.max(1, finding.evidence_total),
    message,
    ...confidence(finding.confidence_score),
    ...risk(finding.risk_score),
    metadata: {
      version: ocsf_version,
      uid: finding.finding_id,
      product: { name: 'Weir', vendor_name: 'Weir', version: product.version },
      profiles: [],
    },
    finding_info: {
      uid: finding.finding_id,
      title: plain(finding.title),
      desc: `${message} Baseline: ${plain(finding.baseline.says)}.`,
      created_time: end_time,
      first_seen_time: start_time,
      last_seen_time: end_time,
      types: [finding.stage],
      analytic: {
        uid: finding.detector,
        name: finding.detector,
        category: finding.stage,
        ...analyticType(finding),
      },
      attacks: attacks(finding),
      ...(kill_chain && { kill_chain: [kill_chain] }),
      data_sources: [...new Set(finding.evidence.map((one) => one.file))],
      ...relatedEvents(finding),
    },
    evidences: evidences(finding),
    anomaly_analyses: [anomalyAnalysis(finding)],
    observables: observables(finding),
    resources: resources(finding),
    remediation: { desc: finding.next.map(plain).join('\n') },
    unmapped: {
      p_value: finding.p_value,
      score: finding.score,
      windows: finding.windows,
      baseline: finding.baseline,
      evidence_total: finding.evidence_total,
      false_positives: finding.false_positives,
      caveats: finding.caveats,
      also: finding.also,
      members: finding.members,
      members_total: finding.members_total,
      folded_into: finding.folded_into,
      values: finding.values,
    },
  };
}

/**
 * A finding as one line of JSON that is harmless on a terminal too: what JSON leaves as it is but a terminal obeys or hides
 * (C1 controls, directions) is written as \\uXXXX, which reads back as the same text.
 */
export function ocsfLine(finding: Finding, product: { readonly version: string }): string {
  return JSON.stringify(toOcsf(finding, product)).replace(
    /[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const ms = (time_us: number): number => Math.floor(time_us / 1000);
const caption = <T extends string>(word: T): Capitalize<T> =>
  (word[0]!.toUpperCase() + word.slice(1)) as Capitalize<T>;

const confidence_ids = { low: 1, medium: 2, high: 3 } as const;

function confidence(score: number): Pick<Ocsf, 'confidence_score' | 'confidence_id' | 'confidence'> {
  const level = confidenceLevel(score);
  return {
    confidence_score: score,
    confidence_id: confidence_ids[level],
    confidence: caption(level),
  };
}

const risk_levels = {
  informational: { risk_level_id: 0, risk_level: 'Info' },
  low: { risk_level_id: 1, risk_level: 'Low' },
  medium: { risk_level_id: 2, risk_level: 'Medium' },
  high: { risk_level_id: 3, risk_level: 'High' },
  critical: { risk_level_id: 4, risk_level: 'Critical' },
} as const;

function risk(score: number): Pick<Ocsf, 'risk_score' | 'risk_level_id' | 'risk_level'> {
  return { risk_score: score, ...risk_levels[riskLevel(score)] };
}

type Phase = NonNullable<Ocsf['finding_info']['kill_chain']>[number];
const on_objectives: Phase = { phase_id: 7, phase: 'Actions on Objectives' };
const exploitation: Phase = { phase_id: 4, phase: 'Exploitation' };
const installation: Phase = { phase_id: 5, phase: 'Installation' };

/** The stage's place in the Cyber Kill Chain, which OCSF counts by. */
const phases: Record<Stage, Phase> = {
  reconnaissance: { phase_id: 1, phase: 'Reconnaissance' },
  'initial-access': { phase_id: 3, phase: 'Delivery' },
  execution: exploitation,
  persistence: installation,
  'privilege-escalation': exploitation,
  'defense-evasion': installation,
  'credential-access': exploitation,
  discovery: on_objectives,
  'lateral-movement': on_objectives,
  collection: on_objectives,
  'command-and-control': { phase_id: 6, phase: 'Command & Control' },
  exfiltration: on_objectives,
  impact: on_objectives,
};

/** Findings folded into this one, and those on the same host. */
function relatedEvents(
  finding: Finding,
): Pick<Ocsf['finding_info'], 'related_events' | 'related_events_count'> {
  const uids = [...[...finding.also, ...finding.members].map((one) => one.finding_id), ...finding.related];
  return {
    related_events: uids.map((uid) => ({ uid, type_uid: 200401, type: 'Detection Finding: Create' })),
    related_events_count: uids.length,
  };
}

/**
 * How it was found, told by the patterns of its reasons: by what was done and how (a rhythm, a place never seen before),
 * by a fact that is telling in itself, or by numbers against what is usual.
 */
function analyticType(finding: Finding): { type_id: 1 | 2 | 3 | 4; type: string } {
  const patterns = new Set(finding.reasons.map((one) => one.pattern));
  if (patterns.has('PERIODIC') || patterns.has('UNSEEN')) return { type_id: 2, type: 'Behavioral' };
  if (patterns.has('UNUSUAL')) return { type_id: 4, type: 'Learning (ML/DL)' };
  if (patterns.has('SURGE') || patterns.has('DROP')) return { type_id: 3, type: 'Statistical' };
  return { type_id: 1, type: 'Rule' };
}

/**
 * One entry a technique. `technique.uid` is the id as the detector gives it, sub-techniques included, because that is what
 * consumers look at; `sub_technique` is filled besides. The tactic is the finding's stage where the technique serves it.
 */
function attacks(finding: Finding): Ocsf['finding_info']['attacks'] {
  const { version, tactics } = attackList();
  return finding.attack.map(({ id, name, tactics: of }) => {
    const shortname = of.includes(finding.stage) ? finding.stage : (of[0] ?? '');
    const tactic = tactics[shortname];
    return {
      version,
      ...(tactic && { tactic: { uid: tactic.id, name: tactic.name } }),
      technique: { uid: id, name },
      ...(id.includes('.') && { sub_technique: { uid: id, name } }),
    };
  });
}

const directions: Readonly<Record<string, readonly [number, string]>> = {
  inbound: [1, 'Inbound'],
  outbound: [2, 'Outbound'],
  internal: [3, 'Lateral'],
};

type Ends = Pick<Evidence, 'src_ip' | 'src_port' | 'dst_ip' | 'dst_port'>;

/**
 * The events, those between the ends of the finding first. Where none is (an alert of another engine, a query to a
 * resolver) the ends themselves stand first, so that who met whom is always told.
 */
function evidences(finding: Finding): Ocsf['evidences'] {
  const pair = endsOf(finding);
  const fits = (one: Evidence): number =>
    Number(one.src_ip === pair.src_ip) * 4 +
    Number(one.dst_ip === pair.dst_ip) * 2 +
    Number(one.dst_port === pair.dst_port);
  const ranked = [...finding.evidence].sort((a, b) => fits(b) - fits(a));
  const told = ranked.map((one) => evidence(one, finding));
  const { src_ip, dst_ip } = finding.entity;
  const shown = ranked.some(
    (one) => one.src_ip === (src_ip ?? one.src_ip) && one.dst_ip === (dst_ip ?? one.dst_ip),
  );
  if (shown || (pair.src_ip === '' && pair.dst_ip === '')) return told;
  return [connection(pair, finding, text(finding.values.transport)), ...told];
}

/** Who did it to whom, by the finding's entity, else by its strongest row. */
function endsOf({ values, entity }: Finding): Ends {
  const all = { ...values, ...entity };
  return {
    src_ip: text(all.src_ip),
    src_port: 0,
    dst_ip: text(all.dst_ip),
    dst_port: Number(all.dst_port ?? 0),
  };
}

function connection(
  one: Ends,
  { values, entity, names = {} }: Finding,
  transport: string,
): Ocsf['evidences'][number] {
  const all = { ...values, ...entity };
  const [direction_id, direction] = directions[text(all.direction)] ?? [0, 'Unknown'];
  const named = one.dst_ip === text(all.dst_ip) || all.dst_ip === undefined;
  const asked = named && isIP(text(all.dst_name)) === 0 ? text(all.dst_name) : '';
  const name = asked || (names[one.dst_ip] ?? '');
  const device = names[one.src_ip] ?? '';
  return {
    ...(one.src_ip !== '' && {
      src_endpoint: { ip: one.src_ip, ...port(one.src_port), ...(device !== '' && { hostname: device }) },
    }),
    ...(one.dst_ip !== '' && {
      dst_endpoint: { ip: one.dst_ip, ...port(one.dst_port), ...(name !== '' && { hostname: name }) },
    }),
    ...(one.src_ip !== '' && {
      connection_info: { direction_id, direction, ...(transport !== '' && { protocol_name: transport }) },
    }),
  };
}

function evidence(one: Evidence, finding: Finding): Ocsf['evidences'][number] {
  const said = /^(?:tcp|udp|icmp|sctp)\b/.exec(one.table === 'connection' ? one.says : '')?.[0] ?? '';
  return {
    uid: one.event_id,
    name: one.table,
    ...connection(one, finding, said || text(finding.values.transport)),
    data: {
      event_id: one.event_id,
      table: one.table,
      time: ms(one.time),
      file: one.file,
      line: one.line,
      offset: one.offset,
      says: plain(one.says),
      ...(one.raw !== '' && { raw: one.raw }),
    },
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const port = (value: number): { port?: number } => (value > 0 && value <= 65_535 ? { port: value } : {});

const target_types: Readonly<Record<string, string>> = {
  src_ip: 'Source IP Address',
  dst_ip: 'Destination IP Address',
  dst_port: 'Destination Port',
  dst_name: 'Destination Name',
  transport: 'Transport Protocol',
  query_domain: 'Domain',
};

const analysis_by_unit: Partial<Record<Unit, string>> = {
  bytes: 'Volume Analysis',
  seconds: 'Time Pattern Analysis',
  share: 'Distribution Analysis',
  ratio: 'Distribution Analysis',
  bits: 'Distribution Analysis',
};

function analysisOf(reason: Reason): string {
  if (reason.pattern === 'PERIODIC') return 'Time Pattern Analysis';
  if (reason.pattern === 'UNUSUAL') return 'Behavioral Clustering';
  return analysis_by_unit[reason.unit] ?? 'Frequency Analysis';
}

function anomalyAnalysis(finding: Finding): Ocsf['anomaly_analyses'][number] {
  const timespan = {
    start_time: ms(finding.start_at),
    end_time: ms(finding.end_at),
    type_id: 9 as const,
    type: 'Time Interval',
  };
  const seen = (value: string) => [{ value, count: finding.windows, timespan }];
  return {
    analysis_targets: Object.entries(finding.entity)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => ({ name: String(value), type: target_types[key] ?? key })),
    baselines: finding.reasons.map((reason) => ({
      observation_parameter: reason.feature,
      observation_type: analysisOf(reason),
      observed_pattern: `${range(reason.low, reason.high, reason.unit)} (${finding.baseline.says})`,
      observations: [{ value: String(reason.expected), count: finding.baseline.windows }],
    })),
    anomalies:
      finding.reasons.length > 0
        ? finding.reasons.map((reason) => ({
            observation_parameter: reason.feature,
            observation_type: analysisOf(reason),
            observed_pattern: reason.pattern,
            observations: seen(String(reason.actual)),
          }))
        : [
            {
              observation_parameter: finding.detector,
              observation_type: 'Frequency Analysis',
              observed_pattern: 'RARE',
              observations: seen(plain(finding.summary)),
            },
          ],
  };
}

/** Columns worth looking up, with OCSF's observable type and where in the finding they stand. */
const observable_columns: Readonly<Record<string, readonly [number, string, string?]>> = {
  src_ip: [2, 'IP Address', 'evidences[].src_endpoint.ip'],
  dst_ip: [2, 'IP Address', 'evidences[].dst_endpoint.ip'],
  dst_name: [1, 'Hostname', 'evidences[].dst_endpoint.hostname'],
  query_domain: [1, 'Hostname'],
  server_name: [1, 'Hostname'],
  host: [1, 'Hostname'],
  domain: [1, 'Hostname'],
  username: [4, 'User Name'],
};

/** What a person or a program looks up next: addresses, names and accounts, each once. */
function observables(finding: Finding): Ocsf['observables'] {
  const found = new Map<string, Ocsf['observables'][number]>();
  for (const [column, value] of Object.entries({ ...finding.entity, ...finding.values })) {
    const known = Object.hasOwn(observable_columns, column) ? observable_columns[column] : undefined;
    if (!known || value === '' || value === 0 || value === null || value === undefined) continue;
    const [type_id, type, name = `unmapped.values.${column}`] =
      isIP(String(value)) > 0 ? ([2, 'IP Address', known[2]] as const) : known;
    const key = `${type_id} ${String(value)}`;
    if (!found.has(key)) found.set(key, { name, type_id, type, value: String(value) });
  }
  return [...found.values()];
}

/** The host that did it, or to whom it was done. */
function resources(finding: Finding): Ocsf['resources'] {
  const host = text(finding.entity.src_ip) || text(finding.entity.dst_ip);
  return host === '' ? [] : [{ uid: host, name: finding.names?.[host] ?? host, type: 'host' }];
}
