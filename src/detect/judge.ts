import type { FeatureRow } from '../schema/feature-row.ts';
import type { Baseline, Reason } from '../schema/finding.ts';

/** What a judge says of one row. */
export interface Judgement {
  readonly row: FeatureRow;
  readonly score: number;
  /** chance of a row at least this strange when nothing is wrong; 1e-12 .. 1 */
  readonly p_value: number;
  /**
   * The same before the entity's habits and the company it keeps excused it: whether a row is strange, and so may teach
   * what is usual, is decided by this, else one host with a habit would make the strange usual for all.
   */
  readonly model_p: number;
  /** what the entity's own habit makes of it, where the chance itself comes from calibration (forest); 0: nothing */
  readonly habit_p?: number;
  readonly reasons: readonly Reason[];
  readonly baseline: Baseline;
}

/**
 * A model put to work in one detector. Windows come in order of their start; `judge` gets all rows of one window and
 * may compare them with each other and with windows that ended before this one began, with nothing later.
 *
 * What it has learned can be saved: a plain record that can be cloned (numbers, texts, lists, typed arrays), not copied.
 * A judge that is opened with it goes on as if it had never ended.
 */
export interface Judge {
  judge(window_at: number, rows: readonly FeatureRow[]): Judgement[];
  save(): unknown;
}
