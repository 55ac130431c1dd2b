// npm leaves packages of other platforms out of the lockfile when the registry in reach does not have them, and
// `npm ci` then refuses the whole lockfile everywhere. This adds each of them as an optional entry without
// integrity. Run it after every `npm install`; test/lockfile.test.ts says so when it was forgotten.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} LockEntry
 * @property {string} [version]
 * @property {string} [resolved]
 * @property {string} [integrity]
 * @property {boolean} [optional]
 * @property {boolean} [dev]
 * @property {string | string[]} [os]
 * @property {string | string[]} [cpu]
 * @property {string | string[]} [libc]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [optionalDependencies]
 */

/** Where npm looks for `name` as seen from the package at `from`, nearest first.
 * @param {string} from a key of the lockfile's `packages`
 * @param {string} name */
function places(from, name) {
  const found = [];
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    found.push(at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`);
    if (at === '') return found;
  }
}

/** Optional packages that some entry asks for and the lockfile does not have.
 * @param {Record<string, LockEntry>} packages
 * @returns {{ by: string, name: string, version: string, dev: boolean }[]} */
export function missingOptional(packages) {
  return Object.entries(packages).flatMap(([by, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !places(by, name).some((place) => place in packages))
      .map(([name, version]) => ({ by, name, version, dev: entry.dev === true })),
  );
}

/** The platform a package is for, read from its name: @chdb/lib-linux-arm64-gnu.
 * @param {string} name
 * @returns {LockEntry} */
function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = words.find((word) => ['linux', 'darwin', 'win32', 'freebsd', 'android'].includes(word));
  const cpu = words.find((word) => ['x64', 'arm64', 'arm', 'ia32'].includes(word));
  if (!os || !cpu)
    throw new Error(`${name}: cannot tell its platform from its name; add it to the lockfile by hand`);
  const libc = words.includes('musl') ? 'musl' : words.includes('gnu') ? 'glibc' : undefined;
  return { os: [os], cpu: [cpu], ...(libc && { libc: [libc] }) };
}

/** Keys in the order npm writes them, so that a later `npm install` changes nothing.
 * @param {LockEntry} entry @returns {LockEntry} */
function entryOf({ version, ...rest }) {
  const others = Object.entries(rest).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...(version && { version }), ...Object.fromEntries(others) };
}

/** The same lockfile with every missing optional package added and no registry named.
 * @param {{ packages: Record<string, LockEntry> }} lock */
export function fixed(lock) {
  const packages = structuredClone(lock.packages);
  for (const { name, version, dev } of missingOptional(packages)) {
    if (!/^\d/.test(version)) throw new Error(`${name}: its version ${version} is a range; add it by hand`);
    const platform = platformOf(name);
    packages[`node_modules/${name}`] = entryOf({ version, ...(dev && { dev }), ...platform, optional: true });
  }
  for (const entry of Object.values(packages)) delete entry.resolved;
  const byPath = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lock, packages: Object.fromEntries(byPath) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = join(dirname(fileURLToPath(import.meta.url)), '..', 'package-lock.json');
  const before = readFileSync(file, 'utf8');
  const after = `${JSON.stringify(fixed(JSON.parse(before)), null, 2)}\n`;
  if (after === before) console.log('package-lock.json is complete.');
  else {
    writeFileSync(file, after);
    console.log('package-lock.json: added what was missing.');
  }
}
