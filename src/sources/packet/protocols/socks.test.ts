import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feedSocks, looksLikeSocks, newSocks } from './socks.ts';

test('SOCKS 5 with a password gives name, port and user, and says where the tunnel begins', () => {
  const s = newSocks();
  const say = (client: boolean, ...parts: (string | number[])[]): [number, number] => {
    const b = Buffer.concat(parts.map((p) => Buffer.from(p as string)));
    return [feedSocks(s, client, b, 0, b.length), b.length];
  };
  assert.ok(looksLikeSocks(Buffer.from([5, 2, 0, 2]), 0, 4));
  say(true, [5, 2, 0, 2]);
  say(false, [5, 2]);
  say(true, [1, 5], 'alice', [6], 's3cret');
  say(false, [1, 0]);
  say(true, [5, 1, 0, 3, 11], 'Exam');
  say(true, 'ple.org', [1, 187]);
  assert.equal(s.state, 'open');
  const [at, length] = say(false, [5, 0, 0, 1, 0, 0, 0, 0, 0, 0], 'HELLO');
  assert.equal(s.state, 'tunnel');
  assert.equal(length - at, 5);
  assert.equal(s.host, 'example.org');
  assert.equal(s.port, 443);
  assert.equal(s.username, 'alice');
  assert.ok(!JSON.stringify(s).includes('s3cret'));
});

test('SOCKS 4a names are read, a refusal is told, other bytes are refused', () => {
  const s = newSocks();
  const b = Buffer.concat([Buffer.from([4, 1, 0, 80, 0, 0, 0, 1]), Buffer.from('bob\0host.example\0')]);
  assert.ok(looksLikeSocks(b, 0, b.length));
  feedSocks(s, true, b, 0, b.length);
  assert.equal(s.host, 'host.example');
  assert.equal(s.username, 'bob');
  feedSocks(s, false, Buffer.from([0, 91, 0, 0, 0, 0, 0, 0]), 0, 8);
  assert.equal(s.state, 'failed');
  const other = newSocks();
  feedSocks(other, true, Buffer.from('GET / HTTP/1.1\r\n'), 0, 16);
  assert.equal(other.state, 'no');
});
