import { type Calibration, calibrate, calibrated, uncalibrated } from '../models/calibration.ts';
import type { Detector } from '../schema/detector.ts';
import type { Judgement } from './judge.ts';

/** Past scores needed before they correct a model. */
const enough = 200;
/** Past scores kept, the newest. */
const most = 4096;
/** A row below this is strange: a host adds at most one such row a day, so that it cannot make itself ordinary. */
const strange_p = 0.01;

/**
 * Corrects p-values by how the detector's own past scores on this network were spread, so that 1 in 1,000 means the
 * same for every detector. Only ever makes a row less surprising than its model says, except where a model has no
 * p-value of its own (forest). Scores are held out by construction: a row is judged before anything learns from it.
 */
export class Calibrator {
  readonly #own_p: boolean;
  readonly #scores: number[] = [];
  readonly #strange_on = new Map<string, number>();
  #added = 0;
  #learned_at = 0;
  #state: Calibration = uncalibrated;

  constructor(detector: Detector) {
    this.#own_p = detector.model.kind !== 'forest';
  }

  calibrated(judgement: Judgement): Judgement {
    if (this.#scores.length < enough) return judgement;
    if (this.#added >= this.#learned_at * 1.1) {
      this.#state = calibrate(this.#scores);
      this.#learned_at = this.#added;
    }
    const { p } = calibrated(judgement.score, this.#state);
    return { ...judgement, p_value: this.#own_p ? Math.max(judgement.p_value, p) : Math.max(1e-12, p) };
  }

  learn(judgements: readonly Judgement[]): void {
    for (const { row, score, p_value } of judgements) {
      if (p_value < strange_p) {
        const day = Math.floor(row.window_at_s / 86_400);
        if (this.#strange_on.get(row.host) === day) continue;
        this.#strange_on.set(row.host, day);
        if (this.#strange_on.size > 100_000) this.#strange_on.clear();
      }
      this.#scores[this.#added++ % most] = score;
    }
  }
}
