/**
 * The store by URL, with a name and a password. WEIR_TEST_CLICKHOUSE_URL (http://user:password@host:8123) names a
 * ClickHouse server that may be written to; the suite makes a database of its own there and drops it. Without it, our own
 * engine listens on TCP and asks for the password: that proves the client's side and our HTTP interface, and the
 * same version of ClickHouse's SQL, but not a server's own HTTP interface.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { WeirError } from '../../src/base/error.ts';
import { Connection } from '../../src/store/connection.ts';
import { EmbeddedEngine } from '../../src/store/embedded.ts';
import { openStore, type ServerPlace } from '../../src/store/index.ts';

const given = process.env.WEIR_TEST_CLICKHOUSE_URL;
const database = `weir_test_${process.pid}`;

describe(`the store by URL, ${given ? 'a ClickHouse server' : 'our engine on TCP'}`, () => {
  let engine: EmbeddedEngine | null = null;
  let place: ServerPlace;
  let admin: Connection;

  before(async () => {
    if (given) {
      const { protocol, host, username, password } = new URL(given);
      place = { url: `${protocol}//${host}`, database, username, password: decodeURIComponent(password) };
    } else {
      const credentials = { username: 'weir', password: "it's: a \\ secret" };
      engine = await EmbeddedEngine.start({
        ...{ directory: null, memory_bytes: 700 * 1024 * 1024, max_restarts: 0 },
        tcp: { port: 0, ...credentials },
      });
      place = { url: `http://127.0.0.1:${engine.port}`, database, ...credentials };
    }
    admin = await Connection.server({ ...place, database: 'default' });
    await admin.run(`CREATE DATABASE ${database} ENGINE = Atomic`);
  });
  after(async () => {
    await admin.run(`DROP DATABASE IF EXISTS ${database}`);
    await admin.close();
    await engine?.close();
  });

  const unavailable = (error: unknown) => error instanceof WeirError && error.code === 'store_unavailable';

  test('a wrong password, a wrong port and a database that is not there are told as such', async () => {
    await assert.rejects(openStore({ ...place, password: 'wrong' }), (error) => {
      assert.ok(unavailable(error));
      assert.match((error as Error).message, /refuses the user or password/);
      return true;
    });
    await assert.rejects(openStore({ ...place, url: 'http://127.0.0.1:1' }), unavailable);
    await assert.rejects(openStore({ ...place, database: 'weir_nowhere' }), unavailable);
  });

  test('passes every test of the embedded store', { timeout: 300_000 }, () => {
    const run = spawnSync(process.execPath, ['--test', '--test-reporter=tap', 'src/store/store.test.ts'], {
      env: { ...process.env, WEIR_TEST_STORE: JSON.stringify(place), NODE_TEST_CONTEXT: undefined },
      encoding: 'utf8',
    });
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.match(run.stdout, /# pass [1-9]\d/);
  });

  test('opens a store that is there without changing it', async () => {
    const store = await openStore(place);
    const [row] = await store.rows<[number]>('SELECT count() FROM connection');
    assert.ok((row?.[0] ?? 0) > 0);
    await store.close();
  });
});
