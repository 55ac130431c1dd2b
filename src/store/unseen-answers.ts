import type { UnseenAnswers } from '../schema/vantage.ts';
import { insertRows } from './inserts.ts';
import type { Store } from './store.ts';

/** Stores where answers are not seen; what the run before knew goes. */
export async function saveUnseenAnswers(store: Store, all: readonly UnseenAnswers[]): Promise<void> {
  await store.command(
    'TRUNCATE TABLE unseen_answers',
    {},
    { name: 'clear unseen answers', repeatable: true },
  );
  await insertRows(
    store.connection,
    'unseen_answers',
    all.map((one) => ({ ...one })),
  );
}
