import type { Stats } from 'node:fs';
import { glob, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '../base/error.ts';
import { plain } from '../base/terminal.ts';

/** One thing to read: a file, or standard input. */
export interface Input {
  /** as given; for files found in a folder the folder as given and the path below; '-' for standard input */
  readonly name: string;
  /** what to open; '-' for standard input */
  readonly path: string;
  /** size on disk (compressed); null when not known (pipes, standard input) */
  readonly size_bytes: number | null;
  /** found in a folder, not named by anyone */
  readonly found: boolean;
}

/** Files in one run; more is taken for a mistake (a whole disk given). */
const mostInputs = 200_000;
const deepestFolder = 64;

/**
 * The inputs that paths name: files, folders (read through, hidden files and folders left out, names in order), patterns
 * with * ? [ ] { }, and '-' for standard input. A file that is named twice is read once.
 * @throws WeirError input_missing when a path or pattern names nothing
 */
export async function findInputs(paths: readonly string[]): Promise<Input[]> {
  const inputs: Input[] = [];
  const seen = new Set<string>();
  for (const path of paths) {
    const found = await inputsOf(path);
    for (const input of found) {
      const key = await identityOf(input);
      if (seen.has(key)) continue;
      seen.add(key);
      inputs.push(input);
    }
  }
  return inputs;
}

/** What two names of one file have in common. */
async function identityOf({ path }: Input): Promise<string> {
  return path === '-' ? '-' : realpath(path).catch(() => path);
}

/** Those of `inputs` that are not among `others` under any name. */
export async function notAmong(inputs: readonly Input[], others: readonly Input[]): Promise<Input[]> {
  const taken = new Set(await Promise.all(others.map(identityOf)));
  const identities = await Promise.all(inputs.map(identityOf));
  return inputs.filter((_, i) => !taken.has(identities[i]!));
}

async function inputsOf(path: string): Promise<Input[]> {
  if (path === '-') return [{ name: '-', path: '-', size_bytes: null, found: false }];
  const stats = await statOf(path);
  if (stats !== null) return below(path, stats);
  if (!/[*?[{]/.test(path)) throw missing(path, 'there is no such file or folder');
  const matches: string[] = [];
  for await (const match of glob(path)) matches.push(match);
  if (matches.length === 0) throw missing(path, 'the pattern matches nothing');
  const inputs: Input[] = [];
  for (const match of matches.sort(byName)) {
    const of = await statOf(match);
    if (of !== null) inputs.push(...(await below(match, of)));
  }
  return inputs;
}

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw missing(path, String(code ?? error), error);
  }
}

/** A file itself; of a folder every file below, pipes and devices left out. */
async function below(path: string, stats: Stats): Promise<Input[]> {
  if (!stats.isDirectory()) {
    return [{ name: path, path, size_bytes: stats.isFile() ? stats.size : null, found: false }];
  }
  const inputs: Input[] = [];
  const folders = [{ path, depth: 0 }];
  // Links may lead in a circle: a folder is entered once.
  const entered = new Set<string>();
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const real = await realpath(folder.path).catch(() => null);
    if (real === null || entered.has(real)) continue;
    entered.add(real);
    const names = await namesIn(folder.path, folder.depth);
    const within: typeof folders = [];
    for (const name of names) {
      const full = join(folder.path, name);
      const of = await statOf(full);
      if (of?.isDirectory() && folder.depth < deepestFolder)
        within.push({ path: full, depth: folder.depth + 1 });
      else if (of?.isFile()) inputs.push({ name: full, path: full, size_bytes: of.size, found: true });
      if (inputs.length > mostInputs) throw missing(path, `more than ${mostInputs} files`);
    }
    folders.unshift(...within);
  }
  return inputs;
}

async function namesIn(folder: string, depth: number): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.')).sort(byName);
  } catch (error) {
    // A folder below that may not be read is passed over as 'find' does; the one that was asked for is not.
    if (depth > 0) return [];
    throw missing(folder, String((error as NodeJS.ErrnoException).code), error);
  }
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function missing(path: string, why: string, cause?: unknown): WeirError {
  // A file's name is as little to be trusted as what is in it.
  return new WeirError('input_missing', `cannot read ${plain(path)}: ${why}`, { cause });
}

/**
 * Inputs in the order of their first event, so that rotated files are read as they were written. Those without a known
 * time stay where they are named: after the last one that has a time before them.
 */
export function byFirstTime<T extends { readonly first_time: number | null }>(items: readonly T[]): T[] {
  let last = Number.NEGATIVE_INFINITY;
  const keyed = items.map((item) => {
    if (item.first_time !== null) last = item.first_time;
    return { item, key: item.first_time ?? last };
  });
  return keyed.sort((a, b) => (a.key === b.key ? 0 : a.key < b.key ? -1 : 1)).map((one) => one.item);
}
