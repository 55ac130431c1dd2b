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
