import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import Fastify, { type FastifyInstance } from 'fastify';
import { Kept } from '../../../test/kept.ts';
import { TokenGuard } from '../../base/token-guard.ts';
import { bulkOf } from './bulk.ts';
import { httpInput } from './http.ts';

let app: FastifyInstance;
afterEach(() => app.close());

async function cluster(elasticsearch_path = '') {
  app = Fastify({ exposeHeadRoutes: false });
  const guard = new TokenGuard(async (token) => token === 'right');
  const input = httpInput({ source: 'es', guard, elasticsearch_path });
  await app.register(input.routes);
  const kept = new Kept();
  await input.start(kept.deliver);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const ask = (method: string, path: string, body: string | null = null, headers = {}): Promise<Response> =>
    fetch(url + elasticsearch_path + path, {
      ...{ method, body },
      headers: {
        authorization: `Basic ${Buffer.from('elastic:right').toString('base64')}`,
        ...(body !== null && { 'content-type': 'application/json' }),
        ...headers,
      },
    });
  return { kept, ask };
}

/** What each sender asks, by its source; the docstring of elastic.ts names them. */
const asked: readonly [sender: string, requests: [method: string, path: string, body?: string][]][] = [
  [
    'Filebeat',
    [
      ['GET', '/'],
      ['GET', '/_license?human=false'],
      ['GET', '/_xpack'],
      ['GET', '/_ilm/policy/filebeat'],
      ['PUT', '/_ilm/policy/filebeat', '{"policy":{}}'],
      ['HEAD', '/_index_template/filebeat-8.19.0'],
      ['PUT', '/_index_template/filebeat-8.19.0', '{"index_patterns":["filebeat-*"]}'],
      ['GET', '/_ingest/pipeline/filebeat-8.19.0-zeek'],
      ['PUT', '/_data_stream/filebeat-8.19.0'],
    ],
  ],
  [
    'Logstash',
    [
      ['HEAD', '/'],
      ['GET', '/'],
      ['GET', '/_license'],
      ['HEAD', '/_index_template/ecs-logstash'],
      ['PUT', '/_index_template/ecs-logstash', '{}'],
      ['GET', '/_ilm/policy/logstash-policy'],
      ['HEAD', '/logstash'],
      ['PUT', '/%3Clogstash-%7Bnow%2Fd%7D-000001%3E', '{"aliases":{}}'],
    ],
  ],
  [
    'Vector',
    [
      ['GET', '/'],
      ['GET', '/_cluster/health'],
    ],
  ],
];
for (const [sender, requests] of asked) {
  for (const path of ['', '/elastic']) {
    test(`${sender} finds at its start what it asks for, under ${path || '/'}`, async () => {
      const { ask } = await cluster(path);
      for (const [method, at, body] of requests) {
        const answer = await ask(method, at, body);
        assert.equal(answer.status, 200, `${method} ${at}`);
        assert.equal(answer.headers.get('x-elastic-product'), 'Elasticsearch');
        if (method !== 'HEAD') await answer.json();
      }
    });
  }
}

test('the version, the licence and the health are of the shape that senders read', async () => {
  const { ask } = await cluster();
  const about = (await (await ask('GET', '/')).json()) as { version: { number: string }; tagline: string };
  assert.match(about.version.number, /^8\.\d+\.\d+$/);
  assert.equal(about.tagline, 'You Know, for Search');
  const { license } = (await (await ask('GET', '/_license')).json()) as { license: { status: string } };
  assert.equal(license.status, 'active');
  const health = (await (await ask('GET', '/_cluster/health')).json()) as { status: string };
  assert.equal(health.status, 'green');
  const own = 'application/vnd.elasticsearch+json;compatible-with=8';
  assert.equal((await ask('GET', '/', null, { accept: own })).headers.get('content-type'), own);
});

test('documents that are created or indexed are kept as they are; each item has its result, in order', async () => {
  const { kept, ask } = await cluster();
  const lines = [
    '{"create":{"_index":"logs-zeek","_id":"1"}}',
    '{"ts":1,"uid":"C1","__proto__":{"x":1}}',
    '{"index":{}}',
    '{"b": 2}\r',
    '{"delete":{"_index":"a","_id":"2"}}',
    '{"update":{"_index":"a","_id":"3"}}',
    '{"doc":{}}',
    '{ "create" : {"_index":"a"} }',
    'this is no document',
    '',
    '{"index":{"_index":"a","_type":"_doc","pipeline":"p"}}',
    '{"c":3}',
  ];
  const answer = await ask(
    'POST',
    '/filebeat-8/_bulk?filter_path=errors,items.*.error,items.*.status',
    lines.join('\n'),
  );
  assert.equal(answer.status, 200);
  const { took, ...said } = (await answer.json()) as { took: number };
  assert.ok(took >= 0);
  const notDone = {
    type: 'illegal_argument_exception',
    reason: 'Weir takes create and index, nothing is changed',
  };
  const created = { result: 'created', status: 201 };
  assert.deepEqual(said, {
    errors: true,
    items: [
      { create: { _index: 'logs-zeek', _id: '1', ...created } },
      { index: { _index: 'filebeat-8', ...created } },
      { delete: { _index: 'a', _id: '2', status: 400, error: notDone } },
      { update: { _index: 'a', _id: '3', status: 400, error: notDone } },
      {
        create: {
          ...{ _index: 'a', status: 400 },
          error: { type: 'document_parsing_exception', reason: 'a document is a JSON object on one line' },
        },
      },
      { index: { _index: 'a', ...created } },
    ],
  });
  assert.deepEqual(kept.lines(), [lines[1], lines[3], lines[11]]);
  assert.equal(kept.pieces[0]!.origin, 'http elasticsearch');
});

const limits = { record_bytes: 1000, bulk_items: 3 };
const invalid: readonly [what: string, body: string, says: RegExp][] = [
  ['nothing', '\n', /request body is required/],
  ['a line that is no JSON', 'hello\n{}\n', /^item 1: the line of the action is no JSON$/],
  ['a list', '[]\n{}\n', /the action must be one of create, index, update, delete/],
  ['null', 'null\n{}\n', /the action must be one of/],
  ['two actions', '{"index":{},"create":{}}\n{}\n', /the action must be one of/],
  [
    'an action that reaches for prototypes',
    '{"__proto__":{"_index":"a"}}\n{}\n',
    /the action must be one of/,
  ],
  ['an action without an object', '{"index":1}\n{}\n', /the action names no object/],
  ['a document that is missing', '{"index":{}}\n{}\n{"index":{}}', /^item 2: its document is missing$/],
  ['a long line of an action', `{"index":{"_id":"${'x'.repeat(9000)}"}}\n{}\n`, /longer than 8192 bytes/],
  ['too many items', '{"index":{}}\n{}\n'.repeat(4), /more than 3 items/],
];
for (const [what, body, says] of invalid) {
  test(`a bulk request that is refused whole: ${what}`, () => {
    const bulk = bulkOf(Buffer.from(body), 'a', limits);
    assert.ok('problem' in bulk);
    assert.match(bulk.problem, says);
  });
}

test('of the line of an action only own fields count', () => {
  const bulk = bulkOf(Buffer.from('{"index":{"__proto__":{"_index":"evil"},"_id":7}}\n{}\n'), 'a', limits);
  assert.ok('items' in bulk);
  assert.deepEqual(bulk.items, [{ action: 'index', index: 'a', id: null, error: null }]);
});

test('a bulk request that is refused says why as Elasticsearch does', async () => {
  const { ask } = await cluster();
  const answer = await ask('POST', '/_bulk', 'hello\n');
  assert.equal(answer.status, 400);
  const error = { type: 'illegal_argument_exception', reason: 'item 1: the line of the action is no JSON' };
  assert.deepEqual(await answer.json(), { error: { root_cause: [error], ...error }, status: 400 });
});
