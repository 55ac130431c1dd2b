import { readFileSync } from 'node:fs';

/** Version of this package. package.json is two folders up from src/cli/ as well as from dist/cli/. */
export function productVersion(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
}
