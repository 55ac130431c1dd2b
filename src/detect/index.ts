import { TestsPerDay, type TestsState } from '../models/allowance.ts';
import type { Detector, Feature } from '../schema/detector.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import type { Finding } from '../schema/finding.ts';
import { beaconJudge } from './beacon.ts';
import { Calibrator, type CalibratorState } from './calibrate.ts';
import { numbers } from './columns.ts';
import { deviationJudge } from './deviation.ts';
import { factJudge } from './fact.ts';
import { findingOf, type Techniques } from './finding.ts';
import { forestJudge } from './forest.ts';
import { Habits, type HabitsState } from './habit.ts';
import type { Judge, Judgement } from './judge.ts';
import { noveltyJudge } from './novelty.ts';

/** What a detector did in a run, for the summary. */
export interface DetectorRun {
  readonly detector: string;
  windows: number;
  rows: number;
  judged: number;
  findings: number;
}

export interface DetectOptions {
  /** What ends before this is a baseline: learned from, not told; µs since 1970. */
  readonly taught_until: number;
  /** The greatest p-value worth telling, by how many rows the detector judges in a day, the busiest other host left out; the rest is ordinary. */
  readonly most_p: (tests_per_day: number) => number;
  readonly techniques: Techniques;
}

/** Rows above this count as tests of what is ordinary (Storey 2002: the null ones are those with a large p). */
const ordinary_p = 0.01;

/** Model kind → how it is put to work; `saved`: what the same detector has learned before. */
export function judgeOf(detector: Detector, feature: Feature, saved?: unknown): Judge {
  const { model } = detector;
  switch (model.kind) {
    case 'deviation':
      return deviationJudge(detector, feature, model, saved);
    case 'forest':
      return forestJudge(detector, feature, model, saved);
    case 'beacon':
      return beaconJudge(detector, feature, model, saved);
    case 'novelty':
      return noveltyJudge(detector, feature, model, saved);
    case 'fact':
      return factJudge(detector, feature, model, saved);
  }
}

/** Layout of what is saved: what was saved in another is learned anew from the rows. */
const layout = 1;

/** What a detector has learned, a plain record that can be cloned and written (`node:v8`). */
export interface DetectionState {
  readonly layout: number;
  /** the detector as it was: what another one has learned says nothing to it */
  readonly of: string;
  readonly judge: unknown;
  readonly calibrator: CalibratorState;
  readonly tests: TestsState;
  readonly of_baseline: HabitsState;
}

/**
 * One detector at work: it takes windows in order of their start, judges each by what came before it, and learns. What it has
 * learned can be saved between any two windows; opened with that it goes on as if it had never ended.
 */
export class Detection {
  readonly #detector: Detector;
  readonly #feature: Feature;
  readonly #options: DetectOptions;
  readonly #judge: Judge;
  readonly #calibrator: Calibrator;
  readonly #tests: TestsPerDay;
  readonly #of_baseline: Habits;
  readonly #run: DetectorRun;

  /** `run` is filled. */
  constructor(
    detector: Detector,
    feature: Feature,
    options: DetectOptions,
    run: DetectorRun,
    saved?: DetectionState,
  ) {
    const state = saved?.layout === layout && saved.of === madeOf(detector) ? saved : undefined;
    this.#detector = detector;
    this.#feature = feature;
    this.#options = options;
    this.#run = run;
    this.#judge = judgeOf(detector, feature, state?.judge);
    this.#calibrator = new Calibrator(detector, state?.calibrator);
    this.#tests = new TestsPerDay(state?.tests);
    this.#of_baseline = new Habits(state?.of_baseline);
  }

  /** What it has learned so far; not a copy: write or clone it before the next window. */
  save(): DetectionState {
    return {
      layout,
      of: madeOf(this.#detector),
      judge: this.#judge.save(),
      calibrator: this.#calibrator.save(),
      tests: this.#tests.save(),
      of_baseline: this.#of_baseline.save(),
    };
  }

  /** Judges all rows of one window, one at least. Gives findings without evidence. */
  window(rows: readonly FeatureRow[]): Finding[] {
    const window_at = rows[0]!.window_at;
    this.#run.windows++;
    this.#run.rows += rows.length;
    this.#calibrator.advance(window_at);
    const judgements = this.#judge.judge(window_at, rows).map((one) => this.#calibrator.calibrated(one));
    this.#calibrator.add(window_at, judgements, rows.length);
    // What is strange by itself is no test of the ordinary: attackers and noisy hosts must not raise the bar for others.
    const ordinary = judgements.filter((one) => one.model_p > ordinary_p);
    this.#tests.note(
      window_at,
      ordinary.map(({ row }) => row.host),
    );
    const testsOf = this.#tests.at(window_at);
    const findings = judgements.flatMap((one) => this.#told(one, testsOf) ?? []);
    this.#run.findings += findings.length;
    return findings;
  }

  /** A finding, where a judgement is one; null: it is ordinary, was learned from only, or is known. */
  #told(judgement: Judgement, testsOf: (host: string) => number): Finding | null {
    const { taught_until, most_p, techniques } = this.#options;
    const { key, host, last_at } = judgement.row;
    const figures = figuresOf(this.#detector, judgement.row);
    if (last_at < taught_until) {
      if (judgement.model_p <= ordinary_p) this.#of_baseline.note(key, last_at, figures);
      return null;
    }
    this.#run.judged++;
    // Whoever gives a baseline says that what is in it is known: a beacon, a scanner.
    if (judgement.p_value > most_p(testsOf(host)) || this.#of_baseline.covers(key, figures)) return null;
    const finding = findingOf(this.#detector, this.#feature, judgement, techniques);
    // A window may begin in what is only learned from; what is said begins where that ends.
    return { ...finding, start_at: Math.max(finding.start_at, taught_until) };
  }
}

/** What its state depends on. */
const madeOf = ({ id, features, window, hop, model }: Detector): string =>
  JSON.stringify([id, features, window, hop, model]);

/** The figures that say how much of it there was; none where it is there or not. */
function figuresOf({ model }: Detector, row: FeatureRow): number[] {
  return model.kind === 'deviation' ? numbers(row, Object.keys(model.columns)) : [];
}

export {
  type EvidenceStatement,
  evidenceInAll,
  evidenceOf,
  evidenceStatements,
  type RecountStatement,
  recountStatements,
} from './evidence.ts';
