// Files and folders of Weir's own on somebody's disk. Everything that Weir writes or removes goes through here: nothing
// is written through a link, and no folder is emptied that does not carry its marker.
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { type FileHandle, open, readdir, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { WeirError } from './error.ts';
import { isAlive, type ProcessMark, processMark } from './process-mark.ts';

/**
 * What a folder of Weir's is for: a store that is kept, a journal of what was taken in but is not yet in a store, a
 * sample that the next one replaces, or of one process only.
 */
export type FolderKind = 'store' | 'journal' | 'service' | 'sample' | 'temporary';

/** What the marker in a folder says. */
export interface Marker {
  readonly kind: FolderKind;
  /** made when Weir made the folder; never used again */
  readonly id: string;
  /** device and inode of the folder it was made for: a marker that was copied elsewhere marks nothing */
  readonly folder: string;
  /** whose temporary folder it is; null for folders that stay */
  readonly process: ProcessMark | null;
}

/** Name of the marker file in every folder of Weir's. */
export const marker_file = 'weir-store';
const marker_head = 'This folder was made by Weir, which alone writes here.';
/** Made before markers had an id: a store that may be used, never one that may be emptied. */
const marker_of_before = 'This folder is a telemetry store of Weir.';
const most_small_bytes = 4096;

/**
 * Writes a file of Weir's own, readable by its owner alone. What stands there under that name is replaced whole, unless
 * it is a link (symbolic or hard) or no file: then it was not made by Weir, and nothing is written.
 * @throws WeirError folder_unusable, disk_full
 */
export function writeOwn(path: string, text: string): void {
  refuseForeign(path);
  const beside = `${path}.${randomUUID()}`;
  try {
    writeFileSync(beside, text, { mode: 0o600, flag: 'wx' });
    // Takes the place of the name itself, whatever was put there in between.
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw diskProblem(`${path} cannot be written`, error);
  }
}

/**
 * Throws `folder_unusable` when something is at `path` that Weir would not have made there: a link, a second name of
 * another file, or a folder where a file should be.
 */
export function refuseForeign(path: string, kind: 'file' | 'folder' = 'file'): void {
  const found = entryAt(path);
  if (found === null) return;
  if (found.isSymbolicLink() || (found.isFile() && found.nlink > 1))
    throw new WeirError(
      'folder_unusable',
      `${path} is a link, which Weir does not follow; remove it, or name another folder`,
    );
  if (kind === 'file' ? !found.isFile() : !found.isDirectory())
    throw new WeirError(
      'folder_unusable',
      `${path} is not the ${kind} that Weir makes there; remove it, or name another folder`,
    );
}

/**
 * Opens a new file of Weir's own for writing; something that is there already, a link too, is never written to. Gives
 * its descriptor, which the caller closes.
 * @throws WeirError folder_unusable, disk_full
 */
export function openNew(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    throw diskProblem(`${path} cannot be written`, error);
  }
}

/**
 * Writes all of it to a file that `openNew` gave.
 * @throws WeirError folder_unusable, disk_full
 */
export function writeAll(file: number, data: Uint8Array): void {
  try {
    for (let at = 0; at < data.length; ) at += writeSync(file, data, at);
  } catch (error) {
    throw diskProblem('A file of the store cannot be written', error);
  }
}

/**
 * Opens a file of Weir's own without holding up what else runs: `new` must not be there yet, `read` and `change` must. A
 * link is not followed. Errors are the system's own (`code` ENOSPC, EIO): who journals must tell them apart.
 */
export async function openOwn(path: string, how: 'new' | 'read' | 'change'): Promise<FileHandle> {
  if (how !== 'new') refuseForeign(path);
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;
  const flags = how === 'new' ? O_RDWR | O_CREAT | O_EXCL : how === 'read' ? O_RDONLY : O_RDWR;
  return await open(path, flags | O_NOFOLLOW, 0o600);
}

/** Removes a file of Weir's own; of a link, the link. Errors are the system's own. */
export async function removeOwn(path: string): Promise<void> {
  await unlink(path);
}

/** Names of what is in a folder of Weir's own. Errors are the system's own. */
export async function namesWithin(directory: string): Promise<string[]> {
  return await readdir(directory);
}

/**
 * Waits until the names in a folder are on the disk: a file that was made and synced may still be gone after a power
 * cut as long as its name is not. Errors are the system's own.
 */
export async function syncFolder(directory: string): Promise<void> {
  const folder = await open(directory, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Waits until a folder that `claimFolder` gave, its marker and the names of the folders that lead to it are on the disk.
 * Folders above that may not be read are left out: they were there before.
 */
export async function syncClaimed(directory: string): Promise<void> {
  const marker = await openOwn(join(directory, marker_file), 'read');
  try {
    await marker.sync();
  } finally {
    await marker.close();
  }
  await syncFolder(directory);
  for (let path = resolve(directory); dirname(path) !== path; ) {
    path = dirname(path);
    try {
      await syncFolder(path);
    } catch (error) {
      if (!['EACCES', 'EPERM', 'EINVAL', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw error;
    }
  }
}

/** Less than this free, in bytes, is a full disk: no engine can write its smallest file. */
const least_free_bytes = 1024 * 1024;

/** Whether the disk a folder lies on is full; false where that cannot be told. */
export function isFull(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize < least_free_bytes;
  } catch {
    return false;
  }
}

/** A store whose disk is full, with the mend. */
export function fullStore(directory: string, cause?: unknown): WeirError {
  return new WeirError(
    'disk_full',
    `The disk of the store at ${directory} is full (a kept store leaves 256 MiB of it free); make room, or name a folder on another disk: --keep DIR, or TMPDIR for temporary stores`,
    { cause },
  );
}

/** Makes a folder inside one of Weir's, readable by its owner alone; a link there is refused. */
export function makeWithin(path: string): void {
  refuseForeign(path, 'folder');
  try {
    mkdirSync(path, { mode: 0o700, recursive: true });
  } catch (error) {
    throw diskProblem(`${path} cannot be made`, error);
  }
}

/** Makes a folder and those above it, one by one: the runtime's own way never ends below /proc. */
function makeFolder(directory: string): void {
  const path = resolve(directory);
  if (existsSync(path)) {
    if (!statSync(path).isDirectory())
      throw new WeirError('folder_unusable', `${directory} is a file; name a folder`);
    return;
  }
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    throw diskProblem(`${directory} cannot be made`, error);
  }
}

/**
 * Makes a folder one of Weir's, or finds that it is one; gives its marker. A folder that holds anything else is
 * somebody's and is left as it is; so is the mode of a folder that was there before.
 * @throws WeirError folder_unusable (somebody's folder too), disk_full
 */
export function claimFolder(directory: string, kind: FolderKind): Marker {
  makeFolder(directory);
  const have = markerOf(directory);
  if (have !== null) return have;
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    throw diskProblem(`${directory} cannot be read`, error);
  }
  if (names.length > 0)
    throw new WeirError(
      'folder_unusable',
      `${directory} holds something that Weir did not make; name another folder`,
    );
  return mark(directory, kind);
}

/** A new temporary folder of this process; `sweepTemporary` removes it should the process be killed. */
export function temporaryFolder(prefix: string, parent: string = tmpdir()): string {
  let folder: string;
  try {
    folder = mkdtempSync(join(parent, prefix));
  } catch (error) {
    throw diskProblem(
      `No temporary folder can be made in ${parent}`,
      error,
      'set TMPDIR to a folder you may write to',
    );
  }
  mark(folder, 'temporary');
  return folder;
}

function mark(directory: string, kind: FolderKind): Marker {
  const marker: Marker = {
    kind,
    id: randomUUID(),
    folder: identityOf(directory),
    process: kind === 'temporary' ? processMark() : null,
  };
  writeOwn(join(directory, marker_file), `${marker_head}\n${JSON.stringify(marker)}\n`);
  return marker;
}

/**
 * The marker of a folder; null when it has none that is whole and the file of this user (or of anybody, for root).
 * @throws WeirError folder_unusable when its marker is a link or belongs to another user
 */
export function markerOf(directory: string): Marker | null {
  const text = readOwn(join(directory, marker_file));
  if (text === null) return null;
  if (text.startsWith(marker_of_before)) return { kind: 'store', id: '', folder: '', process: null };
  const [head, json = ''] = text.split('\n');
  if (head !== marker_head) return null;
  try {
    const { kind, id, folder, process } = JSON.parse(json) as Marker;
    return { kind, id: String(id), folder: String(folder), process: process ?? null };
  } catch {
    return null;
  }
}

/**
 * The beginning (4 kB) of a small file of Weir's own, of this user or, for root, of anybody; null when there is none.
 * @throws WeirError folder_unusable when it is a link, belongs to another user or cannot be read
 */
export function readOwn(path: string): string | null {
  refuseForeign(path);
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw diskProblem(`${path} cannot be read`, error);
  }
  try {
    const { uid } = fstatSync(file);
    const me = process.getuid?.() ?? uid;
    if (uid !== me && me !== 0)
      throw new WeirError('folder_unusable', `The store at ${dirname(path)} belongs to another user.`);
    const buffer = Buffer.alloc(most_small_bytes);
    return buffer.subarray(0, readSync(file, buffer, 0, most_small_bytes, 0)).toString('utf8');
  } catch (error) {
    throw diskProblem(`${path} cannot be read`, error);
  } finally {
    closeSync(file);
  }
}

/** Whether Weir made this very folder, for this purpose, with the marker it carries. */
function isOwn(directory: string, kind: FolderKind): boolean {
  const marker = markerOf(directory);
  return (
    marker !== null && marker.kind === kind && marker.id !== '' && marker.folder === identityOf(directory)
  );
}

/**
 * Removes the named entries from a folder that Weir made for this purpose; what else is in it stays.
 * @throws WeirError folder_unusable when Weir did not make the folder for it, or an entry is a link
 */
export function emptyOwn(directory: string, kind: FolderKind, entries: readonly string[]): void {
  if (!isOwn(directory, kind))
    throw new WeirError(
      'folder_unusable',
      `${directory} was not made by Weir as a ${kind}, so it is left as it is; name another folder, or remove it yourself`,
    );
  const paths = entries.map((name) => join(directory, name));
  for (const path of paths) refuseForeign(path, entryAt(path)?.isDirectory() ? 'folder' : 'file');
  for (const path of paths) rmSync(path, { recursive: true, force: true });
}

/** Removes a temporary folder with all that is in it; one without its marker is left. The marker goes last. */
export function removeTemporary(directory: string): void {
  try {
    if (!isOwn(directory, 'temporary')) return;
    // An engine that is cut off may put files there while they are removed: rm begins anew on what it finds then.
    for (const name of readdirSync(directory))
      if (name !== marker_file)
        rmSync(join(directory, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    rmSync(join(directory, marker_file), { force: true });
    rmdirSync(directory);
  } catch {
    // It may be under removal by another process already; what is left is found by the next sweep.
  }
}

/** Removes temporary folders with these prefixes whose process was killed before it could. Those of living ones stay. */
export function sweepTemporary(prefixes: readonly string[], parent: string = tmpdir()): void {
  for (const name of namesIn(parent)) {
    if (!prefixes.some((prefix) => name.startsWith(prefix))) continue;
    const folder = join(parent, name);
    try {
      if (!lstatSync(folder).isDirectory()) continue;
      const marker = markerOf(folder);
      if (marker?.process && !isAlive(marker.process)) removeTemporary(folder);
    } catch {
      // Another user's, or gone by now.
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** What is at a path; null when there is nothing, nor can be because a part of the path is a file. */
function entryAt(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

/** Of the folder itself, also where a link leads to it. */
function identityOf(directory: string): string {
  const { dev, ino } = statSync(directory, { bigint: true });
  return `${dev}:${ino}`;
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'you have no permission to',
  EPERM: 'you have no permission to',
  ENOENT: 'there is no such folder',
  ENOTDIR: 'a part of its path is a file',
  EROFS: 'its file system is read-only',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
};

/** A failure of the disk in a sentence with its mend; `cause` is what the system said. */
export function diskProblem(
  what: string,
  cause: unknown,
  mend = 'name another folder, or mend its permissions',
): WeirError {
  if (cause instanceof WeirError) return cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new WeirError('disk_full', `${what}: the disk is full; make room or name a folder on another`, {
      cause,
    });
  return new WeirError('folder_unusable', `${what}: ${reasons[code] ?? message}; ${mend}`, { cause });
}
