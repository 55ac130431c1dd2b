import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Technique = z.strictObject({
  name: z.string(),
  tactics: z.array(z.string()).describe('short names: command-and-control'),
  deprecated: z.boolean().optional().describe('revoked or deprecated by MITRE, still named by others'),
});
const Attack = z.strictObject({
  source: z.string(),
  version: z.string(),
  changed: z.string().describe('day of the newest change to a technique'),
  tactics: z.record(z.string(), z.strictObject({ id: z.string(), name: z.string() })),
  techniques: z.record(z.string(), Technique),
});
export type Attack = z.infer<typeof Attack>;
export type Technique = z.infer<typeof Technique>;

let loaded: Attack | null = null;

/** The pinned list of ATT&CK for Enterprise, derived by scripts/attack.mjs; read once. */
export function attackList(): Attack {
  loaded ??= Attack.parse(
    JSON.parse(readFileSync(new URL('../../content/attack.json', import.meta.url), 'utf8')),
  );
  return loaded;
}

/** A technique by id (T1071.001), undefined when the pinned list has none. */
export function technique(id: string): Technique | undefined {
  const { techniques } = attackList();
  return Object.hasOwn(techniques, id) ? techniques[id] : undefined;
}
