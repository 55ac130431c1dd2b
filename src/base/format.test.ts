import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bits,
  bytes,
  count,
  counted,
  fillTemplate,
  formatUnit,
  instant,
  pValueWords,
  range,
  ratio,
  seconds,
  share,
  timeRange,
} from './format.ts';

/** One function and what it writes. */
function writes<T>(of: (value: T) => string, cases: readonly (readonly [T, string])[]): void {
  for (const [value, text] of cases) assert.equal(of(value), text, `${String(value)}`);
}

test('counts are grouped by thousands and keep one decimal only when they are small', () => {
  writes(count, [
    [0, '0'],
    [7, '7'],
    [999, '999'],
    [1234, '1,234'],
    [1234567, '1,234,567'],
    [-4321, '-4,321'],
    [2.5, '2.5'],
    [2.04, '2'],
    [1234.5, '1,235'],
    [1e18, '1.0e+18'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ]);
  assert.equal(counted(1, 'host'), '1 host');
  assert.equal(counted(2000, 'entry', 'entries'), '2,000 entries');
});

test('bytes are written in decimal units with two digits below ten', () => {
  writes(bytes, [
    [0, '0 B'],
    [1, '1 B'],
    [512, '512 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1500, '1.5 kB'],
    [9949, '9.9 kB'],
    [9960, '10 kB'],
    [999_499, '999 kB'],
    [999_600, '1 MB'],
    [56_000_000, '56 MB'],
    [4_100_000_000, '4.1 GB'],
    [2 ** 53, '9 PB'],
    [Number.NaN, '–'],
  ]);
  writes(bits, [
    [3.21, '3.2 bits'],
    [12_000, '12 kbit'],
  ]);
});

test('a length of time is written in its two largest units', () => {
  writes(seconds, [
    [0, '0 s'],
    [0.0000021, '2.1 µs'],
    [0.0123, '12 ms'],
    [0.5, '0.5 s'],
    [1, '1 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.7, '1 min'],
    [63, '1 min 3 s'],
    [3599.6, '1 h'],
    [3600, '1 h'],
    [3660, '1 h 1 min'],
    [86_399, '1 d'],
    [187_200, '2 d 4 h'],
    [400 * 86_400, '400 d'],
    [-5, '-5 s'],
    [Number.NaN, '–'],
  ]);
});

test('a share is never rounded to nothing or to all', () => {
  writes(share, [
    [0, '0 %'],
    [0.00001, '< 0.01 %'],
    [0.004, '0.4 %'],
    [0.37, '37 %'],
    [0.9949, '99.4 %'],
    [0.9997, '> 99.9 %'],
    [1, '100 %'],
    [1.5, '150 %'],
  ]);
});

test('ratios keep two digits', () => {
  writes(ratio, [
    [0, '0'],
    [0.0134, '0.013'],
    [3.21, '3.2'],
    [45.4, '45'],
    [12_345, '12,345'],
  ]);
});

test('instants are UTC to the second, and a range says a shared day once', () => {
  const at = Date.UTC(2018, 2, 24, 17, 15, 21, 999) * 1000;
  assert.equal(instant(at), '2018-03-24 17:15:21');
  assert.equal(instant(Number.NaN), '–');
  assert.equal(timeRange(at, at), '2018-03-24 17:15:21');
  assert.equal(timeRange(at, at + 60e6), '2018-03-24 17:15:21 to 17:16:21');
  assert.equal(timeRange(at, at + 86_400e6), '2018-03-24 17:15:21 to 2018-03-25 17:15:21');
});

test('a range writes a shared unit once', () => {
  assert.equal(range(12e6, 80e6, 'bytes'), '12 to 80 MB');
  assert.equal(range(900e3, 80e6, 'bytes'), '900 kB to 80 MB');
  assert.equal(range(3, 3, 'count'), '3');
  assert.equal(range(1, 1234, 'count'), '1 to 1,234');
  assert.equal(range(5, 63, 'seconds'), '5 s to 1 min 3 s');
  assert.equal(range(0.1, 0.3, 'share'), '10 to 30 %');
});

test('a probability is told as one in so many', () => {
  writes(pValueWords, [
    [0.5, '1 in 2'],
    [0.1, '1 in 10'],
    [2.5e-5, '1 in 40,000'],
    [1 / 123_456, '1 in 120,000'],
    [1e-6, '1 in 1,000,000'],
    [1e-12, 'less than 1 in a billion'],
    [0, 'less than 1 in a billion'],
    [1, 'nearly always'],
  ]);
});

test('a value is written in the unit of its column', () => {
  const cases = [
    [443, 'port', '443'],
    [65_535, 'port', '65535'],
    [4.1e9, 'bytes', '4.1 GB'],
    [0.37, 'share', '37 %'],
    ['example.org', 'text', 'example.org'],
    ['', 'text', '–'],
    [null, 'count', '–'],
    [1_521_911_721, 'time', '2018-03-24 17:15:21'],
    [1_521_911_721e6, 'time', '2018-03-24 17:15:21'],
    [['a', 'b', 'c'], 'list', 'a, b and c'],
    [[1, 2, 3, 4, 5, 6, 7], 'list', '1, 2, 3, 4, 5 and 2 more'],
    [true, 'text', 'yes'],
    [12n, 'count', '12'],
    [1234.5, 'parsecs', '1234.5'],
    [undefined, 'bytes', '–'],
  ] as const;
  for (const [value, unit, text] of cases) assert.equal(formatUnit(value, unit), text);
});

test('a long text of the traffic is shortened, never in the middle of a character', () => {
  assert.equal(formatUnit('x'.repeat(500), 'text').length, 120);
  const cut = formatUnit('😀'.repeat(100), 'text');
  assert.ok(cut.endsWith('😀…') && cut.length <= 120);
});

test('a template is filled unit by unit; what is empty gives a dash and what is not known a question mark', () => {
  const values = {
    src_ip: '10.0.0.7',
    n: 1234,
    gap_s: 63,
    sent: 4.1e9,
    dst_port: 8443,
    braces: '{n}',
    service: '',
    owner: undefined,
  };
  const units = { gap_s: 'seconds', sent: 'bytes', dst_port: 'port', service: 'text' };
  assert.equal(
    fillTemplate('{src_ip} called :{dst_port} {n} times, every {gap_s}, {sent} {braces}', values, units),
    '10.0.0.7 called :8443 1,234 times, every 1 min 3 s, 4.1 GB {n}',
  );
  assert.equal(
    fillTemplate('{dst_port} ({service}) of {owner}, {nobody}, {constructor}', values, units),
    '8443 of unknown, unknown, unknown',
  );
});

test('a text reads well with one thing, with none, and where a value is missing', () => {
  const units = { dst_port: 'port', service: 'text', through: 'text', sent: 'bytes' };
  const fill = (template: string, values: Record<string, unknown>): string =>
    fillTemplate(template, values, units);
  assert.equal(fill('{n} different hosts and {m} ports', { n: 1, m: 1 }), '1 different host and 1 port');
  assert.equal(
    fill('{n} tries an account; {n} sources have it', { n: 1 }),
    '1 try an account; 1 source has it',
  );
  assert.equal(fill('{n} names that do not exist', { n: 1 }), '1 name that does not exist');
  assert.equal(fill('{n} TLS connections, {m} addresses', { n: 1, m: 1 }), '1 TLS connection, 1 address');
  assert.equal(fill('{n} hosts, {m} hosts', { n: 0, m: 21 }), '0 hosts, 21 hosts');
  assert.equal(fill('{name} of {n} hosts', { name: 'rule 1 hosts', n: 2 }), 'rule 1 hosts of 2 hosts');
  assert.equal(fill('to a:{dst_port} ({service}), over {service}{through}', {}), 'to a, over unknown');
  assert.equal(
    fill('over tls{through}, ({service}:{dst_port}) ({sent}, {n} hosts)', { n: 2 }),
    'over tls, (2 hosts)',
  );
  assert.equal(fill('called b:{dst_port}', { dst_port: 0 }), 'called b');
  assert.equal(fill('over {service}{through}{service}', { service: '' }), 'over unknown');
  assert.equal(fill('over tls{through}{through}, every hour', {}), 'over tls, every hour');
});

test('an IPv6 address stands in brackets before a port; ICMP has none', () => {
  const say = (values: Record<string, unknown>): string =>
    fillTemplate(
      '{src_ip} called {dst_ip}:{dst_port} {n} times',
      { src_ip: 'fd00::7', n: 12_345, ...values },
      { dst_port: 'port' },
    );
  const cases: readonly (readonly [ip: string, port: number, transport: string, said: string])[] = [
    ['fd00::1', 53, 'udp', '[fd00::1]:53'],
    ['10.0.0.1', 53, 'udp', '10.0.0.1:53'],
    ['fd00::1', 0, 'udp', 'fd00::1'],
    ['fd00::1', 128, 'icmp', 'fd00::1'],
    ['10.0.0.1', 8, 'icmp', '10.0.0.1'],
  ];
  for (const [dst_ip, dst_port, transport, said] of cases)
    assert.equal(say({ dst_ip, dst_port, transport }), `fd00::7 called ${said} 12,345 times`);
});
