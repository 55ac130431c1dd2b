import { constants } from 'node:os';
import {
  endEngines,
  killEngines,
  openStore,
  type Store,
  type StoreOptions,
  type StorePlace,
} from '../store/index.ts';

/** How long an engine has to end by itself once Weir is told to stop. */
const patience_ms = 700;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Signals so near each other are one: a terminal sends to all programs of a job, and those pass it on to each other. */
const once_ms = 300;

/**
 * Opens a store, works with it and closes it, also when the program is told to stop: its engine ends, and what was
 * temporary is removed. A second signal stops at once, the engine too.
 */
export async function withStore<T>(
  place: StorePlace,
  work: (store: Store) => Promise<T>,
  options: StoreOptions = {},
): Promise<T> {
  let stopping = false;
  let told_at = 0;
  const stop = (signal: (typeof signals)[number]): void => {
    const gone = (): never => process.exit(128 + constants.signals[signal]);
    if (!stopping) {
      stopping = true;
      told_at = performance.now();
      // Off the line on which progress was shown.
      if (process.stderr.isTTY) process.stderr.write('\n');
      void endEngines(patience_ms).then(gone, gone);
    } else if (performance.now() - told_at > once_ms) {
      killEngines();
      gone();
    }
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
    if (!stopping) ignore();
  }
}
