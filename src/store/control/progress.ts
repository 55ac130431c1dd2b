import type { Progress } from '../../schema/control/judging.ts';
import type { Handle } from './handle.ts';

/** Notes that a detector has judged every window that ended up to `judged_to`, with this content. */
export async function saveProgress(
  handle: Handle,
  { detector, judged_to, content_hash }: Omit<Progress, 'updated_at'>,
  now_us: number,
): Promise<void> {
  const now = { judged_to, content_hash, updated_at: now_us };
  await handle.transaction(({ db }) =>
    db
      .insertInto('progress')
      .values({ detector, ...now })
      .onConflict((on) => on.column('detector').doUpdateSet(now))
      .execute(),
  );
}

/** How far each detector has judged, by detector. */
export async function listProgress(handle: Handle): Promise<Progress[]> {
  return handle.db.selectFrom('progress').selectAll().orderBy('detector').execute();
}

/** Forgets how far a detector has judged and what it has learned: it begins anew. Its findings stay. */
export async function forgetDetector(handle: Handle, detector: string): Promise<void> {
  await handle.transaction(async ({ db }) => {
    for (const table of ['progress', 'snapshot', 'step'] as const)
      await db.deleteFrom(table).where('detector', '=', detector).execute();
  });
}
