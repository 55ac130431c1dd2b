import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadContent } from '../content/index.ts';
import { deviceBook } from '../schema/device.ts';
import type { Finding } from '../schema/finding.ts';
import { listDevices, openStore } from '../store/index.ts';
import { runDetector } from './detectors.ts';
import { type Claim, devicesOf, hostName, withNames } from './devices.ts';
import { Past } from './past.ts';
import { recount } from './recount.ts';
import { featureRows } from './rows.ts';
import { play } from './try.ts';

const claim = (time: number, key: string, address: string, of: Partial<Claim> = {}): Claim => ({
  time,
  key,
  also: '',
  address,
  evidence: 'dhcp',
  name: '',
  continues: true,
  shared: false,
  ...of,
});
const at = (claims: readonly Claim[]) => deviceBook(devicesOf(claims));

test('a device that gets a new address stays who it was', () => {
  const who = at([claim(10, 'aa', '10.0.0.5', { name: 'lt-anna' }), claim(20, 'aa', '10.0.0.9')]);
  assert.deepEqual(who('10.0.0.5', 5), { device: '10.0.0.5', name: '' });
  assert.deepEqual(who('10.0.0.5', 15), { device: '10.0.0.5', name: 'lt-anna' });
  assert.deepEqual(who('10.0.0.9', 25), { device: '10.0.0.5', name: 'lt-anna' });
});

test('a new device on an old address does not inherit what was learned of it', () => {
  const who = at([
    claim(10, 'aa', '10.0.0.5'),
    claim(20, 'aa', '10.0.0.9'),
    claim(30, 'bb', '10.0.0.5', { name: 'visitor' }),
  ]);
  assert.deepEqual(who('10.0.0.5', 35), { device: 'bb', name: 'visitor' });
  assert.equal(who('10.0.0.9', 35).device, '10.0.0.5');
});

test('a device that comes after the lease of the one before ran out is another one', () => {
  const who = at([claim(10, 'aa', '10.0.0.5', { continues: false })]);
  assert.equal(who('10.0.0.5', 5).device, '10.0.0.5');
  assert.equal(who('10.0.0.5', 15).device, 'aa');
});

test('a device that changes its hardware address and keeps its client identifier stays who it was', () => {
  const id = { also: 'client:ff01' };
  const who = at([
    claim(10, 'aa', '10.0.0.5', id),
    claim(20, 'bb', '10.0.0.9', id),
    claim(30, 'bb', '10.0.0.7'),
  ]);
  assert.equal(who('10.0.0.9', 25).device, '10.0.0.5');
  assert.equal(who('10.0.0.7', 35).device, '10.0.0.5');
  const other = at([claim(10, 'aa', '10.0.0.5', id), claim(20, 'bb', '10.0.0.9')]);
  assert.notEqual(other('10.0.0.9', 25).device, '10.0.0.5');
});

test('two machines that share a client identifier are two from when the first comes back', () => {
  const id = { also: 'client:ff01' };
  const who = at([
    claim(10, 'aa', '10.0.0.5', id),
    claim(20, 'bb', '10.0.0.9', id),
    claim(30, 'aa', '10.0.0.5', id),
    claim(40, 'bb', '10.0.0.9', id),
    claim(50, 'aa', '10.0.0.5', id),
  ]);
  assert.equal(who('10.0.0.5', 35).device, '10.0.0.5');
  assert.equal(who('10.0.0.9', 45).device, 'bb');
  assert.equal(who('10.0.0.5', 55).device, '10.0.0.5');
  assert.equal(who('10.0.0.9', 55).device, 'bb');
});

test('a laptop that goes from its dock and back is one, by its name', () => {
  const lease = (time: number, mac: string, address: string) =>
    claim(time, mac, address, { also: 'client:ff01', name: 'lt-anna' });
  const who = at([
    lease(10, 'dock', '10.0.0.5'),
    lease(20, 'wifi', '10.0.0.9'),
    lease(30, 'dock', '10.0.0.5'),
    lease(40, 'wifi', '10.0.0.9'),
  ]);
  assert.equal(who('10.0.0.9', 45).device, '10.0.0.5');
  assert.equal(who('10.0.0.5', 35).device, '10.0.0.5');
});

test('an identifier of very many hardware addresses is not one device, and costs no more than so many', () => {
  const many = Array.from({ length: 40_000 }, (_, i) =>
    claim(i, `mac ${i}`, `10.0.${i >> 8}.${i & 255}`, { also: 'client:ff01' }),
  );
  const devices = new Set(devicesOf(many).map((one) => one.device));
  assert.ok(devices.size > 39_000, String(devices.size));
});

test('a hardware address that stands for many is nobody from then on', () => {
  const who = at([
    claim(10, 'router', '10.0.0.5', { evidence: 'mac' }),
    claim(20, 'router', '10.0.0.6', { evidence: 'mac', shared: true }),
    claim(30, 'router', '10.0.0.7', { evidence: 'mac' }),
  ]);
  assert.equal(who('10.0.0.6', 25).device, '10.0.0.6');
  assert.equal(who('10.0.0.7', 35).device, '10.0.0.7');
});

test('the account of a machine names the device of a lease and moves nothing; alone it tells who it is', () => {
  const name = { evidence: 'kerberos', name: 'pc-7' } as const;
  const leased = at([claim(10, 'aa', '10.0.0.5'), claim(12, 'host:pc-7', '10.0.0.5', name)]);
  assert.deepEqual(leased('10.0.0.5', 15), { device: '10.0.0.5', name: 'pc-7' });
  const alone = at([claim(10, 'host:pc-7', '10.0.0.5', name), claim(20, 'host:pc-7', '10.0.0.6', name)]);
  assert.equal(alone('10.0.0.6', 25).device, '10.0.0.5');
});

const day = 86_400e6;
const named = (time: number, name: string, address: string, of: Partial<Claim> = {}): Claim =>
  claim(time, `name:${name}`, address, { evidence: 'mdns', name, ...of });

test('a name that a device says is its own tells who it is where nothing surer does', () => {
  const moved = at([
    named(10, 'anna', '10.0.0.5'),
    named(20, 'anna', '10.0.0.9'),
    named(30, 'bob', '10.0.0.5'),
  ]);
  assert.deepEqual(moved('10.0.0.9', 25), { device: '10.0.0.5', name: 'anna' });
  assert.deepEqual(moved('10.0.0.5', 35), { device: 'name:bob', name: 'bob' });
  const leased = at([
    claim(10, 'aa', '10.0.0.5'),
    named(15, 'anna', '10.0.0.5'),
    named(20, 'anna', '10.0.0.9'),
  ]);
  assert.deepEqual(leased('10.0.0.5', 25), { device: '10.0.0.5', name: 'anna' });
});

test('a second name at an address is another name of the same device, unless the first was silent for a day', () => {
  const both = [named(10, 'anna', '10.0.0.5'), named(20, 'printer', '10.0.0.5')];
  assert.deepEqual(at(both)('10.0.0.5', 25), { device: '10.0.0.5', name: 'anna' });
  const later = [named(10, 'anna', '10.0.0.5'), named(20 + day, 'bob', '10.0.0.5')];
  assert.deepEqual(at(later)('10.0.0.5', 25 + day), { device: 'name:bob', name: 'bob' });
});

test('a device that was known by less and is known by more now is the same, unless it has another name', () => {
  const who = at([
    named(10, 'anna', '10.0.0.5'),
    claim(20, 'host:anna', '10.0.0.5', { evidence: 'kerberos', name: 'anna' }),
    claim(30, 'aa', '10.0.0.5', { name: 'anna.corp.example' }),
    claim(40, 'aa', '10.0.0.9'),
    named(50, 'anna', '10.0.0.7'),
  ]);
  assert.equal(who('10.0.0.5', 35).device, '10.0.0.5');
  assert.equal(who('10.0.0.9', 55).device, '10.0.0.5');
  const visitor = at([named(10, 'anna', '10.0.0.5'), claim(20, 'bb', '10.0.0.5', { name: 'visitor' })]);
  assert.deepEqual(visitor('10.0.0.5', 25), { device: 'bb', name: 'visitor' });
});

test('a laptop that moves keeps its baseline, the visitor at its old address begins its own, and findings name them', async () => {
  const content = loadContent();
  const store = await openStore({ directory: null });
  try {
    await play(store, content, { scenario: 'device_moves' });
    const detector = content.detectors.find(({ id }) => id === 'unusual_host_hour')!;
    const feature = content.features.get(detector.features)!;
    const keys: Record<string, string[]> = {};
    for await (const row of featureRows(store, new Past(store, content.rollups), feature, detector, 2e15)) {
      const seen = keys[String(row.entity.src_ip)] ?? [];
      if (!seen.includes(row.host)) keys[String(row.entity.src_ip)] = [...seen, row.host];
    }
    const [old_ip, new_ip] = ['10.20.1.23', '10.20.1.170'];
    assert.deepEqual(keys[new_ip], [old_ip]);
    assert.deepEqual(keys[old_ip], [old_ip, '02:5e:aa:00:00:02']);
    const device_at = async (given: Record<string, unknown>): Promise<string> => {
      await play(store, content, { scenario: 'device_moves', ...given });
      return deviceBook(await listDevices(store))(new_ip, 2e15).device;
    };
    const identifier = 'ff0102030405';
    assert.equal(await device_at({ client_id: identifier }), old_ip, 'known by its client identifier');
    assert.notEqual(await device_at({ client_id: identifier, clone: true }), old_ip, 'two machines with one');
    await play(store, content, { scenario: 'device_moves' });
    const deviceAt = deviceBook(await listDevices(store));
    const late = {
      entity: { src_ip: new_ip, dst_ip: old_ip },
      values: {},
      figures_end_at: 2e15,
    } as unknown as Finding;
    assert.deepEqual(withNames(late, deviceAt).names, { [new_ip]: 'lt-anna', [old_ip]: 'visitor-7' });
  } finally {
    await store.close();
  }
});

test('a device that moved is not silent at its old address, and its presence goes on at the new one', async () => {
  const content = loadContent();
  const store = await openStore({ directory: null });
  try {
    // The visitor at the old address comes three hours later.
    await play(store, content, { scenario: 'device_moves' });
    const detector = content.detectors.find(({ id }) => id === 'host_silent')!;
    const feature = content.features.get(detector.features)!;
    const silent = await Array.fromAsync(
      featureRows(store, new Past(store, content.rollups), feature, detector, 2e15),
    );
    assert.deepEqual(
      silent.filter((row) => Number(row.values.silent_hours) <= 2),
      [],
    );
    await play(store, content, {
      scenario: 'device_moves',
      days: 2,
      with: [{ scenario: 'office', hosts: 4, days: 3, activity: 0.4, monitored: 'servers' }],
    });
    const rows = await Array.fromAsync(
      featureRows(store, new Past(store, content.rollups), feature, detector, 2e15),
    );
    const gone = rows.find((row) => row.entity.src_ip === '10.20.1.170' && row.values.silent_hours === 2);
    assert.ok(Number(gone?.values.active_hours) > 40, 'the hours at both addresses count');
    const { findings } = await runDetector(store, content, detector, { taught_until: 0, to: 2e15 });
    const told = findings.filter((one) => one.entity.src_ip === '10.20.1.170');
    assert.ok(told.length > 0);
    for (const one of told) {
      const counted = await recount(store, detector, one);
      assert.deepEqual(
        counted.filter(({ agrees }) => !agrees),
        [],
        'what the sentence says is counted at all addresses of the device',
      );
      assert.ok(counted.some(({ column }) => column === 'network_hosts'));
    }
  } finally {
    await store.close();
  }
});

test('only names that a host may have are names', () => {
  assert.equal(hostName('LT-Anna'), 'lt-anna');
  for (const bad of ['', 'a b', '\u001b[31m', '-x', 'x'.repeat(80)]) assert.equal(hostName(bad), '', bad);
});

test('what is said of a time does not change with what comes later, and nobody shares an address', () => {
  const claims = fc.array(
    fc.record({
      key: fc.constantFrom('aa', 'bb', 'cc'),
      address: fc.constantFrom('1', '2', '3'),
      shared: fc.boolean(),
      also: fc.constantFrom('', 'client:1', 'client:2'),
      evidence: fc.constantFrom('dhcp' as const, 'kerberos' as const, 'mdns' as const),
    }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(claims, fc.nat(20), (made, cut) => {
      const all = made.map((one, i) =>
        claim(i * 10, `${one.evidence}:${one.key}`, one.address, {
          evidence: one.evidence,
          also: one.evidence === 'dhcp' ? one.also : '',
          shared: one.shared && i % 5 === 0,
        }),
      );
      const [whole, part] = [at(all), at(all.slice(0, cut))];
      for (let time = 0; time < Math.min(cut, all.length) * 10; time += 5)
        for (const address of ['1', '2', '3'])
          assert.equal(whole(address, time).device, part(address, time).device);
      for (let time = 0; time < all.length * 10; time += 5)
        assert.equal(
          new Set(['1', '2', '3'].map((address) => whole(address, time).device)).size,
          3,
          'two addresses, one device',
        );
    }),
  );
});
