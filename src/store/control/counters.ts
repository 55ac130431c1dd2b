import type { Handle } from './handle.ts';

/** The next number of a count that never goes back, in the order of commits; called in the transaction that uses it. */
export async function nextNumber(handle: Handle, name: string): Promise<number> {
  const { value } = await handle.db
    .insertInto('counter')
    .values({ name, value: 1 })
    .onConflict((on) => on.column('name').doUpdateSet((is) => ({ value: is('counter.value', '+', 1) })))
    .returning('value')
    .executeTakeFirstOrThrow();
  return value;
}

/** The last number that was given; 0 when none was. */
export async function lastNumber(handle: Handle, name: string): Promise<number> {
  const row = await handle.db
    .selectFrom('counter')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirst();
  return row?.value ?? 0;
}
