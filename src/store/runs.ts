import { instant } from '../base/time.ts';
import { insertRows, instantOrNull } from './inserts.ts';
import type { Store } from './store.ts';

/** One run of the program over some input. Instants are µs since 1970. */
export interface Run {
  readonly run_id: string;
  readonly started_at: number;
  readonly ended_at: number | null;
  /** the command that ran: analyze, ... */
  readonly command: string;
  /** version of Weir */
  readonly version: string;
  readonly state: 'running' | 'done' | 'failed';
  /** counts and rates, as told at the end */
  readonly figures: Readonly<Record<string, unknown>>;
}

/** Stores a run; a later one of the same id takes its place. */
export async function saveRun(store: Store, run: Run, now_us: number): Promise<void> {
  const row = {
    ...run,
    started_at: instant(run.started_at),
    ended_at: instantOrNull(run.ended_at),
    figures: JSON.stringify(run.figures),
    stored_at: instant(now_us),
  };
  await insertRows(store.connection, 'run', [row]);
}

/** Runs, newest first. */
export async function listRuns(store: Store, limit = 20): Promise<Run[]> {
  const rows = await store.rows<[string, number, number | null, string, string, Run['state'], string]>(
    `SELECT run_id, toUnixTimestamp64Micro(started_at), toUnixTimestamp64Micro(ended_at), command, version, state,
figures FROM run FINAL ORDER BY started_at DESC, run_id LIMIT {limit:UInt32}`,
    { limit },
    { name: 'runs' },
  );
  return rows.map(([run_id, started_at, ended_at, command, version, state, figures]) => ({
    run_id,
    started_at,
    ended_at,
    command,
    version,
    state,
    figures: JSON.parse(figures) as Record<string, unknown>,
  }));
}
