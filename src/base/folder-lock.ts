import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WeirError } from './error.ts';
import { diskProblem, refuseForeign } from './own-files.ts';

const lock_file = 'lock';

/**
 * Makes a folder of Weir's this process's alone; gives what lets go of it. The lock is the kernel's (fcntl, through an
 * empty SQLite file, because the runtime has no call of its own for it): it ends with the process however that ends,
 * holds between containers that share the folder, and needs no guess whether who wrote a number is still alive.
 * @throws WeirError folder_unusable when another process, or this one, has it already
 */
export function lockFolder(directory: string): () => void {
  const path = join(directory, lock_file);
  refuseForeign(path);
  let file: DatabaseSync | null = null;
  try {
    file = new DatabaseSync(path, { timeout: 0 });
    // No file beside it: the lock needs no room on a full disk.
    file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return file.close.bind(file);
  } catch (error) {
    file?.close();
    if ((error as { errcode?: number }).errcode === sqlite_busy)
      throw new WeirError(
        'folder_unusable',
        `${directory} is in use by another process of Weir; end that one first, or name another folder`,
        { cause: error },
      );
    throw diskProblem(`${path} cannot be opened`, error);
  }
}

/** https://www.sqlite.org/rescode.html#busy */
const sqlite_busy = 5;
