import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WeirError } from '../base/error.ts';
import { moduleBeside } from '../base/runtime.ts';
import { planOf, quoted, setStatement } from './engine/statement.ts';
import { EventWriter, openStore, type Store } from './index.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    assert.ok(tries < 200, `waited 10 s in vain: ${what}`);
    await pause(50);
  }
}

function isRunning(pid: number): boolean {
  try {
    // A child that nobody has collected yet is a zombie, not a running process.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('the engine of a store that is kept', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-test-'));
  const directory = join(folder, "a store's {directory} *");
  let store: Store;
  before(async () => {
    store = await openStore({ directory }, { max_restarts: 8 });
  });
  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  test('is reached by nobody else: socket and data lie in folders of mode 0700', () => {
    const { socket } = store.connection.engine ?? assert.fail();
    for (const path of [directory, join(socket, '..')]) assert.equal(statSync(path).mode & 0o777, 0o700);
  });

  test('may be killed at any moment: the run goes on, and every event is stored exactly once', async () => {
    const writer = new EventWriter(store.connection, { batch_rows: 2000 });
    const input = writer.input('killed', 'test');
    const event = {
      kind: 'sensor_stats',
      time: 1.7e15,
      engine: 'zeek',
      name: 'n',
      value: 1,
      sensor: '',
      interval_s: null,
    } as const;
    const { engine } = store.connection;
    let kills = 0;
    const killer = setInterval(() => {
      if (engine?.pid && kills < 5) {
        process.kill(engine.pid, 'SIGKILL');
        kills++;
      }
    }, 700);
    let written = 0;
    try {
      while (kills < 5) {
        for (let i = 0; i < 500; i++) writer.write(event, 7, written++, input, written, 0, '');
        if (writer.busy) await writer.ready();
        if (written % 20_000 === 0) {
          assert.equal((await store.rows<[number]>('SELECT count() FROM sensor_stats')).length, 1);
        }
      }
      await writer.flush();
    } finally {
      clearInterval(killer);
    }
    assert.equal(engine?.restarts, 5);
    const [row] = await store.rows(
      "SELECT count(), uniqExact(event_id) FROM sensor_stats WHERE file = 'killed'",
    );
    assert.deepEqual(row, [written, written]);
    assert.equal(writer.stored(), written);
  });

  test('gives a statement that may not run twice back as failed when it dies under it', async () => {
    const { engine } = store.connection;
    const asked = store.command('SELECT sleepEachRow(1) FROM numbers(3) FORMAT Null');
    asked.catch(() => {});
    await pause(200);
    process.kill(engine?.pid ?? 0, 'SIGKILL');
    await assert.rejects(asked, (error) => error instanceof WeirError && error.code === 'store_unavailable');
    assert.deepEqual(await store.rows('SELECT 1'), [[1]]);
  });

  test('is one at a time for a directory, and the second is told who has it', async () => {
    const words = new RegExp(`Another Weir \\(process ${process.pid}\\) is using the store at .*directory`);
    await assert.rejects(
      openStore({ directory }),
      (error) =>
        error instanceof WeirError && error.code === 'store_unavailable' && words.test(error.message),
    );
    assert.deepEqual(await store.rows('SELECT 1'), [[1]]);
  });

  test('keeps what was stored over an end and a new start', async () => {
    const count = () => store.rows<[number]>('SELECT count() FROM sensor_stats');
    const [stored] = await count();
    assert.ok((stored?.[0] ?? 0) > 0);
    await store.close();
    store = await openStore({ directory }, { max_restarts: 1 });
    assert.deepEqual(await count(), [stored]);
  });

  test('is given up after it has died too often', async () => {
    const { engine } = store.connection;
    const again = async () => {
      const pid = engine?.pid ?? 0;
      process.kill(pid, 'SIGKILL');
      await until('the killed engine is gone', () => !isRunning(pid));
      await pause(100);
    };
    await again();
    assert.deepEqual(await store.rows('SELECT 1'), [[1]]);
    await again();
    await assert.rejects(
      store.rows('SELECT 1'),
      (error) =>
        error instanceof WeirError && error.code === 'store_unavailable' && /1 restart/.test(error.message),
    );
  });
});

test('an engine whose parent was killed ends by itself and takes its temporary store along', async () => {
  const index = fileURLToPath(moduleBeside(import.meta.url, './index'));
  const script = `const { openStore } = await import(${JSON.stringify(index)});
const { engine } = (await openStore({ directory: null })).connection;
console.log(engine.pid + ' ' + engine.directory + ' ' + engine.socket);
setInterval(() => {}, 1000);`;
  const parent: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  parent.stdout?.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  await until('the store is open', () => said.includes('\n'));
  const [pid = '', directory = '', socket = ''] = said.trim().split(' ');
  assert.ok(isRunning(Number(pid)) && existsSync(directory));
  parent.kill('SIGKILL');
  await until('the engine has ended', () => !isRunning(Number(pid)));
  assert.ok(!existsSync(directory) && !existsSync(join(socket, '..')));
});

test('a store in a place that cannot be written is told as that folder', async () => {
  await assert.rejects(
    openStore({ directory: '/dev/null/weir' }),
    (error) => error instanceof WeirError && error.code === 'folder_unusable',
  );
});

test('the engine streams what has neither head nor foot, and takes the data of an insert apart from its statement', () => {
  assert.equal(planOf('SELECT 1 FORMAT JSONCompactEachRow', false, 'TSV').how, 'stream');
  assert.equal(planOf('-- a name\n/* b */ WITH 1 AS a SELECT a', false, 'TabSeparated').how, 'stream');
  assert.equal(planOf('SELECT 1 FORMAT JSON', false, 'TSV').how, 'whole');
  assert.equal(planOf('SHOW TABLES', false, 'TSV').how, 'whole');
  assert.deepEqual(planOf('INSERT INTO `a` (b, c) FORMAT Native', true, 'TSV'), {
    ...{ how: 'insert', before: 'INSERT INTO `a` (b, c)', after: '', format: 'Native' },
  });
  assert.deepEqual(planOf('INSERT INTO a SETTINGS b = 1 FORMAT JSONEachRow', true, 'TSV'), {
    ...{ how: 'insert', before: 'INSERT INTO a', after: ' SETTINGS b = 1', format: 'JSONEachRow' },
  });
  assert.equal(planOf('INSERT INTO a SELECT 1', true, 'TSV').how, 'whole');
});

test('settings and parameters of a request are quoted, and a name that is none is refused', () => {
  assert.equal(quoted("it's \\ so"), "'it\\'s \\\\ so'");
  const url = new URLSearchParams({ query: 'SELECT 1', param_x: "'; DROP TABLE a; --", max_threads: '9' });
  assert.equal(
    setStatement(url, { max_threads: '2' }, '1 name'),
    "SET max_threads = '9', param_x = '\\'; DROP TABLE a; --', log_comment = '1 name'",
  );
  assert.throws(() => setStatement(new URLSearchParams({ 'a = 1; --': '1' }), {}, ''), /Unknown setting/);
});

test('a folder that holds anything else is never made a store, and nothing in it is touched', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-foreign-'));
  try {
    mkdirSync(join(folder, 'incoming'));
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'incoming', 'capture.txt'), 'mine');
    chmodSync(folder, 0o755);
    await assert.rejects(
      openStore({ directory: folder }),
      (error: WeirError) => error.code === 'folder_unusable',
    );
    assert.equal(readFileSync(join(folder, 'incoming', 'capture.txt'), 'utf8'), 'mine');
    assert.equal(statSync(folder).mode & 0o777, 0o755);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
