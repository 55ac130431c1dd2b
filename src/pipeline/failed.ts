import { storeIsGone } from '../base/error.ts';
import type { Detector } from '../schema/detector.ts';

export interface Failed {
  readonly detector: string;
  /** the file it comes from */
  readonly file: string;
  readonly why: string;
}

/** One detector that fails is told of and does not cost the others; without a store there is nothing to go on with. */
export function failure(detector: Detector, error: unknown): Failed {
  if (storeIsGone(error)) throw error;
  const why = error instanceof Error ? error.message : String(error);
  return { detector: detector.id, file: detector.file, why };
}
