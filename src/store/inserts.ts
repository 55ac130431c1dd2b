import { randomUUID } from 'node:crypto';
import { instant } from '../base/time.ts';
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

/** The same for a column that may be null. */
export function instantOrNull(time: number | null): string | null {
  return time === null ? null : instant(time);
}
