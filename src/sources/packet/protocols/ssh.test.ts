import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { hassh, hasshServer, parseSsh, parseSshBanner } from './ssh.ts';

const lists = [
  'curve25519-sha256,ext-info-c',
  'ssh-ed25519',
  'aes256-ctr',
  'aes128-ctr',
  'hmac-sha2-256',
  'hmac-sha1',
];
const all = [...lists, 'none', 'zlib', '', ''];
function packet(): Buffer {
  const names = all.map((t) => {
    const b = Buffer.alloc(4 + t.length);
    b.writeUInt32BE(t.length, 0);
    b.write(t, 4);
    return b;
  });
  const payload = Buffer.concat([Buffer.from([20]), Buffer.alloc(16, 9), ...names, Buffer.alloc(5)]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + payload.length + 4, 0);
  head[4] = 4;
  return Buffer.concat([head, payload, Buffer.alloc(4)]);
}
const hello = Buffer.concat([Buffer.from('SSH-2.0-OpenSSH_9.6 Debian-1\r\n'), packet()]);
const md5 = (t: string): string => createHash('md5').update(t).digest('hex');

test('banner and key exchange give software and HASSH of both directions', () => {
  const side = parseSsh(hello, 0, hello.length);
  assert.ok(typeof side === 'object' && side.kex !== null);
  assert.equal(side.banner, 'SSH-2.0-OpenSSH_9.6 Debian-1');
  assert.equal(side.version, '2.0');
  assert.equal(side.software, 'OpenSSH_9.6 Debian-1');
  assert.equal(hassh(side.kex), md5('curve25519-sha256,ext-info-c;aes256-ctr;hmac-sha2-256;none'));
  assert.equal(hasshServer(side.kex), md5('curve25519-sha256,ext-info-c;aes128-ctr;hmac-sha1;zlib'));
});

test('a cut prefix asks for more, other protocols are refused', () => {
  for (let n = 1; n < hello.length; n++) assert.equal(parseSsh(hello, 0, n), 'more', `after ${n} bytes`);
  const b = Buffer.from('GET / HTTP/1.1\r\n\r\n');
  assert.equal(parseSsh(b, 0, b.length), 'no');
  const binary = Buffer.from([0x16, 3, 1, 10, 0, 1, 10]);
  assert.equal(parseSsh(binary, 0, binary.length), 'no');
});

test('lines of text before the banner of a server are passed over, and SSH 1 has no key exchange to wait for', () => {
  const b = Buffer.from('Welcome\r\nSSH-1.5-OldOne\n');
  const side = parseSshBanner(b, 0, b.length);
  assert.ok(typeof side === 'object');
  assert.equal(side.software, 'OldOne');
  const whole = parseSsh(b, 0, b.length);
  assert.ok(typeof whole === 'object' && whole.kex === null);
});
