import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { duration } from '../src/base/duration.ts';
import { random } from '../src/base/random.ts';
import { loadContent } from '../src/content/index.ts';
import { createDuplicates, createEnricher, defaultLocalNetworks } from '../src/enrich/index.ts';
import { clearEvents } from '../src/pipeline/clear.ts';
import { Past } from '../src/pipeline/past.ts';
import { featureRows } from '../src/pipeline/rows.ts';
import { type Mix, mixed } from '../src/scenarios/index.ts';
import type { WeirEvent } from '../src/schema/event/index.ts';
import { openStore, type Store } from '../src/store/index.ts';

/** An event with its id, as it is stored. */
interface Known {
  readonly event: WeirEvent;
  readonly hi: number;
  readonly lo: number;
}

const content = loadContent();
const hour_us = 3600e6;
const day_us = 24 * hour_us;
const start = Date.UTC(2026, 0, 5) * 1000;
const attacks =
  `beacon brute_force cleartext_password collection dead_control_server dead_server dga ping_sweep directory_replication dns_tunnel
  low_and_slow exfil form_guessing horizontal_scan host_flood host_silent icmp_tunnel inbound_scan kerberoasting
  lateral_movement long_connection mail_burst new_internal_service odd_tls password_spraying phishing_click
  port_protocol_mismatch rare_destination signature_alert slow_scan stealth_scan vertical_scan`.split(/\s+/);

/** Every attack in an office. Times, and how long things lasted, are cut to ten seconds, so that very many events tie. */
function traffic(): Known[] {
  const office = { scenario: 'office', hosts: 5, days: 1, activity: 0.2 };
  const mix: Mix = { ...office, with: attacks.map((scenario) => ({ scenario })) };
  const enricher = createEnricher({ local_networks: defaultLocalNetworks });
  const duplicates = createDuplicates();
  return [...mixed(mix, { seed: 7, start })].map((event) => {
    const tied = { ...event, time: Math.floor(event.time / 10e6) * 10e6 };
    if ('duration_s' in tied && tied.duration_s !== null)
      tied.duration_s = Math.floor(tied.duration_s / 10) * 10;
    enricher.enrich(tied);
    duplicates.check(tied, 0, 0);
    return { event: tied, hi: duplicates.id_hi, lo: duplicates.id_lo };
  });
}

/** After an instant, names of domains that were asked for before it lead to every address that was called before it. */
function knownNamesOf(events: readonly Known[], after: number): Known[] {
  const asked = events.find(({ event }) => event.kind === 'dns' && event.query_domain !== '')!;
  const called = new Set(events.map(({ event }) => ('dst_ip' in event ? event.dst_ip : '')));
  const query = { ...asked.event, time: after + hour_us, answers: [...called] } as WeirEvent;
  return [{ event: query, hi: 1, lo: 1 }];
}

/** Fisher and Yates. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const chance = random(seed);
  const mixed = [...list];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = chance.below(i + 1);
    [mixed[i], mixed[j]] = [mixed[j]!, mixed[i]!];
  }
  return mixed;
}

/** Stores the events in this order and in blocks of this size, and gives the rows of every detector as text. */
async function rowsOf(
  store: Store,
  events: readonly Known[],
  batch_rows: number,
  most_events?: number,
): Promise<Map<string, string[]>> {
  await clearEvents(store);
  const writer = store.writer({ batch_rows });
  const file = writer.input('scenario', 'scenario');
  for (const [line, { event, hi, lo }] of events.entries()) {
    writer.write(event, hi, lo, file, line, 0, '');
    if (writer.busy) await writer.ready();
  }
  await writer.flush();
  const rows = new Map<string, string[]>();
  const past = new Past(store, content.rollups);
  for (const detector of content.detectors) {
    const feature = content.features.get(detector.features)!;
    // All rows, not only those worth judging.
    const every = { ...detector, when: '1' };
    const found: string[] = [];
    for await (const row of featureRows(store, past, feature, every, start + 40 * day_us, most_events))
      found.push(JSON.stringify(row));
    rows.set(detector.id, found);
  }
  return rows;
}

describe('the same events in another order, stored in other blocks, give the same features to the last digit', () => {
  let store: Store;
  let as_read: Map<string, string[]>;
  let events: Known[];
  before(async () => {
    store = await openStore({ directory: null });
    events = traffic();
    as_read = await rowsOf(store, events, 65_536);
  });
  after(() => store.close());

  for (const [title, order, batch_rows, most_events] of [
    ['shuffled, in blocks of 5,000', (list: Known[]) => shuffled(list, 1), 5_000],
    ['shuffled otherwise, in blocks of 20,011', (list: Known[]) => shuffled(list, 2), 20_011],
    ['backwards, in one block', (list: Known[]) => list.toReversed(), 1_000_000],
    ['in ranges of windows with 15,000 events at most', (list: Known[]) => list, 65_536, 15_000],
  ] as const) {
    it(title, async () => {
      const rows = await rowsOf(store, order(events), batch_rows, most_events);
      for (const { id } of content.detectors) {
        assert.ok(as_read.get(id)!.length > 0, `${id} has no row in this traffic`);
        const [got, wanted] = [rows.get(id)!, as_read.get(id)!];
        const differ = wanted.flatMap((row, i) => (row === got[i] ? [] : [`${row}\n${got[i]}`]));
        assert.deepEqual(differ.slice(0, 3), [], `${id}: ${differ.length} rows differ`);
        assert.equal(got.length, wanted.length, id);
      }
    });
  }

  it('a window that is over has the same rows, whatever comes after it', async () => {
    const cut = start + 20 * hour_us;
    // Silence of an hour is told when something was seen after it.
    const told_until = cut - hour_us;
    const known = events.filter(({ event }) => event.time < cut);
    const later = [...events.filter(({ event }) => event.time >= cut), ...knownNamesOf(known, cut)];
    const [now, then] = [
      await rowsOf(store, known, 65_536),
      await rowsOf(store, [...known, ...later], 65_536),
    ];
    const differ: string[] = [];
    for (const { id, window } of content.detectors) {
      const over = (rows: readonly string[]): string[] =>
        rows.filter((row) => JSON.parse(row).window_at + duration(window) * 1e6 <= told_until);
      const [before, after] = [over(now.get(id)!), over(then.get(id)!)];
      assert.equal(before.length, after.length, id);
      differ.push(...before.flatMap((row, i) => (row === after[i] ? [] : [`${id}: ${row}\n${after[i]}`])));
    }
    assert.deepEqual(differ.slice(0, 3), [], `${differ.length} rows differ`);
  });
});
