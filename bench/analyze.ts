/**
 * `weir analyze` over an office's connections, as a user runs it: wall time, processor time, and the largest memory of
 * all its processes together (PSS, sampled four times a second).
 *   node bench/analyze.ts [--events 100000,1000000,5000000] [--runs 1] [--command "node src/main.ts"] [--keep FOLDER]
 * The logs are made first, from a fixed seed, in a temporary folder (480 MB for a million lines) or in FOLDER, where they
 * are found again. `--command`: another Weir to measure on the same logs.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { scenario, zeekJson } from '../src/scenarios/index.ts';
import { load, machine, processTree, pssOf, read } from './machine.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '100000,1000000,5000000' },
    runs: { type: 'string', default: '1' },
    command: { type: 'string' },
    keep: { type: 'string' },
  },
});

const days = 2;
/** Connections one host of the office opens a day, roughly; a few hosts too many are made and the log cut. */
const a_day = 2150;

function writeLog(path: string, events: number): void {
  const hosts = Math.ceil(events / (days * a_day)) + 4;
  const start = Date.UTC(2026, 0, 5) * 1000;
  const file = openSync(`${path}.part`, 'w');
  let lines: string[] = [];
  let written = 0;
  const flush = (): void => {
    if (lines.length > 0) writeSync(file, `${lines.join('\n')}\n`);
    lines = [];
  };
  for (const event of scenario('office', { hosts, days }, { seed: 1, start })) {
    if (event.kind !== 'connection') continue;
    lines.push(zeekJson(event));
    if (lines.length === 5000) flush();
    if (++written === events) break;
  }
  flush();
  closeSync(file);
  if (written < events) throw new Error(`only ${written} connections of ${events} were made`);
  renameSync(`${path}.part`, path);
}

/** Seconds of processor time, of all threads. */
function cpuOf(pid: number): number {
  const fields = read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ');
  return fields ? (Number(fields[11]) + Number(fields[12])) / 100 : 0;
}

interface Run {
  readonly wall_s: number;
  readonly cpu_s: number;
  readonly peak_mb: number;
}

async function run(path: string): Promise<Run> {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  const [program = '', ...before] = values.command?.split(' ') ?? [process.execPath, main];
  const began = performance.now();
  const child = spawn(program, [...before, 'analyze', path], { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (data: Buffer) => {
    words = (words + data.toString()).slice(-2000);
  });
  let peak_mb = 0;
  const cpu = new Map<number, number>();
  const sample = (): void => {
    let sum = 0;
    for (const pid of processTree(child.pid ?? 0)) {
      sum += pssOf(pid);
      cpu.set(pid, Math.max(cpu.get(pid) ?? 0, cpuOf(pid)));
    }
    peak_mb = Math.max(peak_mb, sum);
  };
  const timer = setInterval(sample, 250);
  const status = await new Promise<number | null>((done) => child.on('close', done));
  clearInterval(timer);
  const wall_s = (performance.now() - began) / 1000;
  // 0: nothing found, 1: findings
  if (status !== 0 && status !== 1) throw new Error(`analyze ended with ${status}: ${words}`);
  return { wall_s, cpu_s: [...cpu.values()].reduce((sum, one) => sum + one, 0), peak_mb };
}

console.log(machine());
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'weir-bench-'));
mkdirSync(folder, { recursive: true });
try {
  for (const text of values.events.split(',')) {
    const events = Number(text);
    const path = join(folder, `conn-${events}.log`);
    if (!existsSync(path)) writeLog(path, events);
    for (let i = 0; i < Number(values.runs); i++) {
      const { wall_s, cpu_s, peak_mb } = await run(path);
      const rate = Math.round(events / wall_s).toLocaleString('en');
      console.log(
        `${events.toLocaleString('en').padStart(10)} connections  ${wall_s.toFixed(1).padStart(6)} s  ${rate.padStart(8)} events/s  processor ${cpu_s.toFixed(1)} s  peak PSS ${Math.round(peak_mb)} MB  ${load()}`,
      );
    }
    if (values.keep === undefined) rmSync(path);
  }
} finally {
  if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
}
