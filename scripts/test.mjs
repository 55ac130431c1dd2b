// npm test [-- part of a file name ...]: runs a suite's files with `node --test`. Unlike a bare `node --test`, a
// pattern that finds no file fails (a renamed folder must not pass in silence), and the report is short.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Each pattern must find at least one file. `seconds` is the limit for one test.
 * @type {Record<string, { seconds: number, patterns: string[] }>} */
const suites = {
  unit: { seconds: 60, patterns: ['src/**/*.test.ts', 'test/*.test.ts'] },
  whole: { seconds: 300, patterns: ['test/whole/*.test.ts'] },
  data: { seconds: 900, patterns: ['test/data/*.test.ts'] },
  external: { seconds: 900, patterns: ['test/external/*.test.ts'] },
};

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const [name = 'unit', ...only] = process.argv.slice(2);
const suite = suites[name];
if (!suite) {
  console.error(`There is no suite "${name}"; there are: ${Object.keys(suites).join(', ')}.`);
  process.exit(2);
}

const found = suite.patterns.map((pattern) => globSync(pattern).sort());
const empty = suite.patterns.filter((_, at) => found[at]?.length === 0);
const files = found.flat().filter((file) => only.length === 0 || only.some((part) => file.includes(part)));
if (empty.length > 0 || files.length === 0) {
  console.error(`No test file matches ${empty.join(', ') || only.join(', ')}: nothing was run.`);
  process.exit(1);
}

/** Hundreds of processes load the same sources: each is compiled once. */
const NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE ?? join('node_modules', '.cache', 'node-compile');
const run = spawnSync(
  process.execPath,
  [
    '--test',
    '--test-reporter=./scripts/test-reporter.mjs',
    `--test-concurrency=${Math.max(2, availableParallelism())}`,
    `--test-timeout=${suite.seconds * 1000}`,
    ...files,
  ],
  {
    stdio: 'inherit',
    env: { ...process.env, WEIR_SUITE: name, NODE_COMPILE_CACHE: resolve(NODE_COMPILE_CACHE) },
  },
);
process.exit(run.status ?? 1);
