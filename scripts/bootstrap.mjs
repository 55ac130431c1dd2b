// Installs what Weir needs when it is not there yet, or not in the versions of the lockfile. Plain JavaScript: it
// runs on whatever Node the machine has, before our own Node 24 is installed. A second run costs a few milliseconds.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} LockEntry
 * @property {string} [version]
 * @property {boolean} [optional]
 * @property {boolean} [dev]
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 * @property {string[]} [libc]
 * @typedef {Record<string, LockEntry>} Packages
 * @typedef {{ os: string, cpu: string, libc: string }} Machine
 */

/** Packages of the lockfile that are not installed in that version. Optional ones count only when they are made for
 * this machine and are needed to run: npm skips them without an error when a download fails.
 * @param {Packages} wanted `packages` of package-lock.json
 * @param {Packages} installed `packages` of node_modules/.package-lock.json, which npm writes last
 * @param {Machine} machine
 * @returns {string[]} */
export function missingPackages(wanted, installed, machine) {
  return Object.entries(wanted)
    .filter(([path, entry]) => path !== '' && installed[path]?.version !== entry.version)
    .filter(([path, entry]) => path in installed || !entry.optional || (!entry.dev && isFor(entry, machine)))
    .map(([path, entry]) => `${path.replace(/^.*node_modules\//, '')}@${entry.version}`);
}

/** @param {LockEntry} entry @param {Machine} machine */
function isFor({ os, cpu, libc }, machine) {
  return (
    os?.includes(machine.os) === true &&
    (cpu?.includes(machine.cpu) ?? true) &&
    (libc?.includes(machine.libc) ?? true)
  );
}

/** @param {string} text a version: v24.14.1 @param {readonly number[]} least */
function isAtLeast(text, least) {
  const parts = text.replace(/^v/, '').split('.').map(Number);
  const differs = least.findIndex((part, at) => part !== parts[at]);
  return differs === -1 || (parts[differs] ?? 0) > (least[differs] ?? 0);
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const runtime = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const busy = join(root, '.bootstrap');

/** @param {string} file @returns {Packages} */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return {};
  }
}

/** @returns {string[]} what is missing, in words; empty when Weir can run */
function missing() {
  const glibc = existsSync('/lib64/ld-linux-x86-64.so.2') || existsSync('/lib/ld-linux-aarch64.so.1');
  const machine = { os: process.platform, cpu: process.arch, libc: glibc ? 'glibc' : 'musl' };
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const packages = missingPackages(wanted, packagesOf(join(modules, '.package-lock.json')), machine);
  const ownNode = existsSync(runtime) || isAtLeast(process.version, [24, 14, 1]);
  return ownNode ? packages : [...packages, 'the Node 24 that the package "node" brings'];
}

/** @param {string} text @returns {never} */
function stop(text) {
  console.error(`Weir: ${text}`);
  process.exit(2);
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/** One install at a time: `npm ci` begins by deleting node_modules. Waits while another runs. */
function takeTurn() {
  for (let tries = 0; tries < 1200; tries++) {
    try {
      writeFileSync(busy, `${process.pid}\n`, { flag: 'wx' });
      process.on('exit', () => rmSync(busy, { force: true }));
      return;
    } catch {
      if (tries === 0) console.error('Weir: another install is running here; waiting for it ...');
      const pid = existsSync(busy) ? Number(readFileSync(busy, 'utf8')) : 0;
      if (pid > 0 && !isAlive(pid)) rmSync(busy, { force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    }
  }
  stop(`another install has been running for ten minutes. If there is none, delete ${busy} and start again.`);
}

function install() {
  console.error('Weir: installing what it needs (once, about 20 s and 800 MB) ...');
  const npm = process.env.npm_execpath;
  const [command, first] = npm ? [process.execPath, [npm]] : ['npm', []];
  const run = spawnSync(
    command,
    [...first, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: !npm && process.platform === 'win32',
    },
  );
  if (run.error)
    stop(`npm could not be started (${run.error.message}). Install npm 10 or newer, then start again.`);
  if (run.signal) stop(`the install was stopped by ${run.signal}. Start again to finish it.`);
  if (run.status !== 0) {
    stop(
      'npm could not install what Weir needs; its own words are above. Nothing was started.\n' +
        '  - ECONNREFUSED, ENOTFOUND, ETIMEDOUT: npm does not reach its registry; see `npm config get registry`.\n' +
        '  - ENOSPC: about 1 GB of free disk is needed.   - EACCES: this folder must be writable.\n' +
        '  - EUSAGE: package.json and package-lock.json differ: npm install, then npm run fix-lockfile.',
    );
  }
  const left = missing();
  if (left.length > 0) {
    stop(
      `npm finished without an error, but did not bring ${left.join(', ')}.\n` +
        '  - If npm is told to run no install scripts (`npm config get ignore-scripts`), start once with\n' +
        '    npm_config_ignore_scripts=false, or use Node 24.14.1 or newer of your own.\n' +
        '  - Otherwise the package could not be downloaded for this machine; look at the npm log.',
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!isAtLeast(process.version, [20, 0, 0]))
    stop(`Node 20 or newer is needed to install it; this is ${process.version}.`);
  if (missing().length > 0) {
    takeTurn();
    if (missing().length > 0) install();
  }
}
