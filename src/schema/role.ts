import { z } from 'zod';
import { ColumnName, FeatureColumn, Id } from './detector.ts';

/** A part that a host plays for others, told by what it does: content/roles/<id>.yaml. */
export const RoleDefinition = z.strictObject({
  id: Id,
  title: z.string().describe('what people call such a host: "mail server"'),
  about: z.string().describe('one sentence: what such a host does, and how much of it must be seen'),
  forged: z.string().describe('what it would take to be mistaken for one, and what that would gain'),
  reads: z.array(z.string()).min(1).describe('event tables it reads'),
  columns: z.record(ColumnName, FeatureColumn).describe('figures of the evidence'),
  /**
   * One SELECT. Gives host, since (DateTime64(6): the instant from which the evidence sufficed, so that nothing later can
   * change it) and the columns, over all that was read. No parameters.
   */
  sql: z.string(),
  evidence: z.string().describe('a few words with {columns}: "answers {clients} hosts"'),
});
export type RoleDefinition = z.infer<typeof RoleDefinition> & { file: string };

/** One host's role. Windows that end at or before `since` know nothing of it. */
export interface Role {
  readonly host: string;
  /** id of its definition */
  readonly role: string;
  /** what people call such a host */
  readonly title: string;
  /** µs since 1970; 0: the operator said so */
  readonly since: number;
  /** for people: "answers 14 hosts, 4,212 names" */
  readonly evidence: string;
  readonly source: 'learned' | 'config';
}
