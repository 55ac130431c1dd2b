import { WeirError } from '../base/error.ts';
import { tables } from '../schema/event/index.ts';
import type { Table } from '../schema/table.ts';
import type { Connection } from './connection.ts';
import {
  columnDdl,
  columnsOf,
  createTable,
  type StorageOptions,
  tableSettings,
  toldColumn,
  ttl,
} from './ddl.ts';
import { identifier } from './engine/statement.ts';
import { migrations as released } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';
import { rowsOf } from './rows.ts';

/**
 * Brings a store to the layout of this program: numbered steps first, then the event tables from their descriptions
 * (new tables and new columns are added; a column whose type differs is an error). Forward only.
 */
export async function migrate(
  connection: Connection,
  options: StorageOptions,
  steps: readonly Migration[] = released,
  events: readonly Table[] = Object.values(tables),
): Promise<void> {
  const context = { settings: tableSettings(options), ttl: (column: string) => ttl(column, options) };
  await connection.run(
    `CREATE TABLE IF NOT EXISTS schema_version (version UInt32, name String, applied_at DateTime64(6, 'UTC'))
ENGINE = MergeTree ORDER BY version SETTINGS ${context.settings}`,
    { name: 'layout', repeatable: true },
  );
  const [[have = 0] = []] = await rowsOf<[number]>(connection, 'SELECT max(version) FROM schema_version');
  const newest = steps.at(-1)?.version ?? 0;
  if (have > newest) {
    throw new WeirError(
      'store_unavailable',
      `The store was made by a newer Weir (layout ${have}; this one knows ${newest}). Use that Weir or newer.`,
    );
  }
  for (const step of steps) {
    if (step.version <= have) continue;
    for (const sql of step.statements(context)) {
      await connection.run(sql, { name: `layout ${step.version}`, repeatable: true });
    }
    await connection.run('INSERT INTO schema_version SELECT {version:UInt32}, {name:String}, now64(6)', {
      name: `layout ${step.version}`,
      params: { version: step.version, name: step.name },
    });
  }
  await syncEventTables(connection, options, events);
}

async function syncEventTables(
  connection: Connection,
  options: StorageOptions,
  events: readonly Table[],
): Promise<void> {
  const found = await rowsOf<[string, string, string]>(
    connection,
    'SELECT table, name, type FROM system.columns WHERE database = currentDatabase() ORDER BY table, position',
  );
  const types = new Map<string, Map<string, string>>();
  for (const [table, name, type] of found) {
    const columns = types.get(table);
    if (columns) columns.set(name, type);
    else types.set(table, new Map([[name, type]]));
  }
  await Promise.all(events.map((table) => syncTable(connection, options, table, types.get(table.kind))));
}

async function syncTable(
  connection: Connection,
  options: StorageOptions,
  table: Table,
  have: ReadonlyMap<string, string> | undefined,
): Promise<void> {
  if (!have) {
    await connection.run(createTable(table, options), { name: 'layout', repeatable: true });
    return;
  }
  const missing: string[] = [];
  for (const column of [...columnsOf(table), toldColumn(table)]) {
    const { name, type } = column;
    const is = have.get(name);
    if (is === undefined) {
      missing.push(`ADD COLUMN IF NOT EXISTS ${columnDdl(column)}`);
    } else if (is !== type) {
      throw new WeirError(
        'store_unavailable',
        `Column ${table.kind}.${name} of the store is ${is}, but this Weir keeps it as ${type}. ` +
          'A released column never changes its type: give the new one another name, or write a migration.',
      );
    }
  }
  if (missing.length === 0) return;
  await connection.run(`ALTER TABLE ${identifier(table.kind)} ${missing.join(', ')}`, {
    name: 'layout',
    repeatable: true,
  });
}
