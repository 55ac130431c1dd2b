import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** Small inputs with one fault behind each, kept beside the product. */
const shared = process.env.WEIR_TEST_CASES ?? join(root, '..', 'shared', 'cases');
const unpacked = join(root, '.data', 'cases');

/** What a test says when it is skipped for want of the cases. */
export const noCases = `the cases are not here: ${shared} is absent (set WEIR_TEST_CASES to a folder that holds them)`;

/**
 * The folder of one case ('07-time-in-milliseconds'), its pack unpacked into the ignored folder .data on first use; null
 * when it is not on this machine. Safe when several test processes ask at once: each unpacks into a folder of its own
 * and the first rename wins.
 */
export function caseFolder(name: string): string | null {
  const folder = join(unpacked, name);
  if (!existsSync(folder)) unpackAll();
  return existsSync(folder) ? folder : null;
}

function unpackAll(): void {
  if (!existsSync(shared)) return;
  const temporary = join(root, '.data', `.cases.${process.pid}`);
  try {
    for (const pack of readdirSync(shared).filter((one) => /^batch-\d+\.tar\.xz$/.test(one))) {
      mkdirSync(temporary, { recursive: true });
      execFileSync('tar', ['-xJf', join(shared, pack), '-C', temporary], { stdio: 'pipe' });
    }
    if (!existsSync(temporary)) return;
    mkdirSync(unpacked, { recursive: true });
    for (const name of readdirSync(temporary)) move(join(temporary, name), join(unpacked, name));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}
