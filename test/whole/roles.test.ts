import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openStore, type Store } from '../../src/store/index.ts';
import { monday, run, temporaryFolder } from './run-analyze.ts';

/** What a host does as its part in the network, from the records to the findings. */

let store: Store;
const folder = temporaryFolder();
before(async () => {
  store = await openStore({ directory: null });
});
after(async () => {
  await store.close();
  folder.remove();
});

const start = monday / 1e6 + 9 * 3600;
let ids = 0;
function line(path: string, at_s: number, src: string, dst: string, port: number, fields: object): string {
  ids++;
  return JSON.stringify({
    ...{
      _path: path,
      ts: start + at_s,
      uid: `C${ids}`,
      'id.orig_h': src,
      'id.orig_p': 20_000 + (ids % 40_000),
    },
    ...{ 'id.resp_h': dst, 'id.resp_p': port, ...fields },
  });
}

const resolver = '10.20.0.10';
function asked(
  at_s: number,
  src: string,
  dst: string,
  query: string,
  qtype_name: string,
  exists: boolean,
): string {
  return line('dns', at_s, src, dst, 53, {
    ...{ proto: 'udp', trans_id: ids % 60_000, query, qtype_name, rtt: 0.01 },
    ...{ rcode_name: exists ? 'NOERROR' : 'NXDOMAIN', answers: exists ? ['198.51.100.7'] : undefined },
  });
}

/** A resolver that shows each server only the labels it needs (RFC 9156), NS or A, with _ in front or without. */
function minimised(at_s: number, name: string, type: string, exists: boolean, underscore: boolean): string[] {
  const labels = name.split('.');
  const lines: string[] = [];
  for (let n = 1; n < labels.length; n++) {
    const end = labels.slice(-n).join('.');
    lines.push(asked(at_s + n / 100, resolver, '198.51.100.53', underscore ? `_.${end}` : end, type, exists));
    if (!exists) break;
  }
  return [...lines, asked(at_s + 0.2, resolver, '198.51.100.53', name, 'A', exists)];
}

for (const [type, underscore] of [
  ['NS', false],
  ['A', true],
] as const)
  test(`a resolver that asks with ${type} for one label after the other${underscore ? ', with _ in front' : ''}, hides and looks for nothing`, async () => {
    const lines: string[] = [];
    for (let i = 0; i < 45; i++)
      for (const exists of i < 20 ? [true] : [true, false]) {
        const name = exists ? `a${i}.b${i}.part${i}.example${i}.org` : `www.shop${i}.zqxjkvbw${i}`;
        const at = i * 20 + (exists ? 0 : 5);
        lines.push(asked(at, `10.20.1.${20 + (i % 5)}`, resolver, name, 'A', exists));
        lines.push(...minimised(at + 0.1, name, type, exists, underscore));
      }
    const { findings } = await run(store, [folder.write(`names-${type}/zeek.log`, `${lines.join('\n')}\n`)], {
      detectors: ['unknown_name_burst', 'generated_domains', 'dns_tunnel'],
    });
    assert.deepEqual(
      findings.filter((one) => one.entity.src_ip === resolver).map((one) => one.summary),
      [],
    );
  });

test('thousands of answered calls of hundreds of hosts to a directory server are told low, if at all', async () => {
  const lines = Array.from({ length: 6000 }, (_, i) => {
    const client = `10.20.${2 + ((i % 300) >> 7)}.${1 + ((i % 300) & 127)}`;
    return line('conn', i / 12, client, resolver, 88, {
      ...{ proto: 'tcp', service: 'krb_tcp', conn_state: 'SF', history: 'ShADadFf', duration: 0.02 },
      ...{ orig_bytes: 900, resp_bytes: 1200, orig_pkts: 6, resp_pkts: 5 },
      ...{ orig_ip_bytes: 1200, resp_ip_bytes: 1500 },
    });
  });
  const path = folder.write('flood/zeek.log', `${lines.join('\n')}\n`);
  const { findings } = await run(store, [path], { detectors: ['host_flood'] });
  assert.deepEqual(
    findings.filter((one) => one.severity !== 'low').map((one) => one.summary),
    [],
  );
});
