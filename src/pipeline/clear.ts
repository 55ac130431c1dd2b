import { tables } from '../schema/event/index.ts';
import type { Store } from '../store/index.ts';

/** Removes all events; findings and accounts of runs stay. */
export async function clearEvents(store: Store): Promise<void> {
  for (const kind of Object.keys(tables))
    await store.command(`TRUNCATE TABLE ${kind}`, {}, { name: 'clear' });
}
