import { technique } from '../content/attack.ts';
import type { Content } from '../content/index.ts';
import { type DetectorRun, detect } from '../detect/index.ts';
import { createDuplicates, createEnricher, defaultLocalNetworks } from '../enrich/index.ts';
import { merge, scenario } from '../scenarios/index.ts';
import type { Detector, DetectorTest } from '../schema/detector.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import type { Finding } from '../schema/finding.ts';
import type { Store } from '../store/index.ts';
import { clearEvents } from './clear.ts';
import { learnRoles } from './roles.ts';
import { featureRows } from './rows.ts';

/** A Monday, 00:00 UTC, µs. */
const start = Date.UTC(2026, 0, 5) * 1000;
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

/** Empties the store, plays traffic into it and learns roles from it: what tests of several detectors may share. */
export async function play(store: Store, content: Content, given: DetectorTest['given']): Promise<void> {
  await clearEvents(store);
  await storeEvents(store, eventsOf(given));
  await learnRoles(store, content.roles, {});
}

/** Runs a detector's test on the traffic that `play` left in the store. */
export async function tryPlayed(
  store: Store,
  content: Content,
  detector: Detector,
  test: DetectorTest,
): Promise<Tried> {
  const feature = content.features.get(detector.features)!;
  const run: DetectorRun = { detector: detector.id, windows: 0, rows: 0, judged: 0, findings: 0 };
  const rows = featureRows(store, feature, detector, { from: 0, to: start + 400 * 86_400e6 });
  const findings = await detect(
    detector,
    feature,
    rows,
    { taught_until_s: 0, most_p: 0.01, techniques: technique },
    run,
  );
  const wanted = test.src_ip
    ? findings.filter((one) => JSON.stringify(one.entity).includes(test.src_ip!))
    : findings;
  const ok = test.expect === 'finding' ? wanted.length > 0 : wanted.length === 0;
  return {
    ok,
    findings: wanted,
    says: `${run.windows} windows, ${run.rows} rows, ${run.judged} judged, ${wanted.length} findings`,
  };
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
