import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { WeirError } from '../../base/error.ts';
import type { PackedState, Snapshot, Step } from '../../schema/control/judging.ts';
import type { Handle } from './handle.ts';

/** Snapshots of a detector that are kept: the one before serves when the newest cannot be read. */
const kept = 2;
/** Bytes of a state, not compressed; a row of SQLite holds a gigabyte. */
const most_state = 512 * 1024 * 1024;

/** Compresses a state. Before the transaction that saves it, which would make all others wait for it. */
export async function packState(state: Uint8Array): Promise<PackedState> {
  if (state.length > most_state) throw tooLarge(state.length);
  const params = { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 };
  return { encoding: 'zstd', bytes: await promisify(zstdCompress)(state, { params }) };
}

/** The state that was packed. @throws WeirError store_failed when it is damaged */
export async function unpackState({ bytes }: PackedState): Promise<Uint8Array> {
  try {
    return await promisify(zstdDecompress)(bytes, { maxOutputLength: most_state });
  } catch (error) {
    throw new WeirError('store_failed', 'A saved state of a detector is damaged', { cause: error });
  }
}

function tooLarge(bytes: number): WeirError {
  return new WeirError(
    'store_failed',
    `The state of a detector has ${bytes.toLocaleString('en')} bytes, and the control store keeps ${most_state.toLocaleString('en')}`,
  );
}

/** Keeps a snapshot; of each detector the newest two stay, and steps since the older of them. */
export async function saveSnapshot(handle: Handle, snapshot: Snapshot, now_us: number): Promise<void> {
  const { detector, window_end, layout, content_hash, packed } = snapshot;
  const now = { layout, content_hash, encoding: packed.encoding, state: packed.bytes, saved_at: now_us };
  await handle.transaction(async ({ db }) => {
    await db
      .insertInto('snapshot')
      .values({ detector, window_end, ...now })
      .onConflict((on) => on.columns(['detector', 'window_end']).doUpdateSet(now))
      .execute();
    const ends = await db
      .selectFrom('snapshot')
      .select('window_end')
      .where('detector', '=', detector)
      .orderBy('window_end', 'desc')
      .limit(kept)
      .execute();
    const oldest = ends.at(-1)?.window_end ?? window_end;
    await db
      .deleteFrom('snapshot')
      .where('detector', '=', detector)
      .where('window_end', '<', oldest)
      .execute();
    await db.deleteFrom('step').where('detector', '=', detector).where('window_end', '<=', oldest).execute();
  });
}

/** The snapshots of a detector, the newest first; their states are read one at a time. */
export async function listSnapshots(handle: Handle, detector: string): Promise<Omit<Snapshot, 'packed'>[]> {
  return handle.db
    .selectFrom('snapshot')
    .select(['detector', 'window_end', 'layout', 'content_hash'])
    .where('detector', '=', detector)
    .orderBy('window_end', 'desc')
    .execute();
}

/** The state of a snapshot, packed; null when there is none of that window. */
export async function findSnapshot(
  handle: Handle,
  detector: string,
  window_end: number,
): Promise<PackedState | null> {
  const row = await handle.db
    .selectFrom('snapshot')
    .select(['encoding', 'state'])
    .where('detector', '=', detector)
    .where('window_end', '=', window_end)
    .executeTakeFirst();
  return row === undefined ? null : { encoding: row.encoding, bytes: row.state };
}

/** Keeps what a window changed. */
export async function saveStep(
  handle: Handle,
  { detector, window_end, body }: Step,
  now_us: number,
): Promise<void> {
  const now = { body, saved_at: now_us };
  await handle.transaction(({ db }) =>
    db
      .insertInto('step')
      .values({ detector, window_end, ...now })
      .onConflict((on) => on.columns(['detector', 'window_end']).doUpdateSet(now))
      .execute(),
  );
}

/** Steps of a detector after the end of a window, in order; at most `limit`: ask again from the last. */
export async function listSteps(
  handle: Handle,
  detector: string,
  after: number,
  limit = 1000,
): Promise<Step[]> {
  return handle.db
    .selectFrom('step')
    .select(['detector', 'window_end', 'body'])
    .where('detector', '=', detector)
    .where('window_end', '>', after)
    .orderBy('window_end')
    .limit(limit)
    .execute();
}
