// node scripts/bootstrap.mjs [module [arguments]]: installs what Weir needs when it is not there yet, or not in the
// versions of the lockfile; then runs the module in a Node that is new enough. Plain JavaScript: it runs on whatever
// Node the machine has. npm's own "prestart" hooks would do, but npm skips hooks where ignore-scripts is set.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isNewEnough, oldestNode, ownNode, runInNode } from '../bin/own-node.mjs';

/**
 * @typedef {object} LockEntry
 * @property {string} [version]
 * @property {boolean} [optional]
 * @property {boolean} [dev]
 * @property {string | string[]} [os]
 * @property {string | string[]} [cpu]
 * @property {string | string[]} [libc]
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
function isFor(entry, machine) {
  const { os = [], cpu = machine.cpu, libc = machine.libc } = entry;
  return (
    [os].flat().includes(machine.os) &&
    [cpu].flat().includes(machine.cpu) &&
    [libc].flat().includes(machine.libc)
  );
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
/** Holds the id of the process that installs; gone when none does. */
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
  const hasNode = isNewEnough(process.version) || ownNode() !== null;
  return hasNode ? packages : [...packages, `a Node for ${machine.os} on ${machine.cpu} (${machine.libc})`];
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
async function takeTurn() {
  for (let tries = 0; tries < 1200; tries++) {
    try {
      writeFileSync(busy, `${process.pid}`, { flag: 'wx' });
      process.on('exit', endTurn);
      return;
    } catch {
      const pid = existsSync(busy) ? Number(readFileSync(busy, 'utf8')) : 0;
      if (pid > 0 && !isAlive(pid)) rmSync(busy, { force: true });
      else {
        if (tries === 0) console.error('Weir: another install is running here; waiting for it ...');
        await setTimeout(500);
      }
    }
  }
  stop(`another install has been running for ten minutes. If there is none, delete ${busy} and start again.`);
}

function endTurn() {
  process.off('exit', endTurn);
  rmSync(busy, { force: true });
}

/** Runs `npm ci` and waits for its end even when told to stop, since npm tidies up behind itself.
 * @returns {Promise<{ status: number | null, signal: string | null, said: string }>} */
function npmCi() {
  const npm = process.env.npm_execpath;
  const [command, first] = npm ? [process.execPath, [npm]] : ['npm', []];
  const child = spawn(
    command,
    [...first, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: !npm && process.platform === 'win32',
    },
  );
  // When this process is killed and npm is not, the next start waits for npm.
  if (child.pid) writeFileSync(busy, `${child.pid}`);
  /** @type {string | null} */
  let told = null;
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      told = signal;
      child.kill(signal);
    });
  }
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  return new Promise((resolve) => {
    child.on('error', (error) =>
      resolve({ status: null, signal: null, said: `npm cannot be started: ${error.message}` }),
    );
    child.on('close', (status, signal) => resolve({ status, signal: told ?? signal, said }));
  });
}

async function install() {
  console.error('Weir: installing what it needs (once, about 20 s and 800 MB) ...');
  const { status, signal, said } = await npmCi();
  if (signal) stop(`the install was stopped by ${signal}. Start again to finish it.`);
  if (status !== 0) {
    const log = said.split('\n').find((line) => line.includes('complete log')) ?? '';
    stop(
      `npm could not install what Weir needs. Nothing was started. Its words:\n${said.split('\n').slice(0, 12).join('\n')}\n${log}\n` +
        '  - ECONNREFUSED, ENOTFOUND, ETIMEDOUT: npm does not reach its registry; see `npm config get registry`.\n' +
        '  - ENOSPC: about 1 GB of free disk is needed.   - EACCES: this folder must be writable.\n' +
        '  - EUSAGE: package.json and package-lock.json differ: npm install, then npm run fix-lockfile.',
    );
  }
  const left = missing();
  if (left.length === 0) return;
  stop(
    `npm finished without an error, but did not bring ${left.join(', ')}.\n` +
      '  - npm skips a package for one platform when its download fails: look at the npm log, start again.\n' +
      `  - Where there is none for this platform, use Node ${oldestNode} or newer of your own.`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!isNewEnough(process.version, '20.0.0'))
    stop(`Node 20 or newer is needed to install it; this is ${process.version}.`);
  if (missing().length > 0) {
    await takeTurn();
    if (missing().length > 0) await install();
    endTurn();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal);
  }
  const [, , module, ...args] = process.argv;
  if (module) await runInNode(join(root, module), args);
}
