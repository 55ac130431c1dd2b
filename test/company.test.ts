import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loadContent } from '../src/content/index.ts';
import { play, tryPlayed } from '../src/pipeline/try.ts';
import type { Finding } from '../src/schema/finding.ts';
import { openStore, type Store } from '../src/store/index.ts';

/** Hosts that begin to do the same at once: none of them is hidden by the others, and what they do is one line. */

const content = loadContent();
let store: Store;
before(async () => {
  store = await openStore({ directory: null });
});
after(() => store.close());

const day_s = 86_400;
/** Ten on the third morning. */
const third_day_s = 2 * day_s + 10 * 3600;
const office = { scenario: 'office', hosts: 9, days: 3, activity: 0.4, monitored: 'servers' };

/** What one host does of which a detector tells, by detector. */
const attacks: Readonly<Record<string, { readonly scenario: string } & Record<string, unknown>>> = {
  long_connection: { scenario: 'long_connection', hours: 14 },
  dead_control_server: { scenario: 'dead_control_server' },
  dns_tunnel: { scenario: 'dns_tunnel' },
  odd_certificate: { scenario: 'odd_tls' },
  rare_tls_client: { scenario: 'odd_tls' },
  program_download: { scenario: 'phishing_click' },
  port_protocol_mismatch: { scenario: 'port_protocol_mismatch' },
  low_and_slow_exfiltration: { scenario: 'low_and_slow', days: 0.6 },
  rare_destination: { scenario: 'rare_destination', calls: 90 },
  beacon_name: { scenario: 'beacon', by: 'name' },
  beacon_address: { scenario: 'beacon', by: 'address', dst_ip: '203.0.113.99' },
};

/** Attacks, each by as many hosts at once. */
function atOnce(hosts: number, after_s: number, ids = Object.keys(attacks)): Record<string, unknown>[] {
  return ids.flatMap((id) => hostsThat(id, hosts).map((src_ip) => ({ ...attacks[id], src_ip, after_s })));
}

/** The hosts that do what a detector tells of, each nothing else. */
function hostsThat(id: string, hosts: number): string[] {
  const network = 60 + Object.keys(attacks).indexOf(id);
  return Array.from({ length: hosts }, (_, i) => `10.20.${network}.${i + 1}`);
}

async function told(detector: string): Promise<readonly Finding[]> {
  const one = content.detectors.find(({ id }) => id === detector)!;
  const test = { name: '', given: {}, expect: 'finding' as const };
  return (await tryPlayed(store, content, one, test)).findings;
}

/** Hosts that findings are about, each by itself or as a member of a line. */
function hostsOf(findings: readonly Finding[]): Set<string> {
  const entities = findings.flatMap((one) => [one.entity, ...one.members.map(({ entity }) => entity)]);
  return new Set(entities.map(({ src_ip }) => String(src_ip)));
}

for (const hosts of [4, 12])
  describe(`${hosts} hosts that begin to do the same on the third day of an office`, () => {
    before(() => play(store, content, { ...office, with: atOnce(hosts, third_day_s) }));
    for (const id of Object.keys(attacks))
      it(`${id} tells each of them, in one line, and as no less than one alone`, async () => {
        const detector = content.detectors.find((one) => one.id === id)!;
        const found = await told(id);
        const those = new Set(hostsThat(id, hosts));
        const theirs = found.filter((one) => !those.isDisjointFrom(hostsOf([one])));
        const about = hostsOf(theirs);
        for (const host of those) assert.ok(about.has(host), `${host} is not told`);
        assert.equal(theirs.length, 1, theirs.map((one) => one.summary).join('\n'));
        assert.ok(theirs.some((one) => one.severity !== 'low' || detector.severity === 'low'));
      });
  });

// Those need a day of the network, or of their own, before they tell anything.
const on_first_day = Object.keys(attacks).filter(
  (id) => id !== 'rare_destination' && id !== 'low_and_slow_exfiltration',
);
for (const ids of [on_first_day.filter((id) => id !== 'rare_tls_client'), ['rare_tls_client']])
  describe(`hosts that do the same on the first day that is known: ${ids.join(', ')}`, () => {
    before(() => play(store, content, { ...office, days: 1, with: atOnce(4, 10 * 3600, ids) }));
    for (const id of ids)
      it(`${id} tells each of four`, async () => {
        const about = hostsOf(await told(id));
        for (const host of hostsThat(id, 4)) assert.ok(about.has(host), `${host} is not told`);
      });
  });

describe('what an office begins to use on its third day', () => {
  before(() =>
    play(store, content, {
      ...office,
      with: [{ scenario: 'new_software_rollout', hosts: 25, after_s: third_day_s }],
    }),
  );
  for (const id of Object.keys(attacks))
    it(`${id} makes one line of new software on 25 hosts at most, and none of what they use every day`, async () => {
      const found = (await told(id)).filter((one) => one.start_at / 1e6 >= 1_767_571_200 + third_day_s);
      assert.ok(found.length <= 1, found.map((one) => one.summary).join('\n'));
      assert.ok(found.every((one) => one.severity === 'low' || one.severity === 'medium'));
    });
});
