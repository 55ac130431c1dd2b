import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import Fastify, { type FastifyInstance } from 'fastify';
import { Kept } from '../../../test/kept.ts';
import { WeirError } from '../../base/error.ts';
import { TokenGuard } from '../../base/token-guard.ts';
import { type HttpInput, type HttpOptions, httpInput } from './http.ts';

const servers: FastifyInstance[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.server.closeAllConnections();
    await server.close();
  }
});

type Body = NonNullable<RequestInit['body']>;

interface Place {
  readonly url: string;
  readonly port: number;
  readonly input: HttpInput;
  readonly kept: Kept;
  post(path: string, body: Body, headers?: Record<string, string>): Promise<Response>;
}

async function serving(options: Partial<HttpOptions> = {}, begin = true): Promise<Place> {
  const app = Fastify({ exposeHeadRoutes: false });
  servers.push(app);
  const guard = new TokenGuard(async (token) => token === 'right');
  const input = httpInput({ source: 'shippers', guard, ...options });
  await app.register(input.routes);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const kept = new Kept();
  if (begin) await input.start(kept.deliver);
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const post = (path: string, body: Body, headers = {}): Promise<Response> =>
    fetch(`${url}${path}`, { method: 'POST', body, headers: { authorization: 'Bearer right', ...headers } });
  return { url, port, input, kept, post };
}

const ndjson = { 'content-type': 'application/x-ndjson' };
const json = { 'content-type': 'application/json' };
const base64 = (text: string): string => Buffer.from(text).toString('base64');

test('lines are kept as they came, and then it is said so', async () => {
  const { post, kept, input } = await serving();
  const text = '{"a":1}\r\n\n{"b": "ü"}\nplain line';
  const answer = await post('/v1/ingest/zeek', text, ndjson);
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { records: 3 });
  const { bytes, received_at, ...piece } = kept.pieces[0]!;
  assert.equal(Buffer.from(bytes).toString(), `${text}\n`);
  assert.ok(Math.abs(received_at - Date.now() * 1000) < 10_000_000);
  assert.deepEqual(piece, { source: 'shippers', origin: 'http zeek', offset: 0, line: 0, position: null });
  assert.equal(input.state().received_records, 3);
});

const bodies: readonly [what: string, body: string, headers: Record<string, string>, lines: string[]][] = [
  ['a list', '[{"a":1},\n {"b":[2,"]"]} ]', json, ['{"a":1}', '{"b":[2,"]"]}']],
  [
    'a list that is not called JSON',
    ' [{"a":1}]',
    { 'content-type': 'application/octet-stream' },
    ['{"a":1}'],
  ],
  ['an empty list', '[ ]', json, []],
  ['an object over several lines', '{\n "a": 1\n}\n', json, ['{  "a": 1 }']],
  ['objects behind each other', '{"a":1}{"b":2} {"c":3}\n', json, ['{"a":1}', '{"b":2}', '{"c":3}']],
  ['a list in text is a line', '[12:00] started', { 'content-type': 'text/plain' }, ['[12:00] started']],
  [
    'strings with quotes and brackets',
    '[{"a":"\\"}]\\\\"},{"b":"{"}]',
    json,
    ['{"a":"\\"}]\\\\"}', '{"b":"{"}'],
  ],
  [
    'keys that reach for prototypes',
    '[{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}]',
    json,
    ['{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}'],
  ],
  [
    'lines with keys that reach for prototypes',
    '{"__proto__":{"polluted":1}}\n',
    ndjson,
    ['{"__proto__":{"polluted":1}}'],
  ],
  ['blank lines only', '\n\r\n\n', ndjson, []],
];
for (const [what, body, headers, lines] of bodies) {
  test(`a body is cut into records: ${what}`, async () => {
    const { post, kept } = await serving();
    const answer = await post('/v1/ingest/a', body, headers);
    assert.deepEqual(await answer.json(), { records: lines.length });
    assert.deepEqual(kept.lines(), lines);
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  });
}

const broken: readonly [what: string, body: string, headers: Record<string, string>, says: RegExp][] = [
  ['a list without an end', '[{"a":1}', json, /record 2?1?: the list has no end/],
  [
    'a list with half a record',
    '[{"a":1},{"b":',
    json,
    /record 2: it is cut off; nothing of the body was taken/,
  ],
  ['brackets that do not match', '{"a":[1}', json, /record 1: its brackets do not match/],
  ['a string without an end', '{"a":"b', json, /record 1: a string is cut off/],
  ['a missing comma', '[{"a":1}{"b":2}]', json, /a comma is missing/],
  ['something behind a list', '[{"a":1}] {"b":2}', json, /something follows the list/],
  ['nesting without an end', '{"a":'.repeat(100_000), json, /nested more than 64 deep/],
  ['a list of numbers', '[1,2]', json, /record 1: it is no object/],
  ['no JSON', 'hello', json, /record 1: it is no object/],
  ['signs', '?', json, /record 1: it is no JSON/],
  [
    'a line that is too long',
    `{"a":1}\n${'x'.repeat(2000)}\n`,
    ndjson,
    /record 2: the line is longer than 1000 bytes/,
  ],
  [
    'a record that is too long',
    `[{"a":"${'x'.repeat(2000)}"}]`,
    json,
    /record 1: the record is longer than 1000 bytes/,
  ],
];
for (const [what, body, headers, says] of broken) {
  test(`a body that is refused with the reason, whole: ${what}`, async () => {
    const { post, kept, input } = await serving({ limits: { record_bytes: 1000 } });
    const answer = await post('/v1/ingest/a', body, headers);
    assert.equal(answer.status, 400);
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    assert.equal(error.code, 'request_invalid');
    assert.match(error.message, says);
    assert.equal(kept.pieces.length, 0);
    assert.equal(input.state().received_records, 0);
  });
}

test('bytes that are no UTF-8, and NULs, are kept as they are', async () => {
  const { post, kept } = await serving();
  const bytes = Buffer.from([0xff, 0xfe, 0, 0x80, 10, 0xc3, 10]);
  assert.equal((await post('/v1/ingest/a', bytes)).status, 200);
  assert.deepEqual(Buffer.from(kept.pieces[0]!.bytes), bytes);
});

const text = '{"a":1}\n{"b":2}\n'.repeat(1000);
const packed: readonly [encoding: string, body: Buffer][] = [
  ['gzip', gzipSync(text)],
  ['GZIP', Buffer.concat([gzipSync(text.slice(0, 8000)), gzipSync(text.slice(8000))])],
  ['deflate', deflateSync(text)],
  ['deflate', deflateRawSync(text)],
  ['zstd', zstdCompressSync(text)],
  ['zstd', Buffer.concat([zstdCompressSync(text.slice(0, 8000)), zstdCompressSync(text.slice(8000))])],
  ['identity', Buffer.from(text)],
];
for (const [at, [encoding, body]] of packed.entries()) {
  test(`a body packed with ${encoding} is unpacked (${at + 1})`, async () => {
    const { post, kept } = await serving();
    const answer = await post('/v1/ingest/a', body, { 'content-encoding': encoding, ...ndjson });
    assert.deepEqual(await answer.json(), { records: 2000 });
    assert.equal(kept.lines().join('\n'), text.trimEnd());
  });
}

const hostile: readonly [what: string, encoding: string, body: Buffer, status: number, says: RegExp][] = [
  ['a bomb of gzip', 'gzip', gzipSync(Buffer.alloc(200_000_000)), 413, /unpacks to more than \d+ bytes/],
  [
    'a bomb of zstd',
    'zstd',
    zstdCompressSync(Buffer.alloc(200_000_000)),
    413,
    /unpacks to more than 1048576 bytes/,
  ],
  [
    'a bomb of deflate',
    'deflate',
    deflateSync(Buffer.alloc(2_000_000)),
    413,
    /unpacks to more than 1048576 bytes/,
  ],
  [
    'frames of zstd beyond the bound',
    'zstd',
    Buffer.concat(Array(3).fill(zstdCompressSync(Buffer.alloc(600_000)))),
    413,
    /unpacks/,
  ],
  ['damaged gzip', 'gzip', gzipSync(text).fill(7, 20), 400, /cannot be unpacked/],
  ['gzip that is cut off', 'gzip', gzipSync(text).subarray(0, 40), 400, /cannot be unpacked/],
  [
    'zstd with something behind it',
    'zstd',
    Buffer.concat([zstdCompressSync(text), Buffer.from('xyzw xyzw')]),
    400,
    /cannot be unpacked/,
  ],
  ['text that is called gzip', 'gzip', Buffer.from(text), 400, /cannot be unpacked/],
  ['brotli', 'br', Buffer.from(text), 415, /must be gzip, zstd or deflate; it is "br"/],
  ['several encodings', 'gzip, gzip', Buffer.from(text), 415, /must be gzip/],
];
for (const [what, encoding, body, status, says] of hostile) {
  test(`${what} is refused, and nothing of it is kept`, async () => {
    const { post, kept } = await serving();
    const answer = await post('/v1/ingest/a', body, { 'content-encoding': encoding });
    assert.equal(answer.status, status);
    assert.match(((await answer.json()) as { error: { message: string } }).error.message, says);
    assert.equal(kept.pieces.length, 0);
  });
}

test('bombs at the same time hold no more than the bound', async () => {
  const { post } = await serving();
  const body = gzipSync(Buffer.alloc(100_000_000));
  const before = process.memoryUsage().rss;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss - before);
  }, 5);
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => post('/v1/ingest/a', body, { 'content-encoding': 'gzip' })),
  );
  clearInterval(watch);
  assert.ok(answers.every(({ status }) => status === 413));
  // 60 times what one may unpack to (100 times 97 kB) would be 580 MB; four at a time are under way.
  assert.ok(most < 250_000_000, `${Math.round(most / 1e6)} MB`);
});

test('a body that is too large is refused, whether its length was said or not', async () => {
  const { post, kept } = await serving({ limits: { sent_bytes: 10_000 } });
  const said = await post('/v1/ingest/a', 'x'.repeat(10_001));
  assert.equal(said.status, 413);
  assert.deepEqual(await said.json(), {
    error: { code: 'too_large', message: 'the body is larger than 10000 bytes' },
  });
  const stream = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 30; i++) controller.enqueue(Buffer.alloc(1000, 120));
      controller.close();
    },
  });
  const unsaid = await fetch(`${(await serving({ limits: { sent_bytes: 10_000 } })).url}/v1/ingest/a`, {
    ...{ method: 'POST', body: stream, duplex: 'half' },
    headers: { authorization: 'Bearer right' },
  } as RequestInit);
  assert.equal(unsaid.status, 413);
  assert.equal(kept.pieces.length, 0);
});

test('a body that does not come is given up', async () => {
  const { port, kept } = await serving({ limits: { body_ms: 150 } });
  const socket = connect(port, '127.0.0.1');
  socket.write(
    'POST /v1/ingest/a HTTP/1.1\r\nhost: a\r\nauthorization: Bearer right\r\ncontent-length: 100\r\n\r\n',
  );
  const trickle = setInterval(() => socket.write('x'), 20);
  const [answer] = await once(socket, 'data');
  socket.on('error', () => {});
  clearInterval(trickle);
  socket.destroy();
  assert.match(String(answer), /^HTTP\/1\.1 408 .*the body was not complete after 0\.15 s/s);
  assert.match(String(answer), /\r\nconnection: close\r\n/i);
  assert.equal(kept.pieces.length, 0);
});

test('a body that is cut off is not kept', async () => {
  const { port, kept, input } = await serving();
  const socket = connect(port, '127.0.0.1');
  socket.write(
    'POST /v1/ingest/a HTTP/1.1\r\nhost: a\r\nauthorization: Bearer right\r\ncontent-length: 100\r\n\r\n{}\n{}',
  );
  await sleep(50);
  socket.destroy();
  await sleep(50);
  assert.equal(kept.pieces.length, 0);
  await input.stop(1000);
});

test('success is never said before it is true', async () => {
  const { post, kept } = await serving();
  let release = (): void => {};
  kept.keep = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  const order: string[] = [];
  const paths: [string, string][] = [
    ['/v1/ingest/a', '{"a":1}\n'],
    ['/services/collector/event', '{"event":{"a":1}}'],
    ['/services/collector/raw', 'a'],
    ['/_bulk', '{"create":{"_index":"a"}}\n{"a":1}\n'],
  ];
  for (const [path, body] of paths) {
    order.length = 0;
    const answered = post(path, body).then((answer) => {
      order.push(`said ${answer.status}`);
    });
    await sleep(60);
    assert.equal(order.length, 0, path);
    order.push('kept');
    release();
    await answered;
    assert.equal(order.join(), 'kept,said 200', path);
  }
});

const busy = (): never => {
  throw new WeirError('busy', 'the journal is full');
};

test('when there is no room, each protocol says so in its own words', async () => {
  const { post, kept, url, input } = await serving();
  kept.keep = busy;
  const plain = await post('/v1/ingest/a', 'a');
  assert.equal(plain.status, 429);
  assert.equal(plain.headers.get('retry-after'), '1');
  assert.deepEqual(await plain.json(), { error: { code: 'busy', message: 'the journal is full' } });
  const hec = await post('/services/collector', '{"event":"a"}');
  assert.equal(hec.status, 503);
  assert.deepEqual(await hec.json(), { text: 'Server is busy', code: 9, reason: 'the journal is full' });
  const health = await fetch(`${url}/services/collector/health`);
  assert.deepEqual(
    [health.status, await health.json()],
    [503, { text: 'HEC is unhealthy, queues are full', code: 18 }],
  );
  const bulk = await post(
    '/_bulk',
    '{"index":{"_index":"a"}}\n{}\n{"create":{"_index":"b","_id":"7"}}\n{}\n',
  );
  assert.equal(bulk.status, 429);
  assert.equal(bulk.headers.get('retry-after'), '1');
  const error = { type: 'es_rejected_execution_exception', reason: 'the journal is full' };
  const { took: _, ...said } = (await bulk.json()) as { took: number };
  assert.deepEqual(said, {
    errors: true,
    items: [
      { index: { _index: 'a', status: 429, error } },
      { create: { _index: 'b', _id: '7', status: 429, error } },
    ],
  });
  assert.equal(input.state().problem, 'the journal is full');
  assert.equal(input.state().received_records, 0);
});

test('when the store is gone it is 503, and a fault of ours is 500', async () => {
  const { post, kept } = await serving();
  kept.keep = () => {
    throw new WeirError('disk_full', 'the disk is full');
  };
  assert.equal((await post('/v1/ingest/a', 'a')).status, 503);
  assert.equal((await post('/services/collector/raw', 'a')).status, 503);
  assert.equal((await post('/_bulk', '{"index":{}}\n{}\n')).status, 503);
  kept.keep = () => {
    throw new TypeError('a fault');
  };
  assert.equal((await post('/v1/ingest/a', 'a')).status, 500);
});

test('while nothing can be kept, memory is bounded and senders are told to wait', async () => {
  const { post, kept } = await serving({ limits: { total_bytes: 3_000_000 } });
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  kept.keep = () => gate;
  const body = `${'x'.repeat(999)}\n`.repeat(1000);
  const waiting: Promise<Response>[] = [];
  for (let i = 0; i < 3; i++) {
    waiting.push(post('/v1/ingest/a', body));
    await sleep(50);
  }
  const statuses = await Promise.all(
    Array.from({ length: 20 }, async () => (await post('/v1/ingest/a', body)).status),
  );
  assert.ok(
    statuses.every((status) => status === 429),
    String(statuses),
  );
  open();
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal((await post('/v1/ingest/a', body)).status, 200);
  assert.equal(kept.lines().length, 4000);
});

test('a large body is delivered in pieces of whole lines, in order', async () => {
  const { post, kept } = await serving({ limits: { piece_bytes: 1000 } });
  const lines = Array.from({ length: 2000 }, (_, i) => `{"n":${i}}`);
  lines[700] = `{"long":"${'x'.repeat(3000)}"}`;
  await post('/v1/ingest/a', lines.join('\n'), ndjson);
  assert.deepEqual(kept.lines(), lines);
  const over = kept.pieces.filter((piece) => piece.bytes.length > 1000);
  assert.equal(over.length, 1);
  assert.ok(kept.pieces.length > 20);
});

test('a million tiny lines in one request are kept', async () => {
  const { post, kept } = await serving();
  const answer = await post('/v1/ingest/a', '1\n'.repeat(1_000_000));
  assert.deepEqual(await answer.json(), { records: 1_000_000 });
  assert.equal(kept.lines().length, 1_000_000);
});

const tokens: readonly [header: string | null, plain: number, hec: [number, number], elastic: number][] = [
  ['Bearer right', 200, [200, 0], 200],
  ['Splunk right', 200, [200, 0], 200],
  [`Basic ${base64('elastic:right')}`, 200, [200, 0], 200],
  [`ApiKey ${base64('id:right')}`, 200, [200, 0], 200],
  ['Bearer wrong', 401, [403, 4], 401],
  ['Bearer', 401, [401, 3], 401],
  ['right', 401, [401, 3], 401],
  [null, 401, [401, 2], 401],
];
for (const [header, plain, [hecStatus, hecCode], elastic] of tokens) {
  test(`a request with ${header === null ? 'no token' : `"${header.split(' ')[0]} …"`} (${plain}) says so in each protocol`, async () => {
    const { url, kept } = await serving();
    const headers: Record<string, string> = header === null ? {} : { authorization: header };
    const send = (path: string, body: string): Promise<Response> =>
      fetch(url + path, { method: 'POST', body, headers });
    assert.equal((await send('/v1/ingest/a', 'a')).status, plain);
    const hec = await send('/services/collector', '{"event":"a"}');
    assert.equal(hec.status, hecStatus);
    assert.equal(((await hec.json()) as { code: number }).code, hecCode);
    const bulk = await send('/_bulk', '{"index":{}}\n{}\n');
    assert.equal(bulk.status, elastic);
    assert.equal(bulk.headers.get('x-elastic-product'), 'Elasticsearch');
    assert.equal((await fetch(`${url}/`, { headers })).status, elastic);
    assert.equal(kept.pieces.length, plain === 200 ? 3 : 0);
  });
}

test('a wrong token costs nothing of the body, and many of them are not looked up', async () => {
  let asked = 0;
  const guard = new TokenGuard(async () => {
    asked++;
    return false;
  });
  const { url, kept, input } = await serving({ guard });
  const statuses = new Map<number, number>();
  for (let i = 0; i < 60; i++) {
    const answer = await fetch(`${url}/v1/ingest/a`, {
      ...{ method: 'POST', body: 'x'.repeat(100_000) },
      headers: { authorization: `Bearer wrong${i}` },
    });
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
  }
  assert.deepEqual(
    [...statuses],
    [
      [401, 20],
      [429, 40],
    ],
  );
  assert.equal(asked, 20);
  assert.equal(kept.pieces.length, 0);
  assert.equal(input.state().received_bytes, 0);
});

test('a key of Idempotency-Key is honoured: once kept, then only answered', async () => {
  const { post, kept } = await serving();
  const send = (key: string, body: string, name = 'a') =>
    post(`/v1/ingest/${name}`, body, { 'idempotency-key': key });
  const first = await send('k1', 'one');
  assert.equal(first.headers.get('idempotent-replayed'), null);
  const again = await send('k1', 'one');
  assert.equal(again.headers.get('idempotent-replayed'), 'true');
  assert.deepEqual(await again.json(), { records: 1 });
  assert.equal((await send('k1', 'two')).status, 422);
  await send('k1', 'one', 'b');
  assert.deepEqual(kept.lines(), ['one', 'one']);
  assert.equal((await send('', 'one')).status, 400);
});

test('requests with the same key at the same time are kept once; one that failed may be tried again', async () => {
  const { post, kept } = await serving();
  let release = (): void => {};
  kept.keep = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  const send = () => post('/v1/ingest/a', 'one', { 'idempotency-key': 'k' });
  const both = [send(), send()];
  await sleep(80);
  release();
  assert.deepEqual(
    (await Promise.all(both)).map(({ status }) => status),
    [200, 200],
  );
  assert.deepEqual(kept.lines(), ['one']);
  kept.keep = busy;
  const other = () => post('/v1/ingest/a', 'two', { 'idempotency-key': 'other' });
  assert.equal((await other()).status, 429);
  kept.keep = () => {};
  assert.equal((await other()).status, 200);
  assert.deepEqual(kept.lines(), ['one', 'two']);
});

test('only so many keys are remembered', async () => {
  const { post, kept } = await serving({ limits: { idempotency_keys: 2 } });
  for (const key of ['1', '2', '3', '1']) await post('/v1/ingest/a', key, { 'idempotency-key': key });
  assert.deepEqual(kept.lines(), ['1', '2', '3', '1']);
});

for (const name of ['..', '%2e%2e%2fx', 'a%20b', 'x'.repeat(65), '%00', '-a'])
  test(`records under the name ${name.slice(0, 12)} are refused`, async () => {
    const { port, kept } = await serving();
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `POST /v1/ingest/${name} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer right\r\ncontent-length: 1\r\n\r\na`,
    );
    const [answer] = await once(socket, 'data');
    socket.destroy();
    assert.match(String(answer), /^HTTP\/1\.1 4\d\d /);
    assert.equal(kept.pieces.length, 0);
  });

test('before the start and after the end nothing is taken; what is under way is waited for', async () => {
  const { post, kept, input } = await serving({}, false);
  assert.equal((await post('/v1/ingest/a', 'a')).status, 503);
  assert.equal((await post('/_bulk', '{"index":{}}\n{}\n')).status, 503);
  await input.start(kept.deliver);
  kept.keep = () => sleep(150);
  const slow = post('/v1/ingest/a', 'a');
  await sleep(50);
  await input.stop(5000);
  assert.deepEqual(kept.lines(), ['a']);
  assert.equal((await slow).status, 200);
  assert.equal((await post('/v1/ingest/a', 'b')).status, 503);
});
