/**
 * From Zeek's JSON lines in a plain file to rows in the store, with everything the product does on the way (read,
 * check, place, find duplicates, encode, store): node bench/store.ts [lines | conn.log] [rounds]
 * Lines are made up with every address at random; a log of your own, or one that bench/analyze.ts --keep made, is read as
 * it is.
 * Beside it in the same run, on the same file: `jq -c .`, which only parses and prints, and the engine's own import of
 * the file, which only parses and stores. Memory of both processes is told after the last round.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findInputs } from '../src/collect/index.ts';
import { Ingest, plan } from '../src/pipeline/ingest.ts';
import { openStore, type Store } from '../src/store/index.ts';
import { load, machine } from './machine.ts';

const given = /^\d*$/.test(process.argv[2] ?? '') ? null : process.argv[2]!;
const lines = given === null ? Number(process.argv[2] ?? 500_000) : linesOf(given);
const rounds = Number(process.argv[3] ?? 3);

function linesOf(file: string): number {
  return Number(spawnSync('wc', ['-l', file], { encoding: 'utf8' }).stdout.trim().split(' ')[0]);
}

/** Deterministic numbers, so that two runs read the same bytes. */
let state = 1;
function random(below: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;

function line(i: number): string {
  const udp = random(3) === 0;
  return JSON.stringify({
    ts: 1_767_607_200 + i / 100 + random(1e4) / 1e6,
    uid: `C${random(2 ** 31).toString(36)}${random(2 ** 31).toString(36)}x`.padEnd(18, 'q'),
    'id.orig_h': `10.20.${random(8)}.${random(255)}`,
    'id.orig_p': 1024 + random(60_000),
    'id.resp_h': `${pick([198, 203, 192])}.51.${random(100)}.${random(255)}`,
    'id.resp_p': pick([443, 53, 80, 22, 445]),
    proto: udp ? 'udp' : 'tcp',
    service: udp ? 'dns' : pick(['ssl', 'http']),
    duration: random(2e8) / 1e6,
    orig_bytes: random(100_000),
    resp_bytes: random(1_000_000),
    conn_state: pick(['SF', 'SF', 'S0', 'RSTO']),
    local_orig: true,
    local_resp: false,
    missed_bytes: 0,
    history: pick(['ShADadFf', 'Dd', 'S', 'ShADadR']),
    orig_pkts: random(200),
    orig_ip_bytes: random(110_000),
    resp_pkts: random(300),
    resp_ip_bytes: random(1_100_000),
  });
}

function writeLines(path: string): void {
  const file = openSync(path, 'w');
  for (let i = 0; i < lines; i += 10_000) {
    const some = Array.from({ length: Math.min(10_000, lines - i) }, (_, n) => line(i + n));
    writeSync(file, `${some.join('\n')}\n`);
  }
  closeSync(file);
}

interface Memory {
  readonly rss: number;
  readonly pss: number;
}

/** MB of a process: all it has mapped, and its share of that. */
function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const read = (name: string) =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 1024);
  return { rss: read('Rss'), pss: read('Pss') };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** Seconds of processor time of the thread that reads, of each round. */
const reading: number[] = [];

async function product(store: Store, path: string): Promise<void> {
  await store.command('TRUNCATE TABLE connection');
  const ingest = new Ingest(store, {
    run_id: 'bench',
    now: 1_800_000_000e6,
    latest_time: 1_900_000_000e6,
    until: Number.MAX_SAFE_INTEGER,
    keep_raw: false,
    local_networks: ['10.0.0.0/8'],
    progress: () => {},
  });
  const before = process.threadCpuUsage();
  await ingest.read(await plan(await findInputs([path])));
  const { user, system } = process.threadCpuUsage(before);
  reading.push((user + system) / 1e6);
  const [row] = await store.rows<[number]>('SELECT count() FROM connection');
  const stored = ingest.reports.reduce((sum, { ledger }) => sum + ledger.stored, 0);
  if (row?.[0] !== stored || stored < lines * 0.999) throw new Error(`${lines} lines, but ${row?.[0]} rows`);
}

const zeek = `ts Float64, uid String, "id.orig_h" String, "id.orig_p" UInt16, "id.resp_h" String, "id.resp_p" UInt16,
proto LowCardinality(String), service LowCardinality(String), duration Nullable(Float64), orig_bytes Nullable(UInt64),
resp_bytes Nullable(UInt64), conn_state LowCardinality(String), local_orig Bool, local_resp Bool, missed_bytes UInt64,
history LowCardinality(String), orig_pkts UInt64, orig_ip_bytes UInt64, resp_pkts UInt64, resp_ip_bytes UInt64`;

async function engineAlone(store: Store, path: string): Promise<void> {
  await store.command('DROP TABLE IF EXISTS bench SYNC');
  await store.command(`CREATE TABLE bench (${zeek}) ENGINE = MergeTree ORDER BY ("id.orig_h", ts)`);
  await store.command('INSERT INTO bench SELECT * FROM file({path:String}, JSONEachRow, {zeek:String})', {
    path,
    zeek,
  });
  const [row] = await store.rows<[number]>('SELECT count() FROM bench');
  if (row?.[0] !== lines) throw new Error(`${lines} lines, but the engine stored ${row?.[0]}`);
}

function jq(path: string): void {
  const run = spawnSync('jq', ['-c', '.', path], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (run.status !== 0) throw new Error('jq failed');
}

const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
const path = given ?? join(folder, 'conn.log');
const store = await openStore({ directory: null });
try {
  if (given === null) writeLines(path);
  const bytes = statSync(path).size;
  const has_jq = spawnSync('jq', ['--version']).status === 0;
  if (!has_jq) console.log('jq is not installed (apt-get install jq): left out.');
  const contestants: Record<string, () => Promise<void>> = {
    'Weir, lines to rows': () => product(store, path),
    ...(has_jq && { 'jq -c ., parse and print only': async () => jq(path) }),
    'engine alone, file to rows': () => engineAlone(store, path),
  };
  const seconds = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of Object.entries(contestants)) {
      const took = await timed(work);
      seconds.set(name, [...(seconds.get(name) ?? []), took]);
    }
  }
  console.log(`${machine()}, ClickHouse ${store.connection.engine?.version}; ${load()}`);
  console.log(
    `${lines} Zeek JSON conn lines, ${(bytes / 1e6).toFixed(0)} MB; median of ${rounds} rounds in turn`,
  );
  for (const [name, all] of seconds) {
    const median = all.sort((a, b) => a - b)[Math.floor(all.length / 2)]!;
    const rate = Math.round(lines / median).toLocaleString('en');
    const spread = `${all[0]!.toFixed(2)}–${all.at(-1)!.toFixed(2)} s`;
    console.log(`${name.padEnd(32)} ${rate.padStart(10)} lines/s  ${median.toFixed(2)} s (${spread})`);
  }
  const busy = reading.sort((a, b) => a - b)[Math.floor(reading.length / 2)]!;
  const most = Math.round(lines / busy).toLocaleString('en');
  console.log(
    `the thread that reads was busy for ${busy.toFixed(2)} s: ${most} lines/s when nothing else runs beside it`,
  );
  const [main, engine] = [memoryOf(process.pid), memoryOf(store.connection.engine?.pid ?? process.pid)];
  console.log(`memory, MB: main rss ${main.rss} pss ${main.pss}, engine rss ${engine.rss} pss ${engine.pss}`);
} finally {
  await store.close();
  rmSync(folder, { recursive: true });
}
