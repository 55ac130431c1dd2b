import type { z } from 'zod';

/** n rows × d columns of finite numbers, row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** What one column adds to a score. */
export interface Part {
  readonly column: number;
  readonly actual: number;
  /** The usual value, and the range in which about 95 % of the past lies; same unit as `actual`. */
  readonly expected: number;
  readonly low: number;
  readonly high: number;
  /** Share of the score that is due to this column; the shares of all parts sum to 1, or all are 0. */
  readonly weight: number;
}

export interface Score {
  /** 0 ordinary .. 1 unheard of; monotone in how strange the row is. */
  readonly score: number;
  /** Chance of a row at least this strange if nothing is wrong, by the model's own reference; 1e-12 .. 1. Calibration corrects it. */
  readonly p_value: number;
  readonly parts: readonly Part[];
}

/**
 * A pure algorithm: no I/O, no clock, randomness only from `seed`. State is plain JSON (numbers, strings, arrays,
 * records), so that it can be stored, compared and rolled back.
 */
export interface Model<P, S> {
  readonly kind: string;
  readonly doc: string;
  readonly params: z.ZodType<P>;
  /**
   * Learns from past rows. An empty past is allowed: the state then judges by the shipped prior where the parameters hold
   * one, and else scores everything 0 with p_value 1.
   */
  fit(past: Matrix, params: P, seed: number): S;
  score(row: ArrayLike<number>, state: S, params: P): Score;
}
