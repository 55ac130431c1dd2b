import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { WeirError } from '../base/error.ts';

/** Facts that several features use, by name: `$(probe)` in SQL stands for the fragment `probe`. */
export type Fragments = ReadonlyMap<string, string>;

const File = z.record(z.string().regex(/^[a-z_]+$/), z.strictObject({ means: z.string(), sql: z.string() }));

/** Reads features/_fragments.yaml; none is no fragments. Throws `content_invalid`. */
export function readFragments(file: string): Fragments {
  if (!existsSync(file)) return new Map();
  const result = File.safeParse(parse(readFileSync(file, 'utf8')));
  if (!result.success) throw new WeirError('content_invalid', `${file}: ${z.prettifyError(result.error)}`);
  return new Map(Object.entries(result.data).map(([name, { sql }]) => [name, sql.trim()]));
}

/** The SQL with every `$(name)` replaced by `(fragment)`. Throws `content_invalid` for a name that does not exist. */
export function fillFragments(sql: string, fragments: Fragments, file: string): string {
  return sql.replace(/\$\(([a-z_]+)\)/g, (_, name: string) => {
    const fragment = fragments.get(name);
    if (fragment === undefined) {
      throw new WeirError(
        'content_invalid',
        `${file}: $(${name}) is not in _fragments.yaml; there are ${[...fragments.keys()].join(', ')}`,
      );
    }
    return `(${fragment})`;
  });
}
