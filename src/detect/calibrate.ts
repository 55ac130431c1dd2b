import { duration } from '../base/duration.ts';
import { type Calibration, calibrate, calibrated, uncalibrated } from '../models/calibration.ts';
import type { Detector } from '../schema/detector.ts';
import type { Judgement } from './judge.ts';
import { OnceADay, Waiting } from './waiting.ts';

/** Past scores needed before they correct a model. */
const enough = 200;
/** Past scores kept, the newest. */
const most = 4096;
/** A row below this is strange: a host adds at most one such row a day, so that it cannot make itself ordinary. */
const strange_p = 0.01;

/**
 * Models that are given their chance by how many show the same (facts, first sights) or by a null of their own
 * (rhythm). Their scores are all alike: to be no higher than others says nothing of them.
 */
const self_calibrated: readonly string[] = ['fact', 'novelty', 'beacon'];

/**
 * Corrects p-values by how the detector's own past scores on this network were spread, so that 1 in 1,000 means the
 * same for every detector. Rows not worth judging count as less strange than all judged ones: to be the strangest of a
 * hundred that are judged out of ten thousand is one in ten thousand, not one in a hundred. Only ever makes a row less surprising than its model says, except where a model has no
 * p-value of its own (forest). Scores are held out: a window is
 * learned from only when it is over from the point of view of the one being judged.
 */
export class Calibrator {
  readonly #own_p: boolean;
  readonly #learns: boolean;
  readonly #scores: number[] = [];
  readonly #strange = new OnceADay();
  #added = 0;
  #learned_at = 0;
  #rows = 0;
  #judged = 0;
  #state: Calibration = uncalibrated;

  readonly #waiting: Waiting<{
    readonly window_at_s: number;
    readonly judgements: readonly Judgement[];
    readonly rows: number;
  }>;

  constructor(detector: Detector) {
    this.#waiting = new Waiting(duration(detector.window));
    this.#own_p = detector.model.kind !== 'forest';
    this.#learns = !self_calibrated.includes(detector.model.kind);
  }

  calibrated(judgement: Judgement): Judgement {
    if (this.#scores.length < enough) return judgement;
    if (this.#added >= this.#learned_at * 1.1) {
      this.#state = calibrate(this.#scores);
      this.#learned_at = this.#added;
    }
    const p = (calibrated(judgement.score, this.#state).p * this.#judged) / Math.max(1, this.#rows);
    return { ...judgement, p_value: this.#own_p ? Math.max(judgement.p_value, p) : Math.max(1e-12, p) };
  }

  /** Takes in the windows that ended at or before an instant. */
  advance(window_at_s: number): void {
    for (const one of this.#waiting.advance(window_at_s)) this.#learn(one.judgements, one.rows);
  }

  /** Hands in a window. Of overlapping ones only every whole window counts. `rows`: how many it had, judged or not. */
  add(window_at_s: number, judgements: readonly Judgement[], rows: number): void {
    if (this.#learns) this.#waiting.add({ window_at_s, judgements, rows });
  }

  #learn(judgements: readonly Judgement[], rows: number): void {
    this.#rows += rows;
    this.#judged += judgements.length;
    for (const { row, score, p_value } of judgements) {
      if (p_value < strange_p && !this.#strange.first(row.host, row.window_at_s)) continue;
      this.#scores[this.#added++ % most] = score;
    }
  }
}
