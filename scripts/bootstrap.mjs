// Installs what Weir needs when it is not there yet, or when the lockfile is newer. Plain JavaScript: it runs on
// whatever Node the machine has, before our own Node 24 is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  console.error(`Weir needs Node 20 or newer to install itself; this is ${process.version}.`);
  process.exit(2);
}

const installed = join(root, 'node_modules', '.package-lock.json');
const lock = join(root, 'package-lock.json');
const fresh = existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs;
const runtime = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
if (!fresh || !existsSync(runtime)) {
  console.error('Weir: installing what it needs (once, about 20 s) ...');
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm]] : ['npm', []];
  const run = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: !npm && process.platform === 'win32',
  });
  if (run.status !== 0) {
    console.error('Weir: npm ci failed; see above. Nothing was started.');
    process.exit(run.status ?? 1);
  }
}
