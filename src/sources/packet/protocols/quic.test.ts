import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { test } from 'node:test';
import { ja4 } from './ja4.ts';
import { feedQuic, initialKeys, looksLikeQuic, newQuic, type PacketKeys } from './quic.ts';

/** Known answers of RFC 9001, appendix A, and RFC 9369, appendix A. */
const id = Buffer.from('8394c8f03e515708', 'hex');
const crypto = Buffer.from(
  '060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c000004130113020100' +
    '00c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e00' +
    '0500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748' +
    '002b0003020304000d0010000e0403050306030203080408050806002d00020101001c00024001003900320408ffffffffffff' +
    'ffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff',
  'hex',
);
const serverV1 = Buffer.from(
  'cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f' +
    '5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd937' +
    '95d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee',
  'hex',
);
const serverV2 = Buffer.from(
  'dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf87263017915358' +
    '230035f7fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2c984c707f0a081' +
    '2d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140',
  'hex',
);

/** Protects an Initial packet as RFC 9001, 5 says; written apart from the code under test. */
function protect(keys: PacketKeys, header: string, numberLength: number, payload: Buffer): Buffer {
  const head = Buffer.from(header, 'hex');
  const nonce = Buffer.from(keys.iv);
  for (let i = 1; i <= numberLength; i++) nonce[12 - i]! ^= head[head.length - i]!;
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonce);
  cipher.setAAD(head);
  const packet = Buffer.concat([head, cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
  const number = head.length - numberLength;
  const sample = packet.subarray(number + 4, number + 20);
  const mask = createCipheriv('aes-128-ecb', keys.hp, null).update(sample);
  packet[0]! ^= mask[0]! & 0x0f;
  for (let i = 0; i < numberLength; i++) packet[number + i]! ^= mask[1 + i]!;
  return packet;
}
const padded = Buffer.concat([crypto, Buffer.alloc(1162 - crypto.length)]);
const headerV1 = 'c300000001088394c8f03e5157080000449e00000002';
const headerV2 = 'd36b3343cf088394c8f03e5157080000449e00000002';

function feed(packets: readonly (readonly [boolean, Buffer])[]) {
  const session = newQuic();
  for (const [client, p] of packets) feedQuic(session, client, p, 0, p.length);
  return session;
}

test('the keys of QUIC 1 and 2 are those that the RFCs print', () => {
  const one = initialKeys(1, id);
  assert.equal(one.client.key.toString('hex'), '1f369613dd76d5467730efcbe3b1a22d');
  assert.equal(one.client.iv.toString('hex'), 'fa044b2f42a3fd3b46fb255c');
  assert.equal(one.client.hp.toString('hex'), '9f50449e04a0e810283a1e9933adedd2');
  assert.equal(one.server.key.toString('hex'), 'cf3a5331653c364c88f0f379b6067e37');
  assert.equal(one.server.iv.toString('hex'), '0ac1493ca1905853b0bba03e');
  assert.equal(one.server.hp.toString('hex'), 'c206b8d9b9f0f37644430b490eeaa314');
  const two = initialKeys(0x6b3343cf, id);
  assert.equal(two.client.key.toString('hex'), '8b1a0bc121284290a29e0971b5cd045d');
  assert.equal(two.client.iv.toString('hex'), '91f73e2351d8fa91660e909f');
  assert.equal(two.client.hp.toString('hex'), '45b95e15235d6f45a6b19cbcb0294ba9');
  assert.equal(two.server.key.toString('hex'), '82db637861d55e1d011f19ea71d5d2a7');
  assert.equal(two.server.iv.toString('hex'), 'dd13c276499c0249d3310652');
  assert.equal(two.server.hp.toString('hex'), 'edf6d05c83121201b436e16877593c3a');
});

test("the client's and the server's hello are read from the packets of RFC 9001", () => {
  const client = protect(initialKeys(1, id).client, headerV1, 4, padded);
  assert.equal(client.length, 1200);
  assert.equal(
    client.toString('hex', 0, 32),
    'c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11',
  );
  assert.equal(client.toString('hex', 1184), 'e221af44860018ab0856972e194cd934');
  assert.ok(looksLikeQuic(client, 0, client.length));
  const session = feed([
    [true, client],
    [false, serverV1],
  ]);
  assert.equal(session.client_hello?.server_name, 'example.com');
  assert.deepEqual(session.client_hello?.alpn, ['alpn']);
  assert.equal(ja4(session.client_hello!, 'q').slice(0, 10), 'q13d0211an');
  assert.equal(session.server_hello?.chosen_version, 0x0304);
  assert.equal(session.server_hello?.cipher, 0x1301);
});

test('QUIC 2 is read the same way with the packets of RFC 9369', () => {
  const client = protect(initialKeys(0x6b3343cf, id).client, headerV2, 4, padded);
  assert.equal(client.toString('hex', 0, 26), 'd76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6a');
  const session = feed([
    [true, client],
    [false, serverV2],
  ]);
  assert.equal(session.client_hello?.server_name, 'example.com');
  assert.equal(session.server_hello?.cipher, 0x1301);
});

test('a hello in pieces, out of order and over several packets, is put together', () => {
  const { client } = initialKeys(1, id);
  const message = crypto.subarray(4);
  const piece = (from: number, to: number): Buffer => {
    const frame = Buffer.alloc(5 + to - from);
    frame[0] = 6;
    frame.writeUInt16BE(0x4000 | from, 1);
    frame.writeUInt16BE(0x4000 | (to - from), 3);
    message.copy(frame, 5, from, to);
    return frame;
  };
  const packet = (number: number, ...frames: Buffer[]): Buffer => {
    const payload = Buffer.concat(frames);
    const header = Buffer.from(headerV1.slice(0, -8), 'hex');
    header.writeUInt16BE(0x4000 | (4 + payload.length + 16), header.length - 2);
    return protect(client, header.toString('hex') + number.toString(16).padStart(8, '0'), 4, payload);
  };
  const ping = Buffer.from([1]);
  const session = newQuic();
  for (const p of [
    packet(3, piece(100, 241), ping),
    packet(1, ping, piece(60, 120)),
    packet(2, piece(0, 61)),
  ]) {
    assert.equal(session.client_hello, null);
    feedQuic(session, true, p, 0, p.length);
  }
  assert.equal(session.client_hello?.server_name, 'example.com');
});

test('a packet that was changed on the way, or is not QUIC, gives nothing', () => {
  const client = protect(initialKeys(1, id).client, headerV1, 4, padded);
  client[600]! ^= 1;
  assert.equal(feed([[true, client]]).client_hello, null);
  const other = Buffer.alloc(1200, 0xff);
  assert.equal(looksLikeQuic(other, 0, other.length), false);
  assert.equal(feed([[true, other]]).state, 'no');
});
