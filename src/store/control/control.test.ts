import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { now, overEach } from '../../../test/control-place.ts';
import { WeirError } from '../../base/error.ts';
import { listSources, openControl, saveSetting, saveSource } from './index.ts';
import { migrations } from './migrations/index.ts';

const unavailable = (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof WeirError, String(error));
  assert.equal(error.code, 'store_unavailable');
  assert.match(error.message, words);
  return true;
};

overEach('the control store', (stores) => {
  test('keeps what was written when it is closed and opened again', async () => {
    const place = stores.place();
    const control = await stores.open(place);
    await saveSource(control, { id: 'office', kind: 'files', settings: { path: '/var/log/zeek' } }, now);
    await control.close();
    const again = await stores.open(place);
    assert.deepEqual(await listSources(again), [
      {
        ...{ id: 'office', kind: 'files', settings: { path: '/var/log/zeek' }, state: 'running' },
        ...{ created_at: now, changed_at: now },
      },
    ]);
  });

  test('a transaction is kept whole or not at all', async () => {
    const control = await stores.open();
    const keep = (key: string, fail: boolean) =>
      control.transaction(async (transaction) => {
        await saveSetting(transaction, `${key} 1`, 1, now);
        await saveSetting(transaction, `${key} 2`, 2, now);
        if (fail) throw new Error('no');
        return key;
      });
    assert.equal(await keep('a', false), 'a');
    await assert.rejects(keep('b', true), /^Error: no$/);
    const rows = await control.db.selectFrom('setting').select('key').orderBy('key').execute();
    assert.deepEqual(rows, [{ key: 'a 1' }, { key: 'a 2' }]);
  });

  test('a statement that failed ends its transaction, also when the work goes on as if nothing were', async () => {
    const control = await stores.open();
    const bad = control.transaction(async (transaction) => {
      await saveSetting(transaction, 'before', 1, now);
      await sql`insert into setting (key) values ('no value')`.execute(transaction.db).catch(() => {});
    });
    await assert.rejects(bad, (error: WeirError) => error.code === 'store_failed');
    assert.deepEqual(await control.db.selectFrom('setting').selectAll().execute(), []);
    await saveSetting(control, 'after', 1, now);
    assert.equal((await control.db.selectFrom('setting').selectAll().execute()).length, 1);
  });

  test('transactions run one after the other in the order of their calls', async () => {
    const control = await stores.open();
    const order: string[] = [];
    const step = (name: string) =>
      control.transaction(async ({ db }) => {
        order.push(`${name} begins`);
        await sql`select 1`.execute(db);
        await new Promise((resolve) => setTimeout(resolve, 5));
        order.push(`${name} ends`);
      });
    await Promise.all([step('a'), step('b'), step('c')]);
    assert.deepEqual(order, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  test('the control store itself cannot be used within a transaction, nor a transaction after its end', async () => {
    const control = await stores.open();
    await assert.rejects(
      control.transaction(() => listSources(control)),
      /use the handle that it gave/,
    );
    await assert.rejects(
      control.transaction(() => control.transaction(async () => 1)),
      /use the handle that it gave/,
    );
    const kept = await control.transaction(async (transaction) => transaction);
    await assert.rejects(listSources(kept), /has ended/);
    assert.equal(await control.transaction(async ({ transaction }) => transaction(async () => 7)), 7);
  });

  test('values come out as they went in, alike from each database', async () => {
    const control = await stores.open();
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
    const json = { text: 'zero \0, half \ud800, 世界 🦦', list: [null, true, 1.5, -0.1], ['__proto__']: 1 };
    await control.transaction(async ({ db }) => {
      await db
        .insertInto('snapshot')
        .values({
          ...{ detector: 'd', window_end: Number.MAX_SAFE_INTEGER, layout: 0, content_hash: 'Grüße 🦦 \0' },
          ...{ encoding: 'zstd', state: bytes, saved_at: -1 },
        })
        .execute();
    });
    await saveSetting(control, 'json', json, now);
    const row = await control.db.selectFrom('snapshot').selectAll().executeTakeFirstOrThrow();
    assert.deepEqual(row, {
      ...{ detector: 'd', window_end: Number.MAX_SAFE_INTEGER, layout: 0, content_hash: 'Grüße 🦦 \ufffd' },
      ...{ encoding: 'zstd', state: bytes, saved_at: -1 },
    });
    const { value } = await control.db.selectFrom('setting').select('value').executeTakeFirstOrThrow();
    assert.deepEqual(JSON.parse(value), JSON.parse(JSON.stringify(json)));
    const counted = await control.db
      .selectFrom('setting')
      .select((is) => is.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow();
    assert.equal(counted.n, 1);
  });

  test('what a newer Weir made is refused and left as it is', async () => {
    const place = stores.place();
    const control = await stores.open(place);
    await control.close();
    await stores.outside(place, `INSERT INTO schema_version VALUES (99, 'later', 0)`);
    await assert.rejects(
      openControl(place, now),
      unavailable(/made by a newer Weir \(layout 99; this one knows/),
    );
    await stores.outside(place, 'DELETE FROM schema_version WHERE version = 99');
    await (await stores.open(place)).close();
  });

  test('a step of the layout that fails leaves nothing of it, and is done whole the next time', async () => {
    const place = stores.place();
    await (await stores.open(place)).close();
    const step = (second: string) => ({
      ...{ version: migrations.length + 1, name: 'more' },
      statements: () => ['CREATE TABLE more (a TEXT)', second],
    });
    await assert.rejects(
      openControl(place, now, [...migrations, step('CREATE TABLE source (a TEXT)')]),
      (error: WeirError) => error.code === 'store_failed',
    );
    const control = await openControl(place, now, [...migrations, step('CREATE TABLE and_more (a TEXT)')]);
    await sql`select * from more, and_more`.execute(control.db);
    await control.close();
  });

  test('one process alone has it: another is refused until the first has closed it', async () => {
    const place = stores.place();
    const control = await stores.open(place);
    await assert.rejects(openControl(place, now), unavailable(/^Another Weir uses the control store/));
    const { code, said } = await inChild(place);
    assert.deepEqual({ code, said }, { code: 1, said: 'store_unavailable' });
    await control.close();
    assert.deepEqual(await inChild(place), { code: 0, said: 'open' });
  });

  test('a process that was killed lets go of it', async (t) => {
    const place = stores.place();
    const child = holding(place);
    t.after(() => child.kill('SIGKILL'));
    await new Promise<void>((resolve) => child.stdout!.once('data', () => resolve()));
    await assert.rejects(openControl(place, now), unavailable(/^Another Weir uses/));
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    await (await openControl(place, now)).close();
  });

  if (stores.kind === 'SQLite') {
    test('its files are readable by their owner alone', async () => {
      const place = stores.place() as { directory: string };
      const control = await stores.open(place);
      await saveSetting(control, 'a', 1, now);
      const modes = readdirSync(place.directory).map((name) => [
        name,
        (statSync(join(place.directory, name)).mode & 0o777).toString(8),
      ]);
      assert.ok(modes.some(([name]) => name === 'control.sqlite-wal'));
      assert.deepEqual(
        modes.filter(([, mode]) => mode !== '600'),
        [],
      );
    });

    test('each commit waits for the disk', async () => {
      const control = await stores.open();
      const rows = async (pragma: string) => (await sql.raw(`pragma ${pragma}`).execute(control.db)).rows;
      assert.deepEqual(await rows('synchronous'), [{ synchronous: 2 }]);
      assert.deepEqual(await rows('journal_mode'), [{ journal_mode: 'wal' }]);
    });

    test('a full disk is told as such, takes nothing along that was kept, and does not outlast itself', async () => {
      const control = await stores.open();
      await saveSetting(control, 'before', 1, now);
      const limit = (pages: number) => sql.raw(`pragma max_page_count = ${pages}`).execute(control.db);
      await limit(1);
      const full = control.transaction(async (transaction) => {
        for (let n = 0; n < 10; n++) await saveSetting(transaction, `large ${n}`, 'x'.repeat(100_000), now);
      });
      await assert.rejects(full, (error: WeirError) => error.code === 'disk_full');
      await limit(1_000_000);
      await saveSetting(control, 'after', 1, now);
      const rows = await control.db.selectFrom('setting').select('key').orderBy('key').execute();
      assert.deepEqual(rows, [{ key: 'after' }, { key: 'before' }]);
    });

    test('a link in its place, a folder of somebody and a file that is no store are refused', async () => {
      const linked = stores.place() as { directory: string };
      await (await stores.open(linked)).close();
      const other = stores.place() as { directory: string };
      await (await stores.open(other)).close();
      rmSync(join(linked.directory, 'control.sqlite'));
      symlinkSync(join(other.directory, 'control.sqlite'), join(linked.directory, 'control.sqlite'));
      await assert.rejects(openControl(linked, now), (error: WeirError) => error.code === 'folder_unusable');
      await assert.rejects(
        openControl({ directory: join(other.directory, '..', '..') }, now),
        (error: WeirError) => error.code === 'folder_unusable',
      );
      writeFileSync(
        join(other.directory, 'control.sqlite'),
        'not a database at all, but longer than its head '.repeat(20),
      );
      await assert.rejects(openControl(other, now), unavailable(/is no control store/));
    });
  } else {
    test('a connection that breaks is told of, takes its transaction along and is made anew', async () => {
      const place = stores.place() as { url: string; schema: string };
      const control = await stores.open(place);
      const kill = `select pg_terminate_backend(pid) from pg_locks join pg_stat_activity using (pid)
where locktype = 'advisory' and application_name = 'weir' and pg_stat_activity.datname = current_database() and pid <> pg_backend_pid()`;
      const broken = control.transaction(async (transaction) => {
        await saveSetting(transaction, 'lost', 1, now);
        await stores.outside(place, kill);
        await saveSetting(transaction, 'lost too', 1, now);
      });
      await assert.rejects(broken, (error: WeirError) => error.code === 'store_unavailable');
      await saveSetting(control, 'kept', 1, now);
      assert.deepEqual(await control.db.selectFrom('setting').select('key').execute(), [{ key: 'kept' }]);
      await assert.rejects(openControl(place, now), unavailable(/^Another Weir uses/));
    });

    test('reading outside of a transaction cannot write', async () => {
      const control = await stores.open();
      await assert.rejects(
        control.db.insertInto('setting').values({ key: 'a', value: '1', changed_at: 1 }).execute(),
        unavailable(/may not be written/),
      );
    });

    test('a port where nothing listens, a database that is not there and a URL of another kind are told without the password', async () => {
      const { url } = stores.place() as { url: string };
      const closed = 'postgresql://weir:secret@127.0.0.1:1/weir';
      await assert.rejects(openControl({ url: closed }, now), (error: WeirError) => {
        assert.equal(error.code, 'store_unavailable');
        assert.match(error.message, /nothing listens there/);
        return !error.message.includes('secret');
      });
      const nowhere = new URL(url);
      nowhere.pathname = '/weir_nowhere';
      await assert.rejects(openControl({ url: nowhere.href }, now), unavailable(/no database of that name/));
      await assert.rejects(
        openControl({ url: 'mysql://a:secret@b/c' }, now),
        (error: WeirError) => error.code === 'config_invalid' && !error.message.includes('secret'),
      );
    });
  }
});

const program = `
import { openControl } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
const [place, hold] = process.argv.slice(1);
try {
  const control = await openControl(JSON.parse(place), 1);
  process.stdout.write('open');
  if (hold) setInterval(() => {}, 1000);
  else await control.close();
} catch (error) {
  process.stdout.write(error.code ?? String(error));
  process.exitCode = 1;
}`;

function holding(place: unknown): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '-e', program, JSON.stringify(place), 'hold'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function inChild(place: unknown): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, JSON.stringify(place)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said };
}
