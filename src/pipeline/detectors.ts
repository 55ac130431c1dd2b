import { duration } from '../base/duration.ts';
import { groupRuns } from '../base/order.ts';
import { technique } from '../content/attack.ts';
import type { Content } from '../content/index.ts';
import { Detection, type DetectionState, type DetectOptions, type DetectorRun } from '../detect/index.ts';
import {
  dueWindows,
  openWindows,
  type WindowRange,
  windowsOf as windowsOfDetector,
} from '../features/index.ts';
import { most_p, shareOf, threshold } from '../models/allowance.ts';
import type { Detector } from '../schema/detector.ts';
import type { Finding } from '../schema/finding.ts';
import type { Store } from '../store/index.ts';
import { Past } from './past.ts';
import { featureRows, mostEvents } from './rows.ts';

/** How far a detector has come, and what it has learned there: a plain record that can be cloned and written. */
export interface StandingState {
  /** µs since 1970: windows that start before are judged */
  readonly judged_until: number;
  /** rows judged so far */
  readonly judged: number;
  readonly learned: DetectionState;
}

/** A detector at work: it judges each window once, in their order, however often and in whatever steps it is asked to go on. */
export class Standing {
  readonly detector: Detector;
  readonly run: DetectorRun;
  readonly #content: Content;
  readonly #judging: DetectOptions;
  readonly #detection: Detection;
  #judged_until: number;

  /** `taught_until`: what ends before is learned from, not told, µs since 1970. `saved`: where it goes on. */
  constructor(content: Content, detector: Detector, taught_until: number, saved?: StandingState) {
    this.detector = detector;
    this.run = { detector: detector.id, windows: 0, rows: 0, judged: saved?.judged ?? 0, findings: 0 };
    this.#content = content;
    this.#judged_until = saved?.judged_until ?? 0;
    const judging = { taught_until, most_p: mostSurprise(content, detector), techniques: technique };
    this.#judging = judging;
    const feature = content.features.get(detector.features)!;
    this.#detection = new Detection(detector, feature, judging, this.run, saved?.learned);
  }

  /** Not a copy: write or clone it before it goes on. */
  save(): StandingState {
    return { judged_until: this.#judged_until, judged: this.run.judged, learned: this.#detection.save() };
  }

  /** Windows that start before are judged; µs since 1970, 0 when none is. */
  get judged_until(): number {
    return this.#judged_until;
  }

  /** Whether a window that was not judged yet is over at `known_until`. */
  isDue(known_until: number): boolean {
    return dueWindows(this.#judged_until, known_until, windowsOfDetector(this.detector)) !== null;
  }

  /**
   * Judges the windows that are over at `known_until`, up to which everything is stored, and tells what it finds in each. When
   * a statement fails, what was judged before stands, and the next call goes on after it. `before`: events later than that
   * are left out (their clocks are wrong); both µs since 1970. `at_once`: how many detectors run side by side, of which it is one.
   */
  async judge(
    store: Store,
    past: Past,
    { known_until, before, at_once }: { known_until: number; before: number; at_once: number },
    tell: (findings: readonly Finding[]) => void,
  ): Promise<void> {
    const windows = windowsOfDetector(this.detector);
    const due = dueWindows(this.#judged_until, known_until, windows);
    if (due === null) return;
    for await (const window of this.#windows(store, past, due, before, at_once)) {
      tell(this.#detection.window(window));
      this.#judged_until = window[0]!.window_at + windows.hop_s * 1e6;
    }
    if (Number.isFinite(due.to)) this.#judged_until = due.to;
  }

  /**
   * Looks at windows that are still open at an instant (µs since 1970), as far as they are stored: what it finds there it finds again
   * when they are over, grown (`early` in the detector). Learns nothing.
   */
  async look(store: Store, past: Past, at: number, before: number): Promise<Finding[]> {
    const { detector } = this;
    const open = openWindows(this.#judged_until, at, windowsOfDetector(detector));
    if (open === null) return [];
    const feature = this.#content.features.get(detector.features)!;
    const saved = structuredClone(this.#detection.save());
    const looking = new Detection(detector, feature, this.#judging, { ...this.run }, saved);
    const findings: Finding[] = [];
    for await (const window of this.#windows(store, past, open, before, 1))
      for (const one of looking.window(window)) findings.push(one);
    return findings;
  }

  /** Rows of the windows that start in a range, window by window. */
  async *#windows(store: Store, past: Past, range: WindowRange, before: number, at_once: number) {
    const { detector } = this;
    // What shows its findings' events may ask for more than its feature does.
    await past.fillFor(JSON.stringify([detector.evidence, detector.recount]));
    const feature = this.#content.features.get(detector.features)!;
    const most = mostEvents(store.memory_bytes / at_once);
    const rows = featureRows(store, past, feature, detector, before, most, range);
    yield* groupRuns(rows, (row) => row.window_at);
  }
}

/**
 * One detector over all that is stored. `taught_until`: what ends before is learned from, not told; `to`: nothing is
 * younger; both µs since 1970. `past`: what it shares with other detectors on the same store.
 */
export async function runDetector(
  store: Store,
  content: Content,
  detector: Detector,
  { taught_until, to }: { readonly taught_until: number; readonly to: number },
  past: Past = new Past(store, content.rollups),
): Promise<{ findings: Finding[]; run: DetectorRun }> {
  const standing = new Standing(content, detector, taught_until);
  const findings: Finding[] = [];
  const all = { known_until: Number.POSITIVE_INFINITY, before: to, at_once: 1 };
  await standing.judge(store, past, all, (some) => findings.push(...some));
  return { findings, run: standing.run };
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
