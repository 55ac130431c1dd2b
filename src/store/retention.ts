import type { Connection } from './connection.ts';
import { eventKinds } from './ddl.ts';
import { identifier } from './engine/statement.ts';
import { rowsOf } from './rows.ts';

/** Tables whose rows age; findings, runs and accounts of input are kept. */
export const agingTables: readonly string[] = [...eventKinds, 'reject'];

/**
 * Makes the age at which rows are deleted what it should be, counted from when they were stored; null: never. Whole
 * parts are dropped once their last row is that old, so up to a few days more are kept.
 */
export async function applyRetention(connection: Connection, days: number | null): Promise<void> {
  const found = await rowsOf<[string, string]>(
    connection,
    `SELECT name, extract(engine_full, 'TTL stored_at \\\\+ toIntervalDay\\\\((\\\\d+)\\\\)') FROM system.tables
WHERE database = currentDatabase() AND name IN {names:Array(String)}`,
    { name: 'retention', params: { names: agingTables } },
  );
  for (const [table, have] of found) {
    const want = days === null ? '' : String(days);
    if (have === want) continue;
    const change = days === null ? 'REMOVE TTL' : `MODIFY TTL stored_at + toIntervalDay(${Math.trunc(days)})`;
    await connection.run(`ALTER TABLE ${identifier(table)} ${change}`, {
      name: 'retention',
      repeatable: true,
      // Old parts are dropped by themselves; rewriting them all now would stop the store for hours.
      settings: { materialize_ttl_after_modify: 0 },
    });
  }
}
