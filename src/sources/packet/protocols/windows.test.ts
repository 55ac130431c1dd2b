import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDhcp } from './dhcp.ts';
import { parseKerberos } from './kerberos.ts';
import { findNtlm } from './ntlm.ts';
import { parseRdpConfirm, parseRdpRequest } from './rdp.ts';
import { ntStatusName, parseSmb } from './smb.ts';

const utf16 = (t: string): Buffer => Buffer.from(t, 'utf16le');

test('a DHCP request gives the address of the hardware, the name and what was asked for', () => {
  const b = Buffer.alloc(320);
  b.set([1, 1, 6], 0);
  b.writeUInt32BE(0xdeadbeef, 4);
  b.set(Buffer.from('0242ac110002', 'hex'), 28);
  b.writeUInt32BE(0x63825363, 236);
  const options = [
    [53, 1, 3],
    [1, 4, 255, 255, 255, 192],
    [50, 4, 192, 0, 2, 9],
    [12, 3, ...Buffer.from('pc1')],
    [60, 8, ...Buffer.from('MSFT 5.0')],
    [61, 7, 255, 1, 2, 3, 4, 0, 2],
    [81, 9, 0, 0, 0, ...Buffer.from('pc1.ad')],
    [51, 4, 0, 0, 14, 16],
    [55, 2, 1, 3],
    [255],
  ];
  b.set(options.flat(), 240);
  const m = parseDhcp(b, 0, b.length);
  assert.ok(m);
  assert.equal(m.type, 'REQUEST');
  assert.equal(m.mac, '02:42:ac:11:00:02');
  assert.equal(m.requested_ip, '192.0.2.9');
  assert.equal(m.host_name, 'pc1');
  assert.equal(m.client_id, 'ff010203040002');
  assert.equal(m.client_fqdn, 'pc1.ad');
  assert.equal(m.vendor, 'MSFT 5.0');
  assert.equal(m.lease_s, 3600);
  assert.equal(m.subnet_mask, '255.255.255.192');
  assert.deepEqual(m.parameter_list, [1, 3]);
  assert.equal(m.client_ip, '');
  assert.equal(parseDhcp(b, 0, 239), null);
});

const tlv = (tag: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const head = body.length < 128 ? [tag, body.length] : [tag, 0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from(head), body]);
};
const integer = (v: number): Buffer => tlv(2, Buffer.from([v]));
const text = (t: string): Buffer => tlv(0x1b, Buffer.from(t));
const principal = (type: number, ...names: string[]): Buffer =>
  tlv(0x30, tlv(0xa0, integer(type)), tlv(0xa1, tlv(0x30, ...names.map(text))));

test('a Kerberos request names client, realm, service and ciphers; an error its code', () => {
  const body = tlv(
    0x30,
    tlv(0xa1, principal(1, 'alice')),
    tlv(0xa2, text('EXAMPLE.ORG')),
    tlv(0xa3, principal(2, 'krbtgt', 'EXAMPLE.ORG')),
    tlv(0xa8, tlv(0x30, integer(18), integer(23))),
  );
  const padata = tlv(0x30, tlv(0x30, tlv(0xa1, integer(2)), tlv(0xa2, tlv(4, Buffer.alloc(8)))));
  const b = tlv(
    0x6a,
    tlv(0x30, tlv(0xa1, integer(5)), tlv(0xa2, integer(10)), tlv(0xa3, padata), tlv(0xa4, body)),
  );
  assert.deepEqual(parseKerberos(b, 0, b.length), {
    type: 'AS_REQ',
    client: 'alice',
    realm: 'EXAMPLE.ORG',
    service: 'krbtgt/EXAMPLE.ORG',
    service_realm: 'EXAMPLE.ORG',
    error_code: 0,
    error: '',
    ciphers: ['aes256-cts-hmac-sha1-96', 'rc4-hmac'],
    preauth: true,
  });
  const error = tlv(
    0x7e,
    tlv(0x30, tlv(0xa0, integer(5)), tlv(0xa6, integer(24)), tlv(0xa9, text('EXAMPLE.ORG'))),
  );
  assert.equal(parseKerberos(error, 0, error.length)?.error, 'KDC_ERR_PREAUTH_FAILED');
  const other = Buffer.from('l\x84aaaaaaaaaaaaaaaaa', 'latin1');
  assert.equal(parseKerberos(other, 0, other.length), null);
});

test('an NTLM sign-in is found inside other bytes: user, domain, host', () => {
  const names = [utf16('EXAMPLE'), utf16('alice'), utf16('PC1')];
  const head = Buffer.alloc(64);
  head.write('NTLMSSP\0', 0, 'latin1');
  head.writeUInt32LE(3, 8);
  let at = 64;
  const field = (where: number, length: number): void => {
    head.writeUInt16LE(length, where);
    head.writeUInt32LE(at, where + 4);
    at += length;
  };
  head.writeUInt16LE(300, 20);
  for (const [i, where] of [28, 36, 44].entries()) field(where, names[i]!.length);
  head.writeUInt32LE(1, 60);
  const b = Buffer.concat([Buffer.from('NNTLM noise '), head, ...names]);
  assert.deepEqual(findNtlm(b, 0, b.length), {
    type: 'authenticate',
    username: 'alice',
    domain: 'EXAMPLE',
    host: 'PC1',
    anonymous: false,
    ntlm_v1: false,
  });
  assert.equal(findNtlm(b, 0, 20), null);
});

test('an SMB2 tree connect gives the share, its answer the kind and status', () => {
  const path = utf16('\\\\srv\\IPC$');
  const request = Buffer.alloc(64 + 8);
  request.writeUInt32BE(0xfe534d42, 0);
  request.writeUInt16LE(3, 12);
  request.writeUInt16LE(72, 68);
  request.writeUInt16LE(path.length, 70);
  const frame = (b: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, b.length >> 8, b.length & 255]), b]);
  const one = frame(Buffer.concat([request, path]));
  assert.equal(parseSmb(one, 0, one.length)[0]?.command, 'TREE_CONNECT');
  assert.equal(parseSmb(one, 0, one.length)[0]?.path, '\\\\srv\\IPC$');
  const answer = Buffer.alloc(64 + 16);
  answer.writeUInt32BE(0xfe534d42, 0);
  answer.writeUInt32LE(0xc0000022, 8);
  answer.writeUInt16LE(3, 12);
  answer[16] = 1;
  answer[66] = 2;
  const two = frame(answer);
  const m = parseSmb(two, 0, two.length)[0];
  assert.equal(m?.share_type, 'pipe');
  assert.equal(ntStatusName(m?.status ?? 0), 'ACCESS_DENIED');
});

test('an RDP request gives the cookie and what security is asked for', () => {
  const cookie = Buffer.from('Cookie: mstshash=alice\r\n');
  const body = Buffer.concat([
    Buffer.from([0xe0, 0, 0, 0, 0, 0]),
    cookie,
    Buffer.from([1, 0, 8, 0, 3, 0, 0, 0]),
  ]);
  const b = Buffer.concat([Buffer.from([3, 0, 0, body.length + 5, body.length]), body]);
  assert.deepEqual(parseRdpRequest(b, 0, b.length), { cookie: 'alice', requested: ['tls', 'hybrid'] });
  const confirm = Buffer.from('0300001302 0ed000001234000200080002000000'.replace('02 0e', '0e'), 'hex');
  assert.deepEqual(parseRdpConfirm(confirm, 0, confirm.length), { security: 'HYBRID', failure: '' });
});
