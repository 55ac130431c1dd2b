import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadContent } from '../content/index.ts';
import type { Finding } from '../schema/finding.ts';
import { openStore, type Store } from '../store/index.ts';
import { play, tryPlayed } from './try.ts';

const content = loadContent();
const scan = content.detectors.find(({ id }) => id === 'horizontal_scan')!;
let store: Store;
before(async () => {
  store = await openStore({ directory: null });
});
after(() => store.close());

const office = { scenario: 'office', hosts: 120, days: 0.3 };

/** What the scan detector tells of a host. */
async function told(given: Parameters<typeof play>[2], src_ip: string): Promise<readonly Finding[]> {
  await play(store, content, given);
  return (await tryPlayed(store, content, scan, { name: '', given, src_ip, expect: 'finding' })).findings;
}

test('monitoring that looks at every desk from the first hour on is not told as a scan of high severity', async () => {
  const findings = await told(office, '10.20.0.40');
  assert.deepEqual([...new Set(findings.map(({ severity }) => severity))], ['medium']);
  assert.match(findings[0]!.summary, /comes back to the same hosts after minutes, as monitoring does/);
});

test('a scan beside it in the same first hour is of high severity', async () => {
  const with_scan = { scenario: 'horizontal_scan', after_s: 600, with: [office] };
  assert.deepEqual(
    (await told(with_scan, '10.20.1.34')).map(({ severity }) => severity),
    ['high'],
  );
});
