import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { merge, scenario, zeekJson } from '../../src/scenarios/index.ts';
import type { Finding } from '../../src/schema/finding.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { monday, run, smallOffice, temporaryFolder } from './run-analyze.ts';

let store: Store;
const folder = temporaryFolder();

before(async () => {
  store = await openStore({ directory: null });
});
after(async () => {
  await store.close();
  folder.remove();
});

/** Findings on a small office in which so many hosts scan the same network within the same minutes. */
async function scannedBy(hosts: readonly string[]): Promise<readonly Finding[]> {
  const scans = hosts.map((src_ip, i) =>
    scenario('horizontal_scan', { src_ip, after_s: 45_000 + 60 * i }, { seed: 20 + i, start: monday }),
  );
  const lines = [...merge(smallOffice(), ...scans)].map(zeekJson).filter((line) => line !== '');
  return (await run(store, [folder.write(`scans-${hosts.length}.json`, `${lines.join('\n')}\n`)])).findings;
}

describe('hosts that scan the same network at once', () => {
  for (const n of [1, 2, 3])
    it(`${n}: each is told, with all the hosts that it tried`, async () => {
      const hosts = Array.from({ length: n }, (_, i) => `10.20.1.${60 + i}`);
      const findings = await scannedBy(hosts);
      for (const host of hosts) {
        const own = findings.filter(
          (one) => one.detector === 'horizontal_scan' && one.entity.src_ip === host,
        );
        assert.equal(own.length, 1, `${host}: ${findings.map((one) => one.summary).join('\n')}`);
        const { hosts: failed, answered_hosts: answered } = own[0]!.values;
        assert.ok(Number(failed) + Number(answered) >= 250, own[0]!.summary);
      }
    });
});

/** What a run tells of some hosts, of traffic laid into a small office. */
async function toldOf(
  name: string,
  hosts: readonly string[],
  ...played: readonly (readonly [name: string, params: Record<string, unknown>])[]
): Promise<Finding[]> {
  const streams = played.map(([one, params], i) => scenario(one, params, { seed: 30 + i, start: monday }));
  const lines = [...merge(smallOffice(), ...streams)].map(zeekJson).filter((line) => line !== '');
  const { findings } = await run(store, [folder.write(`${name}.json`, `${lines.join('\n')}\n`)]);
  return findings.filter((one) => hosts.includes(String(one.entity.src_ip)));
}
const said = (findings: readonly Finding[]): string[] =>
  findings.map(
    (one) =>
      `${one.severity} ${one.detector}: ${one.summary} (also ${one.also.map(({ detector }) => detector)})`,
  );

describe('a place with a name and an address', () => {
  it('the same beacon by name and, without one, by its address is told once', async () => {
    const both = { src_ip: '10.20.1.77', after_s: 36_000, hours: 3 };
    const told = await toldOf(
      'named',
      ['10.20.1.77'],
      ['beacon', { ...both, gap_s: 90, jitter: 0.05 }],
      ['beacon', { ...both, gap_s: 60, jitter: 0.05, by: 'address' }],
    );
    assert.equal(told.length, 1, said(told).join('\n'));
    assert.deepEqual(
      [told[0]!.detector, ...told[0]!.also.map((one) => one.detector)]
        .filter((one) => one.startsWith('beacon'))
        .sort(),
      ['beacon_address', 'beacon_name'],
    );
  });
});

describe('two hosts of the network that poll each other', () => {
  it('on several ports, both ways, are one line, which is low', async () => {
    const pair = ['10.20.1.81', '10.20.1.82'];
    const told = await toldOf(
      'polling',
      pair,
      ['polling', { src_ip: pair[0], dst_ip: pair[1], after_s: 32_000 }],
      ['polling', { src_ip: pair[0], dst_ip: pair[1], after_s: 32_000, by: 'database' }],
      ['polling', { src_ip: pair[1], dst_ip: pair[0], after_s: 32_000, by: 'database' }],
    );
    assert.equal(told.length, 1, said(told).join('\n'));
    assert.equal(told[0]!.severity, 'low');
  });
});
