import type { SavedPosition } from '../../schema/control/source.ts';
import type { JsonValue } from '../../schema/json.ts';
import { type Handle, pieces } from './handle.ts';
import { jsonText, most_json } from './json.ts';

/**
 * Keeps where a source goes on; of two positions with one key the last holds, and one whose value is null is forgotten. The
 * source has to be there.
 */
export async function savePositions(
  handle: Handle,
  source: string,
  positions: readonly SavedPosition[],
  now_us: number,
): Promise<void> {
  const last = new Map(positions.map(({ key, value }) => [key, value]));
  const gone = [...last].filter(([, value]) => value === null).map(([key]) => key);
  const kept = [...last].filter(([, value]) => value !== null);
  const rows = kept.map(([key, value]) => ({
    source,
    key,
    value: jsonText(value, most_json.position, `Position ${key} of source ${source}`),
    updated_at: now_us,
  }));
  await handle.transaction(async (transaction) => {
    const { db } = transaction;
    await removePositions(transaction, source, gone);
    for (const some of pieces(rows))
      await db
        .insertInto('position')
        .values(some)
        .onConflict((on) =>
          on.columns(['source', 'key']).doUpdateSet((is) => ({
            value: is.ref('excluded.value'),
            updated_at: is.ref('excluded.updated_at'),
          })),
        )
        .execute();
  });
}

/** Where a source goes on, by key. */
export async function listPositions(handle: Handle, source: string): Promise<SavedPosition[]> {
  const rows = await handle.db
    .selectFrom('position')
    .select(['key', 'value'])
    .where('source', '=', source)
    .orderBy('key')
    .execute();
  return rows.map(({ key, value }) => ({ key, value: JSON.parse(value) as JsonValue }));
}

/** Forgets positions: files that are gone for good. */
export async function removePositions(
  handle: Handle,
  source: string,
  keys: readonly string[],
): Promise<void> {
  await handle.transaction(async ({ db }) => {
    for (const some of pieces(keys))
      await db.deleteFrom('position').where('source', '=', source).where('key', 'in', some).execute();
  });
}
