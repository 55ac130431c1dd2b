import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeNetbiosName, parseDnsMessage, parseNetbiosMessage } from './dns.ts';

const name = (text: string): Buffer =>
  Buffer.concat([
    ...text
      .split('.')
      .filter((l) => l !== '')
      .map((l) => Buffer.concat([Buffer.from([l.length]), Buffer.from(l, 'latin1')])),
    Buffer.from([0]),
  ]);
const u16 = (...values: number[]): Buffer => {
  const b = Buffer.alloc(values.length * 2);
  for (const [i, v] of values.entries()) b.writeUInt16BE(v, i * 2);
  return b;
};
const question = (text: string, type: number): Buffer => Buffer.concat([name(text), u16(type, 1)]);
/** An answer for the name of the first question, by a compression pointer. */
const answer = (type: number, ttl: number, data: Buffer): Buffer =>
  Buffer.concat([u16(0xc00c, type, 1, ttl >>> 16, ttl & 0xffff, data.length), data]);
const message = (flags: number, counts: number[], ...parts: Buffer[]): Buffer =>
  Buffer.concat([u16(0x1234, flags, ...counts), ...parts]);
const parse = (b: Buffer) => parseDnsMessage(b, 0, b.length);

test('a query and its answers are read, names in lower case without the closing dot', () => {
  const m = parse(
    message(
      0x8580,
      [1, 3, 0, 0],
      question('WWW.Example.ORG', 1),
      answer(5, 300, Buffer.concat([Buffer.from([3]), Buffer.from('web'), u16(0xc010)])),
      answer(1, 60, Buffer.from([192, 0, 2, 7])),
      answer(28, 120, Buffer.from('20010db8000000000000000000000001', 'hex')),
    ),
  );
  assert.ok(m);
  assert.equal(m.id, 0x1234);
  assert.deepEqual(m.questions, [{ name: 'www.example.org', type: 1, type_name: 'A', class: 1 }]);
  assert.deepEqual(
    m.answers.map((a) => a.text),
    ['web.example.org', '192.0.2.7', '2001:db8::1'],
  );
  assert.equal(m.min_ttl_s, 60);
  assert.equal(m.rcode_name, 'NOERROR');
  assert.equal(m.authoritative, true);
  assert.equal(m.complete, true);
});

test('mail, text, service and certificate authority records have a text form', () => {
  const text = Buffer.concat([
    Buffer.from([5]),
    Buffer.from('hello'),
    Buffer.from([5]),
    Buffer.from('world'),
  ]);
  const m = parse(
    message(
      0x8180,
      [1, 5, 0, 0],
      question('example.org', 255),
      answer(15, 1, Buffer.concat([u16(10), name('mx.example.org')])),
      answer(16, 1, text),
      answer(33, 1, Buffer.concat([u16(0, 0, 5060), name('sip.example.org')])),
      answer(257, 1, Buffer.concat([Buffer.from([0, 5]), Buffer.from('issueca.example')])),
      answer(
        65,
        1,
        Buffer.concat([u16(1), Buffer.from([0]), u16(1, 3), Buffer.from([2]), Buffer.from('h3')]),
      ),
    ),
  );
  assert.deepEqual(
    m?.answers.map((a) => a.text),
    ['mx.example.org', 'hello world', 'sip.example.org:5060', 'issue ca.example', '1 . alpn=h3'],
  );
  assert.equal(m?.answers[4]?.type_name, 'HTTPS');
});

test('unprintable bytes and dots inside a label are escaped, so a name cannot pretend to be another', () => {
  const m = parse(
    message(0x0100, [1, 0, 0, 0], Buffer.from('0361 2e62 02 0a5c 00'.replaceAll(' ', ''), 'hex'), u16(1, 1)),
  );
  assert.equal(m?.questions[0]?.name, 'a\\x2eb.\\x0a\\x5c');
});

test('compression that loops, points forward or runs out of the message ends the reading', () => {
  const loop = message(0x8180, [1, 1, 0, 0], question('a.example', 1), u16(0xc01b, 1, 1, 0, 60, 4, 0, 0));
  const m = parse(loop);
  assert.equal(m?.complete, false);
  assert.equal(m?.answers.length, 0);
  assert.equal(parse(message(0x0100, [1, 0, 0, 0], u16(0xc00c, 1, 1))), null);
  assert.equal(parse(message(0x0100, [1, 0, 0, 0], Buffer.from([63, 1, 2, 3, 4, 5, 6]))), null);
});

test('bytes that are not DNS are told by the header', () => {
  assert.equal(parse(Buffer.from('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n')), null);
  assert.equal(parse(Buffer.alloc(11)), null);
  assert.equal(parse(Buffer.alloc(100, 0xff)), null);
});

test('NetBIOS names are decoded from their letters', () => {
  assert.deepEqual(decodeNetbiosName('EGFCEFEECACACACACACACACACACACACA'), { name: 'FRED', suffix: 0x20 });
  assert.equal(decodeNetbiosName('EGFCEFEE'), null);
  const b = message(0x0110, [1, 0, 0, 0], question('EGFCEFEECACACACACACACACACACACACA', 32));
  const m = parseNetbiosMessage(b, 0, b.length);
  assert.deepEqual(m?.questions[0], { name: 'fred', type: 32, type_name: 'NB', class: 1 });
});
