import type { FeatureRow } from '../schema/feature-row.ts';
import type { Baseline, Reason } from '../schema/finding.ts';

/** What a judge says of one row. */
export interface Judgement {
  readonly row: FeatureRow;
  readonly score: number;
  /** chance of a row at least this strange when nothing is wrong; 1e-12 .. 1 */
  readonly p_value: number;
  readonly reasons: readonly Reason[];
  readonly baseline: Baseline;
}

/**
 * A model put to work in one detector. Windows come in order of their start; `judge` gets all rows of one window and
 * may compare them with each other and with windows that ended before this one began, with nothing later. `learn`
 * marks windows of a past that is not itself judged.
 */
export interface Judge {
  judge(window_at_s: number, rows: readonly FeatureRow[]): Judgement[];
}
