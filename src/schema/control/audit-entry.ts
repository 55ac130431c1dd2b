import { z } from 'zod';

/** Something that was done, by whom. */
export const AuditEntry = z.object({
  sequence: z.int().positive().describe('1, 2, 3, ... without gaps'),
  at: z.int().describe('µs since 1970'),
  actor: z.string().describe('name of the token, or weir itself'),
  action: z.string(),
  subject: z.string().describe('what it was done to'),
  detail: z.json(),
  before: z.string().describe("hash of the entry before, '' of the first"),
  hash: z.string().describe('SHA-256 of all the others as canonical JSON, hexadecimal'),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** What a look over all of the audit found. */
export interface AuditCheck {
  readonly entries: number;
  /** hash of the last entry, '' when there is none: kept elsewhere, it shows that the end was not cut off */
  readonly head: string;
  /** the first entry that is not as it was written, and how that shows; null: all are */
  readonly broken: { readonly sequence: number; readonly because: string } | null;
}
