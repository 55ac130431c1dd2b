import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import Fastify, { type FastifyInstance } from 'fastify';
import { Kept } from '../../../test/kept.ts';
import { TokenGuard } from '../../base/token-guard.ts';
import { httpInput } from './http.ts';

let app: FastifyInstance;
afterEach(() => app.close());

async function collector(limits = {}) {
  app = Fastify({ exposeHeadRoutes: false });
  const guard = new TokenGuard(async (token) => token === 'right');
  const input = httpInput({ source: 'hec', guard, limits });
  await app.register(input.routes);
  const kept = new Kept();
  await input.start(kept.deliver);
  const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/services/collector`;
  const send = async (path: string, body: string | Buffer, headers = {}): Promise<[number, unknown]> => {
    const answer = await fetch(url + path, {
      ...{ method: 'POST', body },
      headers: { authorization: 'Splunk right', 'x-splunk-request-channel': '1-2-3', ...headers },
    });
    return [answer.status, await answer.json()];
  };
  return { url, kept, send };
}

const ok = [200, { text: 'Success', code: 0 }];

test('events behind each other are kept with their envelope, one a line', async () => {
  const { kept, send } = await collector();
  const one = '{"time":1,"host":"a","sourcetype":"zeek","event":{"ts":1,"uid":"C1"}}';
  assert.deepEqual(await send('/event', `${one}${one}\n\n${one.replace(',"host"', ',\n"host"')}`), ok);
  assert.deepEqual(kept.lines(), [one, one, one.replace(',"host"', ', "host"')]);
  assert.equal(kept.pieces[0]!.origin, 'http hec');
});

test('all paths of events and of lines are answered, packed too', async () => {
  const { kept, send } = await collector();
  for (const path of ['', '/1.0', '/event', '/event/1.0'])
    assert.deepEqual(await send(path, '{"event":"a"}'), ok);
  for (const path of ['/raw', '/raw/1.0', '/raw?channel=1-2-3&host=b'])
    assert.deepEqual(await send(path, 'b\nc'), ok);
  assert.deepEqual(await send('/event', gzipSync('{"event":"d"}'), { 'content-encoding': 'gzip' }), ok);
  assert.equal(kept.lines().length, 11);
});

const refused: readonly [what: string, path: string, body: string, said: object][] = [
  ['nothing', '/event', '', { text: 'No data', code: 5 }],
  ['no lines', '/raw', '\n', { text: 'No data', code: 5 }],
  [
    'no JSON',
    '/event',
    'hello',
    { text: 'Invalid data format', code: 6, 'invalid-event-number': 0, reason: 'it is no object' },
  ],
  [
    'half an event',
    '/event',
    '{"event":1}{"event":',
    { text: 'Invalid data format', code: 6, 'invalid-event-number': 1, reason: 'it is cut off' },
  ],
  [
    'an event without event',
    '/event',
    '{"event":1}{"a":{"event":2}}',
    { text: 'Event field is required', code: 12, 'invalid-event-number': 1 },
  ],
  [
    'event as a value',
    '/event',
    '{"a":"event"}',
    { text: 'Event field is required', code: 12, 'invalid-event-number': 0 },
  ],
  [
    'an empty event',
    '/event',
    '{"event" : ""}',
    { text: 'Event field cannot be blank', code: 13, 'invalid-event-number': 0 },
  ],
  [
    'no event at all',
    '/event',
    '{"a":[1],"event":null}',
    { text: 'Event field cannot be blank', code: 13, 'invalid-event-number': 0 },
  ],
];
for (const [what, path, body, said] of refused) {
  test(`the codes of Splunk: ${what}`, async () => {
    const { kept, send } = await collector();
    assert.deepEqual(await send(path, body), [400, said]);
    assert.equal(kept.pieces.length, 0);
  });
}

test('a token in the query is not looked at', async () => {
  const { url } = await collector();
  const answer = await fetch(`${url}/event?token=right`, { method: 'POST', body: '{"event":1}' });
  assert.deepEqual([answer.status, await answer.json()], [401, { text: 'Token is required', code: 2 }]);
});

test('acknowledgement by the indexer is off, and said so', async () => {
  const { send } = await collector();
  assert.deepEqual(await send('/ack?channel=1-2-3', '{"acks":[0]}'), [
    400,
    { text: 'ACK is disabled', code: 14 },
  ]);
});

test('health is told without a token', async () => {
  const { url } = await collector();
  for (const path of ['/health', '/health/1.0'])
    assert.deepEqual(await (await fetch(url + path)).json(), { text: 'HEC is healthy', code: 17 });
});

test('a body that is too large is refused with its reason', async () => {
  const { send } = await collector({ sent_bytes: 100 });
  const said = { text: 'Invalid data format', code: 6, reason: 'the body is larger than 100 bytes' };
  assert.deepEqual(await send('/event', `{"event":"${'x'.repeat(200)}"}`), [413, said]);
});
