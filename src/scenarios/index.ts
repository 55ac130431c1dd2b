import type { WeirEvent } from '../schema/event/index.ts';
import { beacon } from './attack/beacon.ts';
import { exfil } from './attack/exfil.ts';
import { horizontal_scan } from './attack/horizontal-scan.ts';
import { slow_scan } from './attack/slow-scan.ts';
import { vertical_scan } from './attack/vertical-scan.ts';
import { merge } from './merge.ts';
import { office } from './office/office.ts';
import type { Answer, Scenario, Setting } from './scenario.ts';

/** Every scenario by name; parameters and their defaults are in `params`. */
export const scenarios = {
  beacon,
  exfil,
  horizontal_scan,
  office,
  slow_scan,
  vertical_scan,
} as const;
export type ScenarioName = keyof typeof scenarios;

/** Parameters as a person writes them: checked and completed by the scenario. */
export type Given = Readonly<Record<string, unknown>>;

function find(name: string): Scenario<unknown> {
  if (!Object.hasOwn(scenarios, name))
    throw new RangeError(`There is no scenario "${name}". There are: ${Object.keys(scenarios).join(', ')}`);
  return scenarios[name as ScenarioName] as unknown as Scenario<unknown>;
}

/** Events of one scenario in time order. A wrong parameter is a ZodError, an unknown name a RangeError. */
export function scenario(name: string, params: Given, setting: Setting): Iterable<WeirEvent> {
  const one = find(name);
  return one.generate(one.params.parse(params), setting);
}

/** What a detector should say of that scenario; nothing when it is harmless. */
export function answers(name: string, params: Given, setting: Setting): readonly Answer[] {
  const one = find(name);
  return one.answer(one.params.parse(params), setting);
}

/** A scenario as a detector's test writes it: name and parameters side by side, further ones in `with`. */
export interface Mix extends Given {
  readonly scenario: string;
  readonly with?: readonly Mix[];
}

/** All of a mix in one stream. Each part draws from a stream of its own under the same seed. */
export function mixed(mix: Mix, setting: Setting): Iterable<WeirEvent> {
  const streams = parts(mix).map(({ name, params }) => scenario(name, params, setting));
  return streams.length === 1 ? (streams[0] as Iterable<WeirEvent>) : merge(...streams);
}

export function mixedAnswers(mix: Mix, setting: Setting): readonly Answer[] {
  return parts(mix)
    .flatMap(({ name, params }) => answers(name, params, setting))
    .sort((a, b) => a.from - b.from);
}

function parts(mix: Mix): { name: string; params: Given }[] {
  const { scenario: name, with: others = [], ...params } = mix;
  return [{ name, params }, ...others.flatMap((other) => parts(other))];
}

export { merge } from './merge.ts';
export type { Answer, Scenario, Setting } from './scenario.ts';
