import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import { WeirError } from '../../base/error.ts';
import { credentialOf, type TokenGuard } from '../../base/token-guard.ts';
import { Bodies, type BodyLimits, BodyProblem } from './body.ts';
import type { Deliver, InputState } from './input.ts';
import { piecesOf } from './records.ts';

export interface HttpLimits extends BodyLimits {
  /** a longer record is refused */
  readonly record_bytes: number;
  /** a larger body is delivered in pieces of this size, one after the other */
  readonly piece_bytes: number;
  /** documents in one request of Elasticsearch's bulk format */
  readonly bulk_items: number;
  /** keys of `Idempotency-Key` that are remembered */
  readonly idempotency_keys: number;
}

export const httpLimits: HttpLimits = {
  sent_bytes: 16 * 1024 * 1024,
  unpacked_bytes: 64 * 1024 * 1024,
  body_ms: 30_000,
  total_bytes: 128 * 1024 * 1024,
  unpacking: 4,
  record_bytes: 1024 * 1024,
  piece_bytes: 1024 * 1024,
  bulk_items: 100_000,
  idempotency_keys: 10_000,
};

/** What is answered. `body`: text is sent as it is, anything else as JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type RefusalKind =
  | 'no token'
  | 'malformed token'
  | 'wrong token'
  | 'too many tries'
  | 'body'
  | 'busy'
  | 'down';

/** Why a request was not taken; each protocol says it in its own words. */
export class Refusal extends Error {
  readonly kind: RefusalKind;
  readonly status: number;
  constructor(kind: RefusalKind, status: number, message: string) {
    super(message);
    this.name = 'Refusal';
    this.kind = kind;
    this.status = status;
  }
}

/** Puts a refusal into the words of a protocol. */
export type Say = (refusal: Refusal) => Answer;

/** Of routes that the description of the API leaves out. */
export const hidden: FastifySchema & { readonly hide: true } = { hide: true };

/** What the protocols over HTTP share: who is let in, bounded bodies, delivery. */
export class Intake {
  readonly source: string;
  readonly limits: HttpLimits;
  private readonly guard: TokenGuard;
  private readonly bodies: Bodies;
  private deliverOne: Deliver | null = null;
  private under_way = 0;
  private received_bytes = 0;
  private received_records = 0;
  private problem: string | null = null;
  /** for a moment after nothing could be kept it is not said that there is room */
  private refused_until = 0;

  constructor(source: string, guard: TokenGuard, limits: Partial<HttpLimits> = {}) {
    this.source = source;
    this.guard = guard;
    this.limits = { ...httpLimits, ...limits };
    this.bodies = new Bodies(this.limits);
  }

  start(deliver: Deliver): void {
    this.deliverOne = deliver;
  }

  /** Takes nothing new and waits for what is under way. */
  async stop(timeout_ms: number): Promise<void> {
    this.deliverOne = null;
    for (const end = performance.now() + timeout_ms; this.under_way > 0 && performance.now() < end; )
      await new Promise((resolve) => setTimeout(resolve, 5));
  }

  state(): InputState {
    const { received_bytes, received_records, problem } = this;
    return { received_bytes, received_records, dropped: {}, problem, quiet_since: null };
  }

  /** Whether more would be taken now. */
  get has_room(): boolean {
    return this.deliverOne !== null && !this.bodies.isFull && performance.now() >= this.refused_until;
  }

  /** Bytes of bodies that are held now. */
  get held_bytes(): number {
    return this.bodies.held_bytes;
  }

  /** Adds a route that takes a body. `sent`: the body as it came, before it was unpacked. */
  taking(
    app: FastifyInstance,
    path: string,
    said: Say,
    take: (body: Buffer, request: FastifyRequest, sent: Buffer) => Promise<Answer>,
    schema: FastifySchema = hidden,
  ): void {
    app.route({
      method: ['POST', 'PUT'],
      url: path,
      schema,
      // The schema is for the description alone.
      validatorCompiler: () => (value: unknown) => ({ value }),
      serializerCompiler: () => JSON.stringify,
      handler: async (request, reply) => {
        this.under_way++;
        try {
          await this.letIn(request);
          const { 'content-length': length, 'content-encoding': encoding } = request.headers;
          const answer = await this.bodies.with(request.raw, length, encoding, (body, sent) =>
            take(body, request, sent),
          );
          return send(reply, answer);
        } catch (error) {
          return this.refuse(request, reply, refusalOf(error), said);
        } finally {
          this.under_way--;
        }
      },
    });
  }

  /** Adds a route that needs no body; one that comes is read away. */
  answering(
    app: FastifyInstance,
    methods: readonly ('GET' | 'HEAD' | 'PUT' | 'POST')[],
    path: string,
    said: Say,
    answer: (request: FastifyRequest) => Answer,
  ): void {
    app.route({
      method: [...methods],
      url: path,
      schema: hidden,
      handler: async (request, reply) => {
        try {
          await this.letIn(request);
          await readAway(request.raw);
          return send(reply, answer(request));
        } catch (error) {
          return this.refuse(request, reply, refusalOf(error), said);
        }
      },
    });
  }

  /** Resolves when the lines are kept. @throws Refusal down, and what the delivery is refused with */
  async deliver(origin: string, lines: Buffer, count: number): Promise<void> {
    const { deliverOne, source } = this;
    if (deliverOne === null) throw notTaking;
    const received_at = Date.now() * 1000;
    try {
      for (const bytes of piecesOf(lines, this.limits.piece_bytes))
        await deliverOne({ source, origin, bytes, offset: 0, line: 0, received_at, position: null });
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      this.refused_until = performance.now() + 2000;
      throw error;
    }
    this.problem = null;
    this.received_bytes += lines.length;
    this.received_records += count;
  }

  private async letIn(request: FastifyRequest): Promise<void> {
    if (this.deliverOne === null) throw notTaking;
    const credential = credentialOf(request.headers.authorization);
    if (credential === null)
      throw new Refusal('no token', 401, 'a token is needed: Authorization: Bearer TOKEN');
    if (credential === 'malformed') throw new Refusal('malformed token', 401, 'Authorization holds no token');
    const admitted = await this.guard.admit(request.ip, credential.token);
    if (admitted === 'wrong') throw new Refusal('wrong token', 401, 'the token is not known');
    if (admitted === 'too many')
      throw new Refusal('too many tries', 429, 'too many unknown tokens were tried; try again in a minute');
  }

  private async refuse(
    request: FastifyRequest,
    reply: FastifyReply,
    refusal: Refusal,
    said: Say,
  ): Promise<FastifyReply> {
    const { raw } = request;
    // A sender that is still writing would see a broken connection and not the answer.
    if (!raw.readableEnded && refusal.status !== 408) await readAway(raw);
    if (!raw.readableEnded) reply.header('connection', 'close');
    const answer = said(refusal);
    if (answer.status === 429 || answer.status === 503)
      reply.header('retry-after', refusal.kind === 'too many tries' ? '60' : '1');
    return send(reply, answer);
  }
}

const notTaking = new Refusal('down', 503, 'Weir is not taking records at the moment');

/** Any failure as a refusal; a fault of Weir's own goes on. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof BodyProblem)
    return new Refusal(error.status === 429 ? 'busy' : 'body', error.status, error.message);
  if (!(error instanceof WeirError)) throw error;
  return error.code === 'busy'
    ? new Refusal('busy', 429, error.message)
    : new Refusal('down', 503, error.message);
}

function send(reply: FastifyReply, { status, body, headers = {} }: Answer): FastifyReply {
  reply.code(status).headers(headers);
  if (!reply.hasHeader('content-type')) reply.type('application/json; charset=utf-8');
  return reply.send(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Reads a body and throws it away: at most for a second, and no more than a large request. */
async function readAway(stream: FastifyRequest['raw']): Promise<void> {
  if (stream.readableEnded || stream.destroyed) return;
  await new Promise<void>((resolve) => {
    let left = 64 * 1024 * 1024;
    const done = (): void => {
      clearTimeout(timer);
      stream.off('data', take);
      resolve();
    };
    const timer = setTimeout(done, 1000);
    const take = (part: Buffer): void => {
      left -= part.length;
      if (left < 0) done();
    };
    stream.on('data', take).once('end', done).once('close', done).once('error', done);
    stream.resume();
  });
}
