import { constants } from 'node:os';
import { openStore, type Store, type StoreOptions, type StorePlace } from '../store/index.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Opens a store, works with it and closes it, also when the program is told to stop: its engine ends, and what was
 * temporary is removed. A second signal stops at once.
 */
export async function withStore<T>(
  place: StorePlace,
  work: (store: Store) => Promise<T>,
  options: StoreOptions = {},
): Promise<T> {
  const opening = openStore(place, options);
  let stopping = false;
  const stop = (signal: (typeof signals)[number]): void => {
    stopping = true;
    ignore();
    const gone = (): never => process.exit(128 + constants.signals[signal]);
    opening.then((store) => store.close()).then(gone, gone);
  };
  const ignore = (): void => {
    for (const signal of signals) process.off(signal, stop);
  };
  for (const signal of signals) process.on(signal, stop);
  try {
    const store = await opening;
    try {
      return await work(store);
    } finally {
      if (!stopping) await store.close();
    }
  } catch (error) {
    // The store was closed under the work: that is no failure to tell of, the program is on its way out.
    if (stopping) return await new Promise<never>(() => {});
    throw error;
  } finally {
    ignore();
  }
}
