import { z } from 'zod';
import type { WeirEvent } from '../schema/event/index.ts';
import { SECOND, Timeline } from './timeline.ts';
import { Wire } from './wire.ts';

/** What a run depends on besides its parameters. */
export interface Setting {
  /** Same seed, same traffic. */
  readonly seed: number;
  /** First instant, µs since 1970, UTC. Scenarios with a daily rhythm take it as midnight at `utc_offset_h`. */
  readonly start: number;
}

/** One thing that a good detector says of the traffic. Nothing expected: no answers. */
export interface Answer {
  /** Ids of content/detectors; any of them will do. */
  readonly detectors: readonly string[];
  /** ATT&CK techniques it shows, for when detectors are named otherwise. */
  readonly attack: readonly string[];
  readonly src_ip: string;
  /** '' when it is not about one other side. */
  readonly dst_ip: string;
  /** First and last moment of it, µs since 1970. */
  readonly from: number;
  readonly to: number;
  /** For people. */
  readonly note: string;
}

/** Made-up traffic with known answers. `P` are its parameters after defaults. */
export interface Scenario<P = never> {
  readonly doc: string;
  /** false: ordinary, or odd but harmless. A harmless scan is still a scan: what to say is in `answer` alone. */
  readonly harmful: boolean;
  /** Strict: a parameter that does not exist is an error. Units are in the names, meanings in the descriptions. */
  readonly params: z.ZodType<P>;
  /** Events in time order. */
  generate(params: P, setting: Setting): Iterable<WeirEvent>;
  answer(params: P, setting: Setting): readonly Answer[];
}

/** What every scenario takes besides its own parameters. */
const common = {
  after_s: z.number().min(0).default(0).describe('seconds after start at which it begins'),
};
type Common = typeof common;
type Values<S extends z.ZodRawShape> = z.infer<z.ZodObject<S & Common>>;

/**
 * A scenario whose traffic one function lays out on a timeline. It begins `after_s` seconds after the start of the
 * run (or at once, when `after_s` means something else to it) and ends where `length` (µs) says.
 */
export function scripted<S extends z.ZodRawShape>(of: {
  readonly name: string;
  readonly doc: string;
  readonly harmful: boolean;
  readonly params: S;
  readonly at_once?: boolean;
  readonly length: (params: Values<S>) => number;
  readonly play: (wire: Wire, params: Values<S>, start: number) => void;
  readonly answer?: (params: Values<S>, start: number, end: number) => readonly Answer[];
}): Scenario<Values<S>> {
  const begin = (params: Values<S>, start: number): number =>
    of.at_once === true ? start : start + Math.round((params as { after_s: number }).after_s * SECOND);
  return {
    doc: of.doc,
    harmful: of.harmful,
    params: z.strictObject({ ...common, ...of.params }) as unknown as z.ZodType<Values<S>>,
    generate: (params, { seed, start }) => {
      const from = begin(params, start);
      const timeline = new Timeline(from + of.length(params));
      of.play(new Wire(`${of.name} ${start} ${JSON.stringify(params)}`, seed, timeline), params, from);
      return timeline.run();
    },
    answer: (params, { start }) => {
      const from = begin(params, start);
      return of.answer?.(params, from, from + of.length(params)) ?? [];
    },
  };
}

/** Parameters that most scenarios share. */
export const given = {
  minutes: (minutes: number) => z.number().positive().default(minutes).describe('minutes it lasts'),
  hours: (hours: number) => z.number().positive().default(hours).describe('hours it lasts'),
  days: (days: number) => z.number().positive().default(days).describe('days it lasts'),
  /** An address; the doc says whose. */
  ip: (ip: string, doc: string) => z.string().default(ip).describe(doc),
  port: (port: number, doc: string) => z.int().min(1).max(65_535).default(port).describe(doc),
  count: (count: number, doc: string) => z.int().min(1).default(count).describe(doc),
  amount: (amount: number, doc: string) => z.number().min(0).default(amount).describe(doc),
  share: (share: number, doc: string) => z.number().min(0).max(1).default(share).describe(doc),
  text: (text: string, doc: string) => z.string().default(text).describe(doc),
  yes: (yes: boolean, doc: string) => z.boolean().default(yes).describe(doc),
};
