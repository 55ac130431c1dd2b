import { askedSince, type Capped, farBeyondChance, listOf } from '../alert/index.ts';
import { networkOf } from '../enrich/index.ts';
import { vantageWords } from '../report/index.ts';
import type { Detector } from '../schema/detector.ts';
import type { Finding } from '../schema/finding.ts';
import type { Vantage } from '../schema/vantage.ts';
import type { Store } from '../store/index.ts';
import { aboutHost, factsOf, oneAct, windowsOf } from './detectors.ts';
import { withNames } from './devices.ts';
import { addEvidence } from './evidence.ts';
import type { Failed } from './failed.ts';
import { readLosses, stampLoss } from './losses.ts';
import type { Step } from './scheduler.ts';

export interface TellingOptions {
  readonly budget_per_day: number;
  /** what ended before is left out, µs since 1970 */
  readonly since: number;
  /** events shown of each finding */
  readonly evidence: number;
  /** rows judged so far, all detectors together */
  readonly judged: number;
}

/** What people read, and what of it could not be found. */
export interface Told extends Capped {
  readonly failed: readonly Failed[];
}

/**
 * From all that detectors saw so far to the list that people read, with names, evidence, and what was not seen. What it is
 * given stays as it is, so that it may be asked again when more is known.
 */
export async function tell(
  store: Store,
  detectors: readonly Detector[],
  seen: readonly Finding[],
  { vantage, deviceAt }: Pick<Step, 'vantage' | 'deviceAt'>,
  { budget_per_day, since, evidence, judged }: TellingOptions,
): Promise<Told> {
  const list = listOf(seen, {
    far_p: farBeyondChance(judged),
    window_us: windowsOf(detectors),
    about_host: aboutHost(detectors),
    one_act: oneAct(detectors),
    facts_of: factsOf(detectors),
    budget_per_day,
  });
  // Chosen last: all of the past is judged, folded and ranked in the same way whatever is asked for, so that `since`
  // changes nothing of what it leaves.
  const asked = askedSince(list, since);
  const own = (all: readonly Finding[]): Finding[] =>
    all.map((one) => withNames(structuredClone(one), deviceAt));
  const [shown, held, folded] = [own(asked.shown), own(asked.held), own(asked.folded)];
  const failed = await addEvidence(store, detectors, shown, folded, evidence);
  stampVantage([...shown, ...held, ...folded], vantage);
  stampLoss([...shown, ...held, ...folded], await readLosses(store));
  return { shown, held, folded, failed };
}

/** Says with each finding about a host of a network of which one direction only is seen that this is so. */
function stampVantage(findings: readonly Finding[], vantage: readonly Vantage[]): void {
  const said = new Map(
    [...Map.groupBy(vantage, (one) => one.network)].map(([network, of]) => [network, vantageWords(of)]),
  );
  for (const { entity, caveats } of findings) {
    for (const network of new Set([entity.src_ip, entity.dst_ip].map((ip) => networkOf(String(ip ?? ''))))) {
      const words = said.get(network);
      if (words !== undefined) caveats.push(words);
    }
  }
}
