import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** What a figure was measured on, in one line. */
export function machine(): string {
  const cpu = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  return `machine: ${cpu.length} × ${cpu[0]?.model.trim() ?? '?'}, ${memory}, Linux ${release()}, Node ${process.version}`;
}

/** How busy the machine is with everything that runs on it: mean of the last minute, of five, of fifteen. */
export function load(): string {
  return `load average ${loadavg()
    .map((one) => one.toFixed(1))
    .join(' ')}`;
}

/** A process and those it started, by number. */
export function processTree(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim();
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap((one) => processTree(Number(one))))];
}

/** A file under /proc; '' when the process is gone. */
export function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Proportional set size of a process, MB. */
export function pssOf(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;
}

/** The largest memory of this process and those it started together, PSS in MB, sampled four times a second. */
export class PeakMemory {
  #peak_mb = 0;
  readonly #timer = setInterval(() => this.#sample(), 250);

  #sample(): void {
    const sum = processTree(process.pid).reduce((all, pid) => all + pssOf(pid), 0);
    this.#peak_mb = Math.max(this.#peak_mb, sum);
  }

  /** Ends the sampling and gives the peak. */
  stop(): number {
    this.#sample();
    clearInterval(this.#timer);
    return this.#peak_mb;
  }
}
