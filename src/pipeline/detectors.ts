import { duration } from '../base/duration.ts';
import { technique } from '../content/attack.ts';
import type { Content } from '../content/index.ts';
import { type DetectorRun, detect } from '../detect/index.ts';
import { most_p, shareOf, threshold } from '../models/allowance.ts';
import type { Detector } from '../schema/detector.ts';
import type { Finding } from '../schema/finding.ts';
import type { Store } from '../store/index.ts';
import { Past } from './past.ts';
import { featureRows, mostEvents } from './rows.ts';

/**
 * One detector over all that is stored. `taught_until`: what ends before is learned from, not told; `to`: nothing is
 * younger; both µs since 1970. `at_once`: how many run side by side, of which it is one. `past`: what it shares with other
 * detectors on the same store.
 */
export async function runDetector(
  store: Store,
  content: Content,
  detector: Detector,
  {
    taught_until,
    to,
    at_once = 1,
  }: { readonly taught_until: number; readonly to: number; readonly at_once?: number },
  past: Past = new Past(store, content.rollups),
): Promise<{ findings: Finding[]; run: DetectorRun }> {
  const feature = content.features.get(detector.features)!;
  const run: DetectorRun = { detector: detector.id, windows: 0, rows: 0, judged: 0, findings: 0 };
  // What shows its findings' events may ask for more than its feature does.
  await past.fillFor(JSON.stringify([detector.evidence, detector.recount]));
  const rows = featureRows(store, past, feature, detector, to, mostEvents(store.memory_bytes / at_once));
  const judging = {
    taught_until,
    most_p: mostSurprise(content, detector),
    techniques: technique,
  };
  return { findings: await detect(detector, feature, rows, judging, run), run };
}

/** How long a detector's window is, by its id; µs. */
export function windowsOf(detectors: readonly Detector[]): (detector: string) => number {
  const window_us = new Map(detectors.map((one) => [one.id, duration(one.window) * 1e6]));
  return (detector) => window_us.get(detector) ?? 0;
}

/** Whether a detector tells of a host as a whole, by its id. */
export function aboutHost(detectors: readonly Detector[]): (detector: string) => boolean {
  return among(detectors.filter((one) => one.about_host));
}

/** Whether what a host does to several others is one act, by the detector's id. */
export function oneAct(detectors: readonly Detector[]): (detector: string) => boolean {
  return among(detectors.filter((one) => one.one_act));
}

/** Which feature set a detector judges, by its id. */
export function factsOf(detectors: readonly Detector[]): (detector: string) => string {
  const features = new Map(detectors.map((one) => [one.id, one.features]));
  return (detector) => features.get(detector) ?? detector;
}

function among(detectors: readonly Detector[]): (detector: string) => boolean {
  const ids = new Set(detectors.map((one) => one.id));
  return (detector) => ids.has(detector);
}

/**
 * The greatest p-value that a detector tells, by how many rows it judges in a day. A fact was seen, not guessed: its
 * p-value is how often the network starts to show it, whatever the number of rows, so only the cap holds for it.
 */
function mostSurprise(content: Content, detector: Detector): (tests_per_day: number) => number {
  if (detector.model.kind === 'fact') return () => most_p;
  // Of all detectors there are, not of those that run: which others run must not change what one of them tells.
  const share = shareOf(
    detector.severity,
    content.detectors.map((one) => one.severity),
  );
  return (tests_per_day) => threshold(tests_per_day, share);
}
