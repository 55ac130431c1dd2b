import { z } from 'zod';
import { ColumnName } from './detector.ts';

/** The comment at the head of content/rollups/<id>.sql; the statement follows it. */
export const RollupHead = z.strictObject({
  about: z.string().describe('one sentence: what of the past it keeps'),
  key: z.array(ColumnName).min(1).describe('columns that name a row; there is one of each'),
  reads: z.array(z.string()).min(1).describe('event tables it reads'),
});

/**
 * What features ask of all the past (when was this first seen?), taken together once, so that the statement of each range
 * of windows does not read every event again.
 */
export interface Rollup extends z.infer<typeof RollupHead> {
  readonly id: string;
  /** One SELECT over all that is stored, one row a key. Bound: {begun}, {ended}, and as the same {from}, {to}. */
  readonly sql: string;
  /** The same for a network without a web proxy: the same rows, read faster. */
  readonly sql_without_proxy: string;
  readonly file: string;
}

const prefix = 'rollup_';

/** The table in which statements find a roll-up. */
export function rollupTable(id: string): string {
  return `${prefix}${id}`;
}

/** The roll-ups whose tables a piece of SQL names, by id. */
export function rollupsIn(sql: string): string[] {
  return [...new Set([...sql.matchAll(/\brollup_([a-z_]+)\b/g)].map(([, id]) => id!))];
}
