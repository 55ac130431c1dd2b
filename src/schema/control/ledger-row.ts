import { z } from 'zod';

/** What may become of a record beside being stored; each with reasons. */
export const outcomes = ['filtered', 'duplicates', 'rejected', 'dropped'] as const;
export type Outcome = (typeof outcomes)[number];

const Reasons = z.record(z.string(), z.int());

/** The account of one source over a minute, or an hour of long ago. Counts are records, times µs since 1970. */
export const LedgerRow = z.object({
  source: z.string(),
  at: z.int().describe('its start'),
  span: z.enum(['minute', 'hour']),
  received: z.int(),
  stored: z.int(),
  filtered: z.int(),
  duplicates: z.int(),
  rejected: z.int(),
  dropped: z.int(),
  reasons: z.object({ filtered: Reasons, duplicates: Reasons, rejected: Reasons, dropped: Reasons }),
});
export type LedgerRow = z.infer<typeof LedgerRow>;

/** What is to be added to the account of the minute in which records came. Reasons are reason → records. */
export interface LedgerAddition {
  readonly source: string;
  /** when they came, any instant of the minute */
  readonly at: number;
  readonly received?: number;
  readonly stored?: number;
  readonly filtered?: Readonly<Record<string, number>>;
  readonly duplicates?: Readonly<Record<string, number>>;
  readonly rejected?: Readonly<Record<string, number>>;
  readonly dropped?: Readonly<Record<string, number>>;
}

/** A minute (or hour) whose account does not come to zero. */
export interface LedgerResidue {
  readonly source: string;
  readonly at: number;
  readonly span: LedgerRow['span'];
  /** received − stored − filtered − duplicates − rejected − dropped − in flight */
  readonly residue: number;
}

/** Records that came in a minute and whose end is not known yet. */
export interface InFlight {
  readonly source: string;
  /** any instant of the minute */
  readonly at: number;
  readonly records: number;
}
