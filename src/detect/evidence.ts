import { bytes, seconds } from '../base/format.ts';
import { placeholders } from '../base/placeholders.ts';
import type { Detector, EvidenceQuery } from '../schema/detector.ts';
import { tables } from '../schema/event/index.ts';
import type { Evidence, Finding } from '../schema/finding.ts';

export interface EvidenceStatement {
  readonly table: string;
  readonly sql: string;
  readonly count_sql: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * The statements that fetch the events behind a finding, best source first; the first that gives rows is used.
 * The finding's entity and columns are bound as parameters, typed by their values.
 */
export function evidenceStatements(detector: Detector, finding: Finding, limit: number): EvidenceStatement[] {
  return detector.evidence.map((query) => statement(query, finding, limit));
}

function statement(query: EvidenceQuery, finding: Finding, limit: number): EvidenceStatement {
  const values = { ...finding.values, ...finding.entity };
  const params: Record<string, unknown> = { from_us: finding.start_at, to_us: finding.end_at + 1 };
  let where = query.where;
  for (const name of placeholders(query.where)) {
    const value = values[name];
    const type = typeof value === 'number' ? 'Float64' : 'String';
    params[name] = typeof value === 'number' ? value : String(value ?? '');
    where = where.replaceAll(`{${name}}`, `{${name}:${type}}`);
  }
  const has = (name: string): boolean =>
    Object.hasOwn(tables[query.table as keyof typeof tables].columns, name);
  const column = (name: string, otherwise: string): string => (has(name) ? name : `${otherwise} AS ${name}`);
  const says = saysColumns[query.table] ?? [];
  const condition = `time >= fromUnixTimestamp64Micro(toInt64({from_us:Float64})) AND time < fromUnixTimestamp64Micro(toInt64({to_us:Float64})) AND (${where})`;
  const sql = `SELECT lower(hex(event_id)) AS event_id, toFloat64(toUnixTimestamp64Micro(time)) AS time_us, file, line, offset, raw,
  ${column('src_ip', "''")}, ${column('src_port', '0')}, ${column('dst_ip', "''")}, ${column('dst_port', '0')}${says.map((name) => `, ${name}`).join('')}
FROM ${query.table} WHERE ${condition} ORDER BY ${query.order}, time, event_id LIMIT ${Math.floor(limit)}`;
  return {
    table: query.table,
    sql,
    count_sql: `SELECT count() AS n FROM ${query.table} WHERE ${condition}`,
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

function connectionLine(row: Record<string, unknown>): string {
  const head = [row.transport, row.service, row.conn_state]
    .filter((one) => one !== '' && one !== null)
    .join(' ');
  const out = Number(row.src_bytes ?? row.src_ip_bytes);
  const back = Number(row.dst_bytes ?? row.dst_ip_bytes);
  const lasted = row.duration_s === null ? '' : `, ${seconds(Number(row.duration_s))}`;
  return `${head}, ${bytes(out)} out, ${bytes(back)} in${lasted}`;
}
