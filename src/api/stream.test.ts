import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { finding, type Serving, serving, watchState } from '../../test/serving.ts';
import { KeptFinding } from '../schema/control/kept-finding.ts';
import { Status } from '../schema/status.ts';
import { statusOf } from './routes.ts';
import { Stream, type StreamLimits } from './stream.ts';

const open: Serving[] = [];
const reading: AbortController[] = [];
afterEach(async () => {
  for (const one of reading.splice(0)) one.abort();
  await Promise.all(open.splice(0).map((one) => one.close()));
});

/** A server with the stream alone. */
async function streaming(limits: Partial<StreamLimits> = {}) {
  let stream: Stream | null = null;
  const server = await serving((control) => {
    stream = new Stream(control, () => statusOf(watchState, '1.2.3', '/kept'), limits);
    return [stream.routes];
  });
  open.push(server);
  return { ...server, stream: stream! as Stream };
}

interface Told {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  readonly comment?: string;
  /** the id that a reader would go on from */
  readonly last?: string;
}

/** Reads the stream as the standard says, an event or comment at a time; `next` waits for the next of a kind. */
async function reader({ url }: { url: string }, path = '/v1/stream', headers: Record<string, string> = {}) {
  const abort = new AbortController();
  reading.push(abort);
  const answer = await fetch(url + path, {
    headers: { authorization: 'Bearer right', ...headers },
    signal: abort.signal,
  });
  async function* blocks(): AsyncGenerator<Told> {
    let [text, last] = ['', ''];
    for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const told: Told = Object.fromEntries(
          lines.map((line) => [
            line.slice(0, line.indexOf(': ')) || 'comment',
            line.slice(line.indexOf(': ') + 2),
          ]),
        );
        last = told.id ?? last;
        yield { ...told, last };
      }
    }
  }
  const told = blocks();
  return {
    answer,
    abort: () => abort.abort(),
    async next(kind: 'finding' | 'state' | 'comment' | 'end'): Promise<Told | null> {
      for (;;) {
        const { value, done } = await told.next();
        if (done) return null;
        if (value.event === kind || (kind === 'comment' && value.comment !== undefined)) return value;
      }
    },
  };
}

const idOf = (told: Told | null): string => KeptFinding.parse(JSON.parse(told!.data!)).finding.finding_id;

test('a reader is told of findings as they change, from now on, whole', async () => {
  const server = await streaming();
  await server.keep(finding('before'));
  const { answer, next } = await reader(server);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  await next('state');
  await server.keep(finding('new', { summary: 'two\nlines' }));
  server.stream.wake();
  const told = await next('finding');
  assert.equal(told!.id, '2');
  assert.equal(KeptFinding.parse(JSON.parse(told!.data!)).finding.summary, 'two\nlines');
});

test('who is woken is told at once, and a change that nobody told of at the next look', async () => {
  const woken = await streaming({ poll_ms: 60_000, state_ms: 60_000 });
  const first = await reader(woken);
  await first.next('state');
  const began = performance.now();
  await woken.keep(finding('a'));
  woken.stream.wake();
  assert.equal(idOf(await first.next('finding')), 'a');
  assert.ok(performance.now() - began < 10_000);
  const polled = await streaming({ poll_ms: 20, state_ms: 60_000 });
  const second = await reader(polled);
  await second.next('state');
  await polled.keep(finding('b'));
  assert.equal(idOf(await second.next('finding')), 'b');
});

test('who lost the stream goes on after the last id it saw, in the order of changes, and misses none', async () => {
  const server = await streaming();
  const all = Array.from({ length: 250 }, (_, i) => finding(`f${i}`));
  await server.keep(...all);
  const first = await reader(server, '/v1/stream?after=0');
  let last = '';
  for (let i = 0; i < 120; i++) {
    const told = await first.next('finding');
    assert.equal(idOf(told), `f${i}`);
    last = told!.id!;
  }
  first.abort();
  await server.keep(finding('f3', { summary: 'has grown' }));
  const again = await reader(server, '/v1/stream?after=0', { 'last-event-id': last });
  for (let i = 120; i < 250; i++) assert.equal(idOf(await again.next('finding')), `f${i}`);
  const grown = await again.next('finding');
  assert.deepEqual([idOf(grown), grown!.id], ['f3', '251']);
});

test('who loses the stream before anything changed goes on from where it began', async () => {
  const server = await streaming();
  await server.keep(finding('before'));
  const first = await reader(server);
  const began = await first.next('state');
  first.abort();
  await server.keep(finding('meanwhile'));
  assert.equal(began!.last, '1');
  const again = await reader(server, '/v1/stream', { 'last-event-id': began!.last! });
  assert.equal(idOf(await again.next('finding')), 'meanwhile');
});

test('only the severities that were asked for are told', async () => {
  const server = await streaming();
  await server.keep(finding('low', { severity: 'low' }), finding('high', { severity: 'high' }));
  const { next } = await reader(server, '/v1/stream?after=0&severity_at_least=medium');
  assert.equal(idOf(await next('finding')), 'high');
});

test('what runs is told again and again, and a sign of life when there is nothing to tell', async () => {
  const server = await streaming({ state_ms: 20, heartbeat_ms: 30 });
  const { next } = await reader(server);
  const told = await next('state');
  assert.equal(Status.parse(JSON.parse(told!.data!)).events, 1234);
  assert.equal(told!.id, undefined, 'an id would make a reader go on from elsewhere');
  await next('comment');
  await next('state');
});

test('there are so many readers and no more, and who leaves makes room', async () => {
  const server = await streaming({ readers: 2, state_ms: 10 });
  const [first] = await Promise.all([reader(server), reader(server)]);
  const third = await server.get('/v1/stream');
  assert.equal(third.status, 429);
  assert.match(await third.text(), /"busy".*2 read the stream already/);
  first!.abort();
  while (server.stream.readers > 1) await sleep(5);
  const { next } = await reader(server);
  assert.ok(await next('state'));
});

test('the stream ends when the server does, at once', async () => {
  const server = await streaming({ poll_ms: 60_000, state_ms: 60_000 });
  const { next } = await reader(server);
  await next('state');
  open.splice(open.findIndex((one) => one.url === server.url));
  const began = performance.now();
  await server.close(30_000);
  assert.ok(performance.now() - began < 5000, 'it is not waited for');
  assert.equal(await next('state'), null);
});

test('a stream ends after its time, and a reader that takes nothing is let go', async () => {
  const server = await streaming({ most_ms: 50 });
  const { next } = await reader(server);
  assert.equal(await next('end'), null);
  const stalled = await streaming({ stalled_ms: 300, poll_ms: 10 });
  const much = 'x'.repeat(60_000);
  await stalled.keep(...Array.from({ length: 400 }, (_, i) => finding(`f${i}`, { summary: much })));
  const socket = connect(Number(new URL(stalled.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.pause();
  socket.on('error', () => {});
  socket.write('GET /v1/stream?after=0 HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer right\r\n\r\n');
  while (stalled.stream.readers === 0) await sleep(5);
  while (stalled.stream.readers > 0) await sleep(20);
  socket.destroy();
});

test('without a token, or with what is no id, there is no stream', async () => {
  const server = await streaming();
  assert.equal((await fetch(`${server.url}/v1/stream`)).status, 401);
  const wrong = await server.get('/v1/stream', { 'last-event-id': 'abc' });
  assert.equal(wrong.status, 400);
  assert.match(await wrong.text(), /the id of an event of this stream/);
  assert.equal(server.stream.readers, 0);
});
