import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../../../base/random.ts';
import { parseDhcp, parseDhcpv6 } from './dhcp.ts';
import { parseDnsMessage, parseNetbiosMessage } from './dns.ts';
import { endFtp, feedFtp, newFtp } from './ftp.ts';
import { bodyLength, parseHttpRequest, parseHttpResponse, skipBody } from './http.ts';
import { ja3, ja3s } from './ja3.ts';
import { ja4 } from './ja4.ts';
import { parseKerberos } from './kerberos.ts';
import { findNtlm } from './ntlm.ts';
import { feedQuic, newQuic } from './quic.ts';
import { parseRdpConfirm, parseRdpRequest } from './rdp.ts';
import { parseSmb } from './smb.ts';
import { endSmtp, feedSmtp, newSmtp } from './smtp.ts';
import { parseSsh } from './ssh.ts';
import { feedDtls, feedTls, newTls } from './tls.ts';
import { parseCertificate } from './x509.ts';

/** Starts of real messages: what is changed in them reaches further into the readers than noise does. */
const seeds = [
  '16030100c8010000c40303aa000000000000000000000000000000000000000000000000000000000000aa20bb000000000000000000000000000000000000000000000000000000000000bb0006130113021303010000750000000e000c0000096c6f63616c686f7374000b000403000102000a000a00080006001d00170018002300000010000b000908687474702f312e31000d0014001204030804040105030805050108060601020100330026002400001d0020cc000000000000000000000000000000000000000000000000000000000000cc002b0003020304',
  '16fefd0000000000000000004b0100003f000000000000003ffefd0101010101010101010101010101010101010101010101010101010101010101000000020100c02b010000130000000f000d00000a6c6f63616c686f73743131',
  '123481800001000300000001037777770765786d61706c65036f72670000010001c00c000500010000003c0006037765 62c010c00c000100010000003c0004c0000207c00c001c00010000003c001020010db800000000000000000000000100002904d0000000000000'.replaceAll(
    ' ',
    '',
  ),
  'cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee',
  '30820200308201a6a003020102020', // a certificate that promises more than it has
  '6a81a0308 19da103020105a20302010aa3153013301 1a1030201 02a20a0408'.replaceAll(' ', ''),
  `${'4e544c4d53535000'}03000000${'ffff0000ffffffff'.repeat(8)}`,
  '000000a0fe534d42400001000000000003000100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000900000048001600',
  '0300002f2ae00000000000436f6f6b69653a206d737473686173683d616c6963650d0a0100080003000000',
  `010106003903f326${'00'.repeat(228)}638253633501013d0701000b8201fc42320400000000370401032a06ff`,
  Buffer.from(
    'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx',
  ).toString('hex'),
  Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\nServer: x\r\n\r\n').toString('hex'),
  `${Buffer.from('SSH-2.0-x\r\n').toString('hex')}0000009c0614${'00'.repeat(16)}7fffffff`,
  Buffer.from(
    '220 x ESMTP\r\nEHLO a\r\nAUTH PLAIN AAAA\r\nBDAT 999999999999\r\nUSER a\r\nPASS b\r\n',
  ).toString('hex'),
].map((h) => Buffer.from(h, 'hex'));

function readAll(b: Buffer): void {
  const n = b.length;
  const nothing = (): void => {};
  for (const tls of [newTls(), newTls()]) {
    const cut = n >> 1;
    feedTls(tls, true, b, 0, cut);
    feedTls(tls, true, b, cut, n);
    feedTls(tls, false, b, 0, n);
    if (tls.client_hello) {
      ja3(tls.client_hello);
      ja4(tls.client_hello, 't');
    }
    if (tls.server_hello) ja3s(tls.server_hello);
  }
  const dtls = newTls(true);
  feedDtls(dtls, true, b, 0, n);
  feedDtls(dtls, false, b, 0, n);
  const quic = newQuic();
  feedQuic(quic, true, b, 0, n);
  feedQuic(quic, false, b, 0, n);
  parseDnsMessage(b, 0, n);
  parseNetbiosMessage(b, 0, n);
  for (const head of [parseHttpRequest(b, 0, n), parseHttpResponse(b, 0, n)]) {
    if (typeof head === 'string') continue;
    const body = bodyLength(head, 'GET');
    const end = skipBody(body, b, Math.min(n, head.head_bytes), n);
    assert.ok(end <= n);
  }
  parseSsh(b, 0, n);
  parseCertificate(b);
  parseKerberos(b, 0, n);
  findNtlm(b, 0, n);
  parseSmb(b, 0, n);
  parseRdpRequest(b, 0, n);
  parseRdpConfirm(b, 0, n);
  parseDhcp(b, 0, n);
  parseDhcpv6(b, 0, n);
  const ftp = newFtp();
  feedFtp(ftp, true, b, 0, n, nothing);
  feedFtp(ftp, false, b, 0, n, nothing);
  endFtp(ftp, nothing);
  const smtp = newSmtp();
  const takes = { mail: nothing, sign_in: nothing };
  feedSmtp(smtp, false, b, 0, n, takes);
  feedSmtp(smtp, true, b, 0, n, takes);
  endSmtp(smtp, takes);
}

test('no reader throws or hangs on messages that are cut, changed or made of noise', () => {
  const r = random(7);
  for (const seed of seeds) {
    for (let n = 0; n <= seed.length; n += 1 + (n >> 5)) readAll(Buffer.from(seed.subarray(0, n)));
    for (let round = 0; round < 150; round++) {
      const b = Buffer.from(seed);
      const changes = 1 + r.below(6);
      for (let i = 0; i < changes; i++) b[r.below(b.length)] = r.below(3) === 0 ? 0xff : r.below(256);
      readAll(b);
    }
  }
  for (let round = 0; round < 300; round++) {
    const b = Buffer.alloc(r.below(600));
    for (let i = 0; i < b.length; i++) b[i] = r.below(256);
    readAll(b);
  }
});

test('names that point at each other end after a bounded walk', () => {
  const b = Buffer.alloc(16 * 1024);
  b.writeUInt16BE(0x8180, 2);
  b.writeUInt16BE(0xffff, 6);
  for (let at = 12; at + 12 <= b.length; at += 12) {
    b.writeUInt16BE(0xc000 | Math.max(12, at - 12), at);
    b.writeUInt16BE(1, at + 2);
  }
  const started = performance.now();
  for (let i = 0; i < 100; i++) parseDnsMessage(b, 0, b.length);
  assert.ok(performance.now() - started < 1000);
});

test('a side that promises endless handshake messages is given up, not stored', () => {
  const session = newTls();
  const record = Buffer.alloc(5 + 16384);
  record.set([22, 3, 3, 0x40, 0, 1, 1, 0xff, 0xff]);
  feedTls(session, true, record, 0, record.length);
  for (let i = 0; i < 40; i++) {
    record.set([0, 0, 0, 0], 5);
    feedTls(session, true, record, 0, record.length);
  }
  assert.equal(session.opener.pending, null);
  assert.equal(session.opener.broken, true);
});
