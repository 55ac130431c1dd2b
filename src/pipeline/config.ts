import { readFileSync } from 'node:fs';
import { WeirError } from '../base/error.ts';
import { yamlAs } from '../content/index.ts';
import { type Config, configSchema } from '../schema/config.ts';

/** Nothing said: everything is learned. */
export const noConfig: Config = { roles: {}, inputs: {} };

const unread: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder; name a file',
  EACCES: 'you may not read it',
  EPERM: 'you may not read it',
};

/**
 * Reads the file of settings that `--config` names, the only one there is; no other code does. `roles`: ids of the roles
 * that content knows. Throws `config_invalid` with all that is wrong, one a line, each with file, line and key.
 */
export function readConfig(file: string, roles: readonly string[]): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new WeirError(
      'config_invalid',
      `--config: ${file} cannot be read: ${unread[code ?? ''] ?? message}`,
      { cause },
    );
  }
  return yamlAs(file, text, configSchema(roles), 'config_invalid');
}
