import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalIp, canonicalName, ipWords, parseIpv4 } from './ip.ts';

test('IPv6 is written as RFC 5952 wants it', () => {
  const cases: [string, string][] = [
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ];
  for (const [given, wanted] of cases) assert.equal(canonicalIp(given), wanted, given);
});

test('what is no address is refused', () => {
  const bad = [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    '1..3.4',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::',
    '1:2:3:4:5:6:7:',
    ':1:2:3:4:5:6:7',
    '%eth0',
    '1.2.3.4%eth0',
    '::1.2.3',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1:2:3:4:5:6:7:8::',
    'example.org',
  ];
  for (const text of bad) assert.equal(canonicalIp(text), null, text);
  assert.equal(parseIpv4('255.255.255.255'), 2 ** 32 - 1);
});

test('an IPv4 address written as IPv6 is the IPv4 address, also where a name may stand', () => {
  assert.deepEqual(ipWords('::ffff:10.0.0.1'), ipWords('10.0.0.1'));
  assert.deepEqual(ipWords('::FFFF:A00:1'), [0x0a000001]);
  assert.deepEqual(ipWords('::fffe:10.0.0.1'), [0, 0, 0xfffe, 0x0a000001]);
  assert.equal(ipWords('10.0.0'), null);
  const names = [
    ['[::FFFF:10.0.0.1]', '10.0.0.1'],
    ['::ffff:a00:1', '10.0.0.1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['www.example.org', 'www.example.org'],
    ['SOA ns.example.org:1', 'SOA ns.example.org:1'],
  ];
  for (const [given, wanted] of names) assert.equal(canonicalName(given!), wanted);
});
