import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { lockFolder } from './folder-lock.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-lock-test-'));
});
after(() => rmSync(folder, { recursive: true }));

const lock = `import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, 'folder-lock.ts'))};`;

test('a folder that is locked is refused to this process and to others until it is let go', () => {
  const release = lockFolder(folder);
  const another = `${lock} try { lockFolder(${JSON.stringify(folder)}); } catch (e) { console.log(e.code, e.message); }`;
  const run = (): string =>
    spawnSync(process.execPath, ['--input-type=module-typescript', '-e', another], {
      encoding: 'utf8',
    }).stdout.trim();
  assert.throws(() => lockFolder(folder), { code: 'folder_unusable' });
  assert.equal(
    run(),
    `folder_unusable ${folder} is in use by another process of Weir; end that one first, or name another folder`,
  );
  release();
  assert.equal(run(), '');
  lockFolder(folder)();
});

test('a process that is killed leaves no lock behind', async () => {
  const holds = `${lock} lockFolder(${JSON.stringify(folder)}); console.log('has it'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', holds]);
  await once(child.stdout, 'data');
  assert.throws(() => lockFolder(folder), { code: 'folder_unusable' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  lockFolder(folder)();
});

test('a lock that is a link is not followed', () => {
  const other = mkdtempSync(join(tmpdir(), 'weir-lock-test-'));
  try {
    writeFileSync(join(other, 'victim'), 'text');
    symlinkSync(join(other, 'victim'), join(other, 'lock'));
    assert.throws(() => lockFolder(other), /is a link, which Weir does not follow/);
  } finally {
    rmSync(other, { recursive: true });
  }
});
