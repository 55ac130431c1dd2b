import { WeirError } from '../base/error.ts';
import {
  featureStatement,
  halves,
  type Range,
  rowReader,
  shared,
  type WindowRange,
  windowRanges,
  windowsOf,
} from '../features/index.ts';
import type { Detector, Feature } from '../schema/detector.ts';
import type { DeviceAt } from '../schema/device.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import type { QueryOptions, Store } from '../store/index.ts';
import type { Past } from './past.ts';
import { feature_settings, sparing } from './settings.ts';

/**
 * Memory that a statement may need for an event that it reads, bytes: a group of its own with addresses as text, and its
 * share of what is sorted and joined after. Most need a tenth of it.
 */
const bytes_an_event = 200;

/** Events that a statement may read at once with so much memory, in bytes. */
export function mostEvents(memory_bytes: number): number {
  return Math.floor(memory_bytes / bytes_an_event);
}

/**
 * A detector's feature rows of all that is stored before an instant (µs since 1970), oldest window first. `past`: what
 * the statements of this store share. `due`: only windows that start in it.
 */
export async function* featureRows(
  store: Store,
  past: Past,
  feature: Feature,
  detector: Detector,
  before: number,
  most_events = mostEvents(store.memory_bytes),
  due: WindowRange = { from: 0, to: Number.POSITIVE_INFINITY },
): AsyncGenerator<FeatureRow> {
  const { hours, all } = await past.held(feature.reads, before);
  const most = feature.whole ? Number.POSITIVE_INFINITY : most_events;
  const deviceAt = await past.deviceAt();
  const asked = (await past.proxied()) ? feature : withoutProxy(feature);
  await past.fillFor(asked.sql);
  for (const range of windowRanges(hours, windowsOf(detector), most)) {
    const wanted = shared(range, due);
    if (wanted !== null) yield* rowsOf(store, asked, detector, wanted, all, deviceAt);
  }
}

/** The feature with its statement for a network in which no host is a web proxy: the same rows, read faster. */
export function withoutProxy(feature: Feature): Feature {
  return { ...feature, sql: feature.sql_without_proxy };
}

/** One range of windows; in halves when the engine has not the memory for it, the least of them with what it has on disk. */
async function* rowsOf(
  store: Store,
  feature: Feature,
  detector: Detector,
  range: WindowRange,
  all: Range,
  deviceAt: DeviceAt,
): AsyncGenerator<FeatureRow> {
  const parts = feature.whole ? null : halves(range, windowsOf(detector));
  const given = { window_at: 0, rows: 0 };
  try {
    yield* noted(oneStatement(store, feature, detector, range, all, deviceAt, {}), given);
  } catch (error) {
    if (!(error instanceof WeirError) || error.code !== 'store_memory') throw error;
    // What was given stands; the same rows come again in the same order, and those are passed over.
    const again = parts
      ? joined(parts.map((part) => rowsOf(store, feature, detector, part, all, deviceAt)))
      : patiently(() =>
          oneStatement(store, feature, detector, range, all, deviceAt, sparing(store.memory_bytes)),
        );
    yield* skipped(again, given);
  }
}

/** The engine's own work (merges of parts) may hold memory for a while: the least range is tried three times more. */
async function* patiently(rows: () => AsyncIterable<FeatureRow>): AsyncGenerator<FeatureRow> {
  const given = { window_at: 0, rows: 0 };
  for (let tries = 0; ; tries++) {
    try {
      yield* noted(skipped(rows(), given), given);
      return;
    } catch (error) {
      if (!(error instanceof WeirError) || error.code !== 'store_memory' || tries >= 3) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries));
    }
  }
}

async function* oneStatement(
  store: Store,
  feature: Feature,
  detector: Detector,
  range: WindowRange,
  all: Range,
  deviceAt: DeviceAt,
  settings: QueryOptions['settings'],
): AsyncGenerator<FeatureRow> {
  const { sql, params } = featureStatement(feature, detector, range, all);
  const read = rowReader(feature, detector, deviceAt);
  const options = {
    name: `feature ${detector.id}`,
    settings: { ...feature_settings, ...settings },
    of_content: true,
  };
  for await (const batch of store.batches(sql, params, options)) for (const row of batch) yield read(row);
}

/** How many rows of which window were the last that were given. */
interface Given {
  window_at: number;
  rows: number;
}

async function* noted(rows: AsyncIterable<FeatureRow>, given: Given): AsyncGenerator<FeatureRow> {
  for await (const row of rows) {
    given.rows = row.window_at === given.window_at ? given.rows + 1 : 1;
    given.window_at = row.window_at;
    yield row;
  }
}

async function* skipped(rows: AsyncIterable<FeatureRow>, given: Given): AsyncGenerator<FeatureRow> {
  const last = { ...given };
  let passed = 0;
  for await (const row of rows) {
    if (row.window_at < last.window_at) continue;
    if (row.window_at === last.window_at && passed++ < last.rows) continue;
    yield row;
  }
}

async function* joined<T>(parts: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  for (const part of parts) yield* part;
}
