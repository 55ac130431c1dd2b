import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { oldestNode as oldestForCommand } from '../bin/own-node.mjs';
import { oldestNode, runtimeProblem } from '../src/base/runtime.ts';

const root = join(import.meta.dirname, '..');
const { version, optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function weir(...args: string[]) {
  const run = spawnSync(process.execPath, [join(root, 'bin/weir.mjs'), ...args], { encoding: 'utf8' });
  return { status: run.status, out: run.stdout.trim(), said: run.stderr.trim() };
}

test('weir --version prints the version and nothing else', () => {
  assert.deepEqual(weir('--version'), { status: 0, out: version, said: '' });
});

test('weir --help lists what it can do', () => {
  const { status, out } = weir('--help');
  assert.equal(status, 0);
  assert.match(out, /^Weir learns .*usage: weir <command>/s);
});

test('an unknown command, and none, exit with 2 and show the help', () => {
  assert.match(
    weir('analise').said,
    /^weir: There is no command "analise"; analyze is near\.\n\nWeir learns/,
  );
  assert.match(weir('frobnicate').said, /^weir: There is no command "frobnicate"\.\n\nWeir learns/);
  assert.equal(weir('analise').status, 2);
  assert.match(weir().said, /^weir: No command was given\./);
  assert.equal(weir().status, 2);
});

test('the oldest Node allowed is the same in the command, the code and the package', () => {
  assert.equal(oldestForCommand, oldestNode);
  const brought = Object.entries<string>(optionalDependencies).filter(([name]) => name.startsWith('node-'));
  assert.equal(brought.length, 4);
  for (const [, version] of brought) assert.equal(runtimeProblem(version), null);
});

const appleSilicon = process.platform === 'darwin' && process.arch === 'arm64';
const platformNode = `node_modules/node-${appleSilicon ? 'bin-' : ''}${process.platform}-${process.arch}`;

/** An installed Weir on a Node that claims to be old, with the Node that comes along or without. */
function installedWith(main: string, withNode: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bin-'));
  for (const part of ['bin', 'dist', `${platformNode}/bin`])
    mkdirSync(join(folder, part), { recursive: true });
  const old = 'version = "v20.0.0"';
  const ownNode = readFileSync(join(root, 'bin/own-node.mjs'), 'utf8').replace(
    'version = process.version',
    old,
  );
  assert.ok(ownNode.includes(old));
  writeFileSync(join(folder, 'bin/own-node.mjs'), ownNode);
  const command = join(folder, 'bin/weir.mjs');
  copyFileSync(join(root, 'bin/weir.mjs'), command);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'dist/main.js'), main);
  if (withNode) {
    const node = join(folder, platformNode, 'bin/node');
    writeFileSync(join(folder, platformNode, 'package.json'), '{}');
    writeFileSync(node, `#!/bin/sh\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 });
  }
  return { command, remove: () => rmSync(folder, { recursive: true }) };
}

test('on an old Node the command hands over to its own: arguments, input, output and exit status pass through', () => {
  const main =
    'process.stdin.pipe(process.stdout); console.error(process.argv.slice(2).join()); process.exitCode = 7;';
  const { command, remove } = installedWith(main, true);
  try {
    const run = spawnSync(process.execPath, [command, 'a b', '*'], { input: 'text', encoding: 'utf8' });
    assert.deepEqual([run.status, run.stdout, run.stderr.trim()], [7, 'text', 'a b,*']);
  } finally {
    remove();
  }
});

test('on an old Node a signal reaches Weir, which may finish; a death by signal stays one', async () => {
  const main =
    "if (process.argv[2] === 'tidy') process.on('SIGTERM', () => process.exit(5)); setInterval(() => {}, 1e6); console.log('up');";
  const { command, remove } = installedWith(main, true);
  try {
    for (const [how, expected] of [
      ['tidy', [5, null]],
      ['not', [null, 'SIGTERM']],
    ] as const) {
      const child = spawn(process.execPath, [command, how], { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.once('data', () => child.kill('SIGTERM'));
      const ended = await new Promise((resolve) =>
        child.on('exit', (status, signal) => resolve([status, signal])),
      );
      assert.deepEqual(ended, expected);
    }
  } finally {
    remove();
  }
});

test('on an old Node, without its own, the command says what to do', () => {
  const { command, remove } = installedWith('', false);
  try {
    const run = spawnSync(process.execPath, [command], { encoding: 'utf8' });
    assert.equal(run.status, 2);
    assert.match(run.stderr, /Node 24\.14\.1 or newer is needed.*install a newer Node/s);
  } finally {
    remove();
  }
});
