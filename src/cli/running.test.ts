import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createProxy, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { finding, now, type Serving, serving, watchState } from '../../test/serving.ts';
import { routesOf, statusOf } from '../api/routes.ts';
import { Stream } from '../api/stream.ts';
import type { WatchState } from '../pipeline/live/watch.ts';

const main = join(import.meta.dirname, '../main.ts');
const folder = mkdtempSync(join(tmpdir(), 'weir-running-'));
let server: Serving;
let state: WatchState = watchState;
const children: ChildProcess[] = [];

before(async () => {
  server = await serving((control) => [
    routesOf({ control, state: () => state, now: () => now, version: '1.2.3', folder: '/kept' }),
    new Stream(control, () => statusOf(state, '1.2.3', '/kept'), { poll_ms: 20 }).routes,
  ]);
  await server.keep(
    finding('aaaa1111bbbb2222', { title: 'Ports swept', severity: 'high', risk_score: 80 }),
    finding('cccc3333dddd4444', { title: 'Odd name \x1b]0;owned\x07asked', severity: 'low', risk_score: 20 }),
  );
});
const others: Server[] = [];
afterEach(() => {
  for (const one of others.splice(0)) one.close().closeAllConnections();
  for (const one of children.splice(0)) one.kill();
  state = watchState;
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Said {
  readonly exit: number;
  readonly out: string;
  readonly error: string;
}

/** Runs a command to its end. */
function weir(args: readonly string[], env: Record<string, string> = {}): Promise<Said> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH ?? '', ...env } };
    execFile(process.execPath, [main, ...args], options, (fault, out, error) =>
      resolve({ exit: fault === null ? 0 : Number(fault.code), out, error }),
    );
  });
}
const asked = (...args: string[]): Promise<Said> =>
  weir([...args, '--url', server.url], { WEIR_TOKEN: 'right' });

test('weir status says what runs, what is lost and what is wrong, and its exit status that something is', async () => {
  const { exit, out } = await asked('status');
  assert.match(out, /^Weir 1\.2\.3 has watched for .* and keeps everything in \/kept\./);
  assert.match(out, /Stored: 1,234 events since it started/);
  assert.match(out, /Judged: up to 2025-11-28 00:23:20 UTC \(.* ago\); the last look took 1\.5 s/);
  assert.match(out, /^ {2}zeek +live +1,200 +1,100 +50 +40 +10 +0 +\S.* ago$/m);
  assert.match(out, /^ {2}syslog +problem +34 +34 +0 +0 +0 +12 +none yet$/m);
  assert.match(out, /SOURCE: syslog: port 514 is taken/);
  assert.match(out, /DROPPED: syslog: receive buffer full \(12\)/);
  assert.equal(exit, 1);
  state = { ...watchState, sources: [watchState.sources[0]!] };
  const fine = await asked('status');
  assert.deepEqual([fine.exit, /[A-Z]{4,}:/.test(fine.out)], [0, false]);
  state = { ...state, judged_until: Number.POSITIVE_INFINITY };
  assert.match((await asked('status')).out, /Judged: all that there is;/);
  state = { ...state, judged_until: null };
  assert.match((await asked('status')).out, /Judged: nothing yet: no window is over/);
});

test('weir status --json is what the API answers', async () => {
  const { out } = await asked('status', '--json');
  assert.deepEqual(JSON.parse(out), JSON.parse(JSON.stringify(statusOf(watchState, '1.2.3', '/kept'))));
});

test('weir findings lists them, the riskiest first, and nothing of the traffic reaches the terminal as it is', async () => {
  const { exit, out } = await asked('findings');
  assert.equal(exit, 0);
  const [head, first, second, ...more] = out.trimEnd().split('\n');
  assert.match(head!, /^# +risk +severity/);
  assert.match(first!, /^1 +80 +high .* aaaa1111 .*Ports swept/);
  assert.match(second!, /^2 +20 +low .* cccc3333 .*Odd name asked/);
  assert.deepEqual(more, []);
  const severe = await asked('findings', '--severity', 'medium');
  assert.doesNotMatch(severe.out, /cccc3333/);
  const few = await asked('findings', '--limit', '1');
  assert.match(few.out, /more that changed earlier; --limit N shows more/);
  const json = await asked('findings', '--json');
  const [one] = json.out.split('\n').map((line) => JSON.parse(line || 'null'));
  assert.equal(one.class_uid, 2004);
});

/** Stands between a command and the server, and can be away. */
async function between() {
  const open = new Set<Socket>();
  const proxy = createProxy((client) => {
    const upstream = connect(Number(new URL(server.url).port), '127.0.0.1');
    for (const one of [client, upstream]) {
      open.add(one);
      one.on('error', () => {});
    }
    client.pipe(upstream).pipe(client);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port } = proxy.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    back: () => once(proxy.listen(port, '127.0.0.1'), 'listening'),
    async leave() {
      const closed = once(proxy, 'close');
      proxy.close();
      for (const one of open) one.destroy();
      await closed;
    },
  };
}

test('weir findings --follow tells what comes, and goes on when the server was away', async () => {
  const proxy = await between();
  const child = spawn(process.execPath, [main, 'findings', '--follow', '--url', proxy.url], {
    cwd: folder,
    env: { PATH: process.env.PATH, WEIR_TOKEN: 'right' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let said = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (piece) => {
      said += piece;
    });
  const says = async (words: RegExp): Promise<void> => {
    const end = Date.now() + 20_000;
    while (!words.test(said) && Date.now() < end) await sleep(20);
    assert.match(said, words);
  };
  for (let n = 0; !said.includes('Came'); n++) {
    await server.keep(finding('eeee5555', { title: 'Came', summary: `try ${n}` }));
    await sleep(200);
    assert.ok(n < 100, 'it follows');
  }
  assert.doesNotMatch(said, /Ports swept/, 'what was there before is not told');
  await server.keep(finding('ffff6666', { title: 'Second', severity: 'low', summary: 'of it' }));
  await says(/^2025-11-27 23:33:20 {2}LOW {4}ffff6666 {2}Second\n {4}of it$/m);
  await proxy.leave();
  await says(/^weir: \S+ went away; waiting for it$/m);
  await server.keep(finding('ffff6666', { title: 'Second', severity: 'low', summary: 'of more' }));
  await proxy.back();
  await says(/ffff6666 {2}Second \(has grown\)\n {4}of more$/m);
  await proxy.leave();
});

test('on one machine nothing has to be typed: the token lies in the folder of the server', async () => {
  const keep = join(folder, 'kept');
  mkdirSync(keep);
  writeFileSync(join(keep, 'token'), 'right\n', { mode: 0o600 });
  assert.equal((await weir(['status', '--url', server.url, '--keep', keep])).exit, 1);
  mkdirSync(join(folder, '.weir-serve'));
  const missing = await weir(['status', '--url', server.url]);
  assert.match(missing.error, /needs a token, and there is none in \.weir-serve\/token/);
  symlinkSync(join(keep, 'token'), join(folder, '.weir-serve/token'));
  const linked = await weir(['status', '--url', server.url]);
  assert.equal(linked.exit, 4);
  assert.match(linked.error, /is a link, which Weir does not follow/);
  rmSync(join(folder, '.weir-serve/token'));
  writeFileSync(join(folder, '.weir-serve/token'), 'another\n');
  const wrong = await weir(['status', '--url', server.url]);
  assert.equal(wrong.exit, 2);
  assert.match(wrong.error, /does not know the token in \.weir-serve\/token/);
});

test('weir serve puts its first token where weir status finds it, for its owner alone, and never again', async () => {
  const log = join(folder, 'conn.log');
  writeFileSync(log, '');
  const begin = async (): Promise<[child: ChildProcess, url: string, out: string]> => {
    const child = spawn(process.execPath, [main, 'serve', log, '--keep', 'own', '--listen', '127.0.0.1:0'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    let out = '';
    for await (const piece of child.stdout!) {
      out += piece;
      if (out.includes('Ctrl-C')) break;
    }
    return [child, /http:\S+:\d+/.exec(out)![0], out];
  };
  const end = async (child: ChildProcess): Promise<void> => {
    child.kill('SIGINT');
    const [exit] = await once(child, 'exit');
    assert.equal(exit, 0);
  };
  const [first, url, out] = await begin();
  const file = join(folder, 'own/token');
  const token = readFileSync(file, 'utf8').trim();
  assert.ok(out.includes(`shown this once: ${token}\n`));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const { exit, out: said } = await weir(['status', '--url', url, '--keep', 'own']);
  assert.deepEqual([exit, /^Weir .* keeps everything in .*own\.$/m.test(said)], [0, true], said);
  await end(first);
  const [again, at, told] = await begin();
  assert.doesNotMatch(told, /oken/);
  assert.equal((await weir(['status', '--url', at, '--keep', 'own'])).exit, 0);
  await end(again);
});

test('what keeps a command from its answer is told with its mend', async () => {
  const other = createServer((request, answer) => {
    if (request.url === '/v1/status') answer.end('<html>');
    else answer.writeHead(302, { location: `${server.url}/v1/findings` }).end();
  });
  others.push(other.listen(0, '127.0.0.1'));
  await once(other, 'listening');
  const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const closed = `http://127.0.0.1:${(gone.address() as AddressInfo).port}`;
  gone.close();
  const table: readonly [args: string[], env: Record<string, string>, says: RegExp][] = [
    [['status', '--url', closed, '--token', 'x'], {}, /nothing listens at .*; start it with weir serve PATH/],
    [['findings', '--follow', '--url', closed, '--token', 'x'], {}, /nothing listens at/],
    [['status', '--url', server.url, '--token', 'wrong'], {}, /does not know the token of --token/],
    [['status', '--url', server.url], { WEIR_TOKEN: 'wrong' }, /does not know the token of WEIR_TOKEN/],
    [['status', '--url', elsewhere, '--token', 'x'], {}, /is no Weir, or one of another version/],
    [['findings', '--url', elsewhere, '--token', 'x'], {}, /cannot be asked/],
    [
      ['status', '--url', 'ftp://x'],
      {},
      /--url: an address such as http:\/\/127\.0\.0\.1:7780, not ftp:\/\/x/,
    ],
    [['findings', '--severity', 'bad'], {}, /--severity: one of informational, low/],
    [['findings', 'x'], {}, /weir findings takes no x/],
  ];
  for (const [args, env, says] of table) {
    const { exit, error, out } = await weir(args, env);
    assert.deepEqual([exit, out], [2, ''], args.join(' '));
    assert.match(error, says);
    assert.doesNotMatch(error, /please report/);
  }
});
