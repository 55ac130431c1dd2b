import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { z } from 'zod';
import { Kept } from '../../test/kept.ts';
import { type ErrorCode, errorCodes, WeirError } from '../base/error.ts';
import { TokenGuard } from '../base/token-guard.ts';
import { httpInput } from '../collect/live/http.ts';
import { failureOf } from './failures.ts';
import { type ApiServer, createServer, failures, type ServerOptions } from './server.ts';

const servers: ApiServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close(0)));
});

const guarded = (): TokenGuard => new TokenGuard(async (token) => token === 'right');
const right = { authorization: 'Bearer right' };

/** A server with two routes of its own and an input. */
async function serving(options: Partial<ServerOptions> = {}) {
  const guard = options.guard === undefined ? guarded() : options.guard;
  const problems: string[] = [];
  const faults: unknown[] = [];
  const server = createServer({
    ...{ port: 0, version: '1.2.3', notReady: () => problems, onFault: (error) => void faults.push(error) },
    ...options,
    guard,
  });
  servers.push(server);
  server.add((app) => {
    app.post(
      '/v1/things/:id',
      {
        schema: {
          summary: 'Make a thing',
          params: z.object({ id: z.coerce.number().int() }),
          body: z.strictObject({ size: z.int().min(1).describe('how large it is') }),
          response: { 200: z.object({ id: z.number(), size: z.number() }), ...failures },
        },
      },
      async (request) => {
        if (request.params.id === 404) throw new WeirError('not_found', 'there is no thing 404');
        if (request.params.id === 429) throw new WeirError('busy', 'later');
        if (request.params.id === 500) throw new TypeError('secret inner state');
        return { id: request.params.id, size: request.body.size };
      },
    );
  });
  const kept = new Kept();
  const input = httpInput({ source: 'http', guard: guard ?? guarded() });
  await input.start(kept.deliver);
  server.addInput(input.routes);
  const { port } = await server.listen();
  const url = `http://127.0.0.1:${port}`;
  const post = (path: string, body: string, headers = {}): Promise<Response> =>
    fetch(url + path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...right, ...headers },
    });
  return { url, port, problems, faults, kept, post, server };
}

test('health and readiness are told without a token', async () => {
  const { url, problems } = await serving();
  const health = await fetch(`${url}/health`);
  assert.deepEqual([health.status, await health.json()], [200, { status: 'ok', version: '1.2.3' }]);
  const ready = await fetch(`${url}/ready`);
  assert.deepEqual([ready.status, await ready.json()], [200, { ready: true, not_ready: [] }]);
  problems.push('the store is not reachable');
  const not = await fetch(`${url}/ready`);
  assert.deepEqual(
    [not.status, await not.json()],
    [503, { ready: false, not_ready: ['the store is not reachable'] }],
  );
});

test('the description is OpenAPI 3.1 made from the schemas, and names the input too', async () => {
  const { url } = await serving();
  const api = (await (await fetch(`${url}/v1/openapi.json`)).json()) as {
    openapi: string;
    paths: Record<string, Record<string, { requestBody?: unknown; responses: object; security?: unknown }>>;
  };
  assert.equal(api.openapi, '3.1.0');
  assert.deepEqual(Object.keys(api.paths).sort(), [
    '/health',
    '/ready',
    '/v1/ingest/{name}',
    '/v1/things/{id}',
  ]);
  const made = api.paths['/v1/things/{id}']!.post!;
  assert.match(JSON.stringify(made.requestBody), /"size":\{"type":"integer".*"how large it is"/);
  assert.deepEqual(Object.keys(made.responses), ['200', '4XX', '5XX']);
  assert.deepEqual(api.paths['/health']!.get!.security, []);
});

test('the page that shows it brings all it needs, and nothing of it may run but what was sent', async () => {
  const { url } = await serving();
  const page = await fetch(`${url}/docs`);
  const html = await page.text();
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  assert.doesNotMatch(html, /src=|href=|https?:|innerHTML/);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(
    policy,
    /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'; connect-src 'self'/,
  );
});

/** As much of a document as the page uses. */
interface Element {
  textContent: string;
  readonly children: Element[];
  appendChild(child: Element): Element;
}
function element(): Element {
  const children: Element[] = [];
  const appendChild = (child: Element): Element => {
    children.push(child);
    return child;
  };
  return { textContent: '', children, appendChild };
}
const textOf = ({ textContent, children }: Element): string =>
  [textContent, ...children.map(textOf)].join('\n');

test('the script of the page is the one that its policy lets run, and it shows every route', async () => {
  const { url } = await serving();
  const page = await fetch(`${url}/docs`);
  const [, script = ''] = (await page.text()).split(/<\/?script>/);
  const sha = createHash('sha256').update(script).digest('base64');
  assert.ok(page.headers.get('content-security-policy')?.includes(`script-src 'sha256-${sha}'`));
  const main = element();
  const document = { getElementById: () => main, createElement: element };
  runInNewContext(script, { document, fetch: (path: string) => fetch(url + path) });
  for (const end = Date.now() + 5000; main.children.length < 6 && Date.now() < end; ) await sleep(5);
  const text = textOf(main);
  for (const part of [
    'Weir 1.2.3',
    '/v1/things/{id}',
    'Make a thing',
    'how large it is',
    '/v1/ingest/{name}',
    '/health',
  ])
    assert.ok(text.includes(part), part);
});

test('every answer carries what browsers are to be told', async () => {
  const { url } = await serving();
  for (const path of ['/health', '/nothing', '/v1/things/1', '/_license']) {
    const { headers } = await fetch(url + path);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal(headers.get('x-frame-options'), 'DENY');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'");
    assert.equal(headers.get('access-control-allow-origin'), null);
  }
});

const requests: readonly [
  what: string,
  path: string,
  body: string,
  status: number,
  code: ErrorCode | null,
  says?: RegExp,
][] = [
  ['what is right', '/v1/things/7', '{"size":3}', 200, null],
  ['a value that is wrong', '/v1/things/7', '{"size":0}', 400, 'request_invalid', /size/],
  ['a field that is not known', '/v1/things/7', '{"size":1,"more":1}', 400, 'request_invalid', /more/],
  ['a parameter that is wrong', '/v1/things/x', '{"size":1}', 400, 'request_invalid', /id/],
  ['no JSON', '/v1/things/7', '{"size":', 400, 'request_invalid'],
  [
    'a key that reaches for the prototype',
    '/v1/things/7',
    '{"size":1,"__proto__":{"a":1}}',
    400,
    'request_invalid',
  ],
  ['a constructor', '/v1/things/7', '{"size":1,"constructor":{"prototype":{"a":1}}}', 400, 'request_invalid'],
  ['a body that is too large', '/v1/things/7', `{"size":1${' '.repeat(1_100_000)}}`, 413, 'too_large'],
  ['what is not there', '/v1/things/404', '{"size":1}', 404, 'not_found', /^there is no thing 404$/],
  ['a path that is not there', '/v1/nothing', '{}', 404, 'not_found'],
  ['a path that climbs', '/v1/..%2f..%2fetc/passwd', '{}', 404, 'not_found'],
  ['no room', '/v1/things/429', '{"size":1}', 429, 'busy', /^later$/],
  ['a fault', '/v1/things/500', '{"size":1}', 500, 'fault', /^A fault in Weir itself/],
];
for (const [what, path, body, status, code, says] of requests) {
  test(`a request gives its status and code: ${what}`, async () => {
    const { post, faults } = await serving();
    const answer = await post(path, body);
    assert.equal(answer.status, status);
    const said = (await answer.json()) as { error?: { code: string; message: string } };
    assert.equal(said.error?.code ?? null, code);
    if (says) assert.match(said.error?.message ?? '', says);
    assert.equal(faults.length, status === 500 ? 1 : 0);
    assert.equal(({} as Record<string, unknown>).a, undefined);
  });
}

test('a body of another type than JSON is refused', async () => {
  const { post } = await serving();
  assert.equal((await post('/v1/things/7', 'size=1', { 'content-type': 'text/csv' })).status, 415);
});

test('every code of an error has its status', () => {
  for (const code of Object.keys(errorCodes) as ErrorCode[]) {
    const { status, body } = failureOf(new WeirError(code, 'why'));
    assert.ok(status >= 400 && status < 600, code);
    assert.deepEqual(body, { error: { code, message: 'why' } });
  }
});

test('without a token nothing is told, and the body is not looked at', async () => {
  const { url, post } = await serving();
  for (const authorization of ['', 'Bearer wrong', 'Basic x', 'right']) {
    const answer = await post('/v1/things/7', '{"size":"no number"}', { authorization });
    assert.equal(answer.status, 401, authorization);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    const said = (await answer.json()) as { error: { code: string } };
    assert.equal(said.error.code, 'unauthorized');
  }
  assert.equal((await fetch(`${url}/v1/things/7`)).status, 404);
});

test('wrong tokens do not cost those who have a right one, and are not looked up without end', async () => {
  let asked = 0;
  // A check that costs, as one that hashes slowly does.
  const guard = new TokenGuard(async (token) => {
    asked++;
    for (const end = performance.now() + 30; performance.now() < end; );
    return token === 'right';
  });
  const { post } = await serving({ guard });
  assert.equal((await post('/v1/things/7', '{"size":1}')).status, 200);
  const flood = Promise.all(
    Array.from({ length: 300 }, (_, i) =>
      post('/v1/things/7', '{"size":1}', { authorization: `Bearer w${i % 250}` }).then(
        ({ status }) => status,
      ),
    ),
  );
  await sleep(20);
  const begin = performance.now();
  assert.equal((await post('/v1/things/7', '{"size":1}')).status, 200);
  assert.ok(performance.now() - begin < 2000);
  const statuses = await flood;
  assert.ok(statuses.every((status) => status === 401 || status === 429));
  assert.ok(asked <= 101, `${asked} looked up`);
});

test('tries at the API and at an input count together', async () => {
  const { post } = await serving();
  for (let i = 0; i < 10; i++) {
    await post('/v1/things/7', '{}', { authorization: `Bearer a${i}` });
    await post('/v1/ingest/a', 'a', { authorization: `Bearer b${i}` });
  }
  assert.equal((await post('/v1/things/7', '{}', { authorization: 'Bearer c' })).status, 429);
  assert.equal((await post('/v1/ingest/a', 'a', { authorization: 'Bearer c' })).status, 429);
  assert.equal(
    (await post('/v1/things/7', '{"size":1}')).status,
    429,
    'a right one, not seen before, waits too',
  );
});

test('records come in through the same server', async () => {
  const { post, kept } = await serving();
  assert.equal((await post('/v1/ingest/zeek', 'a\nb\n', { 'content-type': 'text/plain' })).status, 200);
  assert.equal((await post('/_bulk', '{"create":{"_index":"a"}}\n{"c":1}\n')).status, 200);
  assert.equal((await post('/services/collector', '{"event":"d"}')).status, 200);
  assert.deepEqual(kept.lines(), ['a', 'b', '{"c":1}', '{"event":"d"}']);
});

test('an address that others can reach is refused without a token', async () => {
  const options = { port: 0, version: '1', notReady: () => [] };
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'weir.example'])
    assert.throws(() => createServer({ ...options, host, guard: null }), {
      code: 'config_invalid',
      message: /where others can reach it, without a token/,
    });
  for (const host of ['127.0.0.1', '::1', 'localhost', '127.8.8.8'])
    createServer({ ...options, host, guard: null });
  const { url } = await serving({ guard: null });
  const answer = await fetch(`${url}/v1/things/7`, {
    ...{ method: 'POST', body: '{"size":1}', headers: { 'content-type': 'application/json' } },
  });
  assert.equal(answer.status, 200);
});

async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  const [answer] = await once(socket, 'data');
  socket.destroy();
  return String(answer);
}

test('on loopback a name from elsewhere is not answered, as a page whose name was turned here would send it', async () => {
  const { port } = await serving({ guard: null, names: ['weir.internal'] });
  const ask = (host: string): Promise<string> => raw(port, `GET /health HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', ''])
    assert.match(await ask(host), /^HTTP\/1\.1 4\d\d /, host);
  for (const host of [`127.0.0.1:${port}`, 'localhost', '[::1]:1', 'weir.internal'])
    assert.match(await ask(host), /^HTTP\/1\.1 200 /, host);
});

test('a head that does not come is given up', async () => {
  const { port } = await serving({ limits: { request_ms: 200 } });
  const socket = connect(port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve));
  socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\n');
  const trickle = setInterval(() => socket.write('x: y\r\n'), 50);
  await closed;
  clearInterval(trickle);
});

test('a port that is taken is told with its reason', async () => {
  const { port } = await serving();
  const second = createServer({ port, version: '1', guard: null, notReady: () => [] });
  await assert.rejects(second.listen(), { code: 'config_invalid', message: /EADDRINUSE/ });
});

test('at the end, what is under way is waited for, and what hangs is not', async () => {
  const { post, kept, server } = await serving();
  kept.keep = () => sleep(150);
  const slow = post('/v1/ingest/a', '{}');
  await sleep(50);
  await server.close(5000);
  assert.equal((await slow).status, 200);
  const other = await serving();
  other.kept.keep = () => new Promise(() => {});
  const hung = other.post('/v1/ingest/a', '{}');
  hung.catch(() => {});
  await sleep(50);
  const begin = performance.now();
  await other.server.close(100);
  assert.ok(performance.now() - begin < 2000);
  await assert.rejects(hung);
});
