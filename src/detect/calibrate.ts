import { duration } from '../base/duration.ts';
import { quantile } from '../base/stats.ts';
import { type Calibration, calibrate, calibrated, uncalibrated } from '../models/calibration.ts';
import { scoreOfLog10 } from '../models/surprise.ts';
import type { Detector } from '../schema/detector.ts';
import { House, type HouseState } from './house.ts';
import type { Judgement } from './judge.ts';
import { Waiting } from './waiting.ts';

/** Past scores needed before they correct a model. */
const enough = 200;
/** Past scores kept, the newest. */
const most = 4096;
/** A row below this is strange. */
const strange_p = 0.01;
/** The score that goes with it. */
const strange_score = scoreOfLog10(Math.log10(strange_p));
/**
 * Models that are given their chance by how many show the same (facts, first sights) or by a null of their own
 * (rhythm). Their scores are all alike: to be no higher than others says nothing of them.
 */
const self_calibrated: readonly string[] = ['fact', 'novelty', 'beacon'];

interface Learned {
  readonly window_at: number;
  readonly judgements: readonly { readonly host: string; readonly score: number; readonly model_p: number }[];
  /** how many the window had, judged or not */
  readonly rows: number;
}

export interface CalibratorState {
  readonly scores: readonly number[];
  readonly house: HouseState;
  readonly of_house: readonly number[];
  readonly ordinary: number;
  readonly strange: number;
  readonly added: number;
  readonly learned_at: number;
  readonly rows: number;
  readonly judged: number;
  readonly state: Calibration;
  readonly waiting: readonly Learned[];
}

/**
 * Corrects p-values by how the detector's own past scores on this network were spread, so that 1 in 1,000 means the
 * same for every detector. Rows not worth judging count as less strange than all judged ones: to be the strangest of a
 * hundred that are judged out of ten thousand is one in ten thousand, not one in a hundred. Only ever makes a row less
 * surprising than its model says, except where a model has no p-value of its own (forest). Scores are held out: a window
 * is learned from only when it is over from the point of view of the one being judged.
 *
 * What is strange by its model, whatever excuses it, does not teach: it stands in with as many rows at the edge as honest
 * chances give. So neither a host that does the same every day nor many that do it at once make it usual for the others;
 * that a model's chances are too small for this network shows in the ordinary ones. Where a model has no p-value of its
 * own, strange scores of different hosts on different days count as they are, once there are three.
 */
export class Calibrator {
  readonly #own_p: boolean;
  readonly #learns: boolean;
  readonly #scores: number[];
  readonly #house: House;
  #of_house: number[];
  #ordinary: number;
  #strange: number;
  #added: number;
  #learned_at: number;
  #rows: number;
  #judged: number;
  #state: Calibration;

  readonly #waiting: Waiting<Learned>;

  constructor(detector: Detector, saved?: CalibratorState) {
    this.#scores = [...(saved?.scores ?? [])];
    this.#house = new House(saved?.house);
    this.#of_house = [...(saved?.of_house ?? [])];
    this.#ordinary = saved?.ordinary ?? 0;
    this.#strange = saved?.strange ?? 0;
    this.#added = saved?.added ?? 0;
    this.#learned_at = saved?.learned_at ?? 0;
    this.#rows = saved?.rows ?? 0;
    this.#judged = saved?.judged ?? 0;
    this.#state = saved?.state ?? uncalibrated;
    this.#waiting = new Waiting(duration(detector.window) * 1e6, saved?.waiting);
    this.#own_p = detector.model.kind !== 'forest';
    this.#learns = !self_calibrated.includes(detector.model.kind);
  }

  save(): CalibratorState {
    return {
      scores: this.#scores,
      house: this.#house.save(),
      of_house: this.#of_house,
      ordinary: this.#ordinary,
      strange: this.#strange,
      added: this.#added,
      learned_at: this.#learned_at,
      rows: this.#rows,
      judged: this.#judged,
      state: this.#state,
      waiting: this.#waiting.save(),
    };
  }

  calibrated(judgement: Judgement): Judgement {
    if (this.#scores.length < enough) return judgement;
    if (this.#added >= this.#learned_at * 1.1) {
      this.#state = calibrate(this.#scores);
      this.#learned_at = this.#added;
    }
    const p = (calibrated(judgement.score, this.#state).p * this.#judged) / Math.max(1, this.#rows);
    if (this.#own_p) return { ...judgement, p_value: Math.max(judgement.p_value, p) };
    const model_p = Math.max(1e-12, p);
    return { ...judgement, p_value: Math.max(model_p, judgement.habit_p ?? 0), model_p };
  }

  /** Takes in the windows that ended at or before an instant. */
  advance(window_at: number): void {
    for (const one of this.#waiting.advance(window_at)) this.#learn(one);
  }

  /** Hands in a window. Of overlapping ones only every whole window counts. `rows`: how many it had, judged or not. */
  add(window_at: number, judgements: readonly Judgement[], rows: number): void {
    if (!this.#learns) return;
    const slim = judgements.map(({ row, score, model_p }) => ({ host: row.host, score, model_p }));
    this.#waiting.add({ window_at, judgements: slim, rows });
  }

  #learn(learned: Learned): void {
    const { judgements, rows } = learned;
    const ordinary = judgements.filter((one) => one.model_p >= strange_p);
    // What is strange counts on neither side, so that one busy neighbour does not change what a rank is worth.
    this.#judged += ordinary.length;
    this.#rows += rows - judgements.length + ordinary.length;
    for (const { score } of ordinary) this.#keep(score);
    this.#ordinary += ordinary.length;
    if (!this.#own_p) this.#learnStrange(learned);
    const due = strange_p * this.#ordinary;
    if (this.#strange + 1 > due) return;
    const edge = this.#own_p ? strange_score : quantile(this.#scores, 1 - strange_p);
    for (; this.#strange + 1 <= due; this.#strange++) this.#keep(edge);
  }

  #learnStrange({ window_at, judgements }: Learned): void {
    for (const { host, score, model_p } of judgements)
      if (model_p < strange_p && this.#house.note(host, window_at)) this.#of_house.push(score);
    if (this.#house.shown === 0) return;
    for (const score of this.#of_house) this.#keep(score);
    this.#strange += this.#of_house.length;
    this.#of_house = [];
  }

  #keep(score: number): void {
    this.#scores[this.#added++ % most] = score;
  }
}
