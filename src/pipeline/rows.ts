import { featureStatement, type Range, rowReader } from '../features/index.ts';
import type { Detector, Feature } from '../schema/detector.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import type { Store } from '../store/index.ts';

/** Settings of every feature statement: a column keeps its meaning where an aggregate of it has the same name. */
export const feature_settings = { prefer_column_name_to_alias: 1 } as const;

/** A detector's feature rows of a range, as the store gives them, oldest window first. */
export async function* featureRows(
  store: Store,
  feature: Feature,
  detector: Detector,
  range: Range,
): AsyncGenerator<FeatureRow> {
  const { sql, params } = featureStatement(feature, detector, range);
  const read = rowReader(feature, detector);
  const options = { name: `feature ${detector.id}`, settings: feature_settings };
  for await (const batch of store.batches(sql, params, options)) {
    for (const row of batch) yield read(row);
  }
}
