import { Readable } from 'node:stream';
import { z } from 'zod';
import { WeirError } from '../base/error.ts';
import { canonicalIp } from '../base/ip.ts';
import { type EventKind, tables } from '../schema/event/index.ts';
import {
  type EventPageFilter,
  type EventPlace,
  pageColumns,
  pageEvents,
  type Store,
} from '../store/index.ts';
import type { Api } from './server.ts';

/** Events of one answer in JSON, which is made whole before it is sent. */
const most_in_json = 1000;
const most_exported = 1_000_000;
/** Exports at once: each holds a query of the engine. */
const most_exports = 4;
/** Who takes nothing of an export for so long is let go, ms. */
const stalled_ms = 60_000;

const formats = { json: 'application/json', ndjson: 'application/x-ndjson', csv: 'text/csv' } as const;
type Format = keyof typeof formats;

const instant = z.coerce.number().int().min(0);
const Query = z.object({
  kind: z.enum(Object.keys(tables) as [EventKind, ...EventKind[]]),
  from: instant.optional().describe('µs since 1970: it could not be told before'),
  to: instant.optional().describe('µs since 1970: it could be told before'),
  src_ip: z.string().max(100).optional(),
  dst_ip: z.string().max(100).optional(),
  after: z
    .string()
    .regex(/^\d{1,16}\.[0-9a-f]{16}$/, 'next of an answer, or told_at.event_id of the last event')
    .optional()
    .describe(
      'events behind this one: next of an answer, or told_at.event_id of the last event of an export',
    ),
  limit: z.coerce.number().int().min(1).max(most_exported).optional(),
  format: z
    .enum(['json', 'ndjson', 'csv'])
    .optional()
    .describe(
      "in place of the header Accept; csv: a text that a table would take for a formula has a ' in front",
    ),
});
const Page = z.object({ events: z.array(z.record(z.string(), z.unknown())), next: z.string().nullable() });

/**
 * `GET /v1/events`: events of one kind in the order in which they could be told, a page at a time, or as an export of lines
 * (NDJSON, CSV). Values go to the engine as bound parameters only.
 */
export function eventRoutes(store: Store): (app: Api) => void {
  let exports = 0;
  return (app) => {
    app.get(
      '/v1/events',
      {
        exposeHeadRoute: false,
        schema: {
          tags: ['events'],
          summary:
            'Events of one kind by when they could be told: pages of JSON, or exported as NDJSON or CSV',
          produces: Object.values(formats),
          querystring: Query,
          response: { 200: Page },
        },
      },
      async (request, reply) => {
        const { kind, limit, format = formatOf(request.headers.accept) } = request.query;
        const filter = filterOf(request.query);
        if (format === 'json') {
          const most = limit ?? 100;
          if (most > most_in_json)
            throw new WeirError(
              'request_invalid',
              `limit: at most ${most_in_json} in JSON; format=ndjson or csv takes up to ${most_exported}`,
            );
          return await pageOf(store, kind, filter, most);
        }
        if (exports >= most_exports)
          throw new WeirError('busy', `${most_exports} exports are under way already; try again later`);
        exports++;
        const batches = pageEvents(store, kind, { ...filter, limit: limit ?? 100_000 });
        // What is wrong with the store shows before the head of the answer is sent.
        const first = await batches.next().catch((error: unknown) => {
          exports--;
          throw error;
        });
        const lines = format === 'csv' ? csvOf(kind, first, batches) : ndjsonOf(kind, first, batches);
        const body = Readable.from(lines, { objectMode: true, highWaterMark: 1 });
        body.once('close', () => {
          exports--;
          void batches.return(undefined);
        });
        request.raw.socket.setTimeout(stalled_ms);
        reply.type(`${formats[format]}; charset=utf-8`);
        reply.header('content-disposition', `attachment; filename="weir-${kind}.${format}"`);
        return reply.send(body as never);
      },
    );
  };
}

/** What a header Accept asks for, by the first name in it that we have. Pure. */
export function formatOf(accept: string | undefined): Format {
  for (const part of (accept ?? '').slice(0, 1000).split(',')) {
    const type = part.split(';')[0]!.trim().toLowerCase();
    if (type === 'text/csv') return 'csv';
    if (type === 'application/x-ndjson' || type === 'application/ndjson') return 'ndjson';
    if (type === 'application/json') return 'json';
  }
  return 'json';
}

function filterOf({
  from,
  to,
  src_ip,
  dst_ip,
  after,
}: z.infer<typeof Query>): Omit<EventPageFilter, 'limit'> {
  return {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(src_ip !== undefined && { src_ip: addressOf('src_ip', src_ip) }),
    ...(dst_ip !== undefined && { dst_ip: addressOf('dst_ip', dst_ip) }),
    ...(after !== undefined && { after: placeOf(after) }),
  };
}

function addressOf(name: string, text: string): string {
  const address = canonicalIp(text);
  if (address === null) throw new WeirError('request_invalid', `${name}: not an address`);
  return address;
}

function placeOf(after: string): EventPlace {
  const [told_at, event_id] = after.split('.');
  return { told_at: Number(told_at), event_id: event_id! };
}

async function pageOf(
  store: Store,
  kind: EventKind,
  filter: Omit<EventPageFilter, 'limit'>,
  limit: number,
): Promise<z.infer<typeof Page>> {
  const rows: unknown[][] = [];
  for await (const some of pageEvents(store, kind, { ...filter, limit: limit + 1 })) rows.push(...some);
  const columns = pageColumns(kind);
  const last = rows[limit - 1];
  return {
    events: rows.slice(0, limit).map((row) => objectOf(columns, row)),
    next: rows.length > limit && last !== undefined ? `${last[0]}.${last[1]}` : null,
  };
}

function objectOf(columns: readonly string[], row: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(columns.map((name, i) => [name, row[i]]));
}

type First = IteratorResult<unknown[][], unknown>;

async function* ndjsonOf(
  kind: EventKind,
  first: First,
  rest: AsyncIterable<unknown[][]>,
): AsyncGenerator<string> {
  const columns = pageColumns(kind);
  const lines = (rows: readonly unknown[][]): string =>
    rows.map((row) => `${JSON.stringify(objectOf(columns, row))}\n`).join('');
  if (first.done) return;
  yield lines(first.value);
  for await (const rows of rest) yield lines(rows);
}

async function* csvOf(
  kind: EventKind,
  first: First,
  rest: AsyncIterable<unknown[][]>,
): AsyncGenerator<string> {
  yield csvLine(pageColumns(kind));
  if (first.done) return;
  yield first.value.map(csvLine).join('');
  for await (const rows of rest) yield rows.map(csvLine).join('');
}

/**
 * A line of CSV (RFC 4180). A list is JSON. A text that a spreadsheet would run as a formula gets an apostrophe in front
 * (https://owasp.org/www-community/attacks/CSV_Injection). Pure.
 */
export function csvLine(values: readonly unknown[]): string {
  return `${values.map(csvCell).join(',')}\r\n`;
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
