#!/usr/bin/env node
// Finds a Node new enough for Weir and hands over to it. Plain JavaScript, for whatever Node the machine has.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const oldestNode = [24, 14, 1]; // the reason is in src/base/runtime.ts; test/package.test.ts keeps the two equal

/** @param {string} version "v24.21.0" */
function isNewEnough(version) {
  const have = version
    .trim()
    .slice(1)
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  const differs = oldestNode.findIndex((part, at) => part !== have[at]);
  return differs === -1 || (have[differs] ?? 0) > (oldestNode[differs] ?? 0);
}

/** The Node that the package "node" brings along, or null: it is absent where install scripts are switched off. */
function ownNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'));
    const file = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return isNewEnough(spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout ?? '') ? file : null;
  } catch {
    return null;
  }
}

/** Runs Weir in `node` as if it were this process: same arguments, same streams, signals and end.
 * @param {string} node @param {string} main */
function handOver(node, main) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGINT', 'SIGQUIT'])) {
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

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const built = join(root, 'dist', 'main.js');
const source = join(root, 'src', 'main.ts');
// A checkout runs its source, so that an old build never hides a change; Node refuses .ts inside node_modules.
const main = existsSync(source) ? source : built;

if (isNewEnough(process.version)) await import(pathToFileURL(main).href);
else {
  const node = ownNode();
  if (node) handOver(node, main);
  else {
    console.error(
      `weir: Node ${oldestNode.join('.')} or newer is needed; this is ${process.version}, and the Node that comes with ` +
        'Weir is not there.\nInstall Weir again with install scripts allowed (npm_config_ignore_scripts=false), or a newer Node.',
    );
    process.exit(2);
  }
}
