import { constants } from 'node:os';
import { endEngines, openStore, type Store, type StoreOptions, type StorePlace } from '../store/index.ts';

/** How long an engine has to end by itself once Weir is told to stop. */
const patience_ms = 700;

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
  let stopping = false;
  const stop = (signal: (typeof signals)[number]): void => {
    stopping = true;
    ignore();
    const gone = (): never => process.exit(128 + constants.signals[signal]);
    void endEngines(patience_ms).then(gone, gone);
  };
  const ignore = (): void => {
    for (const signal of signals) process.off(signal, stop);
  };
  for (const signal of signals) process.on(signal, stop);
  try {
    const store = await openStore(place, options);
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
