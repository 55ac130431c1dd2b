import { WeirError } from '../base/error.ts';
import { instant } from '../base/time.ts';
import type { Hour, Range } from '../features/index.ts';
import { type DeviceAt, deviceBook } from '../schema/device.ts';
import { type Rollup, rollupsIn, rollupTable } from '../schema/rollup.ts';
import { fillRollup, hasRole, listDevices, type Store } from '../store/index.ts';
import { feature_settings, sparing } from './settings.ts';

/** Events of some tables: how many in which hour, and from when to when. */
export interface Held {
  readonly hours: readonly Hour[];
  readonly all: Range;
}

/**
 * What the statements of features need of all that is stored, worked out once for all of them: roll-ups, how many
 * events there are when, and which device had which address. It holds while nothing is added to the store and no role changes.
 */
export class Past {
  readonly #store: Store;
  readonly #rollups: ReadonlyMap<string, Rollup>;
  readonly #filled = new Map<string, Promise<void>>();
  readonly #held = new Map<string, readonly HeldHour[]>();
  #proxied: boolean | null = null;
  #device_at: DeviceAt | null = null;

  constructor(store: Store, rollups: ReadonlyMap<string, Rollup>) {
    this.#store = store;
    this.#rollups = rollups;
  }

  /** Whether a host is a web proxy. */
  async proxied(): Promise<boolean> {
    this.#proxied ??= await hasRole(this.#store, 'proxy');
    return this.#proxied;
  }

  /** Which device had which address when. */
  async deviceAt(): Promise<DeviceAt> {
    this.#device_at ??= deviceBook(await listDevices(this.#store));
    return this.#device_at;
  }

  /**
   * Fills the roll-ups that a statement names, and those that these name; once more with what is on disk where the engine has
   * not the memory. Errors: as of any statement of content.
   */
  async fillFor(sql: string): Promise<void> {
    for (const id of rollupsIn(sql)) {
      const rollup = this.#rollups.get(id);
      if (rollup === undefined) continue;
      // Whoever comes while it is being filled waits for that; what failed is filled anew.
      const filled = this.#filled.get(id) ?? this.#fill(id, rollup);
      this.#filled.set(id, filled);
      await filled.catch((error: unknown) => {
        if (this.#filled.get(id) === filled) this.#filled.delete(id);
        throw error;
      });
    }
  }

  async #fill(id: string, rollup: Rollup): Promise<void> {
    const body = (await this.proxied()) ? rollup.sql : rollup.sql_without_proxy;
    await this.fillFor(body);
    const { all, hours } = await this.held(rollup.reads, Number.POSITIVE_INFINITY);
    const [begun, ended] = [instant(all.from), instant(all.to)];
    const params = { from: begun, to: ended, begun, ended };
    const nothing = hours.length === 0;
    const fill = (more: Readonly<Record<string, string | number>>): Promise<void> => {
      const settings = { ...feature_settings, ...more };
      return fillRollup(this.#store, rollupTable(id), rollup.key, body, params, settings, nothing);
    };
    await fill({}).catch((error: unknown) => {
      if (!(error instanceof WeirError) || error.code !== 'store_memory') throw error;
      return fill(sparing(this.#store.memory_bytes));
    });
  }

  /** Events before an instant, µs since 1970. */
  async held(tables: readonly string[], before: number): Promise<Held> {
    const known = (await Promise.all(tables.map((table) => this.#hoursOf(table)))).flat();
    const counted = known.filter(({ at }) => at < before);
    const events = new Map<number, number>();
    for (const one of counted) events.set(one.at, (events.get(one.at) ?? 0) + one.events);
    const from = Math.min(...counted.map(({ first }) => first));
    const to = Math.max(...counted.map(({ last }) => last)) + 1;
    return {
      hours: [...events].map(([at, events]) => ({ at, events })).sort((a, b) => a.at - b.at),
      all: counted.length === 0 ? { from: 0, to: 0 } : { from, to },
    };
  }

  /** Only answers are kept: after the engine died it is asked again. */
  async #hoursOf(table: string): Promise<readonly HeldHour[]> {
    const known = this.#held.get(table) ?? (await hoursOf(this.#store, table));
    this.#held.set(table, known);
    return known;
  }
}

interface HeldHour extends Hour {
  /** instants of the first and the last event, µs since 1970 */
  readonly first: number;
  readonly last: number;
}

async function hoursOf(store: Store, table: string): Promise<HeldHour[]> {
  const rows = await store.rows<[number, number, number, number]>(
    `SELECT toFloat64(toUnixTimestamp(toStartOfHour(told_at))) * 1e6 AS at, count(), toUnixTimestamp64Micro(min(told_at)), toUnixTimestamp64Micro(max(told_at))
FROM ${table} GROUP BY at ORDER BY at`,
    {},
    { name: 'events by hour' },
  );
  return rows.map(([at, events, first, last]) => ({ at, events, first, last }));
}
