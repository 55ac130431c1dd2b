import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadContent } from '../../src/content/index.ts';
import { Past } from '../../src/pipeline/past.ts';
import { featureRows } from '../../src/pipeline/rows.ts';
import { play, tryPlayed } from '../../src/pipeline/try.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { monday, run, temporaryFolder } from './run-analyze.ts';

/** What clients do through a web proxy is theirs, and the proxy is blamed for none of it. */

const content = loadContent();
let store: Store;
const folder = temporaryFolder();
before(async () => {
  store = await openStore({ directory: null });
});
after(async () => {
  await store.close();
  folder.remove();
});

const [proxy, client] = ['10.20.0.8', '10.20.1.34'];

test('a tunnel through the proxy that lasts nine hours is told of the client, with the name it asked for', async () => {
  const given = { scenario: 'long_connection', proxy: true, name: 'relay.example' };
  await play(store, content, given);
  const detector = content.detectors.find(({ id }) => id === 'long_connection')!;
  const { findings } = await tryPlayed(store, content, detector, { name: '', given, expect: 'finding' });
  assert.equal(findings.length, 1);
  const [{ entity, summary }] = findings as [(typeof findings)[0]];
  assert.deepEqual([entity.src_ip, entity.dst_name], [client, 'relay.example']);
  assert.match(summary, /relay\.example:443/);
});

/** Connections to the proxy that are opened an hour before what they are for is asked. */
function early(): string[] {
  const start = monday / 1e6 + 8 * 3600;
  const lines: object[] = [];
  for (let i = 0; i < 60; i++) {
    const ends = {
      uid: `C${i}`,
      'id.orig_h': client,
      'id.orig_p': 40_000 + i,
      'id.resp_h': proxy,
      'id.resp_p': 3128,
    };
    const ts = start + i * 300;
    lines.push({
      ...{
        _path: 'conn',
        ts,
        ...ends,
        proto: 'tcp',
        service: 'http,ssl',
        conn_state: 'SF',
        history: 'ShADadFf',
      },
      ...{ duration: 9 * 3600, orig_bytes: 50_000, resp_bytes: 60_000, orig_pkts: 50, resp_pkts: 60 },
      ...{ orig_ip_bytes: 52_000, resp_ip_bytes: 62_000 },
    });
    lines.push({
      ...{
        _path: 'http',
        ts: ts + 3700,
        ...ends,
        method: 'CONNECT',
        host: `site${i % 7}.example`,
        uri: `site${i % 7}.example:443`,
      },
      ...{ status_code: 200, request_body_len: 0, response_body_len: 0 },
    });
  }
  return lines.map((one) => JSON.stringify(one));
}

test('what was asked of a proxy long after its connection began is told in whatever ranges of time statements run', async () => {
  await run(store, [folder.write('early/zeek.log', `${early().join('\n')}\n`)], { detectors: ['ids_alert'] });
  for (const id of ['long_connection', 'upload_volume', 'beacon_name', 'unusual_host_behaviour']) {
    const detector = { ...content.detectors.find((one) => one.id === id)!, when: '1' };
    const feature = content.features.get(detector.features)!;
    const rows = (most?: number) =>
      Array.fromAsync(featureRows(store, new Past(store, content.rollups), feature, detector, 2e15, most));
    const whole = await rows();
    assert.ok(whole.length > 0, id);
    assert.deepEqual(await rows(1), whole, id);
    assert.ok(JSON.stringify(whole).includes('site') || id === 'unusual_host_behaviour', id);
  }
});

test('what one host does is told as seen through the proxy: places outside are those of the client, none of the proxy', async () => {
  await play(store, content, { scenario: 'office', hosts: 8, days: 0.7, proxy: true });
  const detector = { ...content.detectors.find(({ id }) => id === 'unusual_host_hour')!, when: '1' };
  const feature = content.features.get('host_activity')!;
  const outside = new Map<string, number>();
  for await (const { entity, values } of featureRows(
    store,
    new Past(store, content.rollups),
    feature,
    detector,
    2e15,
  )) {
    const host = String(entity.src_ip);
    outside.set(host, Math.max(outside.get(host) ?? 0, Number(values.outside_hosts)));
  }
  assert.ok((outside.get(proxy) ?? 0) <= 2, `the proxy calls ${outside.get(proxy)} of its own`);
  const desks = [...outside].filter(([host]) => host.startsWith('10.20.1.'));
  assert.ok(desks.length > 0 && desks.every(([, n]) => n > 2), JSON.stringify(desks));
});
