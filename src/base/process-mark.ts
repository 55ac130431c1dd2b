import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Names one process for good: a number alone is given to another process sooner or later. */
export interface ProcessMark {
  readonly pid: number;
  /** when it began: ticks since the machine started on Linux, else seconds since 1970 */
  readonly started: number;
  /** the machine, its start, and the space its process numbers are of (containers have their own) */
  readonly machine: string;
}

let own: ProcessMark | null = null;

/** This process. */
export function processMark(): ProcessMark {
  own ??= {
    pid: process.pid,
    started: startOf(process.pid) ?? Math.round(Date.now() / 1000 - process.uptime()),
    machine: machine(),
  };
  return own;
}

/** Whether that process may still run; yes for one of another machine or container, of which nothing is known here. */
export function isAlive(mark: ProcessMark): boolean {
  if (mark.machine !== machine()) return true;
  if (!isThere(mark.pid)) return false;
  const started = startOf(mark.pid);
  return started === null || Math.abs(started - mark.started) <= (process.platform === 'linux' ? 0 : 2);
}

/** Whether a process of this machine has that number; it may be another one by now. */
export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, somebody else's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
  return true;
}

/** When a process began, null when that cannot be told; proc_pid_stat(5), field 22. */
function startOf(pid: number): number | null {
  try {
    if (process.platform !== 'linux') {
      const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
        encoding: 'utf8',
        env: { LC_ALL: 'C', PATH: process.env.PATH ?? '' },
      });
      const at = Date.parse(stdout.trim());
      return Number.isNaN(at) ? null : at / 1000;
    }
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything, parentheses too.
    const ticks = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
    return Number.isFinite(ticks) ? ticks : null;
  } catch {
    return null;
  }
}

function machine(): string {
  if (process.platform !== 'linux') return hostname();
  const read = (of: () => string): string => {
    try {
      return of().trim();
    } catch {
      return '';
    }
  };
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  return `${hostname()} ${boot} ${read(() => readlinkSync('/proc/self/ns/pid'))}`;
}
