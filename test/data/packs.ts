import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** Captures and logs of other projects, kept beside the product: each has its own licence, none is copied in. */
const shared = process.env.WEIR_TEST_DATA ?? join(root, '..', 'shared', 'data');
const unpacked = join(root, '.data');

/** What a test says when it is skipped for want of data. */
export const noData = `the data packs are not here: ${shared} is absent (set WEIR_TEST_DATA to a folder that holds them)`;

/**
 * The folder of an unpacked data pack ('zeek-btest', 'ndpi', ...), unpacked into the ignored folder .data on first
 * use; null when the packs are not on this machine. Safe when several test processes ask at once: each unpacks into
 * a folder of its own and the first rename wins.
 */
export function pack(name: string): string | null {
  const folder = join(unpacked, name);
  if (existsSync(folder)) return folder;
  const script = join(shared, 'extract.sh');
  if (!existsSync(script) || !existsSync(join(shared, `${name}.tar.xz`))) return null;
  const temporary = join(unpacked, `.${name}.${process.pid}`);
  mkdirSync(temporary, { recursive: true });
  try {
    execFileSync('bash', [script, temporary, name], { stdio: 'pipe' });
    if (!existsSync(folder)) renameSync(join(temporary, name), folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return folder;
}
