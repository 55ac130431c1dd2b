import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialOf, TokenGuard } from './token-guard.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const headers: readonly [header: string | undefined, found: unknown][] = [
  [undefined, null],
  ['Bearer abc', { scheme: 'bearer', token: 'abc' }],
  ['bearer   abc ', { scheme: 'bearer', token: 'abc' }],
  ['Splunk A-B', { scheme: 'splunk', token: 'A-B' }],
  [`Basic ${base64('elastic:abc:d')}`, { scheme: 'basic', token: 'abc:d' }],
  [`Basic ${base64(':abc')}`, { scheme: 'basic', token: 'abc' }],
  [`ApiKey ${base64('id:abc')}`, { scheme: 'apikey', token: 'abc' }],
  [`Basic ${base64('abc')}`, 'malformed'],
  [`Basic ${base64('abc:')}`, 'malformed'],
  ['', 'malformed'],
  ['abc', 'malformed'],
  ['Bearer', 'malformed'],
  ['Bearer a b', 'malformed'],
  ['Digest abc', 'malformed'],
  [`Bearer ${'x'.repeat(513)}`, 'malformed'],
  [`Bearer ${'x'.repeat(5000)}`, 'malformed'],
];
for (const [header, found] of headers) {
  test(`of the header ${header?.slice(0, 40) ?? '(none)'} the token is ${JSON.stringify(found)}`, () => {
    assert.deepEqual(credentialOf(header), found);
  });
}

function guarded(limits = {}) {
  const state = { asked: 0, now: 1_000_000, right: 'right' };
  const check = async (token: string): Promise<boolean> => {
    state.asked++;
    return token === state.right;
  };
  return { state, guard: new TokenGuard(check, limits, () => state.now) };
}

test('an address that tried many wrong tokens is not asked further for a minute, others are', async () => {
  const { state, guard } = guarded({ tries_a_minute: 3 });
  const said: string[] = [];
  for (let i = 0; i < 5; i++) said.push(await guard.admit('10.0.0.1', `wrong ${i}`));
  assert.deepEqual(said, ['wrong', 'wrong', 'wrong', 'too many', 'too many']);
  assert.equal(state.asked, 3);
  assert.equal(await guard.admit('10.0.0.2', 'right'), 'right');
  assert.equal(
    await guard.admit('10.0.0.1', 'right'),
    'right',
    'who was just let in is let in from anywhere',
  );
  state.now += 61_000;
  assert.equal(await guard.admit('10.0.0.1', 'wrong 9'), 'wrong');
});

test('the same wrong token is looked up once, and still counts as tries', async () => {
  const { state, guard } = guarded({ tries_a_minute: 4 });
  const said: string[] = [];
  for (let i = 0; i < 6; i++) said.push(await guard.admit('10.0.0.1', 'wrong'));
  assert.deepEqual(said, ['wrong', 'wrong', 'wrong', 'wrong', 'too many', 'too many']);
  assert.equal(state.asked, 1);
});

test('all addresses of an IPv6 network count as one', async () => {
  const { guard } = guarded({ tries_a_minute: 1 });
  assert.equal(await guard.admit('2001:db8:1:2:3::1', 'a'), 'wrong');
  assert.equal(await guard.admit('2001:db8:1:2:4::1', 'b'), 'too many');
  assert.equal(await guard.admit('2001:db8:1:3:4::1', 'c'), 'wrong');
});

test('from however many addresses, only so many tokens are looked up in a second', async () => {
  const { state, guard } = guarded({ checks_a_second: 10 });
  assert.equal(await guard.admit('10.0.0.1', 'right'), 'right');
  for (let i = 0; i < 1000; i++) await guard.admit(`10.1.${i >> 8}.${i & 255}`, `wrong ${i}`);
  assert.equal(state.asked, 10);
  assert.equal(await guard.admit('10.0.0.1', 'right'), 'right', 'who is known is not held up');
  state.now += 1000;
  assert.equal(await guard.admit('10.9.0.1', 'wrong'), 'wrong');
});

test('a token that was taken back is refused within seconds', async () => {
  const { state, guard } = guarded();
  assert.equal(await guard.admit('10.0.0.1', 'right'), 'right');
  state.right = 'another';
  state.now += 5001;
  assert.equal(await guard.admit('10.0.0.1', 'right'), 'wrong');
});

test('those who ask at the same time share one look-up, and its failure is remembered by nobody', async () => {
  let asked = 0;
  let broken = true;
  const guard = new TokenGuard(async () => {
    asked++;
    if (broken) throw new Error('no store');
    return true;
  });
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => guard.admit('10.0.0.1', 'a')));
  assert.ok(all.every(({ status }) => status === 'rejected'));
  assert.equal(asked, 1);
  broken = false;
  assert.equal(await guard.admit('10.0.0.1', 'a'), 'right');
});
