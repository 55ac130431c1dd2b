import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '../../base/error.ts';
import { namesWithin, openOwn, removeOwn, syncFolder } from '../../base/own-files.ts';

/** One folder as the journal sees it; tests pass one that loses what was not synced, fills up and breaks. */
export interface Disk {
  names(): Promise<string[]>;
  /** `new` must not be there yet; `read` and `change` must */
  open(name: string, how: 'new' | 'read' | 'change'): Promise<DiskFile>;
  remove(name: string): Promise<void>;
  /** waits until names that were made or removed are on the disk */
  syncNames(): Promise<void>;
}

/** An open file. Errors are the system's own, with its `code`. */
export interface DiskFile {
  /** Reads into all of `into` from `at`; fewer bytes where the file ends. */
  read(into: Uint8Array, at: number): Promise<number>;
  /** Writes all of it. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Waits until what was written, and the size, are on the disk (fdatasync). */
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** A folder of Weir's own on the disk of this machine. */
export function diskAt(directory: string): Disk {
  return {
    names: () => namesWithin(directory),
    open: async (name, how) => fileOf(await openOwn(join(directory, name), how)),
    remove: (name) => removeOwn(join(directory, name)),
    syncNames: () => syncFolder(directory),
  };
}

function fileOf(handle: FileHandle): DiskFile {
  return {
    async read(into, at) {
      let done = 0;
      while (done < into.length) {
        const { bytesRead } = await handle.read(into, done, into.length - done, at + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    },
    async write(bytes, at) {
      let done = 0;
      while (done < bytes.length)
        done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
    },
    sync: () => handle.datasync(),
    truncate: (bytes) => handle.truncate(bytes),
    size: async () => (await handle.stat()).size,
    close: () => handle.close(),
  };
}

/** A failure of the journal's disk: disk_full when there is no room, else output_failed. */
export function journalProblem(what: string, cause: unknown): WeirError {
  if (cause instanceof WeirError) return cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new WeirError('disk_full', `${what}: the disk of the journal is full; make room on it`, { cause });
  return new WeirError('output_failed', `${what}: ${reasons[code] ?? message}; look at the disk`, { cause });
}

const reasons: Readonly<Record<string, string>> = {
  EIO: 'the disk of the journal does not write or read',
  EROFS: 'the file system of the journal is read-only',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
};
