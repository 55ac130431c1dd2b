import { farBeyondChance, listOf } from '../alert/index.ts';
import type { Content } from '../content/index.ts';
import { createDuplicates, createEnricher, defaultLocalNetworks } from '../enrich/index.ts';
import { merge, scenario } from '../scenarios/index.ts';
import type { Config } from '../schema/config.ts';
import { type Detector, type DetectorTest, severities } from '../schema/detector.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import type { Finding } from '../schema/finding.ts';
import type { Store } from '../store/index.ts';
import { clearEvents } from './clear.ts';
import { aboutHost, factsOf, oneAct, runDetector, windowsOf } from './detectors.ts';
import { learnDevices } from './devices.ts';
import { Past } from './past.ts';
import { learnRoles } from './roles.ts';
import { learnVantage } from './vantage.ts';

/** A Monday, 00:00 UTC, µs. */
const start = Date.UTC(2026, 0, 5) * 1000;
/** Later than any scenario. */
const end = start + 400 * 86_400e6;
const seed = 7;

export interface Tried {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  readonly says: string;
}

/**
 * Plays one of a detector's own tests on an empty store: the scenario's events go the same way as real ones from
 * enrich onwards. A test that expects a finding wants one about the scenario's host.
 */
export async function tryDetector(
  store: Store,
  content: Content,
  detector: Detector,
  test: DetectorTest,
): Promise<Tried> {
  await play(store, content, test.given);
  return tryPlayed(store, content, detector, test);
}

/** Plays all tests of some detectors; traffic that several of them ask for is made once. */
export async function* tryAll(
  store: Store,
  content: Content,
  detectors: readonly Detector[],
): AsyncGenerator<{ detector: Detector; test: DetectorTest; tried: Tried }> {
  const tests = detectors.flatMap((detector) => detector.tests.map((test) => ({ detector, test })));
  for (const of of Map.groupBy(tests, ({ test }) => JSON.stringify(test.given)).values()) {
    await play(store, content, of[0]!.test.given);
    const past = new Past(store, content.rollups);
    for (const { detector, test } of of)
      yield { detector, test, tried: await tryPlayed(store, content, detector, test, past) };
  }
}

/**
 * Empties the store, plays traffic into it and learns roles from it: what tests of several detectors may share. `said`:
 * what the operator says of roles.
 */
export async function play(
  store: Store,
  content: Content,
  given: DetectorTest['given'],
  said: Config['roles'] = {},
): Promise<void> {
  await clearEvents(store);
  await storeEvents(store, eventsOf(given));
  await learnDevices(store);
  await learnRoles(store, content.roles, said);
  await learnVantage(store);
}

/**
 * Runs a detector's test on the traffic that `play` left in the store, through the same threshold, folds and rank as a
 * run. Nothing is held for want of places: a test asks whether it is told at all.
 */
export async function tryPlayed(
  store: Store,
  content: Content,
  detector: Detector,
  test: DetectorTest,
  past: Past = new Past(store, content.rollups),
): Promise<Tried> {
  const whole = { taught_until: 0, to: end };
  const { findings: seen, run } = await runDetector(store, content, detector, whole, past);
  const { shown: findings } = listOf(seen, {
    far_p: farBeyondChance(run.judged),
    window_us: windowsOf([detector]),
    about_host: aboutHost([detector]),
    one_act: oneAct([detector]),
    facts_of: factsOf([detector]),
    budget_per_day: Number.POSITIVE_INFINITY,
  });
  const about = ({ entity, members, also }: Finding): string =>
    JSON.stringify([entity, ...members.map((one) => one.entity), ...also.map((one) => one.entity)]);
  const wanted = test.src_ip ? findings.filter((one) => about(one).includes(test.src_ip!)) : findings;
  const ok =
    test.expect === 'nothing'
      ? wanted.length === 0
      : wanted.length > 0 && (test.expect === 'finding' || wanted.every(isLow));
  return {
    ok,
    findings: wanted,
    says: `${run.windows} windows, ${run.rows} rows, ${run.judged} judged, ${wanted.length} findings`,
  };
}

function isLow({ severity }: Finding): boolean {
  return severities[severity] <= severities.low;
}

/** Events of a test's `given`: a scenario with its parameters, and further ones in `with`. */
export function eventsOf(given: Readonly<Record<string, unknown>>): Iterable<WeirEvent> {
  const { scenario: name, with: others = [], ...params } = given;
  const streams = [scenario(String(name), params, { seed, start })];
  for (const other of others as Record<string, unknown>[]) streams.push(eventsOf(other));
  return streams.length === 1 ? streams[0]! : merge(...streams);
}

async function storeEvents(store: Store, events: Iterable<WeirEvent>): Promise<void> {
  const enricher = createEnricher({ local_networks: defaultLocalNetworks });
  const duplicates = createDuplicates();
  const writer = store.writer();
  const file = writer.input('scenario', 'scenario');
  let line = 0;
  for (const made of events) {
    line++;
    const event = enricher.enrich(made);
    duplicates.check(event, file, 0);
    writer.write(event, duplicates.id_hi, duplicates.id_lo, file, line, 0, '');
    if (writer.busy) await writer.ready();
  }
  await writer.flush();
}
