import { WeirError } from '../base/error.ts';
import { counted } from '../base/format.ts';
import type { InputReport } from '../schema/ledger.ts';
import type { Store } from '../store/index.ts';
import { clearEvents } from './clear.ts';
import type { Ingest, Planned } from './ingest.ts';

const day_us = 86_400e6;

export interface Learned {
  readonly reports: readonly InputReport[];
  readonly note: string;
  /** Its first event, µs. */
  readonly begins: number;
  /** events of it far from all others in time */
  readonly strays: number;
  /** Just after its last event, µs: only what ends later is reported. */
  readonly ends: number;
}

/**
 * Reads what is to be learned from first. It must lie before what is judged: when it does not, its times are moved
 * back by whole weeks, so that hours of the week keep their meaning.
 */
export async function readBaseline(
  store: Store,
  ingest: () => Ingest,
  past: readonly Planned[],
  judged_from: number | null,
  run_id: string,
): Promise<Learned> {
  let reading = ingest();
  await reading.read(past);
  // What began before and was over later is of both: it does not make a baseline later than what is judged.
  const last_time = reading.last_begun;
  const learned = `learned from ${counted(reading.events, 'event')} of the baseline first`;
  if (judged_from === null || last_time < judged_from)
    return { reports: reading.reports, note: learned, ...beginning(reading), ends: last_time + 1 };
  if (past.some((one) => one.input.size_bytes === null))
    throw new WeirError(
      'usage',
      '--baseline: it is later than what is judged, so it must be read twice, and that takes files, not a pipe',
    );
  const week_us = 7 * day_us;
  const weeks = Math.floor((last_time - judged_from) / week_us) + 1;
  await clearEvents(store);
  await store.command(
    'DELETE FROM reject WHERE run_id = {run_id:String}',
    { run_id },
    { name: 'clear rejects' },
  );
  reading = ingest();
  await reading.read(past, -weeks * week_us);
  return {
    reports: reading.reports,
    note: `${learned}, its times moved back by ${counted(weeks, 'week')} to come before`,
    ...beginning(reading),
    ends: last_time - weeks * week_us + 1,
  };
}

function beginning({ span }: Ingest): Pick<Learned, 'begins' | 'strays'> {
  return { begins: span?.first_time ?? 0, strays: span?.strays ?? 0 };
}
