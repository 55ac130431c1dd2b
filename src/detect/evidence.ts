import { duration } from '../base/duration.ts';
import { bytes, seconds } from '../base/format.ts';
import { placeholders } from '../base/placeholders.ts';
import { instant } from '../base/time.ts';
import type { Detector, EvidenceQuery, Over } from '../schema/detector.ts';
import { event_id_text, tables } from '../schema/event/index.ts';
import type { Evidence, Finding } from '../schema/finding.ts';

export interface EvidenceStatement {
  readonly table: string;
  readonly sql: string;
  readonly count_sql: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A statement that counts numbers of a finding's sentence again, from the events they are about. */
export interface RecountStatement {
  readonly sql: string;
  readonly params: Readonly<Record<string, unknown>>;
  /**
   * column → its value when the sentence was written; the statement gives one row with the same names, and `events`, how
   * many it looked at: none means that the number does not come from there
   */
  readonly told: Readonly<Record<string, unknown>>;
}

/**
 * The statements that fetch the events behind a finding, best source first; the first that gives rows is used.
 * The finding's entity and columns are bound as parameters, typed by their values. They look at the span that the
 * finding's figures are about, so that sentence, figures and evidence speak of the same events.
 */
export function evidenceStatements(detector: Detector, finding: Finding, limit: number): EvidenceStatement[] {
  return detector.evidence.map((query) => statement(query, detector, finding, limit));
}

/**
 * The statement that counts the events behind a finding in all the time in which it was seen, by its detector's evidence
 * query of that number; null where the figures speak of all of it, or where the query looks at more than its events.
 */
export function evidenceInAll(
  detector: Detector,
  finding: Finding,
  query: number,
): Pick<EvidenceStatement, 'count_sql' | 'params'> | null {
  const from = finding.own_start_at ?? finding.start_at;
  const to = finding.own_end_at ?? finding.end_at;
  const whole = finding.figures_start_at <= from && finding.figures_end_at >= to;
  if (whole || detector.evidence[query]!.over !== 'events') return null;
  const all = { ...finding, figures_start_at: from, figures_end_at: to };
  return statement(detector.evidence[query]!, detector, all, 0);
}

/**
 * The statements that count the numbers of a finding's sentence again: one for the evidence query that gave its events
 * (the first in which anything is found), and one for each of the detector's `recount`. `evidence`: which of the
 * detector's evidence queries, from 0.
 */
export function recountStatements(
  detector: Detector,
  finding: Finding,
  evidence: number,
): RecountStatement[] {
  const queries = [detector.evidence[evidence]!, ...detector.recount];
  return queries
    .filter((one) => Object.keys(one.counts).length > 0)
    .map(({ table, where, over, counts }) => {
      const names = Object.keys(counts);
      const select = names.map((name) => `${counts[name]} AS ${name}`).join(', ');
      const bound = bind(
        `SELECT count() AS events, ${select} FROM ${table} WHERE ${within} AND (${where})`,
        detector,
        finding,
        over,
      );
      const told = Object.fromEntries(names.map((name) => [name, finding.values[name]]));
      return { sql: inWindow(bound.sql), params: bound.params, told };
    });
}

/** Fragments ask what was known by the end of the window: its start has the name that it has in features. */
function inWindow(sql: string): string {
  return /\bwindow_at\b/.test(sql)
    ? `WITH toDateTime({window_start_s:UInt32}, 'UTC') AS window_at ${sql}`
    : sql;
}

const within =
  'told_at >= fromUnixTimestamp64Micro(toInt64({from_us:Float64})) AND told_at < fromUnixTimestamp64Micro(toInt64({to_us:Float64}))';

/**
 * SQL with the values of a finding as typed parameters, and of the span it looks at as from_us and to_us,
 * that of the window's start as {window_us}.
 */
function bind(
  text: string,
  detector: Detector,
  finding: Finding,
  over: Over,
): { sql: string; params: Record<string, unknown> } {
  const values: Record<string, unknown> = {
    ...finding.values,
    ...finding.entity,
    window_us: finding.window_at,
  };
  const span = spanOf(detector, finding, over);
  // As numbers, and as fragments that are tables take them.
  const params: Record<string, unknown> = {
    ...span,
    from: instant(span.from_us),
    to: instant(span.to_us),
    window_start_s: Math.floor(finding.window_at / 1e6),
    window_s: duration(detector.window),
  };
  let sql = text;
  for (const name of placeholders(text)) {
    const value = values[name];
    const type = typeof value === 'number' ? 'Float64' : 'String';
    params[name] = typeof value === 'number' ? value : String(value ?? '');
    sql = sql.replaceAll(`{${name}}`, `{${name}:${type}}`);
  }
  return { sql, params };
}

function spanOf(
  detector: Detector,
  { figures_start_at, figures_end_at, window_at }: Finding,
  over: Over,
): { from_us: number; to_us: number } {
  const window_end_at = window_at + duration(detector.window) * 1e6;
  if (over === 'events') return { from_us: figures_start_at, to_us: figures_end_at + 1 };
  return { from_us: over === 'window' ? window_at : 0, to_us: window_end_at };
}

function statement(
  query: EvidenceQuery,
  detector: Detector,
  finding: Finding,
  limit: number,
): EvidenceStatement {
  const { sql: where, params } = bind(query.where, detector, finding, query.over);
  const has = (name: string): boolean =>
    Object.hasOwn(tables[query.table as keyof typeof tables].columns, name);
  const column = (name: string, otherwise: string): string => (has(name) ? name : `${otherwise} AS ${name}`);
  const says = saysColumns[query.table] ?? [];
  const condition = `${within} AND (${where})`;
  const sql = `SELECT ${event_id_text} AS event_id, toFloat64(toUnixTimestamp64Micro(time)) AS time_us, source, file, line, offset, raw,
  ${column('src_ip', "''")}, ${column('src_port', '0')}, ${column('dst_ip', "''")}, ${column('dst_port', '0')}${says.map((name) => `, ${name}`).join('')}
FROM ${query.table} WHERE ${condition} ORDER BY ${query.order}, time, event_id LIMIT ${Math.floor(limit)}`;
  return {
    table: query.table,
    sql: inWindow(sql),
    count_sql: inWindow(`SELECT count() AS n FROM ${query.table} WHERE ${condition}`),
    params,
  };
}

/** Columns that tell an event in one line, per table. */
const saysColumns: Record<string, readonly string[]> = {
  authentication: ['protocol', 'username', 'success', 'attempts', 'error'],
  connection: [
    'transport',
    'service',
    'conn_state',
    'src_bytes',
    'dst_bytes',
    'src_packets',
    'dst_packets',
    'src_ip_bytes',
    'dst_ip_bytes',
    'duration_s',
  ],
  dns: ['query', 'query_type', 'response_code', 'answers'],
  external_alert: ['engine', 'name', 'message', 'category'],
  file: ['protocol', 'name', 'mime', 'size_bytes'],
  ftp: ['command', 'argument', 'reply_code', 'username'],
  http: ['method', 'host', 'uri', 'status_code', 'user_agent'],
  remote_call: ['endpoint', 'operation', 'path'],
  tls: ['version', 'server_name', 'ja4', 'issuer', 'validation_status'],
};

/** A row of `evidenceStatements` as evidence. */
export function evidenceOf(table: string, row: Record<string, unknown>): Evidence {
  return {
    event_id: String(row.event_id),
    table,
    time: Number(row.time_us),
    file: String(row.file),
    source: String(row.source),
    line: Number(row.line),
    offset: Number(row.offset),
    src_ip: String(row.src_ip),
    src_port: Number(row.src_port),
    dst_ip: String(row.dst_ip),
    dst_port: Number(row.dst_port),
    says: eventLine(table, row),
    raw: String(row.raw ?? ''),
  };
}

/** An event on one line: "tcp ssl SF, 1.2 kB out, 3.4 kB in, 12 s". */
export function eventLine(table: string, row: Record<string, unknown>): string {
  if (table === 'connection') return connectionLine(row);
  const told = (saysColumns[table] ?? []).map((name) => {
    const value = row[name];
    if (Array.isArray(value)) return value.slice(0, 3).join(', ');
    return value === null || value === undefined ? '' : String(value);
  });
  return told.filter((one) => one !== '').join(' ');
}

/** Headers without options: TCP (RFC 9293, 3.1), UDP (RFC 768), ICMP (RFC 792). */
const least_headers: Readonly<Record<string, number>> = { tcp: 20, udp: 8, icmp: 8 };

/** As the fragment without_headers of content/features: the most payload that so many IP bytes and packets can be. */
function withoutHeaders(row: Record<string, unknown>, ip_bytes: unknown, packets: unknown): number {
  const header = (String(row.src_ip).includes(':') ? 40 : 20) + (least_headers[String(row.transport)] ?? 0);
  const total = Number(ip_bytes);
  return total - Math.min(Number(packets), Math.floor(total / header)) * header;
}

function connectionLine(row: Record<string, unknown>): string {
  const head = [row.transport, row.service, row.conn_state]
    .filter((one) => one !== '' && one !== null)
    .join(' ');
  const out = Number(row.src_bytes ?? withoutHeaders(row, row.src_ip_bytes, row.src_packets));
  const back = Number(row.dst_bytes ?? withoutHeaders(row, row.dst_ip_bytes, row.dst_packets));
  const lasted = row.duration_s === null ? '' : `, ${seconds(Number(row.duration_s))}`;
  return `${head}, ${bytes(out)} out, ${bytes(back)} in${lasted}`;
}
