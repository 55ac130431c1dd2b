import type { Selectable } from 'kysely';
import { WeirError } from '../../base/error.ts';
import type { BatchState, StoredBatch } from '../../schema/control/batch.ts';
import type { JsonValue } from '../../schema/json.ts';
import { type Handle, pieces } from './handle.ts';
import { jsonText, most_json } from './json.ts';
import type { Tables } from './tables.ts';

/** How long a stored batch is known, µs: longer than any sender or restart comes back to it. */
const keep_stored_us = 24 * 3600e6;
const most_reason = 1000;

/** A batch that is about to be sent. */
export interface BatchToBegin {
  readonly batch_id: string;
  readonly source: string;
  readonly covers: JsonValue;
  readonly token: string;
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Notes a batch before it is sent, and gives its state: of one that was begun before, the state it has by now, so that
 * what is stored is not sent again.
 * @throws WeirError store_failed when it was begun with another token: the same id never stands for other events
 */
export async function beginBatch(handle: Handle, batch: BatchToBegin, now_us: number): Promise<BatchState> {
  const { batch_id, source, token } = batch;
  const what = `Batch ${batch_id}`;
  const row = {
    ...{ batch_id, source, token, state: 'in_flight' as const, reason: null },
    covers: jsonText(batch.covers, most_json.position, what),
    counts: jsonText(batch.counts, most_json.position, what),
    created_at: now_us,
    changed_at: now_us,
  };
  const have = await handle.transaction(async ({ db }) => {
    await db
      .insertInto('batch')
      .values(row)
      .onConflict((on) => on.column('batch_id').doNothing())
      .execute();
    return db
      .selectFrom('batch')
      .select(['state', 'token'])
      .where('batch_id', '=', batch_id)
      .executeTakeFirstOrThrow();
  });
  if (have.token !== token)
    throw new WeirError('store_failed', `${what} was begun before with other events under the same id`);
  return have.state;
}

/** Notes that batches are in the telemetry store; what is not in flight stays as it is. */
export async function batchesStored(
  handle: Handle,
  batch_ids: readonly string[],
  now_us: number,
): Promise<void> {
  await settle(handle, batch_ids, { state: 'stored', reason: null, changed_at: now_us });
}

/** Notes that a batch cannot be stored, and why; it stays to be seen. */
export async function setBatchAside(
  handle: Handle,
  batch_id: string,
  reason: string,
  now_us: number,
): Promise<void> {
  await settle(handle, [batch_id], {
    state: 'set_aside',
    reason: reason.slice(0, most_reason),
    changed_at: now_us,
  });
}

async function settle(
  handle: Handle,
  batch_ids: readonly string[],
  to: { state: BatchState; reason: string | null; changed_at: number },
): Promise<void> {
  await handle.transaction(async ({ db }) => {
    for (const some of pieces(batch_ids))
      await db
        .updateTable('batch')
        .set(to)
        .where('batch_id', 'in', some)
        .where('state', '=', 'in_flight')
        .execute();
  });
}

/** Batches of a state, the oldest first. Those in flight after a start are in doubt: the telemetry store is asked for each. */
export async function listBatches(handle: Handle, state: BatchState, limit = 1000): Promise<StoredBatch[]> {
  const rows = await handle.db
    .selectFrom('batch')
    .selectAll()
    .where('state', '=', state)
    .orderBy('created_at')
    .orderBy('batch_id')
    .limit(limit)
    .execute();
  return rows.map(batchOf);
}

/** Forgets batches that have been stored for a day; gives how many. */
export async function pruneBatches(handle: Handle, now_us: number): Promise<number> {
  const { numDeletedRows } = await handle.transaction(({ db }) =>
    db
      .deleteFrom('batch')
      .where('state', '=', 'stored')
      .where('changed_at', '<', now_us - keep_stored_us)
      .executeTakeFirstOrThrow(),
  );
  return Number(numDeletedRows);
}

function batchOf({ covers, counts, ...row }: Selectable<Tables['batch']>): StoredBatch {
  return { ...row, covers: JSON.parse(covers), counts: JSON.parse(counts) };
}
