import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Attack = z.object({
  version: z.string(),
  tactics: z.record(z.string(), z.object({ id: z.string(), name: z.string() })),
  techniques: z.record(z.string(), z.object({ name: z.string(), tactics: z.array(z.string()) })),
});
export type Attack = z.infer<typeof Attack>;

let loaded: Attack | null = null;

/** The pinned list of ATT&CK techniques and tactics; derived by scripts/attack.mjs. */
export function attackList(): Attack {
  loaded ??= Attack.parse(
    JSON.parse(readFileSync(new URL('../../content/attack.json', import.meta.url), 'utf8')),
  );
  return loaded;
}

/** A technique by id (T1071.001), undefined when the pinned list has none. */
export function technique(id: string): { name: string; tactics: readonly string[] } | undefined {
  return attackList().techniques[id];
}
