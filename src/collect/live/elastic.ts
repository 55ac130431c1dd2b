import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Bulk, bulkOf } from './bulk.ts';
import { type Answer, type Intake, Refusal } from './intake.ts';

/** The version that is claimed: Beats refuse an Elasticsearch older than they are unless they are told not to. */
const version = '8.19.0';

/**
 * As much of Elasticsearch as senders need to send. What they ask at start, by their own sources and trackers:
 * - Filebeat (libbeat): `GET /` for the version; `GET /_license?human=false`, which must say `active`; with lifecycle
 *   and templates on (their default) `GET /_ilm/policy/NAME`, `HEAD /_index_template/NAME`, older ones `GET /_xpack`,
 *   `HEAD /_template/NAME`; modules `GET /_ingest/pipeline/NAME`. Then `POST /_bulk?filter_path=errors,items.*.error,…`.
 * - Logstash (logstash-output-elasticsearch, issue 1191): `GET|HEAD /` (with X-Elastic-Product), `GET /_license`,
 *   `HEAD|PUT /_index_template/NAME`, `GET|PUT /_ilm/policy/NAME`, `HEAD|PUT /NAME`, `POST /_bulk?filter_path=…`.
 * - Vector (sinks/elasticsearch): `GET /` for the version, `GET /_cluster/health` must be 200, `POST /_bulk?timeout=…`.
 * - Fluent Bit (out_es) asks nothing: `POST /_bulk`, `create` items.
 * Templates, policies, pipelines and indices are said to be there and are not: nothing is set up in Weir by them. Of
 * what is sent, `create` and `index` items are kept as the lines they are; the index named is not.
 *
 * When nothing can be kept, the answer is 429 as a whole and for each item: Vector sends single items again only when
 * told to, whole requests always.
 */
export function elasticRoutes(app: FastifyInstance, intake: Intake): void {
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-elastic-product', 'Elasticsearch');
    // Clients of version 8 want their own name of JSON back.
    if (/application\/vnd\.elasticsearch\+json/.test(request.headers.accept ?? ''))
      reply.header('content-type', 'application/vnd.elasticsearch+json;compatible-with=8');
  });
  for (const path of ['/_bulk', '/:index/_bulk', '/:index/:type/_bulk'])
    intake.taking(app, path, say, (body, request) => takeBulk(intake, body, request));
  for (const [path, answer] of Object.entries(fixed))
    intake.answering(app, ['GET'], path, say, () => ({ status: 200, body: answer }));
  for (const path of set)
    intake.answering(app, ['GET', 'HEAD', 'PUT', 'POST'], path, say, ({ method }) => ({
      status: 200,
      body: method === 'GET' || method === 'HEAD' ? {} : { acknowledged: true },
    }));
  intake.answering(app, ['HEAD', 'PUT'], '/:index', say, () => ({
    status: 200,
    body: { acknowledged: true },
  }));
}

const uuid = createHash('sha256').update('weir').digest('base64url').slice(0, 22);

const fixed: Readonly<Record<string, unknown>> = {
  '/': {
    name: 'weir',
    cluster_name: 'weir',
    cluster_uuid: uuid,
    version: {
      number: version,
      build_flavor: 'default',
      build_type: 'tar',
      build_hash: '0000000000000000000000000000000000000000',
      build_date: '2025-01-01T00:00:00.000000000Z',
      build_snapshot: false,
      lucene_version: '9.12.0',
      minimum_wire_compatibility_version: '7.17.0',
      minimum_index_compatibility_version: '7.0.0',
    },
    tagline: 'You Know, for Search',
  },
  '/_license': {
    license: {
      status: 'active',
      uid: uuid,
      type: 'basic',
      mode: 'basic',
      issued_to: 'weir',
      max_nodes: 1000,
    },
  },
  '/_xpack': {
    license: { uid: uuid, type: 'basic', mode: 'basic', status: 'active' },
    features: { ilm: { available: false, enabled: false }, security: { available: true, enabled: true } },
    tagline: 'You know, for X',
  },
  '/_cluster/health': {
    cluster_name: 'weir',
    status: 'green',
    timed_out: false,
    number_of_nodes: 1,
    number_of_data_nodes: 1,
    active_primary_shards: 1,
    active_shards: 1,
    relocating_shards: 0,
    initializing_shards: 0,
    unassigned_shards: 0,
    active_shards_percent_as_number: 100,
  },
};

/** What senders look for and set up. */
const set = [
  '/_ilm/policy/:name',
  '/_index_template/:name',
  '/_component_template/:name',
  '/_template/:name',
  '/_ingest/pipeline/:name',
  '/_data_stream/:name',
];

async function takeBulk(intake: Intake, body: Buffer, request: FastifyRequest): Promise<Answer> {
  const started = performance.now();
  const { index = '' } = request.params as { index?: string };
  const bulk = bulkOf(body, index, intake.limits);
  if ('problem' in bulk) throw new Refusal('body', bulk.status, bulk.problem);
  try {
    if (bulk.count > 0) await intake.deliver('http elasticsearch', bulk.lines, bulk.count);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'busy') throw error;
    const body = itemsText(bulk, started, { status: 429, ...busy(error.message) });
    return { status: 429, body, headers: { 'retry-after': '1' } };
  }
  return { status: 200, body: itemsText(bulk, started, null) };
}

const busy = (reason: string) => ({ error: { type: 'es_rejected_execution_exception', reason } });

/** The answer: one item a document, in order. `all`: what became of those that would have been kept. */
function itemsText({ items }: Bulk, started: number, all: { status: 429; error: object } | null): string {
  const errors = all !== null || items.some(({ error }) => error !== null);
  const parts: string[] = [];
  for (const { action, index, id, error } of items) {
    const what = { _index: index, ...(id !== null && { _id: id }) };
    const result =
      error !== null ? { ...what, status: 400, error } : (all ?? { result: 'created', status: 201 });
    parts.push(`{"${action}":${JSON.stringify({ ...what, ...result })}}`);
  }
  return `{"took":${Math.round(performance.now() - started)},"errors":${errors},"items":[${parts.join(',')}]}`;
}

function say({ kind, status, message }: Refusal): Answer {
  const types: Partial<Record<Refusal['kind'], string>> = {
    body: status === 413 ? 'content_too_long_exception' : 'illegal_argument_exception',
    busy: 'es_rejected_execution_exception',
    down: 'unavailable_shards_exception',
  };
  const error = { type: types[kind] ?? 'security_exception', reason: message };
  const headers: Record<string, string> = status === 401 ? { 'www-authenticate': 'Basic realm="weir"' } : {};
  return { status, body: { error: { root_cause: [error], ...error }, status }, headers };
}
