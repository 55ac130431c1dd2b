import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadContent } from '../content/index.ts';
import type { Feature } from '../schema/detector.ts';
import type { Role } from '../schema/role.ts';
import { hasRole, listRoles, openStore, type Store } from '../store/index.ts';
import { checkRoleNames, withSaid } from './roles.ts';
import { featureRows } from './rows.ts';
import { play } from './try.ts';

const content = loadContent();
let store: Store;
before(async () => {
  store = await openStore({ directory: null });
});
after(() => store.close());

async function rolesIn(given: Parameters<typeof play>[2]): Promise<Map<string, string[]>> {
  await play(store, content, given);
  const by_host = Map.groupBy(await listRoles(store), (one) => one.host);
  return new Map([...by_host].map(([host, roles]) => [host, roles.map(({ role }) => role)]));
}

test('the servers of an office are known by what they do, its desks are nothing but desks', async () => {
  const roles = await rolesIn({ scenario: 'office', hosts: 8, days: 0.7, proxy: true });
  assert.deepEqual(roles.get('10.20.0.10'), ['directory_server', 'resolver', 'time_server']);
  assert.deepEqual(roles.get('10.20.0.8'), ['proxy']);
  assert.deepEqual(roles.get('10.20.0.25'), ['mail_server']);
  assert.deepEqual(roles.get('10.20.0.40'), ['monitor']);
  assert.ok(roles.get('192.0.2.53')?.includes('resolver'), 'whom the resolver asks is one too');
  assert.deepEqual(
    [...roles.keys()].filter((host) => host.startsWith('10.20.1.')),
    [],
  );
});

test('a role begins when its evidence sufficed, not with the first event', async () => {
  await play(store, content, { scenario: 'office', hosts: 8, days: 0.7, proxy: true });
  const monitor = (await listRoles(store)).find(({ role }) => role === 'monitor');
  const start = Date.UTC(2026, 0, 5) * 1000;
  assert.ok(
    monitor !== undefined && monitor.since >= start + 5 * 3600e6,
    'six different hours must have passed',
  );
});

for (const [what, given, host] of [
  [
    'a server that answers one program on port 53',
    { scenario: 'beacon', by: 'address', dst_port: 53 },
    '203.0.113.66',
  ],
  ['a server at the other end of a tunnel in names', { scenario: 'dns_tunnel' }, '203.0.113.53'],
  ['a host that sends spam', { scenario: 'mail_burst' }, '10.20.1.34'],
  ['a host that scans for a day', { scenario: 'horizontal_scan', hosts: 300 }, '10.20.1.34'],
] as const) {
  test(`${what} gets no role`, async () => {
    const roles = await rolesIn(given);
    assert.deepEqual(roles.get(host) ?? [], []);
  });
}

test('what the operator says goes before what was learned', () => {
  const learned: Role[] = [
    { host: '10.0.0.1', role: 'resolver', title: 'resolver', since: 5, evidence: 'e', source: 'learned' },
    { host: '10.0.0.1', role: 'proxy', title: 'web proxy', since: 7, evidence: 'e', source: 'learned' },
    { host: '10.0.0.2', role: 'resolver', title: 'resolver', since: 5, evidence: 'e', source: 'learned' },
  ];
  const said = { '10.0.0.1': { is: ['scanner', 'proxy'], not: ['resolver'] } };
  const roles = withSaid(learned, said, new Map([['scanner', 'scanner']]));
  assert.deepEqual(
    roles.map(({ host, role, since, source }) => [host, role, since, source]),
    [
      ['10.0.0.2', 'resolver', 5, 'learned'],
      ['10.0.0.1', 'scanner', 0, 'config'],
      ['10.0.0.1', 'proxy', 0, 'config'],
    ],
  );
});

test('a role that does not exist is told before anything is read, with those there are', () => {
  const said = { '10.0.0.1': { is: ['scaner'], not: [] } };
  assert.throws(() => checkRoleNames(content.roles, said), {
    code: 'config_invalid',
    message: /10\.0\.0\.1: there is no role scaner; there are .*scanner/,
  });
});

test('where no host is a web proxy, features read what is stored once, and give the rows that they give with proxies in mind', async () => {
  await play(store, content, { scenario: 'office', hosts: 8, days: 0.7 });
  assert.equal(await hasRole(store, 'proxy'), false);
  for (const id of [
    'beacon_address',
    'beacon_name',
    'low_and_slow_exfiltration',
    'rare_destination',
    'upload_volume',
  ]) {
    const detector = { ...content.detectors.find((one) => one.id === id)!, when: '1' };
    const feature = content.features.get(detector.features)!;
    assert.match(feature.sql, /'proxy'/, id);
    assert.doesNotMatch(feature.sql_without_proxy, /'proxy'/, id);
    const rowsFrom = (one: Feature) => Array.fromAsync(featureRows(store, one, detector, 2e15));
    const plain = await rowsFrom(feature);
    assert.ok(plain.length > 0, id);
    assert.deepEqual(plain, await rowsFrom({ ...feature, sql_without_proxy: feature.sql }), id);
  }
});
