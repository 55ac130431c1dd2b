import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadContent } from '../content/index.ts';
import type { Feature } from '../schema/detector.ts';
import type { Finding } from '../schema/finding.ts';
import type { Role } from '../schema/role.ts';
import { hasRole, listRoles, openStore, type Store } from '../store/index.ts';
import { Past } from './past.ts';
import { withNetworks, withSaid } from './roles.ts';
import { featureRows } from './rows.ts';
import { play, tryPlayed } from './try.ts';

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
    // Who is a proxy may be asked (proxies are no users of a place); what goes through one is not looked for.
    assert.doesNotMatch(
      feature.sql_without_proxy,
      /\bdst_ip IN \(SELECT host FROM role WHERE role = 'proxy'\)/,
      id,
    );
    assert.ok(feature.sql_without_proxy.length < feature.sql.length, id);
    const rowsFrom = (one: Feature) =>
      Array.fromAsync(featureRows(store, new Past(store, content.rollups), one, detector, 2e15));
    const plain = await rowsFrom(feature);
    assert.ok(plain.length > 0, id);
    assert.deepEqual(plain, await rowsFrom({ ...feature, sql_without_proxy: feature.sql }), id);
  }
});

/** What detectors say of a host in traffic, with what weir.yaml says of roles. */
async function toldOf(
  host: string,
  detectors: readonly string[],
  given: Parameters<typeof play>[2],
  said: Parameters<typeof play>[3] = {},
): Promise<Finding[]> {
  await play(store, content, given, said);
  const told: Finding[] = [];
  for (const id of detectors) {
    const detector = content.detectors.find((one) => one.id === id)!;
    const all = { ...detector.tests[0]!, given, src_ip: host, expect: 'finding' as const };
    const { findings } = await tryPlayed(store, content, detector, all);
    told.push(...findings.filter((one) => one.entity.src_ip === host));
  }
  return told;
}
const scans = ['horizontal_scan', 'vertical_scan'];
const own_scanner = { scenario: 'vulnerability_scanner', after_s: 36_000 };

test('a scanner by the word of the operator is told, low, with that reason; any other host that scans is not low', async () => {
  const said = { '10.20.0.45': { is: ['scanner'], not: [] } };
  const told = await toldOf('10.20.0.45', scans, own_scanner, said);
  assert.deepEqual([...new Set(told.map((one) => one.detector))].sort(), scans);
  for (const one of told) {
    assert.equal(one.severity, 'low', one.summary);
    assert.match(one.summary, /It is a scanner: weir\.yaml says so\.$/);
  }
  const unknown = await toldOf('10.20.0.45', scans, own_scanner);
  assert.ok(unknown.length > 0 && unknown.every((one) => one.severity !== 'low'));
  const other = await toldOf('10.20.1.34', scans, { scenario: 'horizontal_scan', with: [own_scanner] }, said);
  assert.ok(
    other.length > 0 && other.every((one) => one.severity !== 'low'),
    JSON.stringify(other.map((one) => [one.severity, one.summary])),
  );
});

test('what an operator says is a scanner is low, with that reason, where it is unlike others or sends lone packets', async () => {
  const said = { '10.20.1.34': { is: ['scanner'], not: [] } };
  for (const [id, given] of [
    ['unusual_host_behaviour', { scenario: 'horizontal_scan', hosts: 1000 }],
    ['stealth_scan', { scenario: 'stealth_scan' }],
  ] as const) {
    // Without the operator's word both are told as more: the detectors' own tests.
    const told = await toldOf('10.20.1.34', [id], given, said);
    assert.ok(told.length > 0 && told.every((one) => one.severity === 'low'), id);
    assert.match(told[0]!.summary, /It is a scanner[,:] weir\.yaml says so\.$/);
  }
});

test('an intruder with three hosts does not make it low by moving with all of them in one hour of a first day', async () => {
  const hosts = ['10.20.1.21', '10.20.1.22', '10.20.1.23'];
  const moves = hosts.map((src_ip) => ({ scenario: 'lateral_movement', after_s: 50_400, src_ip }));
  const office = { scenario: 'office', hosts: 9, days: 1, activity: 0.4, monitored: 'servers' };
  for (const host of hosts) {
    const told = await toldOf(host, ['new_admin_edge'], { ...office, with: moves });
    assert.ok(
      told.length > 0 && told.every((one) => one.severity !== 'low'),
      JSON.stringify(told[0]?.summary),
    );
  }
});

test('a scanner that was learned is low in what it does each day, and told like any other in what it never did', async () => {
  const day_s = 86_400;
  const days = (n: number) =>
    Array.from({ length: n }, (_, i) => ({ ...own_scanner, after_s: 36_000 + i * day_s }));
  const [first, ...rest] = days(5);
  const new_port = {
    scenario: 'horizontal_scan',
    src_ip: '10.20.0.45',
    after_s: 40_000 + 4 * day_s,
    port: 5985,
    hosts: 60,
  };
  const told = await toldOf('10.20.0.45', scans, { ...first!, with: [...rest, new_port] });
  const start = Date.UTC(2026, 0, 5) * 1000;
  const dayOf = (one: Finding) => Math.floor((one.start_at - start) / (day_s * 1e6));
  assert.ok(
    told.some((one) => dayOf(one) === 0 && one.severity !== 'low'),
    'the first day is told',
  );
  const late = told.filter((one) => dayOf(one) === 4);
  const fresh = late.filter((one) => one.entity.dst_port === 5985);
  assert.ok(
    fresh.length > 0 && fresh.every((one) => one.severity === 'high'),
    JSON.stringify(fresh.map((one) => one.summary)),
  );
  for (const one of late.filter((of) => of.entity.dst_port !== 5985)) {
    assert.equal(one.severity, 'low', one.summary);
    assert.match(one.summary, /It is a scanner: it did the same on [34] days before\.$/);
  }
});

test('pings of a learned scanner that it did not send on days before are told as those of any host', async () => {
  const days = Array.from({ length: 4 }, (_, i) => ({ ...own_scanner, after_s: 36_000 + i * 86_400 }));
  const pings = { scenario: 'ping_sweep', src_ip: '10.20.0.45', after_s: 36_000 + 4 * 86_400 };
  const told = await toldOf('10.20.0.45', ['ping_sweep'], { ...days[0]!, with: [...days.slice(1), pings] });
  assert.deepEqual(
    told.map((one) => one.severity),
    ['medium'],
  );
  assert.doesNotMatch(told[0]!.summary, /It is a scanner/);
});

test('directory servers that copy the directory from each other do their work, told low; anyone else who does is not', async () => {
  const servers = {
    '10.20.0.10': { is: ['directory_server'], not: [] },
    '10.20.0.11': { is: ['directory_server'], not: [] },
  };
  const copy = (src_ip: string) => ({ scenario: 'directory_replication', src_ip });
  const [own] = await toldOf('10.20.0.11', ['remote_execution'], copy('10.20.0.11'), servers);
  assert.equal(own?.severity, 'low', own?.summary);
  assert.match(own!.summary, /both are directory servers/);
  const [other] = await toldOf('10.20.1.34', ['remote_execution'], copy('10.20.1.34'), servers);
  assert.equal(other?.severity, 'critical');
});

test('how many hosts a monitor asks is no oddity of it, a scan that it runs is told', async () => {
  const monitor = { '10.20.0.40': { is: ['monitor'], not: [] } };
  const asks = { scenario: 'horizontal_scan', src_ip: '10.20.0.40', hosts: 1000 };
  const odd = ['unusual_host_behaviour', 'unusual_host_hour'];
  assert.deepEqual(await toldOf('10.20.0.40', odd, asks, monitor), []);
  assert.ok((await toldOf('10.20.0.40', odd, asks)).length > 0);
  assert.ok((await toldOf('10.20.0.40', ['horizontal_scan'], asks, monitor)).length > 0);
});

test('a mail server that calls many mail servers does its work, a desk that does is told', async () => {
  const office = { scenario: 'office', hosts: 6, days: 0.5, activity: 0.35, monitored: 'servers' };
  const burst = { scenario: 'mail_burst', after_s: 40_000 };
  const server = await toldOf('10.20.0.25', ['mail_burst'], {
    ...burst,
    src_ip: '10.20.0.25',
    with: [office],
  });
  assert.deepEqual(server, []);
  const desk = await toldOf('10.20.1.34', ['mail_burst'], { ...burst, with: [office] });
  assert.ok(desk.length > 0 && desk.every((one) => one.severity === 'medium'));
});

test('the address that three hosts of a network send datagrams to is its broadcast address, from then on', async () => {
  await play(store, content, { scenario: 'subnet_broadcasts' });
  const found = (await listRoles(store)).filter(({ role }) => role === 'broadcast');
  const start = Date.UTC(2026, 0, 5) * 1000;
  assert.deepEqual(
    found.map(({ host, since }) => [host, since]),
    [['10.20.5.63', start + 3e6]],
  );
  const other = await rolesIn({ scenario: 'subnet_broadcasts', last: 77 });
  assert.equal(other.get('10.20.5.77'), undefined, 'a host that does not answer is none');
});

test("the last address of the operator's networks is their broadcast address, unless weir.yaml says otherwise", () => {
  const said = {
    '10.1.1.255': { is: [], not: ['broadcast'] },
    '10.1.2.63': { is: ['scanner'], not: [] },
    '10.9.255.255': { is: [], not: ['broadcast'] },
  };
  const networks = ['10.1.2.0/26', '10.1.2.70/26', '10.9.0.0/16', '10.3.0.0/31', '10.4.0.1', '2001:db8::/64'];
  assert.deepEqual(withNetworks(said, networks), {
    '10.1.1.255': { is: ['single_host'], not: ['broadcast'] },
    '10.1.2.63': { is: ['scanner', 'broadcast'], not: [] },
    '10.9.255.255': { is: ['single_host'], not: ['broadcast'] },
    '10.1.2.127': { is: ['broadcast'], not: [] },
  });
});
