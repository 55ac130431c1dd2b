import type { Kysely } from 'kysely';
import type { Dialect } from './migrations/migration.ts';
import type { Tables } from './tables.ts';

/** A database that is open, with its lock held by this process. */
export interface Backend {
  /** path or URL without password, for people */
  readonly name: string;
  readonly dialect: Dialect;
  readonly begin: string;
  /** for reads outside of transactions */
  readonly reader: Kysely<Tables>;
  /** one connection, the one that holds the lock: what it writes nobody else can have written between */
  readonly writer: Kysely<Tables>;
  /** statements of the writer that failed since it was opened */
  failures(): number;
  /** The writer's connection is in no state to go on: the next transaction gets another, where there are others. */
  discard(): void;
  /** Its layout is the one of this program now. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** What is bound to a statement: both databases take it, and give it back alike. */
export function bindable(value: unknown): unknown {
  // PostgreSQL's text has no zero character. JSON writes it otherwise, so that only plain texts lose theirs.
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value;
}
