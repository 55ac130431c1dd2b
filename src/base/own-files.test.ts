import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  claimFolder,
  emptyOwn,
  makeWithin,
  marker_file,
  markerOf,
  removeTemporary,
  sweepTemporary,
  temporaryFolder,
  writeOwn,
} from './own-files.ts';
import { isAlive, processMark } from './process-mark.ts';

const root = mkdtempSync(join(tmpdir(), 'weir-own-'));
after(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
function fresh(): string {
  const folder = join(root, `f${++made}`);
  mkdirSync(folder);
  return folder;
}
const coded = (code: string, says: RegExp) => (error: { code?: string; message?: string }) =>
  error.code === code && says.test(error.message ?? '');

describe('nothing is written through a link', () => {
  const links: readonly [what: string, make: (target: string, path: string) => void][] = [
    ['a symbolic link', symlinkSync],
    ['a hard link', linkSync],
    ['a link to nothing', (_, path) => symlinkSync('/nowhere/at/all', path)],
  ];
  for (const [what, link] of links) {
    test(what, () => {
      const folder = fresh();
      const target = join(folder, 'precious');
      writeFileSync(target, 'precious');
      link(target, join(folder, 'engine.pid'));
      assert.throws(() => writeOwn(join(folder, 'engine.pid'), 'x'), coded('folder_unusable', /is a link/));
      assert.equal(readFileSync(target, 'utf8'), 'precious');
      assert.deepEqual(readdirSync(folder).sort(), ['engine.pid', 'precious']);
    });
  }
  test('a link where a folder of the store belongs', () => {
    const folder = fresh();
    const target = fresh();
    symlinkSync(target, join(folder, 'data'));
    assert.throws(() => makeWithin(join(folder, 'data')), coded('folder_unusable', /is a link/));
  });
  test('a link as marker', () => {
    const folder = fresh();
    const own = fresh();
    claimFolder(own, 'sample');
    symlinkSync(join(own, marker_file), join(folder, marker_file));
    assert.throws(() => claimFolder(folder, 'sample'), coded('folder_unusable', /is a link/));
  });
  test('an own file is replaced whole', () => {
    const folder = fresh();
    writeOwn(join(folder, 'a'), 'one, and longer');
    writeOwn(join(folder, 'a'), 'two');
    assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'two');
    assert.deepEqual(readdirSync(folder), ['a']);
  });
});

describe('only what Weir made is emptied, and of that only what Weir put there', () => {
  test('a folder of somebody with files of the same names is left', () => {
    const folder = fresh();
    writeFileSync(join(folder, 'sample-office.log'), 'mine');
    assert.throws(() => claimFolder(folder, 'sample'), coded('folder_unusable', /did not make/));
    assert.throws(
      () => emptyOwn(folder, 'sample', ['sample-office.log']),
      coded('folder_unusable', /left as it is/),
    );
    assert.equal(readFileSync(join(folder, 'sample-office.log'), 'utf8'), 'mine');
  });
  test('a folder with a marker that was copied from another is left', () => {
    const own = fresh();
    const copy = fresh();
    claimFolder(own, 'sample');
    cpSync(own, copy, { recursive: true });
    writeFileSync(join(copy, 'a'), 'mine');
    assert.equal(markerOf(copy)?.id, markerOf(own)?.id);
    assert.throws(() => emptyOwn(copy, 'sample', ['a']), coded('folder_unusable', /left as it is/));
    assert.ok(existsSync(join(copy, 'a')));
  });
  test('a kept store is not taken for a sample, nor one made before markers had an id', () => {
    const store = fresh();
    claimFolder(store, 'store');
    assert.throws(() => emptyOwn(store, 'sample', ['data']), coded('folder_unusable', /left as it is/));
    const old = fresh();
    writeFileSync(
      join(old, marker_file),
      'This folder is a telemetry store of Weir. Weir alone writes here.\n',
    );
    assert.equal(claimFolder(old, 'store').kind, 'store');
    assert.throws(() => emptyOwn(old, 'sample', ['data']), coded('folder_unusable', /left as it is/));
  });
  test('what a person put into a sample stays', () => {
    const folder = fresh();
    claimFolder(folder, 'sample');
    mkdirSync(join(folder, 'data'));
    for (const name of ['data/part', 'sample-office.log', 'notes.txt']) writeFileSync(join(folder, name), '');
    emptyOwn(folder, 'sample', ['sample-office.log', 'data']);
    assert.deepEqual(readdirSync(folder).sort(), ['notes.txt', marker_file]);
  });
  test('a link among what is removed is refused, and nothing is removed', () => {
    const folder = fresh();
    const target = fresh();
    writeFileSync(join(target, 'a'), 'mine');
    claimFolder(folder, 'sample');
    writeFileSync(join(folder, 'sample-office.log'), '');
    symlinkSync(target, join(folder, 'data'));
    assert.throws(
      () => emptyOwn(folder, 'sample', ['sample-office.log', 'data']),
      coded('folder_unusable', /is a link/),
    );
    assert.ok(existsSync(join(target, 'a')) && existsSync(join(folder, 'sample-office.log')));
  });
});

describe('temporary folders of processes that were killed', () => {
  test('are removed by the next; those of living ones and of others stay', async () => {
    const parent = fresh();
    const code = `import('${new URL('./own-files.ts', import.meta.url)}').then((m) => {
      console.log(m.temporaryFolder('weir-x-', process.argv[1])); setInterval(() => {}, 1000); })`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code, parent]);
    const [line] = await once(child.stdout, 'data');
    const theirs = String(line).trim();
    const ours = temporaryFolder('weir-x-', parent);
    const foreign = join(parent, 'weir-x-foreign');
    mkdirSync(foreign);
    writeFileSync(join(theirs, 'file'), '');
    sweepTemporary(['weir-x-'], parent);
    assert.ok(existsSync(theirs), 'its process lives');
    child.kill('SIGKILL');
    await once(child, 'close');
    sweepTemporary(['weir-x-'], parent);
    assert.ok(!existsSync(theirs));
    assert.ok(existsSync(ours) && existsSync(foreign));
    removeTemporary(ours);
    removeTemporary(foreign);
    assert.ok(!existsSync(ours) && existsSync(foreign));
  });
  test('a number that another process has by now is not taken for the one that was killed', () => {
    const mark = processMark();
    assert.equal(isAlive(mark), true);
    assert.equal(isAlive({ ...mark, started: mark.started - 10 }), false);
    const { pid } = spawnSync(process.execPath, ['--version']);
    assert.equal(isAlive({ ...mark, pid: pid! }), false);
  });
  test('of another machine or container nothing is known, so its folder stays', () => {
    assert.equal(isAlive({ ...processMark(), pid: 2 ** 22 + 1, machine: 'elsewhere' }), true);
  });
});

test('a missing temporary folder and a folder below a file are told with what to do', () => {
  assert.throws(() => temporaryFolder('weir-x-', join(root, 'gone')), coded('folder_unusable', /TMPDIR/));
  const file = join(root, 'file');
  writeFileSync(file, '');
  assert.throws(() => claimFolder(file, 'store'), coded('folder_unusable', /is a file/));
  assert.throws(() => claimFolder(join(file, 'x'), 'store'), coded('folder_unusable', /is a file/));
});
