import { groupRuns } from '../base/order.ts';
import type { Detector, Feature } from '../schema/detector.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import type { Finding } from '../schema/finding.ts';
import { beaconJudge } from './beacon.ts';
import { Calibrator } from './calibrate.ts';
import { deviationJudge } from './deviation.ts';
import { factJudge } from './fact.ts';
import { findingOf, type Techniques } from './finding.ts';
import { forestJudge } from './forest.ts';
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
  /** What ends before this is a baseline: learned from, not told; seconds since 1970. */
  readonly taught_until_s: number;
  /** Rows with a p-value above this are ordinary. */
  readonly most_p: number;
  readonly techniques: Techniques;
}

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
  const findings: Finding[] = [];
  for await (const window of groupRuns(rows, (row) => row.window_at_s)) {
    const window_at_s = window[0]!.window_at_s;
    run.windows++;
    run.rows += window.length;
    calibrator.advance(window_at_s);
    const judgements = judge.judge(window_at_s, window).map((one) => calibrator.calibrated(one));
    calibrator.add(window_at_s, judgements, window.length);
    for (const judgement of judgements) {
      if (judgement.row.last_at / 1e6 < options.taught_until_s) continue;
      // What is only learned from does not use up the budget.
      run.judged++;
      if (judgement.p_value > options.most_p) continue;
      const finding = findingOf(detector, feature, judgement, options.techniques);
      // A window may begin in what is only learned from; what is said begins where that ends.
      findings.push({ ...finding, start_at: Math.max(finding.start_at, options.taught_until_s * 1e6) });
    }
  }
  run.findings = findings.length;
  return findings;
}

export {
  type EvidenceStatement,
  evidenceOf,
  evidenceStatements,
  type RecountStatement,
  recountStatements,
} from './evidence.ts';
