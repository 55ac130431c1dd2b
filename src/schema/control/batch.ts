import { z } from 'zod';

/**
 * in_flight: sent or about to be sent, its end is not known yet; stored: it is in the telemetry store; set_aside: it
 * cannot be stored, for the reason beside it.
 */
export const BatchState = z.enum(['in_flight', 'stored', 'set_aside']);
export type BatchState = z.infer<typeof BatchState>;

/** Events that go into the telemetry store together, once. Times are µs since 1970. */
export const StoredBatch = z.object({
  batch_id: z.string(),
  source: z.string(),
  covers: z.json().describe('the range of the journal, or the position, that it stands for'),
  token: z.string().describe('under which the telemetry store drops it when it comes again'),
  state: BatchState,
  reason: z.string().nullable().describe('why it was set aside'),
  counts: z.record(z.string(), z.int()).describe('table → rows'),
  created_at: z.int(),
  changed_at: z.int(),
});
export type StoredBatch = z.infer<typeof StoredBatch>;
