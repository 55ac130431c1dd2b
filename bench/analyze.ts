/**
 * The work of `weir analyze` over an office's connections: wall time, processor time, the largest memory of all its
 * processes together (PSS, sampled four times a second), findings, detectors that failed (there must be none), and which
 * of them took the time.
 *   node bench/analyze.ts [--events 100000,1000000,10000000,50000000] [--days 2] [--runs 1] [--keep FOLDER]
 *     [--command "node src/main.ts"] [--one-by-one]
 * The logs are made first, from a fixed seed, in a temporary folder (480 MB for a million lines, so 24 GB for fifty) or in
 * FOLDER, where they are found again. `--one-by-one`: no two detectors side by side, so that the time of each is told.
 * `--command`: another Weir to measure on the same logs, by its command line and
 * without what each detector took.
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
import { loadContent } from '../src/content/index.ts';
import { analyze, runDefaults } from '../src/pipeline/route.ts';
import { scenario, zeekJson } from '../src/scenarios/index.ts';
import { openStore } from '../src/store/index.ts';
import { load, machine, processTree, pssOf, read } from './machine.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '100000,1000000,10000000' },
    days: { type: 'string', default: '2' },
    once: { type: 'string' },
    runs: { type: 'string', default: '1' },
    command: { type: 'string' },
    keep: { type: 'string' },
    'one-by-one': { type: 'boolean', default: false },
  },
});

const days = Number(values.days);
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

interface Told {
  readonly findings: number;
  readonly failed: readonly string[];
  /** seconds of reading and of each detector */
  readonly steps: readonly (readonly [name: string, seconds: number])[];
}

/** One analysis in this process, told on standard output: what the measured child does. */
async function once(path: string): Promise<void> {
  const steps = new Map<string, number>();
  let [step, began] = ['start', performance.now()];
  const next = (name: string): void => {
    if (name === step) return;
    const now = performance.now();
    steps.set(step, (steps.get(step) ?? 0) + (now - began) / 1000);
    [step, began] = [name, now];
  };
  const store = await openStore({ directory: null });
  try {
    const { findings, held, failed } = await analyze(store, loadContent(), {
      run_id: 'bench',
      version: '0',
      paths: [path],
      ...runDefaults,
      ...(values['one-by-one'] && { at_once: 1 }),
      now: Date.UTC(2026, 5, 1) * 1000,
      progress: (state) => next(state.step === 'read' ? 'reading' : state.detector),
    });
    next('end');
    const told: Told = {
      findings: findings.length + held.findings,
      failed: failed.map(({ detector, why }) => `${detector}: ${why}`),
      steps: values['one-by-one'] ? [...steps].sort((a, b) => b[1] - a[1]) : [],
    };
    console.log(JSON.stringify(told));
  } finally {
    await store.close();
  }
}

interface Run {
  readonly wall_s: number;
  readonly cpu_s: number;
  readonly peak_mb: number;
  readonly told: Told | null;
}

async function run(path: string): Promise<Run> {
  const self = fileURLToPath(import.meta.url);
  const command = values.command?.split(' ').concat('analyze', path);
  const steps = values['one-by-one'] ? ['--one-by-one'] : [];
  const [program = '', ...args] = command ?? [process.execPath, self, '--once', path, ...steps];
  const began = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', command ? 'ignore' : 'pipe', 'pipe'] });
  let words = '';
  let answer = '';
  child.stdout?.on('data', (data: Buffer) => {
    answer += data.toString();
  });
  child.stderr?.on('data', (data: Buffer) => {
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
  const cpu_s = [...cpu.values()].reduce((sum, one) => sum + one, 0);
  return { wall_s, cpu_s, peak_mb, told: command ? null : (JSON.parse(answer) as Told) };
}

/** What a run said, in two lines. */
function toldOf({ findings, failed, steps }: Told): string {
  const dearest = steps.slice(0, 8).map(([name, seconds]) => `${name} ${seconds.toFixed(1)} s`);
  const lost = failed.length === 0 ? 'failed detectors 0' : `FAILED ${failed.length}: ${failed.join('; ')}`;
  const most = dearest.length === 0 ? '' : `\n            most time: ${dearest.join(', ')}`;
  return `            findings ${findings}, ${lost}${most}`;
}

if (values.once !== undefined) {
  await once(values.once);
  process.exit(0);
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
      const { wall_s, cpu_s, peak_mb, told } = await run(path);
      const rate = Math.round(events / wall_s).toLocaleString('en');
      console.log(
        `${events.toLocaleString('en').padStart(10)} connections  ${wall_s.toFixed(1).padStart(6)} s  ${rate.padStart(8)} events/s  processor ${cpu_s.toFixed(1)} s  peak PSS ${Math.round(peak_mb)} MB  ${load()}`,
      );
      if (told) console.log(toldOf(told));
      if (told && told.failed.length > 0) process.exitCode = 1;
    }
    if (values.keep === undefined) rmSync(path);
  }
} finally {
  if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
}
