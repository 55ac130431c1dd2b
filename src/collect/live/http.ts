import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { OldestOut } from '../../base/bounded.ts';
import type { TokenGuard } from '../../base/token-guard.ts';
import { elasticRoutes } from './elastic.ts';
import { hecRoutes } from './hec.ts';
import type { Deliver, InputState, LiveInput } from './input.ts';
import { type Answer, type HttpLimits, Intake, Refusal, type RefusalKind } from './intake.ts';
import { asLines, linesOf, type Records, valuesOf } from './records.ts';

export interface HttpOptions {
  readonly source: string;
  /** whom to let in; shared with the server, so that wrong tokens are counted once */
  readonly guard: TokenGuard;
  /** what stands before the paths of Elasticsearch ('/elastic'), '' when `GET /` is to be Elasticsearch's; null: none */
  readonly elasticsearch_path?: string | null;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpInput extends LiveInput {
  /** A plugin for Fastify that adds the routes; they answer 503 until the input has started. */
  readonly routes: (app: FastifyInstance) => Promise<void>;
}

/**
 * Records over HTTP: `POST /v1/ingest/:name` (lines, NDJSON, a list, or JSON values; gzip, zstd, deflate), Splunk's HTTP
 * Event Collector (`hec.ts`) and Elasticsearch's bulk format (`elastic.ts`), each with a token. A request is answered
 * with success after all it holds is kept. When a part of a body larger than `piece_bytes` is refused, the whole is
 * refused and the sender sends all of it again: what was kept before comes twice, as after a lost answer.
 *
 * `Idempotency-Key` of `/v1/ingest`: a request with a key that was answered with success is answered so again and not
 * delivered, one that comes while the first is under way waits for it, the same key with other bytes is refused with
 * 422. It promises nothing across a restart, beyond the last `idempotency_keys` keys, or for another name or token.
 */
export function httpInput(options: HttpOptions): HttpInput {
  return new Http(options);
}

class Http implements HttpInput {
  readonly source: string;
  private readonly intake: Intake;
  private readonly elasticsearch_path: string | null;
  private readonly keys: OldestOut<string, { readonly digest: string; answer: Promise<Answer> }>;

  constructor({ source, guard, elasticsearch_path = '', limits }: HttpOptions) {
    this.source = source;
    this.intake = new Intake(source, guard, limits);
    this.elasticsearch_path = elasticsearch_path;
    this.keys = new OldestOut(this.intake.limits.idempotency_keys);
  }

  async start(deliver: Deliver): Promise<void> {
    this.intake.start(deliver);
  }

  stop(timeout_ms: number): Promise<void> {
    return this.intake.stop(timeout_ms);
  }

  state(): InputState {
    return this.intake.state();
  }

  readonly routes = async (app: FastifyInstance): Promise<void> => {
    const { intake, elasticsearch_path } = this;
    // Bodies are read here, bounded and as bytes; nothing of Fastify's may parse them first.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));
    intake.taking(app, '/v1/ingest/:name', sayPlainly, (...given) => this.ingest(...given), ingestSchema);
    hecRoutes(app, intake);
    if (elasticsearch_path !== null)
      await app.register(async (part) => elasticRoutes(part, intake), { prefix: elasticsearch_path });
  };

  private async ingest(body: Buffer, request: FastifyRequest, sent: Buffer): Promise<Answer> {
    const { name = '' } = request.params as { name?: string };
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name))
      throw new Refusal('body', 400, 'the name is made of at most 64 letters, digits, points, - and _');
    const key = request.headers['idempotency-key'];
    if (key === undefined) return this.ingestOnce(name, body, request);
    if (typeof key !== 'string' || key.length === 0 || key.length > 255)
      throw new Refusal('body', 400, 'Idempotency-Key has 1 to 255 characters');
    const whole = hash(`${name}\n${hash(request.headers.authorization ?? '')}\n${key}`);
    const digest = hash(sent);
    const before = this.keys.get(whole);
    if (before !== undefined) {
      if (before.digest !== digest)
        throw new Refusal('body', 422, 'this Idempotency-Key came before, with another body');
      const answer = await before.answer;
      return { ...answer, headers: { ...answer.headers, 'idempotent-replayed': 'true' } };
    }
    const answer = this.ingestOnce(name, body, request);
    this.keys.renew(whole, { digest, answer });
    try {
      return await answer;
    } catch (error) {
      // What was not kept may be tried again.
      if (this.keys.get(whole)?.answer === answer) this.keys.delete(whole);
      throw error;
    }
  }

  private async ingestOnce(name: string, body: Buffer, request: FastifyRequest): Promise<Answer> {
    const records = recordsOf(body, request.headers['content-type'] ?? '', this.intake.limits.record_bytes);
    if ('problem' in records)
      throw new Refusal(
        'body',
        400,
        `record ${records.record + 1}: ${records.problem}; nothing of the body was taken`,
      );
    if (records.count > 0) await this.intake.deliver(`http ${name}`, records.bytes, records.count);
    return { status: 200, body: { records: records.count } };
  }
}

const ingestSchema = {
  tags: ['ingest'],
  summary: 'Send records',
  description:
    'Lines, NDJSON, a list, or JSON values behind each other; Content-Encoding gzip, zstd or deflate. Answered when all ' +
    'of it is kept. The name is shown in evidence as the origin. Idempotency-Key is honoured while Weir runs.',
  params: z.object({ name: z.string() }),
  body: z.string().describe('the records'),
  response: { 200: z.object({ records: z.int().describe('records that were kept') }) },
};

function sayPlainly({ kind, status, message }: Refusal): Answer {
  const codes: Record<RefusalKind, string> = {
    'no token': 'unauthorized',
    'malformed token': 'unauthorized',
    'wrong token': 'unauthorized',
    'too many tries': 'busy',
    body: status === 413 ? 'too_large' : 'request_invalid',
    busy: 'busy',
    down: 'store_unavailable',
  };
  const headers: Record<string, string> = status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  return { status, body: { error: { code: codes[kind], message } }, headers };
}

/** By what the sender says it is, or else by how it begins. */
function recordsOf(body: Buffer, type: string, longest: number): Records {
  const json = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type);
  const list =
    !/^text\/|ndjson|jsonl|json-?lines/i.test(type) && /^\s*\[/.test(body.toString('latin1', 0, 64));
  if (!json && !list) return linesOf(body, longest);
  const spans = valuesOf(body, longest);
  if ('problem' in spans) return spans;
  const odd = spans.findIndex(({ from }) => body[from] !== 0x7b);
  if (odd >= 0) return { problem: 'it is no object', record: odd };
  return { bytes: asLines(body, spans), count: spans.length };
}

const hash = (text: string | Buffer): string => createHash('sha256').update(text).digest('base64');
