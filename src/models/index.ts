import type { Matrix, Model } from '../schema/model.ts';
import { isolationForest } from './isolation-forest.ts';
import { robustDeviation } from './robust-deviation.ts';

/** Every model that learns from rows. Each passes contract.test.ts. */
export const models = [robustDeviation, isolationForest] as const;
/** A model whose parameters and state are checked at run time only. */
export type AnyModel = Model<never, unknown>;
export type { Matrix };
