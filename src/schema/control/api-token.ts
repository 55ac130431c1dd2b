import { z } from 'zod';

/** A token that opens the API; the token itself is kept nowhere. Times are µs since 1970. */
export const ApiToken = z.object({
  name: z.string(),
  created_at: z.int(),
  last_used_at: z.int().nullable().describe('to the minute'),
  revoked_at: z.int().nullable(),
});
export type ApiToken = z.infer<typeof ApiToken>;
