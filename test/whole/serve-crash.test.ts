import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { random } from '../../src/base/random.ts';
import { openStore } from '../../src/store/index.ts';

/** Weir is killed while it follows a file and takes records over HTTP: nothing that it said it has is lost, nothing is there twice. */

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'weir-crash-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const kills = Number(process.env.WEIR_KILLS ?? 6);
const chance = random(7);

/** A connection as Zeek logs it, told apart by its uid. */
const line = (n: number, by: string): string =>
  JSON.stringify({
    ...{
      _path: 'conn',
      ts: 1_790_000_000 + n * 0.01,
      uid: `C${by}${n}`,
      'id.orig_h': '10.20.1.34',
      'id.orig_p': 1024 + (n % 60_000),
    },
    ...{
      'id.resp_h': by === 'F' ? '203.0.113.9' : '198.51.100.7',
      'id.resp_p': 443,
      proto: 'tcp',
      duration: 0.5,
      orig_bytes: 10,
      resp_bytes: 20,
    },
    ...{
      conn_state: 'SF',
      history: 'ShADadFf',
      orig_pkts: 5,
      orig_ip_bytes: 300,
      resp_pkts: 5,
      resp_ip_bytes: 310,
    },
  });

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  /** what it said of errors */
  readonly said: { text: string };
}

/** Asks how many events are stored; as long as it is there it is asked again. */
async function statusOf({ child, url, said }: Served): Promise<{ events: number }> {
  for (let tries = 1; ; tries++) {
    try {
      const answer = await fetch(`${url}/v1/status`, { headers: { authorization: `Bearer ${token}` } });
      return (await answer.json()) as { events: number };
    } catch (error) {
      if (child.exitCode !== null || tries === 5)
        throw new Error(`it cannot be asked (status ${child.exitCode}): ${said.text}`, { cause: error });
      await pause(1000);
    }
  }
}

let token = '';
function serve(): Promise<Served> {
  const child = spawn(
    process.execPath,
    [
      main,
      'serve',
      '--config',
      join(folder, 'weir.yaml'),
      '--keep',
      join(folder, 'keep'),
      '--listen',
      '127.0.0.1:0',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const said = { text: '' };
  child.stderr!.on('data', (text) => {
    said.text = (said.text + text).slice(-4000);
  });
  let out = '';
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`weir serve ended: ${out} ${said.text}`)));
    child.stdout!.on('data', (text) => {
      if (out.includes('Ctrl-C')) return;
      out += text;
      token = /weir_[\w-]+/.exec(out)?.[0] ?? token;
      const url = /API: (http:\S+)/.exec(out)?.[1];
      if (url !== undefined && out.includes('Ctrl-C')) resolve({ child, url, said });
    });
  });
}

test(`after ${kills} kills every record that was written to a file or acknowledged is there, once`, async (t) => {
  const log = join(folder, 'logs', 'conn.log');
  mkdirSync(join(folder, 'logs'));
  writeFileSync(log, '');
  writeFileSync(
    join(folder, 'weir.yaml'),
    `inputs:\n  zeek: { follow: ['${join(folder, 'logs')}'] }\n  http: { http: true }\n`,
  );
  const acknowledged: string[] = [];
  let written = 0;
  let sent = 0;
  for (let round = 0; round <= kills; round++) {
    const served = await serve();
    const { child, url } = served;
    // Whoever read what it prints goes away.
    if (round === kills) child.stdout!.destroy();
    const ends = performance.now() + 500 + chance.below(4000);
    const last = round === kills;
    const posting = (async () => {
      while (performance.now() < ends) {
        const uids = Array.from({ length: 50 }, () => sent++);
        const body = `${uids.map((n) => line(n, 'H')).join('\n')}\n`;
        const answer = await fetch(`${url}/v1/ingest/zeek`, {
          ...{ method: 'POST', body, headers: { authorization: `Bearer ${token}` } },
        }).catch(() => null);
        if (answer?.status === 200) acknowledged.push(...uids.map((n) => `CH${n}`));
      }
    })();
    while (performance.now() < ends) {
      const lines = Array.from({ length: 200 }, () => line(written++, 'F'));
      appendFileSync(log, `${lines.join('\n')}\n`);
      await pause(20);
    }
    if (!last) {
      child.kill('SIGKILL');
      await once(child, 'exit');
      await posting;
      continue;
    }
    await posting;
    // All that was written has been read when nothing more is stored.
    for (let events = -1; ; ) {
      await pause(2500);
      const status = await statusOf(served);
      if (status.events === events) break;
      events = status.events;
    }
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 0);
  }
  const store = await openStore({ directory: join(folder, 'keep', 'events') });
  try {
    const rows = await store.query<{ uid: string; n: number }>(
      'SELECT uid, count() AS n FROM connection GROUP BY uid',
    );
    const stored = new Map(rows.map((one) => [one.uid, Number(one.n)]));
    const twice = [...stored].filter(([, n]) => n > 1).map(([uid]) => uid);
    const lost = acknowledged.filter((uid) => !stored.has(uid));
    const unread = Array.from({ length: written }, (_, n) => `CF${n}`).filter((uid) => !stored.has(uid));
    t.diagnostic(
      `${written} lines written, ${acknowledged.length} of ${sent} records acknowledged, ${stored.size} stored`,
    );
    assert.deepEqual(
      { twice: twice.slice(0, 5), lost: lost.slice(0, 5), unread: unread.slice(0, 5) },
      { twice: [], lost: [], unread: [] },
    );
  } finally {
    await store.close();
  }
});
