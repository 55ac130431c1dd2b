import { storeIsGone, WeirError } from '../base/error.ts';
import { besideOrAlone } from '../base/side-by-side.ts';
import type { Content } from '../content/index.ts';
import type { DetectorRun } from '../detect/index.ts';
import type { Config } from '../schema/config.ts';
import type { Detector } from '../schema/detector.ts';
import { type DeviceAt, deviceBook } from '../schema/device.ts';
import type { Finding } from '../schema/finding.ts';
import type { Role } from '../schema/role.ts';
import type { Vantage } from '../schema/vantage.ts';
import type { Store } from '../store/index.ts';
import { Standing, type StandingState } from './detectors.ts';
import { learnDevices } from './devices.ts';
import { type Failed, failure } from './failed.ts';
import { Past } from './past.ts';
import { learnRoles } from './roles.ts';
import { learnVantage } from './vantage.ts';

export interface SchedulerOptions {
  /** What ends before is learned from, not told; µs since 1970. */
  readonly taught_until: number;
  /** what the operator says of hosts, in place of what is learned */
  readonly roles: Config['roles'];
  /** the operator's networks */
  readonly networks: readonly string[];
  /** detectors that run side by side, each with its share of the engine's memory; changes nothing of what is found */
  readonly at_once: number;
  readonly progress: (detector: string, done: number, of: number) => void;
  /** detectors that learn anew, and up to when they were told before: what ends before then is not told again */
  readonly anew?: ReadonlyMap<string, number>;
}

/** What a scheduler needs to go on: how far each detector has come, and what it has learned. */
export type SchedulerState = Readonly<Record<string, StandingState>>;

/** What was known and found in one step. */
export interface Step {
  /** seen in the windows of this step, before they are folded and ranked */
  readonly findings: readonly Finding[];
  readonly failed: readonly Failed[];
  readonly roles: readonly Role[];
  /** networks of which one direction only is seen */
  readonly vantage: readonly Vantage[];
  readonly deviceAt: DeviceAt;
}

/**
 * Drives detection by event time, for files and without an end alike. Whoever stores events says up to which instant
 * everything has been told; each detector then judges, once and in their order, the windows that are over by then, from
 * what was told before they ended. So one step over everything and many small ones with restarts between them find the
 * same. What all windows share (roles, devices, first sights) is worked out anew in each step; of it a window uses what
 * was known when it ended.
 */
export class Scheduler {
  readonly #store: Store;
  readonly #content: Content;
  readonly #options: SchedulerOptions;
  readonly #standings: readonly Standing[];
  #events = 0;

  constructor(
    store: Store,
    content: Content,
    detectors: readonly Detector[],
    options: SchedulerOptions,
    saved: SchedulerState = {},
  ) {
    this.#store = store;
    this.#content = content;
    this.#options = options;
    const { taught_until, anew } = options;
    this.#standings = detectors.map(
      (one) => new Standing(content, one, Math.max(taught_until, anew?.get(one.id) ?? 0), saved[one.id]),
    );
  }

  /** Not a copy: write or clone it before the next step. */
  save(): SchedulerState {
    return Object.fromEntries(this.#standings.map((one) => [one.detector.id, one.save()]));
  }

  /** What each detector has done since this scheduler was made. */
  get runs(): DetectorRun[] {
    return this.#standings.map((one) => one.run);
  }

  /** How far each detector has come: windows that start before are judged, µs since 1970, 0 when none is. */
  get judged_until(): ReadonlyMap<string, number> {
    return new Map(this.#standings.map((one) => [one.detector.id, one.judged_until]));
  }

  /** Whether a window is over at `known_until`. At the end of all sources: whether more events are stored than when it was asked last. */
  isDue(known_until: number, events: number): boolean {
    if (known_until !== Number.POSITIVE_INFINITY)
      return this.#standings.some((one) => one.isDue(known_until));
    const more = events > this.#events;
    this.#events = events;
    return more;
  }

  /**
   * Goes on to `known_until`, up to which everything is stored; `before`: events later than that are left out. Both µs
   * since 1970. A detector that fails is told of, and tried again from where it stood in the next step.
   * @throws WeirError when the store is gone, as there is nothing to go on with
   */
  async advance(known_until: number, before: number): Promise<Step> {
    const { at_once } = this.#options;
    const { deviceAt, learned, vantage } = await this.#learn();
    const past = new Past(this.#store, this.#content.rollups);
    const told = new Map<Standing, Finding[]>(this.#standings.map((one) => [one, []]));
    let done = 0;
    /** Null: beside another it had not the memory, or the engine was killed under both. */
    const judged = async (standing: Standing, beside: number): Promise<{ failed: Failed | null } | null> => {
      const { detector } = standing;
      this.#options.progress(detector.id, done, this.#standings.length);
      const step = { known_until, before, at_once: beside };
      const fault = await patiently(() =>
        standing.judge(this.#store, past, step, (some) => told.get(standing)!.push(...some)),
      ).then(
        () => null,
        (error: unknown) => error,
      );
      if (beside > 1 && fault instanceof WeirError && shared_faults.has(fault.code)) return null;
      done++;
      return { failed: fault === null ? null : failure(detector, fault) };
    };
    const all = await besideOrAlone(at_once, this.#standings, judged);
    const failed = [...all.flatMap((one) => one.failed ?? []), ...learned.failed];
    const findings = [...told.values()].flat();
    return { findings, failed, roles: learned.roles, vantage, deviceAt };
  }

  /**
   * Looks at windows that are still open at an instant, by detectors that may (`early`): what they find is found again when the windows
   * are over. A detector that fails here is told of when they are.
   */
  async look(at: number, before: number): Promise<Pick<Step, 'findings' | 'vantage' | 'deviceAt'>> {
    const { deviceAt, vantage } = await this.#learn();
    const past = new Past(this.#store, this.#content.rollups);
    const findings: Finding[] = [];
    for (const standing of this.#standings.filter((one) => one.detector.early)) {
      const found = await standing.look(this.#store, past, at, before).catch((error: unknown) => {
        if (storeIsGone(error)) throw error;
        return [];
      });
      for (const one of found) findings.push(one);
    }
    return { findings, vantage, deviceAt };
  }

  /** What all windows share, from what is stored. */
  async #learn() {
    const { roles, networks } = this.#options;
    const deviceAt = deviceBook(await learnDevices(this.#store));
    const learned = await learnRoles(this.#store, this.#content.roles, roles, networks);
    return { deviceAt, learned, vantage: await learnVantage(this.#store) };
  }
}

/** What a detector may suffer from another beside it. */
const shared_faults: ReadonlySet<string> = new Set(['store_memory', 'store_unavailable']);

/** When the engine dies in mid-answer, it goes on from the last window that was judged whole. */
async function patiently(work: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof WeirError) || error.code !== 'store_unavailable' || tries >= 2) throw error;
    }
  }
}
