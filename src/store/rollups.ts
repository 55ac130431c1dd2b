import type { Store } from './store.ts';

/**
 * Makes the table of a roll-up anew and fills it: `sql` is a SELECT of content, so it runs with the rights of content
 * alone. Errors: as of any statement of content.
 */
export async function fillRollup(
  store: Store,
  table: string,
  key: readonly string[],
  sql: string,
  params: Readonly<Record<string, unknown>>,
  settings: Readonly<Record<string, string | number>>,
): Promise<void> {
  const of_content = { name: table, settings, of_content: true } as const;
  const columns = await store.query<{ name: string; type: string }>(`DESCRIBE (${sql})`, params, of_content);
  await store.command(`DROP TABLE IF EXISTS ${table} SYNC`, {}, { name: 'drop roll-up', repeatable: true });
  const typed = columns.map(({ name, type }) => `${name} ${type}`);
  await store.command(
    `CREATE TABLE ${table} (${typed.join(', ')}) ENGINE = MergeTree ORDER BY (${key.join(', ')})`,
    {},
    { name: 'create roll-up', settings: { allow_suspicious_low_cardinality_types: 1 } },
  );
  const into = columns.map(({ name }) => name).join(', ');
  const filling = { ...of_content, fills: true, settings: { ...settings, max_insert_block_size: 65_536 } };
  await store.command(`INSERT INTO ${table} (${into}) ${sql}`, params, filling);
}
