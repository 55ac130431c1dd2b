/**
 * Real senders: rsyslog (plain TCP, TCP with counted octets, TLS, its output for Elasticsearch) and logger of util-linux
 * (UDP, TCP, both formats). They send Zeek's JSON lines, and what arrives is read by Weir's own sources. Filebeat, Vector,
 * Fluent Bit and Logstash are in no registry that tests may use: their documented requests are in
 * src/collect/live/elastic.test.ts and hec.test.ts.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createServer } from '../../src/api/server.ts';
import { WeirError } from '../../src/base/error.ts';
import { TokenGuard } from '../../src/base/token-guard.ts';
import { httpInput } from '../../src/collect/live/http.ts';
import { type SyslogOptions, syslogInput } from '../../src/collect/live/syslog.ts';
import { wrapped } from '../../src/sources/wrapped.ts';
import { certificate } from '../certificate.ts';
import { collectingSink } from '../collecting-sink.ts';
import { Kept } from '../kept.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'weir-senders-'));
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
after(() => rmSync(folder, { recursive: true }));

const line = (i: number): string =>
  `{"ts":${1_767_607_200 + i},"uid":"C${i}","id.orig_h":"10.20.1.5","id.orig_p":4000,"id.resp_h":"192.0.2.1","id.resp_p":443,"proto":"tcp","conn_state":"SF","_path":"conn"}`;

/** The uids of the connections that Weir reads from what was kept, in order of number, without those that came twice. */
function readFrom(kept: Kept): { uids: Set<string>; rejects: number } {
  const sink = collectingSink();
  const decoder = wrapped.open('syslog', sink, { latest_time: Number.MAX_SAFE_INTEGER, keep_raw: false });
  decoder.push(
    Buffer.from(
      kept
        .lines()
        .map((one) => `${one}\n`)
        .join(''),
    ),
  );
  decoder.end();
  const uids = sink.events.map(({ event }) => String((event as { uid?: unknown }).uid));
  return { uids: new Set(uids), rejects: sink.rejects.length };
}

/** An rsyslogd of our own that follows a file and sends its lines. */
async function rsyslog(action: string, globals = ''): Promise<{ write(from: number, to: number): void }> {
  const place = mkdtempSync(join(folder, 'rsyslog-'));
  const file = join(place, 'zeek.log');
  writeFileSync(file, '');
  writeFileSync(
    join(place, 'rsyslog.conf'),
    `global(workDirectory="${place}" ${globals})
module(load="imfile" mode="polling" pollingInterval="1")
input(type="imfile" file="${file}" tag="zeek")
template(name="bare" type="string" string="%msg%")
${action}
`,
  );
  const child: ChildProcess = spawn(
    'rsyslogd',
    ['-n', '-f', join(place, 'rsyslog.conf'), '-i', join(place, 'pid')],
    { stdio: 'ignore' },
  );
  ends.push(async () => {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  });
  await sleep(300);
  return {
    write: (from, to) => {
      let text = '';
      for (let i = from; i < to; i++) text += `${line(i)}\n`;
      appendFileSync(file, text);
    },
  };
}

async function listening(options: Omit<SyslogOptions, 'source'>, kept: Kept) {
  const input = syslogInput({ source: 'syslog', ...options });
  await input.start(kept.deliver);
  ends.push(() => input.stop(0));
  return input;
}

describe('rsyslog', () => {
  const framings: readonly [title: string, more: string][] = [
    ['over TCP, a record a line', ''],
    ['over TCP with counted octets', 'TCP_Framing="octet-counted"'],
    ['over TCP in RFC 5424', 'TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"'],
  ];
  for (const [title, more] of framings) {
    test(`sends Zeek's lines ${title}, and all of them are read`, async () => {
      const kept = new Kept();
      const input = await listening({ tcp: { port: 0 } }, kept);
      const { port } = input.addresses.tcp!;
      const sender = await rsyslog(
        `action(type="omfwd" target="127.0.0.1" port="${port}" protocol="tcp" ${more})`,
      );
      sender.write(0, 2000);
      await kept.untilLines(2000, 30_000);
      const { uids, rejects } = readFrom(kept);
      assert.equal(uids.size, 2000);
      assert.equal(rejects, 0);
      assert.deepEqual(input.state().dropped, {});
      assert.equal(kept.pieces[0]!.origin, 'syslog 127.0.0.1');
    });
  }

  test("sends over TLS to a certificate it knows, and all of Zeek's lines are read", async () => {
    const authority = { name: 'Test Authority', ...certificate('Test Authority') };
    const kept = new Kept();
    const input = await listening({ tls: { port: 0, ...certificate('weir', authority) } }, kept);
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, authority.cert);
    const sender = await rsyslog(
      `action(type="omfwd" target="127.0.0.1" port="${input.addresses.tls!.port}" protocol="tcp" StreamDriver="gtls"
         StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid" TCP_Framing="octet-counted")`,
      `DefaultNetstreamDriverCAFile="${ca}"`,
    );
    sender.write(0, 2000);
    await kept.untilLines(2000, 30_000);
    assert.equal(readFrom(kept).uids.size, 2000);
  });

  test('keeps in its queue what it cannot send while Weir is away, and sends it after', async () => {
    const first = new Kept();
    const input = await listening({ tcp: { port: 0 } }, first);
    const { port } = input.addresses.tcp!;
    const sender = await rsyslog(
      `action(type="omfwd" target="127.0.0.1" port="${port}" protocol="tcp" action.resumeRetryCount="-1"
         action.resumeInterval="1" queue.type="LinkedList" queue.size="100000")`,
    );
    sender.write(0, 500);
    await first.untilLines(500, 30_000);
    await input.stop(1000);
    sender.write(500, 1000);
    await sleep(2500);
    const second = new Kept();
    await listening({ tcp: { port } }, second);
    sender.write(1000, 1500);
    await second.until(() => readFrom(second).uids.has('C1499'), 'the last line', 60_000);
    const { uids } = readFrom(second);
    for (let i = 1000; i < 1500; i++) assert.ok(uids.has(`C${i}`), `C${i}`);
    // Plain TCP has no acknowledgement: of what it wrote as Weir went away rsyslog does not know that it was lost.
    const after = Array.from({ length: 500 }, (_, i) => i + 500).filter((i) => uids.has(`C${i}`)).length;
    console.log(`of 500 lines written while Weir was away ${after} came`);
    assert.ok(after > 0);
  });

  test('its output for Elasticsearch finds what it asks for, waits when there is no room, and loses nothing', async () => {
    const guard = new TokenGuard(async (token) => token === 'right');
    const input = httpInput({ source: 'es', guard });
    const server = createServer({ port: 0, version: '0', guard, notReady: () => [] });
    server.addInput(input.routes);
    const { port } = await server.listen();
    ends.push(() => server.close(0));
    const kept = new Kept();
    let refused = 0;
    kept.keep = () => {
      if (refused++ < 3) throw new WeirError('busy', 'the journal is full');
    };
    await input.start(kept.deliver);
    const sender = await rsyslog(
      `module(load="omelasticsearch")
       ruleset(name="es") {
         action(type="omelasticsearch" server="127.0.0.1" serverport="${port}" uid="weir" pwd="right" searchIndex="zeek"
           searchType="" bulkmode="on" template="bare" retryfailures="on" retryruleset="es" ratelimit.interval="0"
           queue.type="LinkedList" queue.dequeueBatchSize="200" action.resumeRetryCount="-1" action.resumeInterval="1")
       }
       call es`,
    );
    sender.write(0, 3000);
    await kept.until(() => readFrom(kept).uids.size === 3000, '3000 connections', 60_000);
    assert.equal(kept.pieces[0]!.origin, 'http elasticsearch');
    assert.ok(refused > 3);
  });
});

describe('logger', () => {
  const ways: readonly [title: string, flags: string[]][] = [
    ['UDP, RFC 5424', ['--udp']],
    ['UDP, RFC 3164', ['--udp', '--rfc3164']],
    ['TCP, RFC 5424', ['--tcp']],
    ['TCP, RFC 3164', ['--tcp', '--rfc3164']],
    ['TCP, counted octets', ['--tcp', '--octet-count']],
  ];
  for (const [title, flags] of ways) {
    test(`sends lines over ${title}, and they are read`, async () => {
      const kept = new Kept();
      const input = await listening({ udp: { port: 0 }, tcp: { port: 0 } }, kept);
      const { port } = input.addresses[flags[0] === '--udp' ? 'udp' : 'tcp']!;
      const file = join(folder, 'lines');
      writeFileSync(file, Array.from({ length: 50 }, (_, i) => `${line(i)}\n`).join(''));
      await run('logger', [
        ...flags,
        '--server',
        '127.0.0.1',
        '--port',
        String(port),
        '--tag',
        'zeek',
        '--size',
        '4096',
        '--file',
        file,
      ]);
      await kept.untilLines(50);
      assert.equal(readFrom(kept).uids.size, 50);
      assert.deepEqual(input.state().dropped, {});
    });
  }
});
