import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WeirError } from './error.ts';
import { diskProblem, refuseForeign } from './own-files.ts';

const lock_file = 'lock';

/**
 * Takes a file for this process alone; gives what lets go of it, null when another process, or this one, has it. The lock is
 * the kernel's (fcntl, through an empty SQLite file, because the runtime has no call of its own for it:
 * https://www.sqlite.org/lockingv3.html): it ends with the process however that ends, holds between containers that share
 * the folder, and needs no guess whether who wrote a number is still alive. Throws what SQLite does when the file cannot be opened.
 */
export function lockFile(path: string): (() => void) | null {
  const file = new DatabaseSync(path, { timeout: 0 });
  try {
    // No file beside it: the lock needs no room on a full disk.
    file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return file.close.bind(file);
  } catch (error) {
    file.close();
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === sqlite_busy) return null;
    throw error;
  }
}

/**
 * Makes a folder of Weir's this process's alone; gives what lets go of it.
 * @throws WeirError folder_unusable when another process, or this one, has it already
 */
export function lockFolder(directory: string): () => void {
  const path = join(directory, lock_file);
  refuseForeign(path);
  let release: (() => void) | null;
  try {
    release = lockFile(path);
  } catch (error) {
    throw diskProblem(`${path} cannot be opened`, error);
  }
  if (release !== null) return release;
  throw new WeirError(
    'folder_unusable',
    `${directory} is in use by another process of Weir; end that one first, or name another folder`,
  );
}

/** https://www.sqlite.org/rescode.html#busy; longer codes have it in their last byte. */
const sqlite_busy = 5;
