import assert from 'node:assert/strict';
import { test } from 'node:test';
import { communityIdOf } from '../base/community-id.ts';
import { WeirError } from '../base/error.ts';
import { Seen } from '../base/seen.ts';
import type { Connection } from '../schema/event/connection.ts';
import { type EventKind, tables, type WeirEvent } from '../schema/event/index.ts';
import type { Column } from '../schema/table.ts';
import { identify, identifyAny, identityColumns } from './identity.ts';
import {
  createDuplicates,
  createEnricher,
  defaultLocalNetworks,
  localNetworks,
  registeredDomain,
  suggestLocalNetworks,
} from './index.ts';

const columnsOf = (kind: EventKind): [string, Column][] => Object.entries(tables[kind].columns);

/** An event of a kind with nothing in it but what is given. */
function event<K extends EventKind>(kind: K, given: Record<string, unknown> = {}): WeirEvent & { kind: K } {
  const empty = {
    time: 0,
    text: '',
    word: '',
    ip: '',
    u8: 0,
    u16: 0,
    u32: 0,
    u64: 0,
    f64: 0,
    bool: false,
    texts: [],
  };
  const record: Record<string, unknown> = { kind };
  for (const [name, column] of columnsOf(kind)) record[name] = column.nullable ? null : empty[column.type];
  return { ...record, ...given } as unknown as WeirEvent & { kind: K };
}

const flow = {
  time: 1_521_911_720_865_716,
  src_ip: '10.0.0.7',
  src_port: 49_152,
  dst_ip: '93.184.216.34',
  dst_port: 443,
  transport: 'tcp',
};
const connection = (given: Record<string, unknown> = {}): Connection =>
  event('connection', { ...flow, uid: 'C1', src_bytes: 10, ...given });

test('private, shared and link-local addresses, multicast and broadcast are local when nothing is said', () => {
  const local = localNetworks(defaultLocalNetworks);
  const inside = [
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '100.127.255.255',
    '169.254.1.1',
    '127.0.0.1',
    '0.0.0.0',
    '224.0.0.251',
    '239.255.255.250',
    '255.255.255.255',
    '::',
    '::1',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'febf::1',
    'ff02::fb',
  ];
  const outside = [
    '9.255.255.255',
    '11.0.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.1.1',
    '100.63.255.255',
    '100.128.0.0',
    '8.8.8.8',
    '223.255.255.255',
    '240.0.0.1',
    '255.255.255.254',
    '2001:db8::1',
    'fbff::1',
    'fe00::1',
    'fec0::1',
    'feff::1',
  ];
  for (const ip of inside) assert.equal(local(ip), true, ip);
  for (const ip of outside) assert.equal(local(ip), false, ip);
  for (const text of ['', 'nonsense', '10.0.0', '1.2.3.4.5', ':::', '-'])
    assert.equal(local(text), false, text);
});

test('what is named replaces the private ranges, but what cannot be routed stays local', () => {
  const local = localNetworks(['147.32.80.0/20', '2001:db8:1::/48', '198.51.100.7']);
  for (const ip of [
    '147.32.80.1',
    '147.32.95.255',
    '2001:db8:1:ffff::1',
    '198.51.100.7',
    '224.0.0.1',
    'fe80::1',
  ])
    assert.equal(local(ip), true, ip);
  for (const ip of ['147.32.96.0', '2001:db8:2::1', '198.51.100.8', '10.0.0.1'])
    assert.equal(local(ip), false, ip);
  assert.equal(localNetworks(['0.0.0.0/0'])('8.8.8.8'), true);
  assert.equal(localNetworks(['::/0'])('2001:db8::1'), true);
  assert.equal(localNetworks(['::/0'])('8.8.8.8'), false);
});

test('a network of IPv4 addresses written as IPv6 is that IPv4 network', () => {
  const local = localNetworks(['::ffff:147.32.80.0/116', '::ffff:198.51.100.7']);
  for (const ip of ['147.32.80.1', '147.32.95.255', '::ffff:147.32.80.1', '198.51.100.7'])
    assert.equal(local(ip), true, ip);
  assert.equal(local('147.32.96.0'), false);
  assert.throws(() => localNetworks(['::ffff:10.0.0.0/95']));
});

test('names that are addresses are written as addresses are, and a MAC of zeros is none', () => {
  const enricher = createEnricher({ local_networks: defaultLocalNetworks });
  const http = event('http', { host: '[::FFFF:198.51.100.7]' });
  const dns = event('dns', { query: 'a.example', answers: ['::ffff:c633:6407', '2001:DB8::1', 'b.example'] });
  const flow = connection({ src_mac: '00:00:00:00:00:00', dst_mac: '02:00:00:00:00:01' });
  for (const one of [http, dns, flow]) enricher.enrich(one);
  assert.equal(http.host, '198.51.100.7');
  assert.deepEqual(dns.answers, ['198.51.100.7', '2001:db8::1', 'b.example']);
  assert.deepEqual([flow.src_mac, flow.dst_mac], ['', '02:00:00:00:00:01']);
});

test('a network that is none is refused with an example of one', () => {
  for (const text of [
    '',
    'lan',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0/8',
    '2001:db8::/129',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
  ]) {
    assert.throws(
      () => localNetworks([text]),
      (error: unknown) =>
        error instanceof WeirError && error.code === 'usage' && error.message.includes('such as'),
      text,
    );
  }
});

/** `n` connections from hosts of a network to different places. */
const from = (prefix: string, n: number, to = '203.0.'): { src_ip: string; dst_ip: string }[] =>
  Array.from({ length: n }, (_, i) => ({
    src_ip: `${prefix}${i % 50}`,
    dst_ip: `${to}${i % 200}.${i % 250}`,
  }));

test('a network of public addresses is told by being at an end of nearly every connection', () => {
  assert.deepEqual(suggestLocalNetworks(from('147.32.80.', 100)), ['147.32.80.0/24']);
  // two offices and a busy name server outside
  const offices = [
    ...from('147.32.80.', 60),
    ...from('147.32.81.', 60),
    ...from('147.32.80.', 60, '8.8.8.').map((one) => ({ ...one, dst_ip: '8.8.8.8' })),
  ];
  assert.deepEqual(suggestLocalNetworks(offices).sort(), ['147.32.80.0/24', '147.32.81.0/24']);
  // probed from everywhere
  const probed = from('203.0.113.', 100).map(({ src_ip }, i) => ({
    src_ip: `${1 + i}.9.9.9`,
    dst_ip: src_ip,
  }));
  assert.deepEqual(suggestLocalNetworks(probed), ['203.0.113.0/24']);
  // a university: many small networks of one large
  const large = Array.from({ length: 300 }, (_, i) => ({
    src_ip: `147.32.${i % 100}.${i % 9}`,
    dst_ip: `${1 + (i % 200)}.5.6.7`,
  }));
  assert.deepEqual(suggestLocalNetworks(large), ['147.32.0.0/16']);
  const v6 = Array.from({ length: 20 }, (_, i) => ({
    src_ip: `2001:db8:1:2::${i}`,
    dst_ip: `2a00:1450:${i}::1`,
  }));
  assert.deepEqual(suggestLocalNetworks(v6), ['2001:db8:1:2::/64']);
});

test('nothing is suggested where private addresses are at work, in a small sample, or when nothing stands out', () => {
  assert.deepEqual(suggestLocalNetworks(from('192.168.1.', 100)), []);
  assert.deepEqual(suggestLocalNetworks([...from('147.32.80.', 80), ...from('10.0.0.', 20)]), []);
  assert.deepEqual(suggestLocalNetworks(from('147.32.80.', 4)), []);
  assert.deepEqual(suggestLocalNetworks([]), []);
  const transit = Array.from({ length: 200 }, (_, i) => ({
    src_ip: `${1 + i}.1.2.3`,
    dst_ip: `${1 + ((i * 7) % 200)}.9.8.7`,
  }));
  assert.deepEqual(suggestLocalNetworks(transit), []);
  // one stray private address and multicast do not hide the network
  const stray = [
    ...from('147.32.80.', 100),
    { src_ip: '192.168.0.5', dst_ip: '147.32.80.1' },
    { src_ip: 'fe80::1', dst_ip: 'ff02::fb' },
  ];
  assert.deepEqual(suggestLocalNetworks(stray), ['147.32.80.0/24']);
});

test('an event is placed by its two ends', () => {
  const enricher = createEnricher({ local_networks: defaultLocalNetworks });
  const cases = [
    ['10.0.0.7', '8.8.8.8', 'outbound'],
    ['8.8.8.8', '10.0.0.7', 'inbound'],
    ['10.0.0.7', '10.0.0.8', 'internal'],
    ['10.0.0.7', '239.255.255.250', 'internal'],
    ['8.8.8.8', '9.9.9.9', 'external'],
    ['', '', ''],
  ] as const;
  for (const [src_ip, dst_ip, direction] of cases) {
    for (const kind of ['connection', 'dns', 'authentication'] as const) {
      const one = event(kind, { src_ip, dst_ip });
      enricher.enrich(one);
      assert.equal(one.direction, direction, `${kind} ${src_ip} ${dst_ip}`);
      if (src_ip !== '') assert.equal(one.src_local, src_ip.startsWith('10.'));
    }
  }
});

test('the registered domain follows the public suffix list, private suffixes included', () => {
  const cases = [
    ['mail.example.co.uk', 'example.co.uk'],
    ['a.b.c.example.com', 'example.com'],
    ['bucket.s3.amazonaws.com', 'bucket.s3.amazonaws.com'],
    ['someone.github.io', 'someone.github.io'],
    ['xn--mnchen-3ya.de', 'xn--mnchen-3ya.de'],
    ['_ldap._tcp.dc.example.org', 'example.org'],
    ['com', ''],
    ['co.uk', ''],
    ['localhost', ''],
    ['printer.local', ''],
    ['7.0.0.10.in-addr.arpa', ''],
    ['1.0.0.2.ip6.arpa', ''],
    ['93.184.216.34', ''],
    ['2001:db8::1', ''],
    ['', ''],
    ['.', ''],
    ['..', ''],
  ];
  for (const [name, domain] of cases) assert.equal(registeredDomain(name!), domain, name);
});

test('names are made lower case, without blanks and closing dot, and get their domain', () => {
  const enricher = createEnricher({ local_networks: defaultLocalNetworks });
  const dns = event('dns', { query: ' WWW.Example.COM. ' });
  enricher.enrich(dns);
  assert.deepEqual(
    [dns.query, dns.query_domain, dns.generated_score < 0.5],
    ['www.example.com', 'example.com', true],
  );
  const generated = event('dns', { query: 'xkqzjvwpbtrh4f9q.com' });
  enricher.enrich(generated);
  assert.ok(generated.generated_score > dns.generated_score);
  const http = event('http', { host: 'CDN.Example.ORG' });
  enricher.enrich(http);
  assert.deepEqual([http.host, http.host_domain], ['cdn.example.org', 'example.org']);
  const tls = event('tls', { server_name: 'a.example.net' });
  enricher.enrich(tls);
  assert.equal(tls.server_domain, 'example.net');
  const long = event('dns', { query: `${'a.'.repeat(5000)}example.com` });
  enricher.enrich(long);
  assert.equal(long.query_domain, '');
});

test('the community id is made where it is missing, as base/community-id makes it, and kept where it is known', () => {
  const enricher = createEnricher({ local_networks: defaultLocalNetworks });
  const ends = [
    ['10.0.0.7', '93.184.216.34'],
    ['2001:db8::1', '2001:db8::ffff:1'],
    ['10.0.0.7', '2001:db8::1'],
    ['', '10.0.0.7'],
  ];
  for (const [src_ip = '', dst_ip = ''] of ends) {
    for (const transport of ['tcp', 'udp', 'icmp', 'sctp', '47', '', 'nonsense', '256', '1.5']) {
      for (const [src_port, dst_port] of [
        [49_152, 443],
        [443, 49_152],
        [8, 0],
        [13, 14],
        [128, 0],
      ] as const) {
        const one = connection({ src_ip, dst_ip, src_port, dst_port, transport });
        if (enricher.enrich(one).kind !== 'connection') continue;
        assert.equal(
          one.community_id,
          communityIdOf(src_ip, src_port, dst_ip, dst_port, transport),
          `${src_ip} ${transport} ${src_port}`,
        );
      }
    }
  }
  const known = connection({ community_id: '1:known' });
  enricher.enrich(known);
  assert.equal(known.community_id, '1:known');
});

test('an ICMP error, a redirect, a solicitation is a message and no connection', () => {
  const enricher = createEnricher({ local_networks: defaultLocalNetworks });
  const unreachable = connection({
    ...{ src_ip: '10.0.0.7', dst_ip: '10.0.0.9', src_port: 3, dst_port: 3, transport: 'icmp' },
    ...{ src_packets: 2, src_ip_bytes: 112, set_aside: ['service: not text'] },
  });
  assert.deepEqual(enricher.enrich(unreachable), {
    ...{ kind: 'icmp_message', time: flow.time, uid: 'C1', set_aside: ['service: not text'] },
    ...{ src_ip: '10.0.0.7', dst_ip: '10.0.0.9', icmp_type: 3, icmp_code: 3, packets: 2, ip_bytes: 112 },
    ...{ src_local: true, dst_local: true, direction: 'internal' },
  });
  const v4: [type: number, kind: string][] = [
    ...[0, 8, 13, 14, 15, 16, 17, 18].map((type): [number, string] => [type, 'connection']),
    ...[3, 4, 5, 9, 10, 11, 12, 255].map((type): [number, string] => [type, 'icmp_message']),
  ];
  for (const [type, kind] of v4)
    assert.equal(
      enricher.enrich(connection({ transport: 'icmp', src_port: type })).kind,
      kind,
      `type ${type}`,
    );
  const six = { src_ip: 'fe80::1', dst_ip: 'fe80::2', transport: 'icmp' };
  for (const type of [128, 129])
    assert.equal(enricher.enrich(connection({ ...six, src_port: type })).kind, 'connection', `type ${type}`);
  for (const type of [1, 2, 3, 4, 130, 131, 133, 134, 135, 136, 137, 143])
    assert.equal(
      enricher.enrich(connection({ ...six, src_port: type })).kind,
      'icmp_message',
      `type ${type}`,
    );
});

const idOf = (one: WeirEvent, by = identify): string => {
  const into = { hi: 0, lo: 0 };
  by(one, into);
  return `${into.hi} ${into.lo}`;
};

test('every column of every kind counts for the identity, except those that say where an event was placed', () => {
  const other = {
    time: 5,
    text: 'x',
    word: 'x',
    ip: '9.9.9.9',
    u8: 7,
    u16: 7,
    u32: 7,
    u64: 2 ** 40 + 1,
    f64: 0.1,
    bool: true,
    texts: ['x'],
  };
  for (const kind of Object.keys(tables) as EventKind[]) {
    const base = idOf(event(kind));
    const counted = new Set(identityColumns(kind));
    for (const [name, column] of columnsOf(kind)) {
      const changed = event(kind, { [name]: other[column.type] });
      assert.equal(idOf(changed) !== base, counted.has(name), `${kind}.${name}`);
      assert.equal(idOf(changed), idOf(changed, identifyAny), `${kind}.${name}`);
      if (column.nullable)
        assert.notEqual(idOf(event(kind, { [name]: 0 })), base, `${kind}.${name}: null is not 0`);
    }
  }
});

test('values do not run into each other, and the kind counts', () => {
  const pairs: readonly (readonly [WeirEvent, WeirEvent])[] = [
    [connection({ uid: 'ab', service: 'c' }), connection({ uid: 'a', service: 'bc' })],
    [connection({ src_bytes: 1, dst_bytes: null }), connection({ src_bytes: null, dst_bytes: 1 })],
    [event('dns', { answers: ['a', 'b'] }), event('dns', { answers: ['ab'] })],
    [event('dns', { answers: ['a', ''] }), event('dns', { answers: ['a'] })],
    [connection({ duration_s: 0.1 }), connection({ duration_s: 0.1 + 2 ** -52 })],
    [event('ftp', { time: 1 }), event('mail', { time: 1 })],
  ];
  for (const [one, two] of pairs) assert.notEqual(idOf(one), idOf(two));
});

/** Checks a sequence of [event, file, sensor, expected]. */
type Step = readonly [WeirEvent, number, number, 'new' | 'record' | 'flow'];
function replay(steps: readonly Step[], options = {}): string[] {
  const duplicates = createDuplicates(options);
  return steps.map(([one, file, sensor, expected], i) => {
    const why = duplicates.check(one, file, sensor);
    const said = why === null ? 'new' : why === 'same record in another file' ? 'record' : 'flow';
    assert.equal(said, expected, `step ${i}`);
    return `${duplicates.id_hi} ${duplicates.id_lo}`;
  });
}

test('the same record from another file is a duplicate, what one file says twice is not', () => {
  const one = connection();
  const two = connection({ uid: 'C2' });
  const ids = replay([
    [one, 0, 0, 'new'],
    [one, 0, 0, 'new'],
    [two, 0, 0, 'new'],
    [one, 1, 0, 'record'],
    [two, 1, 0, 'record'],
    [one, 1, 0, 'record'],
    [one, 1, 0, 'new'],
    [one, 2, 0, 'record'],
    [one, 2, 0, 'record'],
    [one, 2, 0, 'record'],
    [one, 2, 0, 'new'],
  ]);
  const stored = [ids[0], ids[1], ids[2], ids[6], ids[10]];
  assert.equal(new Set(stored).size, stored.length, 'records that are kept have ids of their own');
  assert.deepEqual(ids.slice(3, 6), [ids[0], ids[2], ids[1]], 'a copy has the id of what it copies');
});

test('a record that repeats thousands of times in one file is kept every time, each with its id', () => {
  const duplicates = createDuplicates();
  const ids = new Set<string>();
  for (let i = 0; i < 5000; i++) {
    assert.equal(duplicates.check(connection(), 3, 0), null);
    ids.add(`${duplicates.id_hi} ${duplicates.id_lo}`);
  }
  assert.equal(ids.size, 5000);
});

test('the same flow from another sensor is a duplicate when it starts within a second, whichever end it is told from', () => {
  const at = (ms: number, given = {}): Connection => connection({ time: flow.time + ms * 1000, ...given });
  const zeek = at(0, { uid: 'CZeek' });
  replay([
    [zeek, 0, 0, 'new'],
    [at(400, { uid: '123', src_bytes: 11 }), 1, 1, 'flow'],
    [at(-900, { uid: '124' }), 1, 1, 'flow'],
    [
      at(900, { uid: '125', src_ip: flow.dst_ip, src_port: 443, dst_ip: flow.src_ip, dst_port: 49_152 }),
      1,
      1,
      'flow',
    ],
    [at(2500, { uid: '126' }), 1, 1, 'new'],
    [at(0, { uid: '127', src_port: 49_153 }), 1, 1, 'new'],
    [at(0, { uid: '128', transport: 'udp' }), 1, 1, 'new'],
    [at(0, { uid: '129', src_port: 443, dst_port: 49_152 }), 1, 1, 'new'],
  ]);
});

test('two events of one sensor are never the same flow', () => {
  replay([
    [connection({ uid: 'C1' }), 0, 0, 'new'],
    [connection({ uid: 'C2' }), 0, 0, 'new'],
    [connection({ uid: 'C3' }), 1, 0, 'new'],
  ]);
});

test('queries, requests, handshakes and sign-ins of two sensors are compared by what was asked', () => {
  const cases = [
    ['dns', { transaction_id: 7, query: 'example.org', uid: 'a' }, { query: 'example.net' }],
    ['dns', { transaction_id: 7, query: 'example.org', uid: 'a' }, { transaction_id: 8 }],
    ['http', { method: 'GET', uri: '/a', uid: 'a' }, { uri: '/b' }],
    ['tls', { server_name: 'example.org', uid: 'a' }, { server_name: 'example.net' }],
    ['authentication', { protocol: 'ssh', uid: 'a' }, { protocol: 'rdp' }],
  ] as const;
  for (const [kind, same, differs] of cases) {
    replay([
      [event(kind, { ...flow, ...same }), 0, 0, 'new'],
      [event(kind, { ...flow, ...same, ...differs, uid: 'b' }), 1, 1, 'new'],
      [event(kind, { ...flow, ...same, uid: 'c' }), 1, 1, 'flow'],
    ]);
  }
  replay([
    [event('file', { ...flow, uid: 'a' }), 0, 0, 'new'],
    [event('file', { ...flow, uid: 'b' }), 1, 1, 'new'],
  ]);
});

test('what is forgotten because memory is bounded is counted, and the newest stays', () => {
  const duplicates = createDuplicates({ capacity: 1000, sensors: 1 });
  for (let i = 0; i < 5000; i++) assert.equal(duplicates.check(connection({ uid: `C${i}` }), 0, 0), null);
  assert.ok(duplicates.forgotten >= 4000 && duplicates.forgotten <= 4250, `${duplicates.forgotten}`);
  assert.equal(duplicates.check(connection({ uid: 'C4999' }), 1, 0), 'same record in another file');
  assert.equal(duplicates.check(connection({ uid: 'C0' }), 1, 0), null);
});

test('the map of seen keys says what a Map says, through growth and for the oddest keys', () => {
  const seen = new Seen(1_000_000);
  const map = new Map<string, number>();
  let x = 1;
  const next = (): number => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
    return x >>> 0;
  };
  for (let i = 0; i < 30_000; i++) {
    // few distinct high halves: long runs; low half 0 stands for 1
    const hi = i % 3 === 0 ? 0xffffffff : next();
    const lo = 1 + (next() % 1000);
    seen.set(hi, lo, i);
    map.set(`${hi} ${lo}`, i);
  }
  assert.equal(seen.size, map.size);
  for (const [key, value] of map) {
    const [hi = 0, lo = 0] = key.split(' ').map(Number);
    assert.equal(seen.get(hi, lo), value);
  }
  assert.equal(seen.get(12, 5000), -1);
  seen.set(0, 0, 9);
  assert.equal(seen.get(0, 0), 9);
});
