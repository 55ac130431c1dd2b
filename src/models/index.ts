export * from './allowance.ts';
export * from './beacon.ts';
export * from './calibration.ts';
export * from './combine.ts';
export * from './counts.ts';
export * from './first-seen.ts';
export { generatedNameScore, type LabelShape, labelShape } from './information.ts';
export * from './isolation-forest.ts';
export * from './robust-deviation.ts';
export * from './surprise.ts';

import { isolationForest } from './isolation-forest.ts';
import { robustDeviation } from './robust-deviation.ts';

/**
 * Every model that learns from rows of numbers; contract.test.ts holds for each. Kinds of evidence that have a shape of
 * their own stand beside them: judgeBeacon (calls of a pair), countSurprise, noveltySurprise,
 * generatedNameScore.
 */
export const models = [robustDeviation, isolationForest] as const;
