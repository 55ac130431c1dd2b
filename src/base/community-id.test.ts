import assert from 'node:assert/strict';
import { test } from 'node:test';
import { communityIdOf } from './community-id.ts';

// Vectors: baseline of https://github.com/corelight/community-id-spec and Zeek's test of community_id_v1.
const vectors: [string, number, string, number, string, number, string][] = [
  ['1.2.3.4', 1122, '5.6.7.8', 3344, 'tcp', 0, '1:wCb3OG7yAFWelaUydu0D+125CLM='],
  ['1.2.3.4', 1122, '5.6.7.8', 3344, 'udp', 0, '1:0Mu9InQx6z4ZiCZM/7HXi2WMhOg='],
  ['1.2.3.4', 8, '5.6.7.8', 0, 'icmp', 0, '1:crodRHL2FEsHjbv3UkRrfbs4bZ0='],
  [
    'fe80:1:203:405:607:809:a0b:c0d',
    128,
    'fe80:1011:1213:1415:1617:1819:1a1b:1c1d',
    129,
    'icmp',
    0,
    '1:0bf7hyMJUwt3fMED7z8LIfRpBeo=',
  ],
  ['1.2.3.4', 1122, '5.6.7.8', 3344, 'tcp', 1, '1:HhA1B+6CoLbiKPEs5nhNYN4XWfk='],
  ['1.2.3.4', 1122, '5.6.7.8', 3344, 'udp', 1, '1:OShq+iKDAMVouh/4bMxB9Sz4amw='],
  ['1.2.3.4', 8, '5.6.7.8', 0, 'icmp', 1, '1:9pr4ZGTICiuZoIh90RRYE2RyXpU='],
  ['1.2.3.4', 0, '5.6.7.8', 0, '46', 0, '1:ikv3kmf89luf73WPz1jOs49S768='],
  ['128.232.110.120', 34855, '66.35.250.204', 80, 'tcp', 0, '1:LQU9qZlK+B5F3KDmev6m5PMibrg='],
  ['192.168.1.52', 54585, '8.8.8.8', 53, 'udp', 0, '1:d/FP5EW3wiY1vCndhwleRRKHowQ='],
  ['192.168.0.89', 8, '192.168.0.1', 0, 'icmp', 0, '1:X0snYXpgwiv9TZtqg64sgzUn6Dk='],
  ['192.168.170.8', 7, '192.168.170.56', 80, 'sctp', 0, '1:jQgCxbku+pNGw8WPbEc/TS/uTpQ='],
  [
    'fe80::200:86ff:fe05:80da',
    135,
    'fe80::260:97ff:fe07:69ea',
    0,
    'icmp',
    0,
    '1:dGHyGvjMfljg6Bppwm3bg0LO8TY=',
  ],
  ['141.142.228.5', 59856, '192.150.187.43', 80, 'tcp', 0, '1:yvyB8h+3dnggTZW0UEITWCst97w='],
];

test('the community id of a flow is the published one', () => {
  for (const [src, sp, dst, dp, transport, seed, want] of vectors) {
    assert.equal(communityIdOf(src, sp, dst, dp, transport, seed), want, `${src} ${transport} ${seed}`);
  }
});

test('both directions of a flow have one community id', () => {
  for (const [src, sp, dst, dp, transport, seed, want] of vectors) {
    if (transport === 'icmp') continue;
    assert.equal(communityIdOf(dst, dp, src, sp, transport, seed), want);
  }
  assert.equal(communityIdOf('5.6.7.8', 0, '1.2.3.4', 0, 'icmp'), '1:crodRHL2FEsHjbv3UkRrfbs4bZ0=');
});

test('a flow without two addresses of one kind has no community id', () => {
  for (const [a, b, t] of [
    ['', '1.2.3.4', 'tcp'],
    ['1.2.3.4', '::1', 'tcp'],
    ['1.2.3', '1.2.3.4', 'tcp'],
    ['1.2.3.4', '1.2.3.256', 'tcp'],
    ['1::2::3', '::1', 'tcp'],
    ['1.2.3.4', '1.2.3.4', ''],
    ['1.2.3.4', '1.2.3.4', '300'],
  ] as const) {
    assert.equal(communityIdOf(a, 1, b, 2, t), '', `${a} ${b} ${t}`);
  }
  assert.notEqual(communityIdOf('::', 1, '::1', 2, 'tcp'), '');
  assert.equal(
    communityIdOf('::ffff:1.2.3.4', 1, '5.6.7.8', 2, 'tcp'),
    communityIdOf('1.2.3.4', 1, '5.6.7.8', 2, 'tcp'),
  );
});
