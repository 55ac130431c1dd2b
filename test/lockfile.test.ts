import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { missingPackages } from '../scripts/bootstrap.mjs';
import { fixed, missingOptional } from '../scripts/fix-lockfile.mjs';

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const lock = JSON.parse(read('package-lock.json'));

test('the lockfile names the packages of every platform, so that npm ci works on all of them', () => {
  const missing = missingOptional(lock.packages).map((one) => `${one.name}@${one.version} of ${one.by}`);
  assert.deepEqual(missing, [], 'Run: npm run fix-lockfile');
});

test('the lockfile says what package.json says', () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json'));
  const own = lock.packages[''];
  assert.deepEqual(own.dependencies, dependencies, 'Run: npm install, then npm run fix-lockfile');
  assert.deepEqual(
    own.optionalDependencies,
    optionalDependencies,
    'Run: npm install, then npm run fix-lockfile',
  );
  assert.deepEqual(own.devDependencies, devDependencies, 'Run: npm install, then npm run fix-lockfile');
});

test('the lockfile names no registry: it works with whichever one npm is set to', () => {
  assert.doesNotMatch(read('package-lock.json'), /"resolved"/, 'Run: npm run fix-lockfile');
  assert.match(read('.npmrc'), /^omit-lockfile-registry-resolved=true$/m);
});

interface Entry {
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly os?: readonly string[];
}

test('every package has a checksum, except those made for platforms out of reach of the registry', () => {
  const unchecked = Object.entries<Entry>(lock.packages)
    .filter(([path, entry]) => path !== '' && !entry.integrity && !isForAnother(entry))
    .map(([path]) => path);
  assert.deepEqual(unchecked, []);
});

/** For a platform other than Linux on x64 with glibc, where the lockfile is made. */
function isForAnother({ optional, os, cpu, libc }: Entry): boolean {
  const isHere = os?.includes('linux') && cpu?.includes('x64') && (libc?.includes('glibc') ?? true);
  return optional === true && !isHere;
}

test('a missing platform package is added with its platform and without a checksum', () => {
  const optionalDependencies = {
    '@x/lib-linux-arm64-gnu': '1.2.3',
    '@x/lib-darwin-x64': '1.2.3',
    '@x/here': '1.0.0',
  };
  const packages = {
    '': {},
    'node_modules/x': { optionalDependencies },
    'node_modules/x/node_modules/@x/here': {},
  };
  const after = fixed({ packages }).packages;
  assert.deepEqual(after['node_modules/@x/lib-linux-arm64-gnu'], {
    ...{ version: '1.2.3', optional: true },
    ...{ os: ['linux'], cpu: ['arm64'], libc: ['glibc'] },
  });
  assert.deepEqual(after['node_modules/@x/lib-darwin-x64'], {
    version: '1.2.3',
    optional: true,
    os: ['darwin'],
    cpu: ['x64'],
  });
  assert.deepEqual(missingOptional(after), []);
});

const machine = { os: 'linux', cpu: 'x64', libc: 'glibc' };
const wanted = {
  '': { version: '0.1.0' },
  'node_modules/a': { version: '1.0.0' },
  'node_modules/@e/engine-linux-x64': {
    version: '1.0.0',
    optional: true,
    os: ['linux'],
    cpu: ['x64'],
    libc: ['glibc'],
  },
  'node_modules/@e/engine-darwin-x64': { version: '1.0.0', optional: true, os: ['darwin'], cpu: ['x64'] },
  'node_modules/lint-linux-x64': { version: '1.0.0', optional: true, dev: true, os: ['linux'], cpu: ['x64'] },
};
const whole = {
  'node_modules/a': { version: '1.0.0' },
  'node_modules/@e/engine-linux-x64': { version: '1.0.0' },
};

test('a complete install is left alone', () => {
  assert.deepEqual(missingPackages(wanted, whole, machine), []);
});

test('an install that never finished, an older one and one without its engine are done again', () => {
  assert.deepEqual(missingPackages(wanted, {}, machine), ['a@1.0.0', '@e/engine-linux-x64@1.0.0']);
  assert.deepEqual(missingPackages(wanted, { ...whole, 'node_modules/a': { version: '0.9.0' } }, machine), [
    'a@1.0.0',
  ]);
  const { 'node_modules/a': a } = whole;
  assert.deepEqual(missingPackages(wanted, { 'node_modules/a': a }, machine), ['@e/engine-linux-x64@1.0.0']);
});
