import { sql } from 'kysely';
import { WeirError } from '../../base/error.ts';
import type { Handle } from './handle.ts';
import { migrations as released } from './migrations/index.ts';
import type { Dialect, Migration } from './migrations/migration.ts';

/** Brings the control store to the layout of this program by numbered steps, each whole or not at all. Forward only. */
export async function migrate(
  handle: Handle,
  name: string,
  dialect: Dialect,
  now_us: number,
  steps: readonly Migration[] = released,
): Promise<void> {
  await handle.transaction(({ db }) =>
    sql
      .raw(
        `CREATE TABLE IF NOT EXISTS schema_version (
  version ${dialect.int} PRIMARY KEY, name TEXT NOT NULL, applied_at ${dialect.int} NOT NULL)${dialect.table}`,
      )
      .execute(db),
  );
  const row = await handle.db
    .selectFrom('schema_version')
    .select((is) => is.fn.max('version').as('version'))
    .executeTakeFirst();
  const have = row?.version ?? 0;
  const newest = steps.at(-1)?.version ?? 0;
  if (have > newest)
    throw new WeirError(
      'store_unavailable',
      `The control store ${name} was made by a newer Weir (layout ${have}; this one knows ${newest}). Use that Weir or newer.`,
    );
  for (const step of steps) {
    if (step.version <= have) continue;
    await handle.transaction(async ({ db }) => {
      for (const statement of step.statements(dialect)) await sql.raw(statement).execute(db);
      await db
        .insertInto('schema_version')
        .values({ version: step.version, name: step.name, applied_at: now_us })
        .execute();
    });
  }
}
