// Finding a Node new enough for Weir, and running Weir in it. Plain JavaScript, for whatever Node the machine has.
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The reason is in src/base/runtime.ts; test/package.test.ts keeps the two equal. */
export const oldestNode = '24.14.1';

/** @param {string} version "v24.21.0" @param {string} [oldest] */
export function isNewEnough(version, oldest = oldestNode) {
  const [have, need] = [version.trim().replace(/^v/, ''), oldest].map((text) =>
    text.split(/[.-]/).map(Number),
  );
  const differs = need?.findIndex((part, at) => part !== have?.[at]) ?? -1;
  return differs === -1 || (have?.[differs] ?? 0) > (need?.[differs] ?? 0);
}

/** The Node that comes with Weir as an optional package for each platform, or null where there is none. */
export function ownNode() {
  const name = `node-${process.platform === 'darwin' && process.arch === 'arm64' ? 'bin-' : ''}${process.platform}-${process.arch}`;
  try {
    const file = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', 'node');
    const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' });
    return isNewEnough(stdout ?? '') ? file : null;
  } catch {
    return null;
  }
}

/** Runs the module `main` in this process when its Node is new enough, else in our own Node; null: there is none.
 * @param {string} main path of the module
 * @param {readonly string[]} args
 * @param {string} [version] of the Node that runs this */
export async function runInNode(main, args, version = process.version) {
  if (isNewEnough(version)) {
    process.argv = [process.execPath, main, ...args];
    await import(pathToFileURL(main).href);
    return true;
  }
  const node = ownNode();
  if (node === null) return null;
  handOver(node, [main, ...args]);
  return true;
}

/** Runs `node` as if it were this process: same arguments, same streams, same signals, same end.
 * @param {string} node @param {readonly string[]} args */
function handOver(node, args) {
  const child = spawn(node, args, { stdio: 'inherit' });
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'])) {
    // A terminal sends Ctrl-C to the child as well; twice would mean "at once".
    const fromTerminal = process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT');
    process.on(signal, () => fromTerminal || child.kill(signal));
  }
  child.on('error', (error) => {
    console.error(`weir: ${node} cannot be started: ${error.message}`);
    process.exit(2);
  });
  child.on('exit', (status, signal) => {
    if (signal === null) process.exit(status ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
