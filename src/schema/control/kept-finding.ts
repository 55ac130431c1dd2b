import { z } from 'zod';
import type { Severity } from '../detector.ts';
import { Finding } from '../finding.ts';

/** What is known of a finding, to be kept. Times are µs since 1970. */
export interface FindingState {
  readonly finding: Finding;
  /** the episode it tells of; '' where there is none */
  readonly episode: string;
  /** event time up to which all that it says was looked at: of two states of one finding the later one holds */
  readonly as_of: number;
  /** a line of the list */
  readonly shown: boolean;
  /** left out of the list by its cap */
  readonly held: boolean;
}

/** A finding as the control store has it. */
export const KeptFinding = z.object({
  finding: Finding,
  episode: z.string(),
  version: z.int().positive().describe('1 when it was first told, one more with each change'),
  sequence: z.int().positive().describe('number of its last change among those of all findings, rising'),
  as_of: z.number().describe('event time up to which it was looked at'),
  shown: z.boolean(),
  held: z.boolean(),
  created_at: z.int(),
  changed_at: z.int(),
});
export type KeptFinding = z.infer<typeof KeptFinding>;

/** One version of a finding. */
export const FindingVersion = KeptFinding.omit({ created_at: true });
export type FindingVersion = z.infer<typeof FindingVersion>;

/** What became of a state that was to be kept. stale: a later one is kept already. */
export interface FindingChange {
  readonly finding_id: string;
  readonly change: 'new' | 'changed' | 'same' | 'stale';
  readonly version: number;
  readonly sequence: number;
}

/** Which findings. Times are µs since 1970, both ends included. */
export interface KeptFindingFilter {
  readonly severity_at_least?: Severity;
  readonly detector?: string;
  /** a value that any column of its entity has: an address, a name */
  readonly entity?: string;
  /** it had not ended before */
  readonly from?: number;
  /** it had begun by then */
  readonly to?: number;
  readonly shown?: boolean;
}
