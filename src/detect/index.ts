import { groupRuns } from '../base/order.ts';
import { TestsPerDay } from '../models/allowance.ts';
import type { Detector, Feature } from '../schema/detector.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import type { Finding } from '../schema/finding.ts';
import { beaconJudge } from './beacon.ts';
import { Calibrator } from './calibrate.ts';
import { numbers } from './columns.ts';
import { deviationJudge } from './deviation.ts';
import { factJudge } from './fact.ts';
import { findingOf, type Techniques } from './finding.ts';
import { forestJudge } from './forest.ts';
import { Habits } from './habit.ts';
import type { Judge } from './judge.ts';
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

/** Model kind → how it is put to work. */
export function judgeOf(detector: Detector, feature: Feature): Judge {
  const { model } = detector;
  switch (model.kind) {
    case 'deviation':
      return deviationJudge(detector, feature, model);
    case 'forest':
      return forestJudge(detector, feature, model);
    case 'beacon':
      return beaconJudge(detector, feature, model);
    case 'novelty':
      return noveltyJudge(detector, feature, model);
    case 'fact':
      return factJudge(detector, feature, model);
  }
}

/**
 * Runs one detector over its feature rows, which come ordered by window. Every window is judged by what came before
 * it. Gives findings without evidence, and fills `run`.
 */
export async function detect(
  detector: Detector,
  feature: Feature,
  rows: AsyncIterable<FeatureRow>,
  options: DetectOptions,
  run: DetectorRun,
): Promise<Finding[]> {
  const judge = judgeOf(detector, feature);
  const calibrator = new Calibrator(detector);
  const tests = new TestsPerDay();
  const of_baseline = new Habits();
  const findings: Finding[] = [];
  for await (const window of groupRuns(rows, (row) => row.window_at)) {
    const window_at = window[0]!.window_at;
    run.windows++;
    run.rows += window.length;
    calibrator.advance(window_at);
    const judgements = judge.judge(window_at, window).map((one) => calibrator.calibrated(one));
    calibrator.add(window_at, judgements, window.length);
    // What is strange by itself is no test of the ordinary: attackers and noisy hosts must not raise the bar for others.
    const ordinary = judgements.filter((one) => one.model_p > ordinary_p);
    tests.note(
      window_at,
      ordinary.map(({ row }) => row.host),
    );
    const testsOf = tests.at(window_at);
    for (const judgement of judgements) {
      const { key, last_at } = judgement.row;
      const figures = figuresOf(detector, judgement.row);
      if (last_at < options.taught_until) {
        if (judgement.model_p <= ordinary_p) of_baseline.note(key, last_at, figures);
        continue;
      }
      run.judged++;
      // Whoever gives a baseline says that what is in it is known: a beacon, a scanner.
      if (judgement.p_value > options.most_p(testsOf(judgement.row.host)) || of_baseline.covers(key, figures))
        continue;
      const finding = findingOf(detector, feature, judgement, options.techniques);
      // A window may begin in what is only learned from; what is said begins where that ends.
      findings.push({ ...finding, start_at: Math.max(finding.start_at, options.taught_until) });
    }
  }
  run.findings = findings.length;
  return findings;
}

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
