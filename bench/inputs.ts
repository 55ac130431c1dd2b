/**
 * How many records a second come in over the network, from a sender in a process of its own, with a delivery that takes
 * 5 ms as a journal that is synced to disk does: node bench/inputs.ts [--seconds 5] [--only tcp,tls,udp,http,gzip,bulk,hec]
 * Records are Zeek's connections of about 330 bytes, over syslog behind a header of RFC 5424. Every figure is of what
 * was delivered, counted at the delivery. UDP is sent at a stated rate, because its sender is never told to wait.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { createServer } from '../src/api/server.ts';
import { TokenGuard } from '../src/base/token-guard.ts';
import { httpInput } from '../src/collect/live/http.ts';
import type { Deliver, LiveInput } from '../src/collect/live/input.ts';
import { syslogInput } from '../src/collect/live/syslog.ts';
import { certificate } from '../test/certificate.ts';
import { load, machine } from './machine.ts';

const kinds = ['tcp', 'tls', 'udp', 'http', 'gzip', 'bulk', 'hec'] as const;
type Kind = (typeof kinds)[number];
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    only: { type: 'string', default: kinds.join() },
    send: { type: 'string' },
    port: { type: 'string', default: '0' },
    rate: { type: 'string', default: '0' },
  },
});
const seconds = Number(values.seconds);

const record = (i: number): string =>
  `{"ts":1767607200.${i % 1_000_000},"uid":"C${i.toString(36).padStart(17, 'q')}","id.orig_h":"10.20.1.${i % 250}","id.orig_p":${1024 + (i % 60_000)},"id.resp_h":"192.0.2.${i % 200}","id.resp_p":443,"proto":"tcp","service":"ssl","duration":0.5,"orig_bytes":1200,"resp_bytes":${i},"conn_state":"SF","missed_bytes":0,"history":"ShADadfF","orig_pkts":12,"orig_ip_bytes":1700,"resp_pkts":14,"resp_ip_bytes":8000}`;
const syslogRecord = (i: number): string => `<134>1 2026-01-05T10:00:00Z sensor zeek - - - ${record(i)}`;
const batch = (make: (i: number) => string, count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, i) => `${make(i)}\n`).join(''));

if (values.send !== undefined) await send(values.send as Kind, Number(values.port), Number(values.rate));
else await measure();

/** The sender: until it is killed, or over UDP for the time given. */
async function send(kind: Kind, port: number, rate: number): Promise<void> {
  if (kind === 'udp') return sendUdp(port, rate);
  if (kind === 'tcp' || kind === 'tls') {
    const at = { port, host: '127.0.0.1' };
    const socket = kind === 'tcp' ? connect(at) : connectTls({ ...at, rejectUnauthorized: false });
    const bytes = batch(syslogRecord, 500);
    const more = (): void => {
      while (socket.write(bytes));
    };
    socket.on('drain', more);
    more();
    return;
  }
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const lines = batch(record, 1000);
  const bulk = batch((i) => `{"create":{"_index":"zeek"}}\n${record(i)}`, 1000);
  const hec = batch((i) => `{"time":1767607200,"sourcetype":"zeek","event":${record(i)}}`, 1000);
  const body = { http: lines, gzip: gzipSync(lines, { level: 1 }), bulk, hec }[kind];
  const path = {
    http: '/v1/ingest/zeek',
    gzip: '/v1/ingest/zeek',
    bulk: '/_bulk',
    hec: '/services/collector',
  }[kind];
  const headers = {
    authorization: 'Bearer right',
    'content-type': 'application/x-ndjson',
    'content-length': body.length,
    ...(kind === 'gzip' && { 'content-encoding': 'gzip' }),
  };
  const once = (): void => {
    const asked = request({ port, host: '127.0.0.1', method: 'POST', path, agent, headers }, (answer) => {
      if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
      answer.resume().once('end', once);
    });
    asked.on('error', () => process.exit(0));
    asked.end(body);
  };
  for (let i = 0; i < 8; i++) once();
}

async function sendUdp(port: number, rate: number): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve));
  const messages = Array.from({ length: 1000 }, (_, i) => Buffer.from(syslogRecord(i)));
  const begin = performance.now();
  let sent = 0;
  while (performance.now() - begin < seconds * 1000) {
    const due = Math.min(((performance.now() - begin) / 1000) * rate, sent + 2000);
    while (sent < due) socket.send(messages[sent++ % 1000]!);
    await sleep(1);
  }
  console.log(sent);
  await sleep(200);
  socket.close();
}

async function measure(): Promise<void> {
  console.log(`${machine()}; ${load()}`);
  for (const kind of values.only.split(',') as Kind[]) {
    if (kind === 'udp') for (const rate of [10_000, 25_000, 50_000, 100_000]) await run(kind, rate);
    else await run(kind, 0);
  }
}

async function run(kind: Kind, rate: number): Promise<void> {
  let records = 0;
  let bytes = 0;
  const deliver: Deliver = async (piece) => {
    await sleep(5);
    bytes += piece.bytes.length;
    for (let at = piece.bytes.indexOf(10); at >= 0; at = piece.bytes.indexOf(10, at + 1)) records++;
  };
  const { input, port, end } = await open(kind, deliver);
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(import.meta.url),
      '--send',
      kind,
      '--port',
      String(port),
      '--rate',
      String(rate),
      '--seconds',
      String(seconds),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout.on('data', (part: Buffer) => {
    said += part;
  });
  if (kind === 'udp') {
    await new Promise((resolve) => child.once('close', resolve));
    await sleep(500);
    const { dropped } = input.state();
    const lost = Object.entries(dropped).map(([reason, count]) => `${reason} ${count}`);
    const sent = Number(said);
    const rateSent = Math.round(sent / seconds).toLocaleString('en');
    const percent = ((100 * (sent - records)) / sent).toFixed(2);
    console.log(`udp: sent ${rateSent} a second, ${percent} % lost (${lost.join(', ') || 'none'})`);
  } else {
    while (records === 0) await sleep(10);
    const [before, begin, cpu] = [records, performance.now(), process.cpuUsage()];
    await sleep(seconds * 1000);
    const wall = (performance.now() - begin) / 1000;
    const used = process.cpuUsage(cpu);
    const busy = Math.round((used.user + used.system) / 1e4 / wall);
    const memory = Math.round(process.memoryUsage().rss / 1e6);
    const perSecond = Math.round((records - before) / wall).toLocaleString('en');
    console.log(`${kind}: ${perSecond} records a second, ${busy} % of a processor, ${memory} MB`);
    child.kill('SIGKILL');
  }
  await end();
  if (bytes === 0) throw new Error('nothing came');
}

async function open(
  kind: Kind,
  deliver: Deliver,
): Promise<{ input: LiveInput; port: number; end(): Promise<void> }> {
  if (kind === 'tcp' || kind === 'udp' || kind === 'tls') {
    const at = kind === 'tls' ? { tls: { port: 0, ...certificate('weir') } } : { [kind]: { port: 0 } };
    const input = syslogInput({ source: 'bench', ...at });
    await input.start(deliver);
    return { input, port: input.addresses[kind]!.port, end: () => input.stop(1000) };
  }
  const guard = new TokenGuard(async () => true);
  const input = httpInput({ source: 'bench', guard });
  await input.start(deliver);
  const server = createServer({ port: 0, version: '0', guard, notReady: () => [] });
  server.addInput(input.routes);
  const { port } = await server.listen();
  const end = async (): Promise<void> => {
    await input.stop(1000);
    await server.close(100);
  };
  return { input, port, end };
}
