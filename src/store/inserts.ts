import { randomUUID } from 'node:crypto';
import type { Connection } from './connection.ts';
import { identifier } from './engine/statement.ts';

/** Stores a few rows given as objects, whole and once. Instants are written by `instant`. */
export async function insertRows(
  connection: Connection,
  table: string,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const names = Object.keys(first).map(identifier).join(', ');
  const data = Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));
  const sql = `INSERT INTO ${identifier(table)} (${names}) FORMAT JSONEachRow`;
  await connection.insert(sql, data, randomUUID(), { name: `store ${table}` });
}

/** An instant, µs since 1970, as ClickHouse reads it for a DateTime64(6): seconds with six decimals. */
export function instant(time: number): string {
  const whole = Math.floor(time / 1e6);
  // Fewer than ten digits before the point would be taken for a date.
  return `${String(whole).padStart(10, '0')}.${String(time - whole * 1e6).padStart(6, '0')}`;
}

/** The same for a column that may be null. */
export function instantOrNull(time: number | null): string | null {
  return time === null ? null : instant(time);
}
