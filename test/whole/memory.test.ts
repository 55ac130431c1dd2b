import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../../src/base/random.ts';
import { loadContent } from '../../src/content/index.ts';
import { createEnricher, defaultLocalNetworks } from '../../src/enrich/index.ts';
import { runDetector } from '../../src/pipeline/detectors.ts';
import { scenario } from '../../src/scenarios/index.ts';
import type { Connection } from '../../src/schema/event/connection.ts';
import type { Finding } from '../../src/schema/finding.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { temporaryFolder } from './run-analyze.ts';

const content = loadContent();
const full = 700 * 1024 * 1024;
const start_s = Date.UTC(2026, 0, 5) / 1000;
const to = (start_s + 30 * 86_400) * 1e6;

/**
 * A quarter of a million connections of two days: 500 hosts call each of 50 destinations now and then, one of them another by the clock.
 */
async function fill(store: Store): Promise<void> {
  const [like] = [...scenario('beacon', {}, { seed: 7, start: start_s * 1e6 })].filter(
    (event) => event.kind === 'connection' && event.transport === 'tcp',
  );
  const enricher = createEnricher({ local_networks: defaultLocalNetworks });
  const pattern = enricher.enrich(like!) as Connection;
  const writer = store.writer();
  const file = writer.input('made', 'made');
  const chance = random(7);
  const write = async (id: number, second: number, src_ip: string, dst_ip: string): Promise<void> => {
    const event = { ...pattern, time: (start_s + second) * 1e6, src_ip, dst_ip, dst_port: 8443 };
    writer.write(event, 0, id, file, id, 0, '');
    if (writer.busy) await writer.ready();
  };
  const hosts = Array.from({ length: 500 }, (_, i) => `10.0.${i % 2}.${i >> 1}`);
  const outside = Array.from({ length: 50 }, (_, i) => `198.51.${i}.7`);
  for (let i = 0; i < 250_000; i++)
    await write(i, 172_800 * chance.next(), hosts[i % 500]!, outside[Math.floor(i / 500) % 50]!);
  for (let i = 0; i < 2500; i++) await write(250_000 + i, 60 * i, '10.0.0.3', '203.0.113.9');
  await writer.flush();
}

async function findings(store: Store): Promise<Map<string, Finding[]>> {
  const all = new Map<string, Finding[]>();
  for (const detector of content.detectors)
    all.set(detector.id, (await runDetector(store, content, detector, { taught_until: 0, to })).findings);
  return all;
}

test('an engine with a tenth of the memory finishes every detector, and finds the same', async () => {
  const folder = temporaryFolder();
  const place = { directory: `${folder.path}/store` };
  let store = await openStore(place, { memory_bytes: full });
  try {
    await fill(store);
    const wanted = await findings(store);
    assert.ok(wanted.get('beacon_address')!.length > 0);
    await store.close();
    store = await openStore(place, { memory_bytes: full / 10 });
    assert.deepEqual(await findings(store), wanted);
  } finally {
    await store.close();
    folder.remove();
  }
});
