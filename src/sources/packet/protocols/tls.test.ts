import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ja3, ja3s, ja3sText, ja3Text } from './ja3.ts';
import { ja4, ja4Raw } from './ja4.ts';
import {
  cipherName,
  feedDtls,
  feedTls,
  looksLikeDtls,
  looksLikeTls,
  newTls,
  skipTls,
  type TlsSession,
  tlsVersionName,
} from './tls.ts';

const u8 = (v: number): Buffer => Buffer.from([v]);
const u16 = (...values: number[]): Buffer => {
  const b = Buffer.alloc(values.length * 2);
  for (const [i, v] of values.entries()) b.writeUInt16BE(v, i * 2);
  return b;
};
const u24 = (v: number): Buffer => Buffer.from([v >> 16, (v >> 8) & 255, v & 255]);
const with16 = (b: Buffer): Buffer => Buffer.concat([u16(b.length), b]);
const with8 = (b: Buffer): Buffer => Buffer.concat([u8(b.length), b]);
const extension = (type: number, body: Buffer): Buffer => Buffer.concat([u16(type), with16(body)]);
const record = (type: number, body: Buffer, version = 0x0303): Buffer =>
  Buffer.concat([u8(type), u16(version), with16(body)]);
const handshake = (type: number, body: Buffer): Buffer => Buffer.concat([u8(type), u24(body.length), body]);

interface Hello {
  version?: number;
  session_id?: Buffer;
  ciphers?: number[];
  extensions?: Buffer[];
  cookie?: Buffer;
}
const clientBody = (h: Hello): Buffer =>
  Buffer.concat([
    u16(h.version ?? 0x0303),
    Buffer.alloc(32, 7),
    with8(h.session_id ?? Buffer.alloc(0)),
    ...(h.cookie ? [with8(h.cookie)] : []),
    with16(u16(...(h.ciphers ?? [0x1301, 0x1302]))),
    Buffer.from([1, 0]),
    with16(Buffer.concat(h.extensions ?? [])),
  ]);
const clientHello = (h: Hello): Buffer => handshake(1, clientBody(h));
const serverHello = (cipher: number, extensions: Buffer[] = [], session_id = Buffer.alloc(0)): Buffer =>
  handshake(
    2,
    Buffer.concat([
      u16(0x0303),
      Buffer.alloc(32, 9),
      with8(session_id),
      u16(cipher),
      u8(0),
      with16(Buffer.concat(extensions)),
    ]),
  );
const sni = extension(0, with16(Buffer.concat([u8(0), with16(Buffer.from('WWW.Example.org'))])));
const alpn = (...names: string[]): Buffer =>
  extension(16, with16(Buffer.concat(names.map((n) => with8(Buffer.from(n, 'latin1'))))));
const versions = (...v: number[]): Buffer => extension(43, with8(u16(...v)));
const typical = [
  extension(0x2a2a, Buffer.alloc(0)),
  sni,
  extension(10, with16(u16(0x1a1a, 29, 23))),
  extension(11, with8(u8(0))),
  extension(13, with16(u16(0x0403, 0x0804, 0x0a0a))),
  alpn('h2', 'http/1.1'),
  versions(0x3a3a, 0x0304, 0x0303),
];

const feed = (s: TlsSession, client: boolean, b: Buffer): boolean => feedTls(s, client, b, 0, b.length);

test('a client hello is read whole, GREASE kept, the name in lower case', () => {
  const b = record(22, clientHello({ ciphers: [0x0a0a, 0x1301, 0xc02f], extensions: typical }), 0x0301);
  assert.ok(looksLikeTls(b, 0, b.length));
  const s = newTls();
  assert.equal(feed(s, true, b), true);
  const hello = s.client_hello;
  assert.ok(hello);
  assert.equal(hello.server_name, 'www.example.org');
  assert.deepEqual(hello.alpn, ['h2', 'http/1.1']);
  assert.deepEqual(hello.ciphers, [0x0a0a, 0x1301, 0xc02f]);
  assert.deepEqual(hello.extensions, [0x2a2a, 0, 10, 11, 13, 16, 43]);
  assert.deepEqual(hello.supported_versions, [0x3a3a, 0x0304, 0x0303]);
});

test('fingerprints leave GREASE out: JA3 in order, JA4 sorted, name and protocol counted but not hashed', () => {
  const s = newTls();
  feed(s, true, record(22, clientHello({ ciphers: [0x0a0a, 0xc02f, 0x1301], extensions: typical })));
  const hello = s.client_hello!;
  assert.equal(ja3Text(hello), '771,49199-4865,0-10-11-13-16-43,29-23,0');
  assert.equal(ja3(hello), createHash('md5').update(ja3Text(hello)).digest('hex'));
  assert.equal(ja4Raw(hello, 't'), 't13d0206h2_1301,c02f_000a,000b,000d,002b_0403,0804');
  const sha = (t: string): string => createHash('sha256').update(t).digest('hex').slice(0, 12);
  assert.equal(ja4(hello, 'q'), `q13d0206h2_${sha('1301,c02f')}_${sha('000a,000b,000d,002b_0403,0804')}`);
});

test('JA4 writes protocols that are not letters or digits by their hexadecimal form, and 99 for those above ASCII as its published vectors do', () => {
  const code = (name: string): string => {
    const s = newTls();
    feed(s, true, record(22, clientHello({ extensions: [alpn(name)] })));
    return ja4(s.client_hello!, 't').slice(8, 10);
  };
  assert.equal(code('h2'), 'h2');
  assert.equal(code('http/1.1'), 'h1');
  assert.equal(code('q'), 'qq');
  assert.equal(code('\xab'), '99');
  assert.equal(code('\xab\xcd'), '99');
  assert.equal(code('-h2'), '22');
  assert.equal(code('0\xab'), '3b');
  assert.equal(code('01\xab\xcd'), '3d');
  assert.equal(code('0\xab\xcd1'), '01');
});

test('JA4 of an empty hello has zeros in place of hashes', () => {
  const s = newTls();
  feed(s, true, record(22, clientHello({ version: 0x0301, ciphers: [], extensions: [] })));
  assert.equal(ja4(s.client_hello!, 't'), 't10i000000_000000000000_000000000000');
});

test('a TLS 1.2 handshake ends well when both sides changed keys and sent a protected record', () => {
  const s = newTls();
  const keyExchange = handshake(16, Buffer.alloc(33, 4));
  feed(s, true, record(22, clientHello({ extensions: [sni] })));
  feed(s, false, record(22, Buffer.concat([serverHello(0xc02f), handshake(14, Buffer.alloc(0))])));
  feed(s, true, Buffer.concat([record(22, keyExchange), record(20, u8(1)), record(22, Buffer.alloc(40, 5))]));
  assert.equal(s.state, 'handshake');
  assert.equal(feed(s, false, Buffer.concat([record(20, u8(1)), record(22, Buffer.alloc(40, 5))])), false);
  assert.equal(s.state, 'established');
  assert.equal(s.resumed, false);
  assert.equal(cipherName(s.server_hello!.cipher), 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256');
  assert.equal(tlsVersionName(s.server_hello!.chosen_version), 'TLSv12');
  assert.equal(ja3sText(s.server_hello!), '771,49199,');
  assert.equal(ja3s(s.server_hello!), createHash('md5').update('771,49199,').digest('hex'));
});

test('a repeated session id, an accepted key and a used ticket are resumptions', () => {
  const id = Buffer.alloc(32, 3);
  const byId = newTls();
  feed(byId, true, record(22, clientHello({ session_id: id })));
  feed(byId, false, record(22, serverHello(0xc02f, [], id)));
  assert.equal(byId.resumed, true);

  const byKey = newTls();
  feed(
    byKey,
    true,
    record(22, clientHello({ session_id: id, extensions: [versions(0x0304), extension(41, u16(0))] })),
  );
  feed(
    byKey,
    false,
    record(22, serverHello(0x1301, [extension(43, u16(0x0304)), extension(41, u16(0))], id)),
  );
  assert.equal(byKey.resumed, true);

  const byTicket = newTls();
  feed(byTicket, true, record(22, clientHello({ extensions: [extension(35, Buffer.alloc(64, 1))] })));
  feed(byTicket, false, Buffer.concat([record(22, serverHello(0xc02f)), record(20, u8(1))]));
  feed(byTicket, true, record(20, u8(1)));
  assert.equal(byTicket.resumed, true);
});

test('TLS 1.3 ends well with the second protected record; an alert in disguise is no end', () => {
  const hello = record(22, clientHello({ extensions: [versions(0x0304)] }));
  const answer = Buffer.concat([
    record(22, serverHello(0x1301, [extension(43, u16(0x0304))])),
    record(20, u8(1)),
    record(23, Buffer.alloc(900, 8)),
  ]);
  const s = newTls();
  feed(s, true, hello);
  feed(s, false, answer);
  feed(s, true, Buffer.concat([record(20, u8(1)), record(23, Buffer.alloc(19, 8))]));
  assert.equal(s.state, 'handshake');
  feed(s, true, record(23, Buffer.alloc(53, 8)));
  assert.equal(s.state, 'established');
  assert.equal(tlsVersionName(s.server_hello!.chosen_version), 'TLSv13');
});

test('a fatal alert is kept', () => {
  const s = newTls();
  feed(s, true, record(22, clientHello({})));
  assert.equal(feed(s, false, record(21, Buffer.from([2, 40]))), false);
  assert.equal(s.state, 'failed');
  assert.equal(s.alert, 40);
});

test('bytes may come one at a time, and messages may span records', () => {
  const hello = clientHello({ extensions: typical });
  const parts = [
    record(22, hello.subarray(0, 3)),
    record(22, hello.subarray(3, 60)),
    record(22, hello.subarray(60)),
  ];
  const whole = Buffer.concat(parts);
  const s = newTls();
  for (let i = 0; i < whole.length; i++) feedTls(s, true, whole, i, i + 1);
  assert.equal(s.client_hello?.server_name, 'www.example.org');
});

test('other protocols are refused at the first bytes', () => {
  for (const text of ['GET / HTTP/1.1\r\n\r\n', 'SSH-2.0-x\r\n', '\x16\x03\x01\xff\xff\x09aaaaaaaaaaaaaaa']) {
    const b = Buffer.from(text, 'latin1');
    assert.equal(looksLikeTls(b, 0, b.length), false);
    const s = newTls();
    assert.equal(feed(s, true, b), false);
    assert.equal(s.state, 'no');
  }
});

test('a gap in the hello loses the hello but not the answer', () => {
  const s = newTls();
  const hello = record(22, clientHello({ extensions: typical }));
  feedTls(s, true, hello, 0, 40);
  assert.equal(skipTls(s, true, 100), false);
  feed(s, false, record(22, serverHello(0x1301, [extension(43, u16(0x0304))])));
  assert.equal(s.client_hello, null);
  assert.equal(s.server_hello?.cipher, 0x1301);
});

test('a hello that comes from the side that was called turns the roles', () => {
  const s = newTls();
  feed(s, false, record(22, clientHello({ extensions: [sni] })));
  feed(s, true, record(22, serverHello(0xc02f)));
  assert.equal(s.flipped, true);
  assert.equal(s.client_hello?.server_name, 'www.example.org');
});

test('an SSLv2 hello is read as the old clients send it', () => {
  const body = Buffer.concat([
    u8(1),
    u16(0x0301),
    u16(6, 0, 16),
    Buffer.from('010080000004', 'hex'),
    Buffer.alloc(16, 2),
  ]);
  const b = Buffer.concat([u16(0x8000 | body.length), body]);
  assert.ok(looksLikeTls(b, 0, b.length));
  const s = newTls();
  feed(s, true, b);
  assert.equal(s.client_hello?.ssl2, true);
  assert.deepEqual(s.client_hello?.ciphers, [0x010080, 4]);
  assert.equal(cipherName(0x010080), 'SSLv20_CK_RC4_128_WITH_MD5');
  assert.equal(ja3(s.client_hello!), '');
});

test('a DTLS hello in fragments is put together and fingerprinted with d', () => {
  const body = clientBody({
    version: 0xfefd,
    cookie: Buffer.alloc(20, 1),
    ciphers: [0xc02b],
    extensions: [sni],
  });
  const datagram = (offset: number, to: number): Buffer => {
    const fragment = body.subarray(offset, to);
    const message = Buffer.concat([
      u8(1),
      u24(body.length),
      u16(1),
      u24(offset),
      u24(fragment.length),
      fragment,
    ]);
    return Buffer.concat([u8(22), u16(0xfefd), Buffer.alloc(8), with16(message)]);
  };
  const first = datagram(0, 60);
  assert.ok(looksLikeDtls(first, 0, first.length));
  const s = newTls(true);
  feedDtls(s, true, first, 0, first.length);
  assert.equal(s.state, 'start');
  const second = datagram(60, body.length);
  feedDtls(s, true, second, 0, second.length);
  assert.equal(s.client_hello?.server_name, 'www.example.org');
  assert.equal(ja4(s.client_hello!, 'd').slice(0, 10), 'dd2d010100');
});

test('ciphers have their IANA names, unknown ones their number as Zeek writes it', () => {
  assert.equal(cipherName(0x1301), 'TLS_AES_128_GCM_SHA256');
  assert.equal(cipherName(0x000a), 'TLS_RSA_WITH_3DES_EDE_CBC_SHA');
  assert.equal(cipherName(0xcca8), 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256');
  assert.equal(cipherName(0xc0af), 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8');
  assert.equal(cipherName(0xd00d), 'unknown-53261');
});
