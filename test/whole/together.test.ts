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
