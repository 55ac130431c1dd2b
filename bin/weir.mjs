#!/usr/bin/env node
// The command `weir`, on whatever Node the machine has.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { oldestNode, runInNode } from './own-node.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src', 'main.ts');
// A checkout runs its source, so that an old build never hides a change. Node refuses .ts inside node_modules, and
// the package has no src/.
const main = existsSync(source) ? source : join(root, 'dist', 'main.js');

if (!(await runInNode(main, process.argv.slice(2)))) {
  console.error(
    `weir: Node ${oldestNode} or newer is needed; this is ${process.version}, and none came along for ` +
      `${process.platform} on ${process.arch}.\nInstall Weir again without --omit=optional, or install a newer Node.`,
  );
  process.exit(2);
}
