import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { WeirError } from '../base/error.ts';
import { Config } from '../schema/config.ts';

/** Nothing said: everything is learned. */
export const noConfig: Config = { roles: {} };

/**
 * Reads weir.yaml, the only file of settings there is; no other code does. Throws `config_invalid` naming file and field.
 */
export function readConfig(file: string): Config {
  let given: unknown;
  try {
    given = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new WeirError('config_invalid', `--config: ${file} cannot be read: ${(cause as Error).message}`);
  }
  const result = Config.safeParse(given ?? {});
  if (!result.success) throw new WeirError('config_invalid', `${file}: ${z.prettifyError(result.error)}`);
  return result.data;
}
