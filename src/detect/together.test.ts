import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { random } from '../base/random.ts';
import { loadContent } from '../content/index.ts';
import { shareOf, threshold } from '../models/allowance.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import { Detection, type DetectorRun } from './index.ts';

const content = loadContent();
const day_us = 86_400e6;
/** A Tuesday, 10:00 UTC. */
const now = Date.UTC(2026, 0, 6, 10) * 1000;

/** One host's row of a window; what it is about is the host itself and one other side. */
function row(window_at: number, host: string, values: Record<string, unknown>): FeatureRow {
  const entity = { src_ip: host, dst_ip: '203.0.113.9', dst_port: 445, transport: 'tcp' };
  return {
    window_at,
    first_at: window_at + 60e6,
    last_at: window_at + 1800e6,
    key: Object.values(entity).join(' '),
    host,
    peer: '',
    worth: true,
    raised: [],
    lowered: [],
    called: -1,
    entity,
    values: values as FeatureRow['values'],
  };
}

/** Hosts that a detector tells of, with its real threshold. */
async function told(id: string, rows: readonly FeatureRow[], taught_until = 0): Promise<Set<string>> {
  const detector = content.detectors.find((one) => one.id === id)!;
  const feature = content.features.get(detector.features)!;
  const share = shareOf(
    detector.severity,
    content.detectors.map((one) => one.severity),
  );
  const options = {
    taught_until,
    most_p: (tests: number) => (detector.model.kind === 'fact' ? 0.01 : threshold(tests, share)),
    techniques: () => undefined,
  };
  const run: DetectorRun = { detector: id, windows: 0, rows: 0, judged: 0, findings: 0 };
  const detection = new Detection(detector, feature, options, run);
  const ordered = [...rows].sort((a, b) => a.window_at - b.window_at || (a.key < b.key ? -1 : 1));
  const windows = Map.groupBy(ordered, (one) => one.window_at).values();
  const found = [...windows].flatMap((window) => detection.window(window));
  return new Set(found.map((one) => String(one.entity.src_ip ?? one.entity.dst_ip)));
}

const attacker = '10.0.0.66';
const copies = (n: number): string[] => Array.from({ length: n }, (_, i) => `10.0.1.${i + 1}`);
const hour = (n: number): number => now + n * 3600e6;

/** What an ordinary host shows to a detector in a window, and what an attacker does. */
const kinds: Record<string, { ordinary: (i: number) => object; attack: object }> = {
  horizontal_scan: { ordinary: (i) => ({ hosts: i % 3 }), attack: { hosts: 254, answered_hosts: 0 } },
  vertical_scan: { ordinary: (i) => ({ ports: i % 3 }), attack: { ports: 900 } },
  slow_scan: { ordinary: (i) => ({ targets: 1 + (i % 5) }), attack: { targets: 130 } },
};

/** Ordinary rows of some hosts over some hours before now, and now. */
function past(id: string, hosts: number, hours: number): FeatureRow[] {
  return Array.from({ length: hosts * (hours + 1) }, (_, n) =>
    row(hour(-Math.floor(n / hosts)), `10.0.2.${(n % hosts) + 1}`, { ...kinds[id]!.ordinary(n) }),
  );
}

const office = fc.record({ hosts: fc.integer({ min: 0, max: 30 }), hours: fc.integer({ min: 0, max: 30 }) });

for (const [id, { attack }] of Object.entries(kinds))
  describe(`${id}: who is compared with whom`, () => {
    it('hosts that do the same at once do not hide each other', async () => {
      await fc.assert(
        fc.asyncProperty(office, fc.integer({ min: 1, max: 19 }), async ({ hosts, hours }, k) => {
          const all = [attacker, ...copies(k)];
          const rows = [...past(id, hosts, hours), ...all.map((host) => row(now, host, { ...attack }))];
          if (!(await told(id, [...past(id, hosts, hours), row(now, attacker, { ...attack })])).has(attacker))
            return;
          const found = await told(id, rows);
          for (const host of all) assert.ok(found.has(host), `${host} of ${all.length} is not told`);
        }),
        { numRuns: 25 },
      );
    });

    it('one that did the same every day before does not make it usual for another', async () => {
      await fc.assert(
        fc.asyncProperty(office, fc.integer({ min: 1, max: 9 }), async ({ hosts }, days) => {
          const habit = Array.from({ length: days * 8 }, (_, n) =>
            row(now - (1 + Math.floor(n / 8)) * day_us + (n % 8) * 3600e6, '10.0.3.1', { ...attack }),
          );
          if (!(await told(id, [...past(id, hosts, 30), row(now, attacker, { ...attack })])).has(attacker))
            return;
          const found = await told(id, [...past(id, hosts, 30), ...habit, row(now, attacker, { ...attack })]);
          assert.ok(found.has(attacker));
        }),
        { numRuns: 25 },
      );
    });

    it('one whose work is known, and that is not judged, does not make it usual for another', async () => {
      await fc.assert(
        fc.asyncProperty(office, fc.integer({ min: 1, max: 60 }), async ({ hosts }, n) => {
          const known = Array.from({ length: n }, (_, i) => ({
            ...row(hour(-1 - i), '10.0.3.1', { ...attack }),
            worth: false,
          }));
          const few = past(id, Math.min(hosts, 3), 3);
          if (!(await told(id, [...few, row(now, attacker, { ...attack })])).has(attacker)) return;
          assert.ok((await told(id, [...few, ...known, row(now, attacker, { ...attack })])).has(attacker));
        }),
        { numRuns: 25 },
      );
    });

    it('a neighbour that is noisy on many destinations does not raise the bar for another', async () => {
      await fc.assert(
        fc.asyncProperty(office, fc.integer({ min: 100, max: 400 }), async ({ hosts, hours }, n) => {
          const noisy = Array.from({ length: n }, (_, i) => {
            const one = row(hour(-(i % 20)), '10.0.3.1', { ...attack });
            return { ...one, key: `${one.key} ${i}` };
          });
          if (!(await told(id, [...past(id, hosts, hours), row(now, attacker, { ...attack })])).has(attacker))
            return;
          const found = await told(id, [
            ...past(id, hosts, hours),
            ...noisy,
            row(now, attacker, { ...attack }),
          ]);
          assert.ok(found.has(attacker));
        }),
        { numRuns: 25 },
      );
    });
  });

/** Hosts by their number, apart from those above. */
const host = (n: number): string => `10.0.4.${n + 1}`;
/** Minute marks of two hours. */
const beat = Array.from({ length: 120 }, (_, i) => i * 60);
/** Ordinary figures of a host's hour, spread as such figures are (lognormal), the same for the same n. */
function figures(n: number): object {
  const { next, normal } = random(n + 1);
  const around = (median: number, spread: number): number => median * Math.exp(spread * normal());
  return {
    connections: around(60, 0.8),
    hosts: around(10, 0.6),
    outside_hosts: around(7, 0.6),
    internal_hosts: around(3, 0.5),
    ports: around(3, 0.4),
    failed_share: 0.05 * next(),
    sent_bytes: around(3e5, 1.2),
    received_bytes: around(4e6, 1.2),
    services: around(3, 0.3),
  };
}
const like_no_other = {
  connections: 9000,
  hosts: 900,
  outside_hosts: 880,
  internal_hosts: 20,
  ports: 400,
  failed_share: 0.9,
  sent_bytes: 3e9,
  received_bytes: 2e3,
  services: 9,
};

/**
 * What shows to a detector of each kind of model: `ordinary`, the n-th host's row of an hour (null: nothing that it would
 * look at), and `strange`, the row of a host that is to be told; `i` tells apart what one host does to several.
 */
const laws: Record<
  string,
  {
    readonly ordinary: ((at: number, n: number) => FeatureRow) | null;
    readonly strange: (at: number, who: string, i: number) => FeatureRow;
  }
> = {
  // fact
  odd_certificate: {
    ordinary: null,
    strange: (at, who, i) =>
      about(row(at, who, { self_signed: 1, clients: 1 }), {
        src_ip: who,
        dst_ip: `203.0.113.${i % 250}`,
        dst_port: 443 + i,
      }),
  },
  ids_alert: {
    ordinary: null,
    strange: (at, who, i) => ({
      ...about(row(day(at), who, { alerts: 1, hosts_with_it: 1 }), {
        engine: 'suricata',
        name: `signature ${i % 3}`,
        src_ip: who,
        dst_ip: `203.0.113.${i % 250}`,
      }),
      host: 'suricata',
    }),
  },
  // first sights
  new_internal_service: {
    ordinary: null,
    strange: (at, who, i) =>
      about(row(at, who, { new_services: 1, clients: 2 }), {
        dst_ip: who,
        dst_port: 8000 + i,
        transport: 'tcp',
      }),
  },
  // rhythm
  beacon_address: {
    ordinary: null,
    strange: (at, who, i) => {
      const calls = beat.map((second) => at / 1e6 + second);
      const values = {
        call_times: calls,
        call_bytes: calls.map(() => 0),
        clients: 1,
        hosts: 30,
        place_known: 0,
      };
      const one = about(row(day(at), who, values), {
        src_ip: who,
        dst_ip: `203.0.113.${i % 250}`,
        dst_port: 443 + i,
        transport: 'tcp',
      });
      return { ...one, first_at: calls[0]! * 1e6, last_at: calls.at(-1)! * 1e6 };
    },
  },
  // all figures together
  unusual_host_hour: {
    ordinary: (at, n) =>
      about(row(at, host(n), { ...figures(n * 1000 + ((at / 3600e6) % 1000)) }), { src_ip: host(n) }),
    strange: (at, who) => about(row(at, who, { ...like_no_other }), { src_ip: who }),
  },
};

function about(one: FeatureRow, entity: Record<string, string | number>): FeatureRow {
  return { ...one, entity, key: Object.values(entity).join(' ') };
}

function day(at: number): number {
  return Math.floor(at / day_us) * day_us;
}

for (const [id, { ordinary, strange }] of Object.entries(laws))
  describe(`${id}: no other host hides one that is told alone`, () => {
    /** A week of some hosts, in one of its hours each, and the first of its hours. */
    const usual = (hosts: number): FeatureRow[] =>
      ordinary
        ? Array.from({ length: hosts * 168 }, (_, n) =>
            ordinary(hour(-168 + Math.floor(n / hosts)), n % hosts),
          )
        : [strange(hour(-168), '10.0.9.9', 999)];
    const alone = (hosts: number): FeatureRow[] => [...usual(hosts), strange(now, attacker, 0)];
    const told_with = async (hosts: number, others: readonly FeatureRow[]): Promise<boolean> =>
      (await told(id, [...alone(hosts), ...others])).has(attacker);
    const some = fc.integer({ min: 8, max: 12 });

    it('is told alone', async () => assert.ok(await told_with(8, [])));

    it('copies of it, in the same hour and in hours and on the day before', () =>
      fc.assert(
        fc.asyncProperty(
          some,
          fc.integer({ min: 1, max: 19 }),
          fc.constantFrom(0, 1, 3, 26),
          async (hosts, k, hours_ago) => {
            const others = copies(k).map((who, n) => strange(hour(-hours_ago), who, n % 2));
            assert.ok(await told_with(hosts, others), `${k} copies ${hours_ago} hours before`);
          },
        ),
        { numRuns: 25 },
      ));

    it('one noisy neighbour, that does it to many and on every day', () =>
      fc.assert(
        fc.asyncProperty(
          some,
          fc.integer({ min: 1, max: 300 }),
          fc.integer({ min: 0, max: 3 }),
          async (hosts, n, days) => {
            const noisy = Array.from({ length: n }, (_, i) =>
              strange(hour(-24 * (i % (days + 1)) - (i % 5)), '10.0.3.1', i),
            );
            const unlike = [...new Map(noisy.map((one) => [`${one.window_at} ${one.key}`, one])).values()];
            assert.ok(await told_with(hosts, unlike), `${n} rows of ${days + 1} days`);
          },
        ),
        { numRuns: 25 },
      ));
  });

describe('a baseline that is given', () => {
  const times = Array.from({ length: 120 }, (_, i) => i * 60);
  const beacon = (at: number, host: string): FeatureRow => {
    const calls = times.map((second) => at / 1e6 + 60 + second);
    const values = { call_times: calls, call_bytes: calls.map(() => 0), clients: 1, hosts: 20 };
    return { ...row(at, host, values), last_at: calls.at(-1)! * 1e6 };
  };
  const today = Math.floor(now / day_us) * day_us;

  it('calms the beacon that is in it, and no other', async () => {
    const rows = [beacon(today - day_us, '10.0.0.5'), beacon(today, '10.0.0.5'), beacon(today, attacker)];
    assert.deepEqual(await told('beacon_address', rows, today), new Set([attacker]));
    assert.deepEqual(
      await told('beacon_address', rows),
      new Set(['10.0.0.5', attacker]),
      'without a baseline',
    );
  });

  it('does not calm what is three times as much as in it', async () => {
    const scan = (at: number, hosts: number): FeatureRow => row(at, attacker, { hosts, answered_hosts: 0 });
    const same = [scan(now - day_us, 60), scan(now, 150)];
    assert.deepEqual(await told('horizontal_scan', same, today), new Set());
    const more = [scan(now - day_us, 60), scan(now, 200)];
    assert.deepEqual(await told('horizontal_scan', more, today), new Set([attacker]));
  });
});
