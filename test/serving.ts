/** A server of the API for tests: over a control store in a folder of its own, and what is said to go on. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Api, createServer } from '../src/api/server.ts';
import { TokenGuard } from '../src/base/token-guard.ts';
import type { WatchState } from '../src/pipeline/live/watch.ts';
import type { Finding } from '../src/schema/finding.ts';
import { type Control, openControl, upsertFindings } from '../src/store/control/index.ts';

/** µs since 1970: 2025-11-28. */
export const now = 1_764_290_000_000_000;

export const right = { authorization: 'Bearer right' };

/** A made-up state: one source that is fine, one that lost records. */
export const watchState: WatchState = {
  started_at: now - 7200e6,
  events: 1234,
  judged_until: now - 600e6,
  findings: 2,
  step_s: 1.5,
  problem: null,
  failed: [],
  detectors: [{ detector: 'port_sweep', judged_until: now - 3600e6, judged: 40, findings: 2 }],
  journal: null,
  sources: [
    {
      source: 'zeek',
      state: {
        ...{ received_bytes: 500_000, received_records: 1200, dropped: {}, problem: null, quiet_since: null },
      },
      ...{ newest: now - 30e6, silent: false, wrong_clock: false, ended: false },
      account: { read: 1200, stored: 1100, filtered: 50, duplicates: 40, rejected: 10, late: 3 },
    },
    {
      source: 'syslog',
      state: {
        ...{ received_bytes: 9000, received_records: 34, problem: 'port 514 is taken', quiet_since: null },
        dropped: { 'receive buffer full': 12 },
      },
      ...{ newest: null, silent: false, wrong_clock: false, ended: false },
      account: { read: 34, stored: 34, filtered: 0, duplicates: 0, rejected: 0, late: 0 },
    },
  ],
};

/** A finding of that id; what is told of it may be changed. */
export function finding(finding_id: string, changes: Partial<Finding> = {}): Finding {
  return {
    ...{ finding_id, detector: 'scan', title: 'Scan', severity: 'medium', stage: 'discovery', attack: [] },
    ...{ start_at: now - 3600e6, end_at: now - 1800e6, windows: 1, window_at: now - 3600e6 },
    ...{ figures_start_at: now - 3600e6, figures_end_at: now - 1800e6 },
    ...{ entity: { src_ip: '10.0.0.1' }, values: { n: 1 }, score: 0.5, p_value: 0.001 },
    ...{ confidence_score: 50, risk_score: 50, summary: '10.0.0.1 tried 9 ports', reasons: [] },
    ...{ baseline: { level: 'prior', windows: 0, entities: 0, says: '' }, evidence: [], evidence_total: 0 },
    ...{ also: [], members: [], members_total: 0, folded_into: '', related: [], next: [] },
    ...{ false_positives: [], caveats: [] },
    ...changes,
  };
}

export interface Serving {
  readonly url: string;
  readonly control: Control;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  /** Keeps findings as they are now. */
  readonly keep: (...findings: readonly Finding[]) => Promise<void>;
  readonly close: (timeout_ms?: number) => Promise<void>;
}

/** A server with the routes that `routes` makes; the only token is "right". */
export async function serving(
  routes: (control: Control) => readonly ((app: Api) => void)[],
): Promise<Serving> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-api-'));
  const control = await openControl({ directory: join(directory, 'control') }, now);
  const guard = new TokenGuard(async (token) => token === 'right');
  const server = createServer({ port: 0, version: '1.2.3', guard, notReady: () => [] });
  for (const one of routes(control)) server.add(one);
  const { port } = await server.listen();
  const url = `http://127.0.0.1:${port}`;
  let as_of = 0;
  return {
    url,
    control,
    get: (path, headers = {}) => fetch(url + path, { headers: { ...right, ...headers } }),
    async keep(...findings) {
      as_of++;
      const states = findings.map((one) => ({ finding: one, as_of, episode: '', shown: true, held: false }));
      await upsertFindings(control, states, now);
    },
    async close(timeout_ms = 1000) {
      await server.close(timeout_ms);
      await control.close();
      rmSync(directory, { recursive: true });
    },
  };
}
