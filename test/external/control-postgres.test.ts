/**
 * The control store on a PostgreSQL server. WEIR_TEST_POSTGRES (postgresql://user:password@host:5432/database) names one
 * that may be written to. Without it, a server of Debian's package postgresql is started for the test, with its data in a
 * temporary folder, and ended with it.
 */
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chownSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

describe('the control store on PostgreSQL', () => {
  let url = process.env.WEIR_TEST_POSTGRES ?? '';
  let server: Server | null = null;

  before(() => {
    if (url !== '') return;
    server = startServer();
    url = server.url;
  });
  after(() => server?.end());

  test('passes every test that the one on SQLite passes, kills included', { timeout: 600_000 }, () => {
    const files = [...globSync('src/store/control/*.test.ts').sort(), 'test/whole/control-crash.test.ts'];
    const run = spawnSync(process.execPath, ['--test', '--test-reporter=tap', ...files], {
      env: { ...process.env, WEIR_TEST_POSTGRES: url, NODE_TEST_CONTEXT: undefined },
      encoding: 'utf8',
    });
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.match(run.stdout, /# pass [1-9]\d/);
    assert.match(run.stdout, /# Subtest: the control store under SIGKILL, PostgreSQL/);
  });
});

interface Server {
  readonly url: string;
  end(): void;
}

/** PostgreSQL refuses to run as root: then it is run as the user that Debian's package made for it. */
function startServer(): Server {
  const [bin] = globSync('/usr/lib/postgresql/*/bin').sort().reverse();
  assert.ok(bin, 'There is no PostgreSQL: apt-get install postgresql, or set WEIR_TEST_POSTGRES');
  const folder = mkdtempSync(join(tmpdir(), 'weir-postgres-'));
  const owner = process.getuid?.() === 0 ? userOf('postgres') : null;
  if (owner !== null) chownSync(folder, owner.uid, owner.gid);
  const run = (program: string, ...args: string[]): SpawnSyncReturns<string> =>
    spawnSync(join(bin, program), args, { cwd: folder, encoding: 'utf8', stdio: 'pipe', ...owner });
  const data = join(folder, 'data');
  const end = (): void => {
    run('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop');
    rmSync(folder, { recursive: true, force: true });
  };
  const made = run('initdb', '-D', data, '-A', 'trust', '-U', 'weir', '-E', 'UTF8', '--locale=C');
  // Only on a socket in the folder, so that no port has to be free.
  const options = `-k ${folder} -c listen_addresses=`;
  const started = run('pg_ctl', '-D', data, '-o', options, '-l', join(folder, 'log'), '-w', 'start');
  if (made.status === 0 && started.status === 0)
    return { url: `postgresql://weir@localhost/postgres?host=${encodeURIComponent(folder)}`, end };
  end();
  assert.fail(`PostgreSQL does not start: ${made.stderr} ${started.stdout} ${started.stderr}`);
}

function userOf(name: string): { uid: number; gid: number } {
  const id = (what: string): number => Number(spawnSync('id', [what, name], { encoding: 'utf8' }).stdout);
  return { uid: id('-u'), gid: id('-g') };
}
