import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openStore, type Store } from '../../src/store/index.ts';
import { arp, capture, frame, type TimedFrame, udp } from '../packets.ts';
import { monday, run, temporaryFolder } from './run-analyze.ts';

/** A baseline belongs to a device, whatever address it has: from the records to the findings. */

let store: Store;
const folder = temporaryFolder();
before(async () => {
  store = await openStore({ directory: null });
});
after(async () => {
  await store.close();
  folder.remove();
});

const day_s = 86_400;
let ids = 0;
function line(path: string, day: number, hour: number, fields: Record<string, unknown>): string {
  const ts = monday / 1e6 + day * day_s + hour * 3600;
  return JSON.stringify({ _path: path, ts, uid: `C${++ids}`, ...fields });
}

function call(day: number, hour: number, src: string, sent: number): string {
  return line('conn', day, hour, {
    ...{ 'id.orig_h': src, 'id.orig_p': 40_000 + ids, 'id.resp_h': '203.0.113.9', 'id.resp_p': 443 },
    ...{ proto: 'tcp', service: 'ssl', conn_state: 'SF', history: 'ShADadFf', duration: 60 },
    ...{ orig_bytes: sent, resp_bytes: 5000, orig_pkts: Math.ceil(sent / 1400), resp_pkts: 40 },
    ...{ orig_ip_bytes: sent, resp_ip_bytes: 6000 },
  });
}

const lease = (day: number, hour: number, mac: string, ip: string): string =>
  line('dhcp', day, hour, {
    ...{ mac, assigned_addr: ip, server_addr: '10.20.0.1', lease_time: 2 * day_s },
    ...{ uids: [`C${ids}`], msg_types: ['DISCOVER', 'OFFER', 'REQUEST', 'ACK'] },
  });

const [old_ip, new_ip, other_ip] = ['10.20.1.5', '10.20.1.9', '10.20.1.7'];
/** A host sends 300 MB each evening, as another does nothing of the kind; after a week it has another address. */
function weeks(leases: boolean, last_evening: string): string[] {
  const lines: string[] = [];
  for (let day = 0; day < 9; day++) {
    const at = day < 7 ? old_ip : new_ip;
    if (leases && (day === 0 || day === 7)) lines.push(lease(day, 0.1, '02:00:00:00:00:05', at));
    if (leases && day === 7) lines.push(lease(day, 2, '02:00:00:00:00:06', old_ip));
    for (let hour = 1; hour < 24; hour++) {
      lines.push(call(day, hour + 0.3, at, 20_000 + hour * 500), call(day, hour + 0.4, other_ip, 18_000));
      if (day >= 7) lines.push(call(day, hour + 0.5, old_ip, 15_000));
    }
    for (let piece = 0; piece < 5; piece++)
      lines.push(call(day, 20.5 + piece / 20, day < 8 ? at : last_evening, 60_000_000 + day * 1_000_000));
  }
  return lines;
}

async function uploads(name: string, lines: readonly string[]): Promise<string[]> {
  const { findings } = await run(store, [folder.write(`${name}/zeek.log`, `${lines.join('\n')}\n`)], {
    detectors: ['upload_volume'],
  });
  return findings
    .filter((one) => one.start_at >= monday + 7 * day_s * 1e6)
    .map((one) => String(one.entity.src_ip));
}

test('a device that does each evening what it always did is not told at its new address', async () => {
  assert.deepEqual(await uploads('unknown', weeks(false, new_ip)), [new_ip]);
  assert.deepEqual(await uploads('leased', weeks(true, new_ip)), []);
});

test('a new device at the old address does not inherit the habit', async () => {
  assert.deepEqual(await uploads('visitor', weeks(true, old_ip)), [old_ip]);
});

const label = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
const record = (name: readonly string[], type: number, data: Buffer): Buffer =>
  Buffer.concat([...name.map(label), Buffer.from([0, 0, type, 0x80, 1, 0, 0, 0, 120, 0, data.length]), data]);
const answers = (...all: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([0, 0, 0x84, 0, 0, 0, 0, all.length, 0, 0, 0, 0]), ...all]);
const octets = (ip: string): Buffer => Buffer.from(ip.split('.').map(Number));
const minute = 60e6;

/** What a host announces of itself by mDNS when it comes to a network, a service before its address. */
const announced = (name: string, ip: string, at: number): TimedFrame =>
  frame(
    udp(
      ip,
      5353,
      '224.0.0.251',
      5353,
      answers(
        record(['_ssh', '_tcp', 'local'], 16, Buffer.from([0])),
        record([name, 'local'], 1, octets(ip)),
      ),
    ),
    at,
  );
/** What a host answers to who asks for a NetBIOS name. */
function netbios(name: string, ip: string, at: number): TimedFrame {
  const bytes = Buffer.from(name.toUpperCase().padEnd(15, ' ').concat('\0'), 'latin1');
  const letters = [...bytes].map((one) => String.fromCharCode(65 + (one >> 4), 65 + (one & 15))).join('');
  const data = Buffer.concat([Buffer.from([0, 0]), octets(ip)]);
  return frame(udp(ip, 137, '10.20.1.99', 137, answers(record([letters], 32, data))), at);
}
const heard = (ip: string, at: number): TimedFrame =>
  frame(udp(ip, 40_000, '10.20.0.1', 9999, Buffer.alloc(9, 1)), at);

/** Without link-layer addresses, which say more than any name. */
const unaddressed = (frames: readonly TimedFrame[]): TimedFrame[] =>
  frames.map((one) => ({ ...one, bytes: Buffer.from(one.bytes).fill(0, 0, 12) }));
const devices = (name: string, frames: readonly TimedFrame[]): Promise<string[]> =>
  devicesIn(`${name}.pcap`, capture(unaddressed(frames).sort((a, b) => a.time - b.time)));

async function devicesIn(name: string, bytes: Buffer | string): Promise<string[]> {
  await run(store, [folder.write(name, bytes)], { detectors: ['ids_alert'] });
  const rows = await store.query<Record<string, string>>(
    'SELECT device, address, name, evidence FROM device_address ORDER BY from_at, address',
  );
  return rows.map((one) => `${one.address} ${one.device} ${one.name} ${one.evidence}`);
}

for (const [how, say] of [
  ['mdns', announced],
  ['netbios', netbios],
] as const) {
  test(`a name said by ${how} follows the device to its new address, once the old one is silent`, async () => {
    const frames = [say('lt-anna', old_ip, 0), heard(old_ip, minute), say('lt-anna', new_ip, 120 * minute)];
    assert.deepEqual(await devices(`${how}-moved`, frames), [
      `${old_ip} ${old_ip} lt-anna ${how}`,
      `${new_ip} ${old_ip} lt-anna ${how}`,
    ]);
    const still = [...frames, heard(old_ip, 135 * minute)];
    assert.deepEqual(await devices(`${how}-still`, still), [`${old_ip} ${old_ip} lt-anna ${how}`]);
  });
}

test('what others say of an address, and a name that two have at once, prove nothing', async () => {
  const told = frame(
    udp('10.20.1.66', 5353, '224.0.0.251', 5353, answers(record(['lt-anna', 'local'], 1, octets(old_ip)))),
    minute,
  );
  assert.deepEqual(await devices('others', [told]), []);
  const both = [announced('lt-anna', old_ip, 0), announced('lt-anna', new_ip, minute)];
  assert.deepEqual(await devices('both', both), []);
});

/** A frame of the station with that link-layer address. */
const from = (mac: string, one: TimedFrame): TimedFrame => {
  const bytes = Buffer.from(one.bytes);
  bytes.set(Buffer.from(mac, 'hex'), 6);
  return { ...one, bytes };
};

test('who says by ARP that an address is his does not become the device whose own frames are seen there', async () => {
  const [owner, liar] = ['02000000aa05', '02000000aa66'];
  const frames = Array.from({ length: 180 }, (_, i) => from(owner, heard(old_ip, i * minute)));
  for (const hour of [0, 1, 2]) frames.push(from(liar, heard('10.20.1.66', (hour * 60 + 1) * minute)));
  frames.push(arp(liar, old_ip, 70 * minute));
  const told = await devicesIn('spoofed.pcap', capture(frames.sort((a, b) => a.time - b.time)));
  assert.deepEqual(
    told.filter((one) => one.startsWith(`${old_ip} `) && !one.startsWith(`${old_ip} ${old_ip} `)),
    [],
  );
  // A silent address that a station says is its own is that station's.
  const moved = [from(owner, heard(old_ip, 0)), arp(owner, old_ip, 1), arp(owner, new_ip, 120 * minute)];
  moved.push(from('02000000aa09', heard('10.20.1.99', 1)), from(owner, heard(new_ip, 200 * minute)));
  assert.deepEqual(
    (await devicesIn('moved.pcap', capture(moved.sort((a, b) => a.time - b.time)))).map((one) =>
      one.split(' ', 2).join(' '),
    ),
    [`${old_ip} ${old_ip}`, `${new_ip} ${old_ip}`],
  );
});

test('a router that a sensor names for the hosts behind it, each at another hour, is known for one by the third', async () => {
  const hosts = ['10.20.1.5', '10.20.1.6', '10.20.1.7'];
  const lines = hosts.flatMap((ip, i) => [
    line('known_devices', 0, 2 + 3 * i, { host_ip: ip, mac: '02:00:00:00:00:01' }),
    ...Array.from({ length: 12 }, (_, hour) => call(0, hour, ip, 20_000)),
  ]);
  const told = await devicesIn('router/zeek.log', `${lines.join('\n')}\n`);
  assert.deepEqual(
    told.map((one) => one.split(' ', 2).join(' ')),
    ['10.20.1.5 10.20.1.5', '10.20.1.6 10.20.1.5'],
  );
});
