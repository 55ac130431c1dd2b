import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadContent } from '../../src/content/index.ts';
import { Past } from '../../src/pipeline/past.ts';
import { featureRows } from '../../src/pipeline/rows.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { ACK, arp, Conversation, capture, frame, type TimedFrame, udp } from '../packets.ts';
import { monday, run, temporaryFolder } from './run-analyze.ts';

/** What stands for many hosts follows from masks where they are known. */

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

/** The end of a lease as a server confirms it (RFC 2131): option 1 is the mask. */
function lease(client: string, mask: string, at: number): TimedFrame {
  const packet = Buffer.alloc(300);
  packet.set([2, 1, 6], 0);
  packet.writeUInt32BE(0xdeadbeef, 4);
  packet.set(client.split('.').map(Number), 16);
  packet.set([2, 0, 0, 0, 0, Number(client.split('.')[3])], 28);
  packet.writeUInt32BE(0x63825363, 236);
  packet.set([53, 1, 5, 1, 4, ...mask.split('.').map(Number), 51, 4, 0, 0, 14, 16, 255], 240);
  return frame(udp('10.0.2.1', 67, client, 68, packet), at);
}

/** One datagram a minute. */
const calls = (src: string, dst: string, from: number): TimedFrame[] =>
  Array.from({ length: 3 }, (_, i) =>
    frame(udp(src, 40_000 + i, dst, 9999, Buffer.alloc(20, 1)), from + i * 60e6),
  );

async function rolesOf(
  name: string,
  frames: readonly TimedFrame[],
  networks: readonly string[] | null = null,
) {
  const sorted = [...frames].sort((a, b) => a.time - b.time);
  await run(store, [folder.write(`${name}.pcap`, capture(sorted))], {
    local_networks: networks,
    detectors: ['ids_alert'],
  });
  const rows = await store.query<{ host: string; role: string }>(
    "SELECT host, role FROM role WHERE role IN ('broadcast', 'single_host') ORDER BY host, role",
  );
  return rows.map(({ host, role }) => `${host} ${role}`);
}

test('the mask of a lease says that .63 of a /26 stands for all of it', async () => {
  const frames = [lease('10.0.2.7', '255.255.255.192', 0), ...calls('10.0.2.7', '10.0.2.63', 60e6)];
  assert.deepEqual(await rolesOf('lease', frames), ['10.0.2.63 broadcast']);
});

test('in a /22 the mask of a lease says that .255 in its midst is one host, and its last address is not', async () => {
  const frames = [
    lease('10.0.2.7', '255.255.252.0', 0),
    ...calls('10.0.2.7', '10.0.1.255', 60e6),
    ...calls('10.0.2.7', '10.0.3.255', 60e6),
  ];
  assert.deepEqual(await rolesOf('wide', frames), ['10.0.1.255 single_host', '10.0.3.255 broadcast']);
});

test('without a mask .255 is one host once it was answered', async () => {
  const talk = new Conversation('10.0.2.7', 40_000, '10.0.1.255', 443)
    .open()
    .client(Buffer.alloc(9))
    .fromServer(ACK);
  assert.deepEqual(await rolesOf('spoke', talk.frames), ['10.0.1.255 single_host']);
});

test("the operator's networks and frames to all stations say what is broadcast", async () => {
  const toAll = calls('10.0.2.7', '10.0.2.127', 0).map((one) => {
    const bytes = Buffer.from(one.bytes);
    bytes.fill(0xff, 0, 6);
    return { ...one, bytes };
  });
  assert.deepEqual(await rolesOf('stations', toAll, ['10.0.2.0/26', '10.0.0.0/8']), [
    '10.0.2.127 broadcast',
    '10.0.2.63 broadcast',
    '10.255.255.255 broadcast',
  ]);
});

test('an address whose station told its own by ARP is one host, whoever sends to all stations for it', async () => {
  const toAll = calls('10.0.2.7', '10.0.2.127', 60e6).map((one) => {
    const bytes = Buffer.from(one.bytes);
    bytes.fill(0xff, 0, 6);
    return { ...one, bytes };
  });
  const others = calls('10.0.2.7', '10.0.1.255', 60e6);
  const frames = [
    arp('02aa00000005', '10.0.2.127'),
    arp('02aa00000006', '10.0.1.255', 1e6),
    ...toAll,
    ...others,
  ];
  assert.deepEqual(await rolesOf('arp', frames), ['10.0.1.255 single_host']);
});

/** Half a day of a host that tries a port of twenty hosts, each of whose addresses ends in .255. */
test('hosts at .255 outside are called as any host is', async () => {
  const tried = Array.from({ length: 40 }, (_, i) =>
    frame(udp('10.0.2.7', 40_000, `198.51.${100 + i}.255`, 9999, Buffer.alloc(20, 1)), i * 1e6),
  );
  const { findings } = await run(store, [folder.write('outside.pcap', capture(tried))], {
    detectors: ['horizontal_scan'],
  });
  assert.match(findings[0]?.summary ?? 'nothing', /udp port 9999 of 40 hosts/);
  const inside = tried.map((_, i) =>
    frame(udp('10.0.2.7', 40_000, `10.51.${100 + i}.255`, 9999, Buffer.alloc(20, 1)), i * 1e6),
  );
  const other = await run(store, [folder.write('inside.pcap', capture(inside))], {
    detectors: ['horizontal_scan'],
  });
  assert.deepEqual(other.findings, []);
});

/** A ping as Zeek writes it. */
function ping(ts: number, dst: string, answered: boolean): object {
  return {
    ...{ _path: 'conn', ts, uid: `C${dst}${ts}`, proto: 'icmp', conn_state: 'OTH', duration: 1 },
    ...{ 'id.orig_h': '10.0.2.7', 'id.orig_p': 8, 'id.resp_h': dst, 'id.resp_p': 0 },
    ...{ orig_bytes: 56, resp_bytes: answered ? 56 : 0, orig_pkts: 1, resp_pkts: Number(answered) },
    ...{ orig_ip_bytes: 84, resp_ip_bytes: answered ? 84 : 0 },
  };
}

test('a host at .255 that was pinged before it was known as one is pinged as any host is once it is', async () => {
  const start = monday / 1e6;
  const lines = [
    ping(start, '10.0.1.255', false),
    ping(start + 3600, '10.0.1.255', true),
    ...[1, 2, 3, 4, 255].map((last) => ping(start + 7200, `10.0.1.${last}`, false)),
  ].map((one) => JSON.stringify(one));
  await run(store, [folder.write('pings/zeek.log', `${lines.join('\n')}\n`)], { detectors: ['ids_alert'] });
  const detector = { ...content.detectors.find(({ id }) => id === 'ping_sweep')!, when: '1' };
  const feature = content.features.get(detector.features)!;
  const rows = await Array.fromAsync(
    featureRows(store, new Past(store, content.rollups), feature, detector, 2e15),
  );
  assert.deepEqual(
    rows.map(({ values }) => [values.hosts, values.new_hosts]),
    [
      [5, 4],
      [5, 4],
    ],
  );
});
