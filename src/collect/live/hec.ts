import type { FastifyInstance } from 'fastify';
import { type Answer, hidden, type Intake, type Refusal } from './intake.ts';
import { asLines, fieldOf, linesOf, valuesOf } from './records.ts';

/**
 * Splunk's HTTP Event Collector as senders use it (Splunk, "Get data in", "HTTP Event Collector REST API endpoints" and
 * "Troubleshoot HTTP Event Collector" for the codes):
 * - `/services/collector`, `/services/collector/event` (and `/1.0`): objects with `event`, behind each other; each is
 *   delivered whole, with its `time`, `host`, `source`, `sourcetype`, as one line.
 * - `/services/collector/raw`: lines. What its query says (host, source, sourcetype) is not kept.
 * - `/services/collector/health` (and `/1.0`), which Vector asks at start and needs no token.
 * - Acknowledgement by the indexer is off: `/services/collector/ack` answers code 14 and no answer has an `ackId`.
 *   None is needed: success is said after the records are kept. The channel (`X-Splunk-Request-Channel`) that Vector
 *   and others send all the same is let through; Vector counts a success without `ackId` as delivered.
 * A token in the query string is not looked at: it would stand in logs.
 */
export function hecRoutes(app: FastifyInstance, intake: Intake): void {
  for (const path of ['', '/1.0', '/event', '/event/1.0'])
    intake.taking(app, `/services/collector${path}`, say, async (body) => {
      const spans = valuesOf(body, intake.limits.record_bytes);
      if ('problem' in spans) return invalid(6, 'Invalid data format', spans.record, spans.problem);
      if (spans.length === 0) return { status: 400, body: { text: 'No data', code: 5 } };
      for (const [at, span] of spans.entries()) {
        if (body[span.from] !== 0x7b) return invalid(6, 'Invalid data format', at, 'it is no object');
        const event = fieldOf(body, span, 'event');
        if (event === 'missing') return invalid(12, 'Event field is required', at);
        if (event === 'blank') return invalid(13, 'Event field cannot be blank', at);
      }
      await intake.deliver('http hec', asLines(body, spans), spans.length);
      return success;
    });
  for (const path of ['/raw', '/raw/1.0'])
    intake.taking(app, `/services/collector${path}`, say, async (body) => {
      const records = linesOf(body, intake.limits.record_bytes);
      if ('problem' in records) return invalid(6, 'Invalid data format', records.record, records.problem);
      if (records.count === 0) return { status: 400, body: { text: 'No data', code: 5 } };
      await intake.deliver('http hec', records.bytes, records.count);
      return success;
    });
  intake.answering(app, ['GET', 'POST'], '/services/collector/ack', say, () => ({
    status: 400,
    body: { text: 'ACK is disabled', code: 14 },
  }));
  for (const path of ['/health', '/health/1.0'])
    app.get(`/services/collector${path}`, { schema: hidden }, async (_request, reply) => {
      const [status, text, code] = intake.has_room
        ? [200, 'HEC is healthy', 17]
        : [503, 'HEC is unhealthy, queues are full', 18];
      return reply.code(status as number).send({ text, code });
    });
}

const success: Answer = { status: 200, body: { text: 'Success', code: 0 } };

function invalid(code: number, text: string, event: number, reason?: string): Answer {
  return { status: 400, body: { text, code, 'invalid-event-number': event, ...(reason && { reason }) } };
}

function say({ kind, status, message }: Refusal): Answer {
  switch (kind) {
    case 'no token':
      return { status: 401, body: { text: 'Token is required', code: 2 } };
    case 'malformed token':
      return { status: 401, body: { text: 'Invalid authorization', code: 3 } };
    case 'wrong token':
      return { status: 403, body: { text: 'Invalid token', code: 4 } };
    case 'body':
      return { status, body: { text: 'Invalid data format', code: 6, reason: message } };
    default:
      return { status: 503, body: { text: 'Server is busy', code: 9, reason: message } };
  }
}
