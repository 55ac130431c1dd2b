import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/**
 * What repositories work on: the control store, or a transaction of it. They read by `db` and write in `transaction`
 * alone, which joins the transaction whose handle it is called on.
 */
export interface Handle {
  readonly db: Kysely<Tables>;
  transaction<T>(work: (handle: Handle) => Promise<T>): Promise<T>;
}

/** Rows of one statement: each has some parameters, of which SQLite takes 32,766 and PostgreSQL 65,535. */
export const rows_at_once = 500;

/** A list in pieces that one statement takes. */
export function* pieces<T>(list: readonly T[], size = rows_at_once): Generator<T[]> {
  for (let at = 0; at < list.length; at += size) yield list.slice(at, at + size);
}
