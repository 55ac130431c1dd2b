import { z } from 'zod';

const instant = z.number().nullable().describe('µs since 1970');

/** What runs, how far it has come, what is wrong: as `GET /v1/status` and the stream say it. */
export const Status = z.object({
  version: z.string(),
  folder: z.string(),
  started_at: z.number().describe('µs since 1970'),
  events: z.int().describe('stored since it started'),
  judged_until: instant.describe(
    'windows that ended before are judged; null: none is yet, or all that there are',
  ),
  judged_all: z.boolean().describe('all sources are at their end, and all of it is judged'),
  findings: z.int(),
  step_s: z.number().describe('seconds that the last look of all detectors took'),
  problem: z.string().nullable(),
  failed: z.array(z.object({ detector: z.string(), why: z.string() })),
  journal: z
    .object({
      bytes: z.number(),
      most_bytes: z.number(),
      waiting_records: z.number(),
      problem: z.string().nullable(),
    })
    .nullable(),
  sources: z.array(
    z.object({
      source: z.string(),
      received_bytes: z.number(),
      received_records: z.number(),
      dropped: z.record(z.string(), z.number()),
      problem: z.string().nullable(),
      newest: instant,
      silent: z.boolean(),
      wrong_clock: z.boolean(),
      ended: z.boolean(),
      account: z
        .object({
          read: z.int(),
          stored: z.int(),
          filtered: z.int(),
          duplicates: z.int(),
          rejected: z.int(),
          late: z.int().describe('of those stored: of windows that were judged already'),
        })
        .describe('records since it started: read = stored + filtered + duplicates + rejected'),
    }),
  ),
});
export type Status = z.infer<typeof Status>;
