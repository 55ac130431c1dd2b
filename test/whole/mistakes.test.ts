// Ordinary mistakes and a stop at any time: one clear sentence, a status of its own, nothing left behind.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { linesOf, smallOffice, temporaryFolder } from './run-analyze.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const shipped = fileURLToPath(new URL('../../content', import.meta.url));
const folder = temporaryFolder();
const temporary = join(folder.path, 'tmp');
mkdirSync(temporary);
after(folder.remove);
const office = folder.write('office.json', `${linesOf(smallOffice()).join('\n')}\n`);
const quick = ['--detector', 'vertical_scan'];

function start(
  args: readonly string[],
  { stdout = 'pipe', tmp = temporary }: { stdout?: 'pipe' | number; tmp?: string } = {},
): ChildProcess {
  return spawn(process.execPath, [main, ...args], {
    stdio: ['pipe', stdout, 'pipe'],
    cwd: folder.path,
    env: { ...process.env, TMPDIR: tmp },
  });
}

async function ended(child: ChildProcess): Promise<{ status: number | null; err: string }> {
  let err = '';
  child.stdout?.resume();
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, err };
}

/** One sentence of Weir's, with nothing of the engine and no fault. */
function isClear(err: string, says: RegExp): void {
  assert.match(err, says);
  assert.equal(err.trimEnd().split('\n').length, 1, err);
  assert.match(err, /^weir: /);
  assert.doesNotMatch(err, /fault|Exception|\(E?[A-Z_]{4,}\)|min_free|ENO|EACC|chdb/);
}

async function fails(args: string[], status: number, says: RegExp, tmp = temporary): Promise<void> {
  const ran = await ended(start(args, { tmp }));
  isClear(ran.err, says);
  assert.equal(ran.status, status, ran.err);
}

describe('an ordinary mistake is one clear sentence with its mend and a status of its own', () => {
  test('--store with something that is no URL', () =>
    fails(
      ['analyze', office, '--store', 'foo'],
      2,
      /--store: the URL of a ClickHouse server .*not foo; a folder is named with --keep/,
    ));

  test('a temporary folder that is not there', () =>
    fails(
      ['analyze', office],
      4,
      /No temporary folder can be made in .*: there is no such folder; set TMPDIR/,
      join(folder.path, 'no-tmp'),
    ));

  test('--keep below a file', () =>
    fails(['analyze', office, '--keep', join(office, 'store')], 4, /is a file; name a folder/));

  test('--keep where nobody may write', async (t) => {
    if (!existsSync('/proc/sys')) return t.skip('there is no /proc here');
    await fails(
      ['analyze', office, '--keep', '/proc/weir'],
      4,
      /\/proc\/weir cannot be made: .*name another folder/,
    );
  });

  test('output to a full disk', async (t) => {
    if (!existsSync('/dev/full')) return t.skip('there is no /dev/full here');
    const child = start(['analyze', office, ...quick], { stdout: openSync('/dev/full', 'w') });
    const ran = await ended(child);
    isClear(ran.err, /The output cannot be written: its disk is full; make room or write elsewhere/);
    assert.equal(ran.status, 5);
  });

  test('a store on a full disk, kept or temporary', async (t) => {
    const disk = join(folder.path, 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'none', disk], { encoding: 'utf8' });
    if (mounted.status !== 0) return t.skip(`no small disk can be mounted here: ${mounted.stderr}`);
    try {
      const says =
        /The disk of the store at .*disk.* is full .*; make room, or name a folder on another disk: --keep DIR, or TMPDIR/;
      await fails(['analyze', office, '--keep', join(disk, 'kept'), ...quick], 5, says);
      const fill = (name: string, mb: number): void => {
        spawnSync('dd', ['if=/dev/zero', `of=${join(disk, name)}`, 'bs=64k', `count=${mb * 16}`]);
      };
      fill('some', 14);
      await fails(['analyze', office, ...quick], 5, says, disk);
      fill('all', 20);
      await fails(
        ['analyze', office, '--keep', join(disk, 'other'), ...quick],
        5,
        /disk.*is full; make room/i,
      );
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});

test('weir start refuses a folder that holds a file of the name of its sample, and removes nothing', async () => {
  const mine = join(folder.path, 'mine');
  mkdirSync(join(mine, 'data'), { recursive: true });
  for (const name of ['sample-office.log', 'notes.txt', 'data/thesis.txt'])
    writeFileSync(join(mine, name), name);
  await fails(
    ['start', '--keep', mine],
    4,
    /mine holds something that Weir did not make; name another folder/,
  );
  assert.deepEqual(readdirSync(mine).sort(), ['data', 'notes.txt', 'sample-office.log']);
  for (const name of ['sample-office.log', 'notes.txt', 'data/thesis.txt'])
    assert.equal(readFileSync(join(mine, name), 'utf8'), name);
});

/** A detector whose statement takes hours. */
function endless(): string {
  const detector = readFileSync(join(shipped, 'detectors', 'vertical_scan.yaml'), 'utf8')
    .replace(/^id: .*$/m, 'id: own_endless')
    .replace(/^features: .*$/m, 'features: own_endless');
  const feature = readFileSync(join(shipped, 'features', 'probed_ports.sql'), 'utf8').replace(
    'FROM connection',
    'FROM (SELECT * FROM connection WHERE event_id IN (SELECT a.event_id FROM connection AS a CROSS JOIN connection AS b CROSS JOIN connection AS c WHERE sipHash64(a.event_id, b.event_id, c.event_id) % 1000000007 = 0))',
  );
  folder.write('endless/features/own_endless.sql', feature);
  folder.write('endless/detectors/own_endless.yaml', detector);
  return join(folder.path, 'endless');
}

describe('the first INT or TERM ends Weir wherever it is, and nothing is left', () => {
  const engines = (): string[] =>
    readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(temporary);
      } catch {
        return false;
      }
    });
  const until = async (what: () => boolean): Promise<void> => {
    for (let i = 0; i < 1200 && !what(); i++) await sleep(25);
    assert.ok(what());
  };
  const opening = (): boolean => readdirSync(temporary).some((name) => name.startsWith('weir-store-'));
  const pipe = join(folder.path, 'pipe.log');
  const places: readonly (readonly [name: string, args: () => string[], at: () => Promise<void>])[] = [
    ['its engine starts', () => ['analyze', office], () => until(opening)],
    [
      'it waits for a pipe that nobody writes to',
      () => ['analyze', pipe],
      () => until(() => engines().length > 0).then(() => sleep(1500)),
    ],
    [
      'it waits for standard input',
      () => ['analyze', '-'],
      () => until(() => engines().length > 0).then(() => sleep(1500)),
    ],
    [
      'a statement takes hours',
      () => ['analyze', office, '--content', endless(), '--detector', 'own_endless'],
      () => until(() => engines().length > 0).then(() => sleep(6000)),
    ],
  ];
  spawnSync('mkfifo', [pipe]);
  for (const [name, args, at] of places) {
    for (const [signal, status] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      test(`${signal} while ${name}`, async () => {
        const child = start(args());
        const gone = ended(child);
        await at();
        assert.equal(child.exitCode, null, 'it is still at it');
        child.kill(signal);
        const late = setTimeout(() => child.kill('SIGKILL'), 4000);
        const ran = await gone;
        clearTimeout(late);
        assert.equal(ran.status, status, ran.err);
        assert.equal(ran.err, '');
        await until(() => engines().length === 0 && readdirSync(temporary).length === 0);
      });
    }
  }
});
