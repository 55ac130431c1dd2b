import type { Selectable } from 'kysely';
import type { Source, SourceState } from '../../schema/control/source.ts';
import type { JsonValue } from '../../schema/json.ts';
import type { Handle } from './handle.ts';
import { jsonText, most_json } from './json.ts';
import type { Tables } from './tables.ts';

/** Keeps a source as it is in the settings, running; one that was there keeps when it was made, and whether it is paused. */
export async function saveSource(
  handle: Handle,
  source: { readonly id: string; readonly kind: string; readonly settings: JsonValue },
  now_us: number,
): Promise<void> {
  const settings = jsonText(source.settings, most_json.settings, `The entry of source ${source.id}`);
  const row = { id: source.id, kind: source.kind, settings, created_at: now_us, changed_at: now_us };
  await handle.transaction(({ db }) =>
    db
      .insertInto('source')
      .values({ ...row, state: 'running' })
      .onConflict((on) =>
        on.column('id').doUpdateSet((is) => ({
          kind: source.kind,
          settings,
          state: is
            .case()
            .when('source.state', '=', 'removed')
            .then<SourceState>('running')
            .else(is.ref('source.state'))
            .end(),
          changed_at: now_us,
        })),
      )
      .execute(),
  );
}

/** Runs, pauses or removes a source; a removed one loses its positions. False when there is none of that id. */
export async function setSourceState(
  handle: Handle,
  id: string,
  state: SourceState,
  now_us: number,
): Promise<boolean> {
  return handle.transaction(async ({ db }) => {
    const { numUpdatedRows } = await db
      .updateTable('source')
      .set({ state, changed_at: now_us })
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    if (state === 'removed') await db.deleteFrom('position').where('source', '=', id).execute();
    return numUpdatedRows > 0n;
  });
}

/** All sources, removed ones too, by id. */
export async function listSources(handle: Handle): Promise<Source[]> {
  const rows = await handle.db.selectFrom('source').selectAll().orderBy('id').execute();
  return rows.map(sourceOf);
}

function sourceOf({ settings, ...row }: Selectable<Tables['source']>): Source {
  return { ...row, settings: JSON.parse(settings) };
}
