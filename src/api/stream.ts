import { Readable } from 'node:stream';
import { z } from 'zod';
import { WeirError } from '../base/error.ts';
import type { KeptFinding, KeptFindingFilter } from '../schema/control/kept-finding.ts';
import { Severity } from '../schema/detector.ts';
import type { Status } from '../schema/status.ts';
import { type Control, type FindingPage, lastFindingSequence, pageFindings } from '../store/control/index.ts';
import { failureOf } from './failures.ts';
import type { Api } from './server.ts';

export interface StreamLimits {
  /** readers at once; one more is told to come later */
  readonly readers: number;
  /** how often is looked for changes that nobody told of, ms */
  readonly poll_ms: number;
  readonly state_ms: number;
  readonly heartbeat_ms: number;
  /** after so long a stream ends and its reader asks again: a token that was taken back reads no longer than that */
  readonly most_ms: number;
  /** a reader that takes nothing for so long is let go */
  readonly stalled_ms: number;
}

export const streamLimits: StreamLimits = {
  readers: 32,
  poll_ms: 1000,
  state_ms: 5000,
  heartbeat_ms: 15_000,
  most_ms: 3_600_000,
  stalled_ms: 60_000,
};

/** Findings sent before it is looked whether the reader has gone. */
const page_limit = 100;
/** A browser that lost the stream asks again after so long. */
const retry_ms = 2000;

/**
 * `GET /v1/stream`: findings as they change and the state of the pipeline, as server-sent events
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html). The id of an event is the sequence of the finding's
 * change, so a reader that goes on from the last one misses none.
 */
export class Stream {
  readonly #control: Control;
  readonly #status: () => Status;
  readonly #limits: StreamLimits;
  readonly #waiting = new Set<() => void>();
  #wakes = 0;
  #readers = 0;

  constructor(control: Control, status: () => Status, limits: Partial<StreamLimits> = {}) {
    this.#control = control;
    this.#status = status;
    this.#limits = { ...streamLimits, ...limits };
  }

  /** How many read now. */
  get readers(): number {
    return this.#readers;
  }

  /** Findings have changed: who reads is told now, not at the next look. */
  wake(): void {
    this.#wakes++;
    for (const one of [...this.#waiting]) one();
  }

  readonly routes = (app: Api): void => {
    const over = new AbortController();
    app.addHook('preClose', async () => over.abort());
    app.get(
      '/v1/stream',
      {
        exposeHeadRoute: false,
        schema: {
          tags: ['findings'],
          summary:
            'Findings as they change (event: finding) and what runs (event: state), as server-sent events',
          produces: ['text/event-stream'],
          querystring: z.object({
            after: z.coerce
              .number()
              .int()
              .min(0)
              .optional()
              .describe('changes after this sequence; 0: all; left out: those from now on'),
            severity_at_least: Severity.optional(),
            shown: z
              .enum(['true', 'false'])
              .optional()
              .describe('left out: also what is told within other lines, and that it is now'),
          }),
          headers: z.object({
            'last-event-id': z
              .string()
              .regex(/^\d{1,15}$/, 'the id of an event of this stream')
              .optional()
              .describe('goes on after this one, whatever after says'),
          }),
        },
      },
      async (request, reply) => {
        const { after, severity_at_least, shown } = request.query;
        const last = request.headers['last-event-id'];
        if (this.#readers >= this.#limits.readers)
          throw new WeirError('busy', `${this.#limits.readers} read the stream already; try again later`);
        const filter: KeptFindingFilter = {
          ...(severity_at_least !== undefined && { severity_at_least }),
          ...(shown !== undefined && { shown: shown === 'true' }),
        };
        this.#readers++;
        const end = new AbortController();
        const stop = (): void => end.abort();
        const ending = AbortSignal.any([over.signal, end.signal]);
        ending.addEventListener('abort', () => this.wake(), { once: true });
        const from = last === undefined ? after : Number(last);
        const body = Readable.from(this.#read(filter, from, ending), { objectMode: true, highWaterMark: 1 });
        const timer = setTimeout(stop, this.#limits.most_ms);
        body.once('close', () => {
          this.#readers--;
          clearTimeout(timer);
          stop();
        });
        request.raw.socket.setTimeout(this.#limits.stalled_ms);
        return reply.type('text/event-stream').header('x-accel-buffering', 'no').send(body);
      },
    );
  };

  async *#read(
    filter: KeptFindingFilter,
    from: number | undefined,
    ending: AbortSignal,
  ): AsyncGenerator<string> {
    const { poll_ms, state_ms, heartbeat_ms } = this.#limits;
    try {
      let after = from ?? (await lastFindingSequence(this.#control));
      // So that who loses it before anything changed goes on from here too.
      yield `retry: ${retry_ms}\nid: ${after}\n\n`;
      let [state_at, beat_at] = [0, performance.now() + heartbeat_ms];
      while (!ending.aborted) {
        const wakes = this.#wakes;
        for await (const finding of changesSince(this.#control, filter, after)) {
          if (ending.aborted) return;
          yield eventOf('finding', finding, finding.sequence);
          after = finding.sequence;
        }
        const now = performance.now();
        if (now >= state_at) {
          yield eventOf('state', this.#status());
          state_at = now + state_ms;
        }
        if (now >= beat_at) {
          yield ': still here\n\n';
          beat_at = now + heartbeat_ms;
        }
        const until = Math.min(poll_ms, state_at - now, beat_at - now);
        if (this.#wakes === wakes) await this.#wait(until);
      }
    } catch (error) {
      // The head of the answer is sent: what went wrong is told in the stream, and the reader comes again.
      yield eventOf('problem', failureOf(error).body);
      if (!(error instanceof WeirError)) throw error;
    }
  }

  /** Until the time is over, or somebody wakes the readers. */
  async #wait(ms: number): Promise<void> {
    const woken = Promise.withResolvers<void>();
    const timer = setTimeout(woken.resolve, Math.max(1, ms));
    this.#waiting.add(woken.resolve);
    await woken.promise;
    clearTimeout(timer);
    this.#waiting.delete(woken.resolve);
  }
}

async function* changesSince(
  control: Control,
  filter: KeptFindingFilter,
  from: number,
): AsyncGenerator<KeptFinding> {
  for (let after: number | null = from; after !== null; ) {
    const page: FindingPage = await pageFindings(control, filter, { after, limit: page_limit });
    yield* page.findings;
    after = page.next;
  }
}

/** An event as it is sent; JSON has no line ends, so one line of data holds it. Pure. */
function eventOf(event: string, data: unknown, id?: number): string {
  const head = id === undefined ? '' : `id: ${id}\n`;
  return `${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
