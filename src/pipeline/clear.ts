import { WeirError } from '../base/error.ts';
import { tables } from '../schema/event/index.ts';
import type { Store } from '../store/index.ts';
import { dropHalves } from './halves.ts';

/** Removes all events; findings and accounts of runs stay. */
export async function clearEvents(store: Store): Promise<void> {
  for (const kind of Object.keys(tables))
    await store.command(`TRUNCATE TABLE ${kind}`, {}, { name: 'clear', repeatable: true });
}

/**
 * A run judges the events of its own input. Those of an earlier run in the same folder are removed; on a server they may
 * be somebody's, so there the run is refused.
 * @throws WeirError usage
 */
export async function startEmpty(store: Store): Promise<void> {
  await dropHalves(store);
  const [row] = await store.query<{ events: number }>(
    `SELECT sum(total_rows) AS events FROM system.tables
WHERE database = currentDatabase() AND has({kinds:Array(String)}, name)`,
    { kinds: Object.keys(tables) },
    { name: 'events of before' },
  );
  const events = Number(row?.events ?? 0);
  if (events === 0) return;
  if (store.connection.engine === null)
    throw new WeirError('usage', `--store: the database holds ${events} events already; give an empty one`);
  await clearEvents(store);
}
