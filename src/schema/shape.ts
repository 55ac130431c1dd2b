import { z } from 'zod';
import { Id } from './detector.ts';

/** What is done with a call that has a known shape, where a feature asks. */
const Effect = z.enum(['left_out', 'low']);

/**
 * Traffic that is known for what it is: content/shapes/<id>.yaml. Never a blanket exemption: it says for which kind of
 * judgement it counts, with which effect, and why.
 */
export const Shape = z
  .strictObject({
    id: Id,
    about: z.string().describe('what it is, and where that is written'),
    reason: z.string().describe('one sentence, said with the finding: "This name tells …"'),
    forged: z.string().describe('what an attacker gains who imitates it'),
    names: z
      .array(
        z
          .string()
          .regex(
            /^\.?[a-z0-9-]+(\.[a-z0-9-]+)+$/,
            'a name such as check.example.com, or .example.com for all below it',
          ),
      )
      .default([])
      .describe('names asked for; one that begins with a dot stands for all below it'),
    where: z
      .string()
      .default('')
      .describe('SQL over a call: src_ip, dst_ip, ports, transport, direction, service, sent, received'),
    effects: z
      .partialRecord(z.enum(['rhythm', 'upload', 'scan', 'slow_scan']), Effect)
      .describe(
        'left_out: the feature does not see such calls; low: it is told at the bottom, with the reason',
      ),
  })
  .refine(({ names, where }) => names.length > 0 !== (where !== ''), {
    error: 'either names or where: a feature knows the name or the connection',
  });
export type Shape = z.infer<typeof Shape> & { file: string };
