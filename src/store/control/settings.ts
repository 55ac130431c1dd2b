import type { JsonValue } from '../../schema/json.ts';
import type { Handle } from './handle.ts';
import { jsonText, most_json } from './json.ts';

/** Keeps a value that Weir itself found or noted: a threshold, how many rows it judges in a day. */
export async function saveSetting(
  handle: Handle,
  key: string,
  value: JsonValue,
  now_us: number,
): Promise<void> {
  const now = { value: jsonText(value, most_json.setting, `Setting ${key}`), changed_at: now_us };
  await handle.transaction(({ db }) =>
    db
      .insertInto('setting')
      .values({ key, ...now })
      .onConflict((on) => on.column('key').doUpdateSet(now))
      .execute(),
  );
}

/** A value that was kept; undefined when there is none. */
export async function findSetting(handle: Handle, key: string): Promise<JsonValue | undefined> {
  const row = await handle.db.selectFrom('setting').select('value').where('key', '=', key).executeTakeFirst();
  return row === undefined ? undefined : (JSON.parse(row.value) as JsonValue);
}

/** Forgets a value. */
export async function removeSetting(handle: Handle, key: string): Promise<void> {
  await handle.transaction(({ db }) => db.deleteFrom('setting').where('key', '=', key).execute());
}
