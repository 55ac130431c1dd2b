import { z } from 'zod';
import { canonicalIp } from '../base/ip.ts';
import { isNetwork } from '../base/network.ts';

const Address = z.string().transform((text, context) => {
  const ip = canonicalIp(text);
  if (ip === null) context.addIssue({ code: 'custom', message: `not an address: ${text}` });
  return ip ?? z.NEVER;
});

const RoleNames = z.array(z.string());

/** What the operator says of one host: a list of roles, or which it has and which it has not. */
const HostRoles = z.union([
  RoleNames.transform((is) => ({ is, not: [] as string[] })),
  z.strictObject({ is: RoleNames.default([]), not: RoleNames.default([]) }),
]);

/** weir.yaml: what Weir cannot learn, or learns wrong. */
export const Config = z.strictObject({
  networks: z
    .array(
      z.string().refine(isNetwork, { error: ({ input }) => `not a network such as 10.0.0.0/8: ${input}` }),
    )
    .min(1)
    .optional()
    .describe('your networks; --local-nets goes before it'),
  roles: z
    .record(Address, HostRoles)
    .default({})
    .describe('address → roles it has, and under `not` those it has not'),
});
export type Config = z.infer<typeof Config>;
