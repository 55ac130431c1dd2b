import type { Store } from './store.ts';

interface Made {
  readonly sql: string;
  readonly columns: string;
  /** it may hold rows */
  readonly filled: boolean;
}
/** Tables that this process made in a store, by name: another run of the same content empties them, which is quicker. */
const made = new WeakMap<Store, Map<string, Made>>();

/**
 * Makes the table of a roll-up and fills it, what it held before goes: `sql` is a SELECT of content, so it runs with the
 * rights of content alone. `nothing`: there are no events for it, so that its table stays empty. Errors: as of any
 * statement of content.
 */
export async function fillRollup(
  store: Store,
  table: string,
  key: readonly string[],
  sql: string,
  params: Readonly<Record<string, unknown>>,
  settings: Readonly<Record<string, string | number>>,
  nothing = false,
): Promise<void> {
  const known = made.get(store) ?? new Map<string, Made>();
  made.set(store, known);
  const before = known.get(table);
  let columns = before?.columns;
  known.delete(table);
  if (columns === undefined || before?.sql !== sql)
    columns = await makeTable(store, table, key, sql, params, settings);
  else if (before.filled)
    await store.command(`TRUNCATE TABLE ${table} SYNC`, {}, { name: 'empty roll-up', repeatable: true });
  known.set(table, { sql, columns, filled: !nothing });
  if (nothing) return;
  const filling = { name: table, of_content: true, fills: true } as const;
  await store.command(`INSERT INTO ${table} (${columns}) ${sql}`, params, {
    ...filling,
    settings: { ...settings, max_insert_block_size: 65_536 },
  });
}

/** An empty table with the columns of a statement; gives their names. */
async function makeTable(
  store: Store,
  table: string,
  key: readonly string[],
  sql: string,
  params: Readonly<Record<string, unknown>>,
  settings: Readonly<Record<string, string | number>>,
): Promise<string> {
  const of_content = { name: table, settings, of_content: true } as const;
  const columns = await store.query<{ name: string; type: string }>(`DESCRIBE (${sql})`, params, of_content);
  await store.command(`DROP TABLE IF EXISTS ${table} SYNC`, {}, { name: 'drop roll-up', repeatable: true });
  const typed = columns.map(({ name, type }) => `${name} ${type}`);
  await store.command(
    `CREATE TABLE ${table} (${typed.join(', ')}) ENGINE = MergeTree ORDER BY (${key.join(', ')})`,
    {},
    { name: 'create roll-up', settings: { allow_suspicious_low_cardinality_types: 1 } },
  );
  return columns.map(({ name }) => name).join(', ');
}
