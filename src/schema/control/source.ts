import { z } from 'zod';
import type { JsonValue } from '../json.ts';

/** Whether a source is read: a removed one keeps its account and has no positions. */
export const SourceState = z.enum(['running', 'paused', 'removed']);
export type SourceState = z.infer<typeof SourceState>;

/** Where events come from, as the control store knows it. Times are µs since 1970. */
export const Source = z.object({
  id: z.string().describe('id of the entry in weir.yaml'),
  kind: z.string().describe('files, capture, syslog, http, ...'),
  settings: z.json().describe('the entry as it was read'),
  state: SourceState,
  created_at: z.int(),
  changed_at: z.int(),
});
export type Source = z.infer<typeof Source>;

/** Where a source goes on after a restart. */
export interface SavedPosition {
  /** what it is of, unique within the source: a file's fingerprint, a partition */
  readonly key: string;
  /** null: there is no more need to keep this key */
  readonly value: JsonValue;
}
