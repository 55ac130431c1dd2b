import type { AddressInfo } from 'node:net';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { z } from 'zod';
import { WeirError } from '../base/error.ts';
import { credentialOf, type TokenGuard } from '../base/token-guard.ts';
import { descriptionPage, descriptionPolicy } from './description-page.ts';
import { failure, failureOf, failureSchema } from './failures.ts';

export interface ServerLimits {
  /** of requests to the API; inputs bound their own */
  readonly body_bytes: number;
  /** head and body of a request must be here after so long */
  readonly request_ms: number;
  readonly connections: number;
}

export const serverLimits: ServerLimits = { body_bytes: 1024 * 1024, request_ms: 60_000, connections: 1000 };

export interface ServerOptions {
  /** loopback unless told; another needs a guard */
  readonly host?: string;
  /** 0: any that is free */
  readonly port: number;
  readonly version: string;
  /** whom to let in; null: everybody who reaches it, which only loopback may be */
  readonly guard: TokenGuard | null;
  /** names by which it may be asked beside its address (header Host) */
  readonly names?: readonly string[];
  /** what is not ready yet or any more, a sentence each; none: all is. Told without a token: of Weir's parts alone */
  readonly notReady: () => readonly string[];
  /** told of each fault of Weir's own */
  readonly onFault?: (error: unknown, request: { readonly method: string; readonly path: string }) => void;
  readonly limits?: Partial<ServerLimits>;
}

/** A Fastify whose routes are typed by their zod schemas. */
export type Api = ReturnType<typeof typed>;

export interface ApiServer {
  /** Adds routes that need a token, typed and described by their schemas. Before `listen`. */
  add(routes: (app: Api) => Promise<void> | void): void;
  /** Adds routes that look at the token themselves: those of an input. Before `listen`. */
  addInput(routes: (app: FastifyInstance) => Promise<void>): void;
  /** @throws WeirError config_invalid when the address cannot be had */
  listen(): Promise<AddressInfo>;
  /** Takes nothing new, waits for what is under way, at most so long, and closes what is left. */
  close(timeout_ms: number): Promise<void>;
}

const loopback = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/i;

/**
 * The HTTP server of the API and of inputs over HTTP. `/health`, `/ready`, `/v1/openapi.json` and `/docs` need no token
 * and tell nothing of what is watched; all else under the API does.
 * @throws WeirError config_invalid for a host that others can reach without a guard
 */
export function createServer(options: ServerOptions): ApiServer {
  const { host = '127.0.0.1', guard } = options;
  const own = loopback.test(host);
  if (!own && guard === null)
    throw new WeirError(
      'config_invalid',
      `the API would listen on ${host}, where others can reach it, without a token; make a token first, or listen on 127.0.0.1`,
    );
  const app = typed(options);
  const parts: (() => Promise<void>)[] = [];
  protect(app, options, own);
  return {
    add: (routes) =>
      parts.push(async () => void (await app.register(async (part) => withToken(part, guard, routes)))),
    addInput: (routes) => parts.push(async () => void (await app.register(routes))),
    async listen() {
      try {
        await describe(app, options);
        openRoutes(app, options);
        for (const part of parts) await part();
        await app.listen({ host, port: options.port });
      } catch (error) {
        await app.close();
        if (!(error instanceof Error && 'syscall' in error)) throw error;
        throw new WeirError('config_invalid', `the API: ${error.message}`, { cause: error });
      }
      app.server.maxConnections = { ...serverLimits, ...options.limits }.connections;
      return app.server.address() as AddressInfo;
    },
    async close(timeout_ms) {
      const timer = setTimeout(() => app.server.closeAllConnections(), timeout_ms);
      await app.close();
      clearTimeout(timer);
    },
  };
}

function typed({ limits, onFault }: ServerOptions) {
  const { body_bytes, request_ms } = { ...serverLimits, ...limits };
  const app = Fastify({
    bodyLimit: body_bytes,
    requestTimeout: request_ms,
    routerOptions: { maxParamLength: 200 },
    http: {
      headersTimeout: Math.min(request_ms, 20_000),
      connectionsCheckingInterval: Math.min(request_ms, 5000),
    },
    // Objects with keys that reach for prototypes are refused where bodies are parsed.
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = failureOf(error);
    if (status >= 500) onFault?.(error, { method: request.method, path: request.url.split('?')[0] ?? '' });
    if (status === 429 || status === 503) reply.header('retry-after', '1');
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    return reply.code(status).serializer(JSON.stringify).send(body);
  });
  app.setNotFoundHandler((_request, reply) => {
    const { status, body } = failure('not_found', 'there is nothing at this path');
    return reply.code(status).send(body);
  });
  return app;
}

/** What browsers are told of every answer, and whom a server on loopback does not answer. */
function protect(app: Api, { names = [] }: ServerOptions, own: boolean): void {
  app.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of Object.entries(headers))
      if (!reply.hasHeader(name)) reply.header(name, value);
  });
  if (!own) return;
  // A page from elsewhere whose name was turned to 127.0.0.1 (DNS rebinding) still sends its own name.
  app.addHook('onRequest', async (request, reply) => {
    if (loopback.test((request.hostname ?? '').replace(/^\[|\]$/g, '')) || names.includes(request.hostname))
      return;
    const message = 'asked by a name that is not known; it may be added to the names of the API';
    return reply.code(421).send(failure('request_invalid', message).body);
  });
}

const headers = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};

async function describe(app: Api, { version, guard }: ServerOptions): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Weir',
        version,
        description: 'What Weir saw, what it says of it, and how to send it more.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      ...(guard !== null && { security: [{ token: [] }] }),
    },
    transform: jsonSchemaTransform,
  });
}

function openRoutes(app: Api, { notReady, version }: ServerOptions): void {
  const open = { tags: ['server'], security: [] };
  app.register(async (part: Api) => {
    part.get(
      '/health',
      {
        schema: {
          ...{ ...open, summary: 'Whether the process answers' },
          response: { 200: z.object({ status: z.literal('ok'), version: z.string() }) },
        },
      },
      async () => ({ status: 'ok' as const, version }),
    );
    const readiness = z.object({ ready: z.boolean(), not_ready: z.array(z.string()) });
    part.get(
      '/ready',
      {
        schema: {
          ...open,
          summary: 'Whether it can do its work',
          response: { 200: readiness, 503: readiness },
        },
      },
      async (_request, reply) => {
        const not_ready = [...notReady()];
        return reply
          .code(not_ready.length === 0 ? 200 : 503)
          .send({ ready: not_ready.length === 0, not_ready });
      },
    );
    part.get('/v1/openapi.json', { schema: { hide: true } }, async () => app.swagger());
    part.get('/docs', { schema: { hide: true } }, async (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', descriptionPolicy)
        .send(descriptionPage),
    );
  });
}

async function withToken(
  part: FastifyInstance,
  guard: TokenGuard | null,
  routes: (app: Api) => Promise<void> | void,
): Promise<void> {
  // Before the body is read.
  if (guard !== null) part.addHook('onRequest', (request) => letIn(request, guard));
  await routes(part.withTypeProvider<ZodTypeProvider>() as Api);
}

async function letIn(request: FastifyRequest, guard: TokenGuard): Promise<void> {
  const credential = credentialOf(request.headers.authorization);
  if (credential === null || credential === 'malformed')
    throw new WeirError('unauthorized', 'a token is needed: Authorization: Bearer TOKEN');
  const admitted = await guard.admit(request.ip, credential.token);
  if (admitted === 'wrong') throw new WeirError('unauthorized', 'the token is not known');
  if (admitted === 'too many')
    throw new WeirError('busy', 'too many unknown tokens were tried; try again in a minute');
}

/** Answers that a route may give besides its own, for its schema: {...failures} in `response`. */
export const failures = { '4xx': failureSchema, '5xx': failureSchema };
