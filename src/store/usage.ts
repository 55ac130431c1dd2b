import type { Store } from './store.ts';

/** Rows and bytes on the disk of each table. */
export async function usage(store: Store): Promise<{ table: string; rows: number; bytes: number }[]> {
  return store.query(
    `SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts
WHERE database = currentDatabase() AND active GROUP BY table ORDER BY table`,
    {},
    { name: 'usage' },
  );
}
