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

const Port = z.int().min(0).max(65_535);
/** Where to listen: a port of this machine alone, or an address and a port. */
const Where = z.union([
  Port.transform((port) => ({ host: '127.0.0.1', port })),
  z.strictObject({ host: z.string().default('127.0.0.1'), port: Port }),
]);

/** Where records come from, by the one key that says which kind it is. */
const Input = z.union([
  z.strictObject({
    follow: z.array(z.string().min(1)).min(1).describe('files, folders (all below them), patterns'),
    from: z
      .enum(['beginning', 'end'])
      .default('beginning')
      .describe('where to begin with what is there already'),
  }),
  z.strictObject({
    syslog: z
      .strictObject({
        udp: Where.optional(),
        tcp: Where.optional(),
        tls: z
          .strictObject({
            host: z.string().default('127.0.0.1'),
            port: Port,
            cert: z.string().describe('file of the certificate, PEM'),
            key: z.string().describe('file of its key, PEM'),
            ca: z
              .string()
              .optional()
              .describe('only senders with a certificate signed by this one are taken'),
          })
          .optional(),
      })
      .refine(({ udp, tcp, tls }) => udp ?? tcp ?? tls, { error: 'say where: udp, tcp or tls' }),
  }),
  z.strictObject({
    http: z.literal(true).describe('records over HTTP, on the address of the API, with a token'),
  }),
  z.strictObject({
    capture: z.string().min(1).describe('packets from an interface of this machine'),
    filter: z.string().optional().describe('only these packets, as tcpdump writes it'),
  }),
]);
export type InputConfig = z.infer<typeof Input>;

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
    inputs: z
      .record(
        z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'a name of small letters, digits, - and _'),
        Input,
      )
      .default({})
      .describe('name → where records come from, for weir serve'),
    roles: z
      .record(Address, hostRoles(roles))
      .default({})
      .describe('address → roles it has, and under `not` those it has not'),
  });
export type Config = z.infer<ReturnType<typeof configSchema>>;
