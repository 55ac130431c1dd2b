import { z } from 'zod';
import { canonicalIp } from '../base/ip.ts';
import { nearest } from '../base/near.ts';
import { isNetwork } from '../base/network.ts';

const Address = z.string().transform((text, context) => {
  const ip = canonicalIp(text);
  if (ip === null)
    context.addIssue({ code: 'custom', message: `not an address such as 10.0.0.5 or 2001:db8::1` });
  return ip ?? z.NEVER;
});

function noRole(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `there is no role ${name}; ${near === null ? `there are ${known.join(', ')}` : `${near} is near`}`;
}

/** What the operator says of one host: a list of roles, or which it has and which it has not. */
const hostRoles = (known: readonly string[]) => {
  const names = z.array(
    z.string().refine((name) => known.includes(name), {
      error: ({ input }) => noRole(String(input), known),
    }),
  );
  return z.union([
    names.transform((is) => ({ is, not: [] as string[] })),
    z.strictObject({ is: names.default([]), not: names.default([]) }),
  ]);
};

/** The file of settings: what Weir cannot learn, or learns wrong. `roles`: ids of those there are. */
export const configSchema = (roles: readonly string[]) =>
  z.strictObject({
    networks: z
      .array(
        z.string().refine(isNetwork, { error: ({ input }) => `not a network such as 10.0.0.0/8: ${input}` }),
      )
      .min(1)
      .optional()
      .describe('your networks; --local-nets goes before it'),
    roles: z
      .record(Address, hostRoles(roles))
      .default({})
      .describe('address → roles it has, and under `not` those it has not'),
  });
export type Config = z.infer<ReturnType<typeof configSchema>>;
