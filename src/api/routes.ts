import { z } from 'zod';
import { WeirError } from '../base/error.ts';
import type { WatchState } from '../pipeline/live/watch.ts';
import { KeptFinding } from '../schema/control/kept-finding.ts';
import { LedgerRow } from '../schema/control/ledger-row.ts';
import { Severity } from '../schema/detector.ts';
import { Status } from '../schema/status.ts';
import { type Control, findFinding, listLedger, pageFindings } from '../store/control/index.ts';
import type { Api } from './server.ts';

/** What routes ask. */
export interface Asked {
  readonly control: Control;
  readonly state: () => WatchState;
  /** the clock, µs since 1970 */
  readonly now: () => number;
  readonly version: string;
  /** where it runs, for people */
  readonly folder: string;
}

const Page = z.object({ findings: z.array(KeptFinding), next: z.number().nullable() });
const whole = z.coerce.number().int().min(0);

/** Status, findings and the account of every source. */
export function routesOf({ control, state, now, version, folder }: Asked): (app: Api) => void {
  return (app) => {
    app.get(
      '/v1/status',
      {
        schema: {
          tags: ['status'],
          summary: 'What runs, how far it has come, what is wrong',
          response: { 200: Status },
        },
      },
      async () => statusOf(state(), version, folder),
    );
    app.get(
      '/v1/findings',
      {
        schema: {
          tags: ['findings'],
          summary:
            'Findings by their last change; with after, those that changed since, the oldest change first',
          querystring: z.object({
            severity_at_least: Severity.optional(),
            detector: z.string().max(100).optional(),
            entity: z.string().max(512).optional().describe('an address or a name that it is about'),
            from: whole.optional().describe('µs since 1970: it had not ended before'),
            to: whole.optional().describe('µs since 1970: it had begun by then'),
            shown: z.enum(['true', 'false']).optional(),
            after: whole.optional(),
            before: whole.optional(),
            limit: whole.min(1).max(1000).default(100),
          }),
          response: { 200: Page },
        },
      },
      async (request) => {
        const { after, before, limit, shown, ...rest } = request.query;
        const filter = { ...rest, ...(shown !== undefined && { shown: shown === 'true' }) };
        const page = {
          limit,
          ...(after !== undefined && { after }),
          ...(before !== undefined && { before }),
        };
        const { findings, next } = await pageFindings(control, stripped(filter), page);
        return { findings: [...findings], next };
      },
    );
    app.get(
      '/v1/findings/:id',
      {
        schema: {
          tags: ['findings'],
          summary: 'One finding, whole',
          params: z.object({ id: z.string().max(64) }),
          response: { 200: KeptFinding },
        },
      },
      async (request) => {
        const found = await findFinding(control, request.params.id);
        if (found === null) throw new WeirError('not_found', `there is no finding ${request.params.id}`);
        return found;
      },
    );
    app.get(
      '/v1/ledger',
      {
        schema: {
          tags: ['status'],
          summary: 'What became of every record, by source and minute',
          querystring: z.object({
            source: z.string().max(100).optional(),
            from: whole.optional(),
            to: whole.optional(),
          }),
          response: { 200: z.object({ rows: z.array(LedgerRow) }) },
        },
      },
      async (request) => {
        const { source, from = now() - 3600e6, to = now() } = request.query;
        const rows = await listLedger(control, { from, to, ...(source !== undefined && { source }) });
        return { rows: [...rows] };
      },
    );
  };
}

/** Without what was not given. */
function stripped<T extends object>(filter: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as never;
}

/** The state of a watch as the API says it. Pure. */
export function statusOf(state: WatchState, version: string, folder: string): Status {
  const { journal } = state;
  return {
    version,
    folder,
    started_at: state.started_at,
    events: state.events,
    judged_until:
      state.judged_until !== null && Number.isFinite(state.judged_until) ? state.judged_until : null,
    judged_all: state.judged_until === Number.POSITIVE_INFINITY,
    findings: state.findings,
    step_s: state.step_s,
    problem: state.problem,
    failed: state.failed.map(({ detector, why }) => ({ detector, why })),
    journal: journal && {
      ...{ bytes: journal.bytes, most_bytes: journal.most_bytes },
      ...{ waiting_records: journal.waiting_records, problem: journal.problem },
    },
    sources: state.sources.map(({ source, state: of, ...told }) => ({
      source,
      received_bytes: of.received_bytes,
      received_records: of.received_records,
      dropped: { ...of.dropped },
      problem: of.problem,
      ...told,
    })),
  };
}
