/**
 * How fast captures become events, and with how much memory, beside softflowd and tshark on the same file in the same
 * run. node bench/meter.ts [--packets 2000000] [--flows 30000] [--span 300] [--file FILE] [--runs 3] [--no-peers]
 * The capture is made in a temporary folder and removed; with --file a capture of your own is read and kept.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Sink } from '../src/schema/reading.ts';
import { packetDecoder } from '../src/sources/packet/joint.ts';
import { Meter } from '../src/sources/packet/meter.ts';
import { PcapReader } from '../src/sources/packet/pcap-reader.ts';
import { PcapngReader } from '../src/sources/packet/pcapng-reader.ts';
import { pcap } from '../src/sources/pcap.ts';
import { writeCapture } from './capture.ts';

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '2000000' },
    flows: { type: 'string', default: '30000' },
    span: { type: 'string', default: '300' },
    file: { type: 'string' },
    runs: { type: 'string', default: '3' },
    peers: { type: 'boolean', default: true },
    run: { type: 'string' },
    analyze: { type: 'boolean', default: true },
  },
  allowNegative: true,
});

interface Result {
  readonly seconds: number;
  readonly cpu_seconds: number;
  readonly packets: number;
  readonly events: Record<string, number>;
  readonly most_live: number;
  readonly rss_bytes: number;
}

const latest = 4_102_444_800_000_000;

/** Reads a capture in this process: the next chunk is on its way while one is decoded. */
async function readCapture(path: string, analyze: boolean): Promise<Result> {
  const events: Record<string, number> = {};
  let packets = 0;
  let mostLive = 0;
  const sink: Sink = {
    event: (event) => {
      events[event.kind] = (events[event.kind] ?? 0) + 1;
    },
    filtered: () => {},
    rejected: () => {},
  };
  const begin = performance.now();
  const before = process.cpuUsage();
  const file = await open(path);
  const size = (await file.stat()).size;
  const chunk = 1 << 20;
  const buffers = [Buffer.allocUnsafe(chunk), Buffer.allocUnsafe(chunk)];
  const meter = new Meter(sink, { latest_time: latest, analyze });
  let at = 0;
  let turn = 0;
  let reading = file.read(buffers[0]!, 0, chunk, 0);
  let first = true;
  let decoder = packetDecoder(new PcapReader(), meter, sink, latest);
  while (at < size) {
    const { bytesRead } = await reading;
    if (bytesRead === 0) break;
    const full = buffers[turn]!.subarray(0, bytesRead);
    at += bytesRead;
    turn = 1 - turn;
    reading = file.read(buffers[turn]!, 0, chunk, at);
    if (first && pcap.detect(full) === 0) decoder = packetDecoder(new PcapngReader(), meter, sink, latest);
    first = false;
    decoder.push(full);
    if (meter.live > mostLive) mostLive = meter.live;
  }
  await reading;
  decoder.end();
  await file.close();
  packets = meter.packets;
  return {
    seconds: (performance.now() - begin) / 1000,
    cpu_seconds: (() => {
      const used = process.cpuUsage(before);
      return (used.user + used.system) / 1e6;
    })(),
    packets,
    events,
    most_live: mostLive,
    rss_bytes: process.resourceUsage().maxRSS * 1024,
  };
}

function median(list: number[]): number {
  return [...list].sort((a, b) => a - b)[list.length >> 1]!;
}

function row(name: string, seconds: number, packets: number, bytes: number, rss: number): void {
  const rate = `${(packets / seconds / 1e6).toFixed(2)} M packets/s`;
  const volume = `${(bytes / seconds / 1e6).toFixed(0)} MB/s`;
  console.log(
    `${name.padEnd(34)} ${seconds.toFixed(2).padStart(7)} s  ${rate.padStart(18)}  ${volume.padStart(10)}  ${(rss / 1e6).toFixed(0).padStart(6)} MB`,
  );
}

/** Peak memory and time of another program, by GNU time's format when it is installed, else time alone. */
function timed(command: string, args: string[]): { seconds: number; rss: number; ok: boolean } {
  const begin = performance.now();
  const done = spawnSync('/usr/bin/env', ['python3', '-c', watcher, command, ...args], { encoding: 'utf8' });
  const seconds = (performance.now() - begin) / 1000;
  const m = /^(\d+) (\d+) ([\d.]+)$/m.exec(done.stdout ?? '');
  return {
    seconds: m === null ? seconds : Number(m[3]),
    rss: m === null ? 0 : Number(m[2]) * 1024,
    ok: m?.[1] === '0',
  };
}
const watcher = `import resource,subprocess,sys,time
t=time.monotonic()
r=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL)
print(r.returncode,resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,time.monotonic()-t)`;

function installed(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

async function softflowd(path: string): Promise<{ seconds: number; rss: number } | null> {
  if (!installed('softflowd')) return null;
  const sink = createSocket('udp4');
  sink.on('message', () => {});
  await new Promise<void>((done) => sink.bind(0, '127.0.0.1', done));
  const port = sink.address().port;
  const child = spawn('python3', [
    '-c',
    watcher,
    'softflowd',
    '-r',
    path,
    '-n',
    `127.0.0.1:${port}`,
    '-v',
    '9',
    '-m',
    '2000000',
    '-d',
  ]);
  let out = '';
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
  });
  await new Promise<void>((done) => child.on('close', () => done()));
  sink.close();
  const m = /^(\d+) (\d+) ([\d.]+)$/m.exec(out);
  return m === null || m[1] !== '0' ? null : { seconds: Number(m[3]), rss: Number(m[2]) * 1024 };
}

async function main(): Promise<void> {
  const self = fileURLToPath(import.meta.url);
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  try {
    let path = values.file;
    if (path === undefined) {
      path = join(folder, 'bench.pcap');
      const made = writeCapture(path, {
        packets: Number(values.packets),
        flows: Number(values.flows),
        span_s: Number(values.span),
        seed: 20261101,
      });
      console.log(
        `capture: ${made.packets.toLocaleString('en')} packets, ${made.flows.toLocaleString('en')} flows, ${(made.bytes / 1e6).toFixed(0)} MB`,
      );
    }
    const bytes = statSync(path).size;
    const cpu = cpus();
    console.log(
      `machine: ${cpu.length} × ${cpu[0]?.model.trim() ?? '?'}, ${(totalmem() / 1e9).toFixed(0)} GB, Linux ${release()}, Node ${process.version}`,
    );
    const runs = Number(values.runs);
    let packets = 0;
    const times: Record<string, number[]> = {};
    const rss: Record<string, number> = {};
    const note = (name: string, seconds: number, memory: number): void => {
      times[name] ??= [];
      times[name].push(seconds);
      rss[name] = Math.max(rss[name] ?? 0, memory);
    };
    let live = 0;
    for (let i = 0; i < runs; i++) {
      for (const analyze of [true, false]) {
        const done = spawnSync(
          process.execPath,
          [self, '--run', path, ...(analyze ? [] : ['--no-analyze'])],
          { encoding: 'utf8' },
        );
        if (done.status !== 0) throw new Error(done.stderr);
        const result = JSON.parse(done.stdout) as Result;
        packets = result.packets;
        live = result.most_live;
        note(analyze ? 'weir, protocols read' : 'weir, flows only', result.seconds, result.rss_bytes);
        if (i === 0 && analyze)
          console.log(`events: ${JSON.stringify(result.events)}; most flows at once: ${live}`);
      }
      if (values.peers) {
        const soft = await softflowd(path);
        if (soft !== null) note('softflowd (NetFlow 9, flows only)', soft.seconds, soft.rss);
      }
    }
    for (const [name, list] of Object.entries(times)) row(name, median(list), packets, bytes, rss[name]!);
    if (values.peers && installed('tshark')) {
      const some = Math.min(packets, 100_000);
      const t = timed('tshark', ['-r', path, '-c', String(some), '-q', '-z', 'conv,tcp']);
      if (t.ok) row(`tshark (first ${some} packets)`, t.seconds, some, (bytes / packets) * some, t.rss);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (values.run !== undefined) {
  console.log(JSON.stringify(await readCapture(values.run, values.analyze)));
} else await main();
