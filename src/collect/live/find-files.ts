import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, matchesGlob } from 'node:path';
import { sideBySide } from '../../base/side-by-side.ts';
import { whyNot } from './why-not.ts';

/** A file as it lies there at the moment. */
export interface Seen {
  readonly path: string;
  /** 'device:inode' */
  readonly id: string;
  readonly size: number;
  readonly mtime_ms: number;
  /** which of the paths given it was found by */
  readonly root: number;
  /** It was not asked for: its name says that it is a rotated one of what was asked for. */
  readonly rotated: boolean;
}

export interface Listing {
  readonly files: readonly Seen[];
  /** what could not be looked at, by path */
  readonly problems: ReadonlyMap<string, string>;
  readonly folders: readonly string[];
  /** how many files were looked at: what it cost */
  readonly looked_at: number;
}

export interface FindLimits {
  readonly files: number;
  readonly folders: number;
  /** Files looked at in one go. With more, those that have not changed for a minute take turns. */
  readonly stats: number;
}
export const findLimits: FindLimits = { files: 20_000, folders: 5_000, stats: 4_000 };

const deepestFolder = 32;
const coldAfterMs = 60_000;

interface Entry {
  readonly path: string;
  readonly root: number;
  readonly rotated: boolean;
}

/** Finds the files that paths, folders and patterns name, again and again, at a bounded cost. */
export class FileFinder {
  readonly #paths: readonly string[];
  readonly #limits: FindLimits;
  readonly #known = new Map<string, { seen: Seen; changed_at: number }>();
  #turn = 0;

  constructor(paths: readonly string[], limits: FindLimits = findLimits) {
    this.#paths = paths;
    this.#limits = limits;
  }

  async list(now_ms: number): Promise<Listing> {
    this.#turn++;
    const problems = new Map<string, string>();
    const walk: Walk = {
      entries: new Map(),
      folders: [],
      entered: new Set(),
      problems,
      limits: this.#limits,
    };
    for (const [root, path] of this.#paths.entries()) await namedBy(path, root, walk);
    const entries = [...walk.entries.values()];
    const turns = Math.ceil(entries.length / this.#limits.stats);
    let looked_at = 0;
    const seen = await sideBySide(16, entries, async (entry, i) => {
      const known = this.#known.get(entry.path);
      const cold = known !== undefined && now_ms - known.changed_at > coldAfterMs;
      if (turns > 1 && cold && (i + this.#turn) % turns !== 0) return known.seen;
      looked_at++;
      return this.#look(entry, now_ms, problems);
    });
    for (const path of this.#known.keys()) if (!walk.entries.has(path)) this.#known.delete(path);
    const files = new Map<string, Seen>();
    for (const one of seen) if (one !== null && !files.has(one.id)) files.set(one.id, one);
    return { files: [...files.values()], problems, folders: walk.folders, looked_at };
  }

  async #look(entry: Entry, now_ms: number, problems: Map<string, string>): Promise<Seen | null> {
    try {
      const { dev, ino, size, mtimeNs, isFile } = await statOf(entry.path);
      if (!isFile) return null;
      const seen = { ...entry, id: `${dev}:${ino}`, size: Number(size), mtime_ms: Number(mtimeNs) / 1e6 };
      const before = this.#known.get(entry.path);
      const same =
        before?.seen.id === seen.id &&
        before.seen.size === seen.size &&
        before.seen.mtime_ms === seen.mtime_ms;
      this.#known.set(entry.path, { seen, changed_at: same ? before.changed_at : now_ms });
      return seen;
    } catch (error) {
      // A file that was rotated away since its folder was listed is found under its new name the next time.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') problems.set(entry.path, whyNot(error));
      return null;
    }
  }
}

async function statOf(path: string) {
  const stats = await stat(path, { bigint: true });
  const { dev, ino, size, mtimeNs } = stats;
  return { dev, ino, size, mtimeNs, isFile: stats.isFile(), isFolder: stats.isDirectory() };
}

interface Walk {
  readonly entries: Map<string, Entry>;
  readonly folders: string[];
  /** Links may lead in a circle: a folder is entered once for each path given. */
  readonly entered: Set<string>;
  readonly problems: Map<string, string>;
  readonly limits: FindLimits;
}

async function namedBy(path: string, root: number, walk: Walk): Promise<void> {
  let problem = '';
  try {
    const { isFolder } = await statOf(path);
    if (isFolder) return await below(path, root, walk, () => ({ rotated: false }), deepestFolder);
    add({ path, root, rotated: false }, walk);
  } catch (error) {
    problem = whyNot(error);
  }
  const glob = /[*?[{]/.test(path);
  if (!glob) {
    const name = basename(path);
    const is = (file: string) =>
      file !== path && originals(basename(file)).includes(name) ? { rotated: true } : null;
    if (problem !== '') walk.problems.set(path, problem);
    // A file in a folder that is gone is one problem, not two.
    if (problem === '' || (await isThere(dirname(path)))) await below(dirname(path), root, walk, is, 0);
    return;
  }
  const base = fixedPart(path);
  const depth = path.includes('**') ? deepestFolder : path.slice(base.length).split('/').length - 2;
  await below(
    base,
    root,
    walk,
    (file) => {
      if (matchesGlob(file, path)) return { rotated: false };
      const folder = dirname(file);
      const original = originals(basename(file)).some((name) => matchesGlob(join(folder, name), path));
      return original ? { rotated: true } : null;
    },
    Math.max(0, depth),
  );
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The folder above the first part of a pattern that has a wildcard. */
function fixedPart(pattern: string): string {
  const parts = pattern.split('/');
  const wild = parts.findIndex((part) => /[*?[{]/.test(part));
  const base = parts.slice(0, wild).join('/');
  return base === '' ? (pattern.startsWith('/') ? '/' : '.') : base;
}

/** Files below a folder, hidden ones left out. `wanted` says whether and how. */
async function below(
  top: string,
  root: number,
  walk: Walk,
  wanted: (file: string) => { readonly rotated: boolean } | null,
  depth: number,
): Promise<void> {
  const folders = [{ path: top, depth }];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const real = await realpath(folder.path).catch(() => folder!.path);
    const key = `${root} ${real}`;
    if (walk.entered.has(key)) continue;
    if (walk.entered.size >= walk.limits.folders) {
      walk.problems.set(top, `more than ${walk.limits.folders} folders; those beyond are not looked at`);
      return;
    }
    walk.entered.add(key);
    walk.folders.push(folder.path);
    try {
      for (const entry of await readdir(folder.path, { withFileTypes: true })) {
        if (entry.name.startsWith('.')) continue;
        const path = folder.path === '.' ? entry.name : join(folder.path, entry.name);
        let isFolder = entry.isDirectory();
        if (entry.isSymbolicLink() && folder.depth > 0)
          isFolder = await statOf(path).then(
            (of) => of.isFolder,
            () => false,
          );
        if (isFolder && folder.depth > 0) folders.push({ path, depth: folder.depth - 1 });
        else if (!isFolder && !entry.isSocket() && !entry.isFIFO()) {
          const as = wanted(path);
          if (as !== null && !add({ path, root, ...as }, walk)) return;
        }
      }
    } catch (error) {
      walk.problems.set(folder.path, whyNot(error));
    }
  }
}

/** False: there are too many. */
function add(entry: Entry, walk: Walk): boolean {
  const before = walk.entries.get(entry.path);
  if (before !== undefined && !before.rotated) return true;
  if (before === undefined && walk.entries.size >= walk.limits.files) {
    walk.problems.set(
      entry.path,
      `more than ${walk.limits.files} files; this one and others are not followed`,
    );
    return false;
  }
  walk.entries.set(entry.path, entry);
  return true;
}

/**
 * What a file may have been called before it was rotated: logrotate's 'conn.log.1.gz' and 'conn.log-20260101.gz', with
 * `extension` 'conn-20260101.log', Zeek's 'conn.2026-01-01-10-00-00.log' and 'conn.10:00:00-11:00:00.log.gz'.
 */
export function originals(name: string): string[] {
  const unpacked = name.replace(/\.(gz|zst)$/, '');
  const names = unpacked === name ? [] : [unpacked];
  const end = /^(.+?)[._-]\d[\d:T._-]*$/.exec(unpacked);
  if (end !== null) names.push(end[1]!);
  const middle = /^(.+?)[._-]\d[\d:T._-]*(\.[A-Za-z]+)$/.exec(unpacked);
  if (middle !== null) names.push(middle[1]! + middle[2]!);
  return names;
}

/** What files that follow each other have in common in their names: the name without numbers and what packs it. */
export function stemOf(path: string): string {
  const name = basename(path);
  const [first] = originals(name).slice(-1);
  return join(dirname(path), first ?? name);
}
