import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '../../base/error.ts';
import { plain } from '../../base/terminal.ts';
import { type Kind, kindOf, StreamCutter } from './cut-records.ts';
import type { Deliver, Delivery, InputState, LiveInput } from './input.ts';
import { whyNot } from './why-not.ts';

export interface CaptureOptions {
  /** id of the entry in weir.yaml */
  readonly source: string;
  /** 'eth0'; 'any' for all of them */
  readonly interface: string;
  /** in the language of pcap-filter(7): 'not port 22' */
  readonly filter?: string;
  /** bytes kept of a packet; absent: whole packets */
  readonly snap_bytes?: number;
  /** what captures; absent: tcpdump, or dumpcap where there is none */
  readonly program?: string;
  /** how often drop counters are asked for, where that works */
  readonly counters_ms?: number;
}

/** Packets of an interface, captured by a child: tcpdump or dumpcap. It is started again when it dies. */
export function captureInput(options: CaptureOptions): LiveInput {
  return new Capture(options);
}

/** Bytes that wait to be kept; with more the child is not read, and the kernel drops and counts. */
const mostWaiting = 8 * 1024 * 1024;
const mostPiece = 1024 * 1024;
const mostSaid = 4_096;
/** The kernel's buffer for packets that tcpdump has not read, KiB. */
const bufferKib = 16 * 1024;
const again = 'captures that ended and were started again';
const stopMs = 700;
/** After so long a child that dies is started again at once. */
const healthyMs = 60_000;
const folders = [
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/opt/homebrew/bin',
];

/** The arguments of tcpdump or dumpcap. Only what is checked here reaches a command line. */
export function captureArguments(program: string, options: CaptureOptions): string[] {
  const { filter, snap_bytes } = options;
  const name = options.interface;
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.:@-]{0,63}$/.test(name))
    throw wrong(`'${plain(name).slice(0, 64)}' is no name of an interface`);
  if (
    snap_bytes !== undefined &&
    !(Number.isInteger(snap_bytes) && snap_bytes >= 64 && snap_bytes <= 262_144)
  )
    throw wrong('snap_bytes is a whole number from 64 to 262144');
  if (filter !== undefined && !/^[\x20-\x7e]{1,4096}$/.test(filter))
    throw wrong('a filter is one line of up to 4096 ordinary characters');
  const snap = snap_bytes === undefined ? [] : ['-s', String(snap_bytes)];
  if (isDumpcap(program))
    return ['-q', '-P', '-i', name, ...snap, ...(filter === undefined ? [] : ['-f', filter]), '-w', '-'];
  // -n: no names are looked up; -U: packets come as they are captured; what follows -- is never an option
  const rest = filter === undefined ? [] : ['--', filter];
  return ['-n', '-U', '-B', String(bufferKib), '-i', name, ...snap, '-w', '-', ...rest];
}

const isDumpcap = (program: string): boolean => /(^|\/)dumpcap$/.test(program);
const wrong = (why: string): WeirError => new WeirError('config_invalid', why);

/** Packets that the kernel or the interface dropped since a child began, as it says on its error output. */
export function dropsIn(text: string): Map<string, number> {
  const drops = new Map<string, number>();
  for (const [, n, by] of text.matchAll(/(\d+) packets? dropped by (kernel|interface)/g))
    drops.set(`packets dropped by the ${by}`, Number(n));
  // "Packets received/dropped on interface 'eth0': 10/2 (pcap:1/dumpcap:1/flushed:0/ps_ifdrop:0) (83.3%)"
  for (const [, n] of text.matchAll(/received\/dropped on interface '[^']*': \d+\/(\d+)/g))
    drops.set('packets dropped by the kernel', Number(n));
  return drops;
}

/** What a child that ended at once said, with what to do about it. */
export function whyNoCapture(program: string, name: string, said: string): string {
  const words = plain(said.trim().split('\n').slice(-3).join(' ')).slice(0, 400);
  if (/permission|not permitted/i.test(said))
    return (
      `${program} may not capture on ${name}: ${words}. Run Weir as root, or give the right once: ` +
      `setcap cap_net_raw,cap_net_admin=eip ${program}`
    );
  if (/no such device|doesn't exist|not exist|no interface|not up/i.test(said))
    return `there is no interface ${name} to capture on: ${words}. 'ip link' lists those there are`;
  return `${program} cannot capture on ${name}: ${words || 'it ended without a word'}`;
}

/** The program that captures. @throws WeirError capture_unusable where there is none */
export async function captureProgram(wanted?: string): Promise<string> {
  const names = wanted === undefined ? ['tcpdump', 'dumpcap'] : [wanted];
  for (const name of names) {
    const paths = name.includes('/') ? [name] : folders.map((folder) => join(folder, name));
    for (const path of paths)
      if (
        await access(path, constants.X_OK).then(
          () => true,
          () => false,
        )
      )
        return path;
  }
  throw new WeirError(
    'capture_unusable',
    `${names.join(' and ')} cannot be found. Install tcpdump (Debian: apt-get install tcpdump), or follow files that another program captures`,
  );
}

class Capture implements LiveInput {
  readonly source: string;
  readonly #options: CaptureOptions;
  readonly #origin: string;
  #deliver: Deliver = async () => {};
  #program = '';
  #child: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #sending: Promise<void> | null = null;
  readonly #queue: Delivery[] = [];
  #waiting = 0;
  #bytes = 0;
  #records = 0;
  /** of children that have ended, and of the one that runs */
  readonly #dropped = new Map<string, number>();
  #dropping = new Map<string, number>();
  readonly #noticed = new Map<string, number>();
  #problem: string | null = null;
  #room: string | null = null;
  #stopping = false;
  #timer: NodeJS.Timeout | null = null;
  #again_ms = 1_000;

  constructor(options: CaptureOptions) {
    this.source = options.source;
    this.#options = options;
    this.#origin = `packets of ${options.interface}`;
  }

  /** @throws WeirError config_invalid, capture_unusable */
  async start(deliver: Deliver): Promise<void> {
    this.#deliver = deliver;
    this.#program = await captureProgram(this.#options.program);
    await this.#spawn();
    const every = this.#options.counters_ms ?? 10_000;
    // tcpdump tells its counters when it is asked by SIGUSR1, dumpcap at its end only.
    if (isDumpcap(this.#program)) return;
    this.#timer = setInterval(() => this.#child?.kill('SIGUSR1'), every).unref();
  }

  async stop(timeout_ms: number): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    const child = this.#child;
    child?.kill('SIGTERM');
    const kill = setTimeout(() => child?.kill('SIGKILL'), Math.min(stopMs, timeout_ms));
    const all = this.#ended.then(() => this.#sending);
    await Promise.race([all, new Promise((resolve) => setTimeout(resolve, timeout_ms).unref())]);
    clearTimeout(kill);
    child?.kill('SIGKILL');
    this.#queue.length = 0;
  }

  state(): InputState {
    const dropped = new Map(this.#dropped);
    for (const [why, n] of this.#dropping) dropped.set(why, (dropped.get(why) ?? 0) + n);
    return {
      received_bytes: this.#bytes,
      received_records: this.#records,
      dropped: Object.fromEntries([...dropped].filter(([, n]) => n > 0)),
      noticed: Object.fromEntries(this.#noticed),
      problem: this.#problem ?? this.#room,
      quiet_since: null,
    };
  }

  /** Starts a child; resolves when it captures. */
  #spawn(): Promise<void> {
    const name = this.#options.interface;
    const child = spawn(this.#program, captureArguments(this.#program, this.#options), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: folders.join(':'), LC_ALL: 'C' },
    });
    this.#child = child;
    const begun = Date.now();
    const stream: { cutter: StreamCutter | null; first: Buffer } = { cutter: null, first: Buffer.alloc(0) };
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-mostSaid);
      for (const [why, n] of dropsIn(said)) this.#dropping.set(why, n);
    });
    return new Promise((resolve, reject) => {
      child.stdout!.on('data', (chunk: Buffer) => {
        this.#take(stream, chunk);
        if (stream.cutter === null) return;
        this.#problem = null;
        resolve();
      });
      child.on('error', (error) => {
        said += whyNot(error);
      });
      this.#ended = new Promise((done) => {
        child.on('close', () => {
          this.#child = null;
          this.#end(stream);
          done();
          if (this.#stopping) return resolve();
          const error = new WeirError('capture_unusable', whyNoCapture(this.#program, name, said));
          this.#problem = error.message;
          if (Date.now() - begun > healthyMs) this.#again_ms = 1_000;
          reject(error);
          // Whoever starts the first is told why it cannot capture; what has captured once is started again.
          if (stream.cutter !== null || this.#noticed.size > 0) this.#restart();
        });
      });
    });
  }

  #restart(): void {
    this.#noticed.set(again, (this.#noticed.get(again) ?? 0) + 1);
    const wait_ms = this.#again_ms;
    this.#again_ms = Math.min(60_000, 2 * wait_ms);
    setTimeout(() => {
      if (!this.#stopping) this.#spawn().catch(() => {});
    }, wait_ms).unref();
  }

  #take(stream: { cutter: StreamCutter | null; first: Buffer }, chunk: Buffer): void {
    let bytes = chunk;
    if (stream.cutter === null) {
      bytes = Buffer.concat([stream.first, chunk]);
      stream.first = bytes;
      const kind = kindOf(bytes);
      if (kind === null) return;
      if (kind === 'text' || kind === 'other') return void this.#child?.kill('SIGKILL');
      stream.cutter = new StreamCutter(kind as Kind);
    }
    let line = stream.cutter.records + 1;
    for (const { bytes: packets, offset, records, head } of stream.cutter.push(bytes)) {
      this.#push(packets, offset, line, head, false);
      line += records;
      this.#records += records;
    }
  }

  /** The child has ended: a packet that is cut off is not told. */
  #end(stream: { cutter: StreamCutter | null }): void {
    for (const [why, n] of this.#dropping) this.#dropped.set(why, (this.#dropped.get(why) ?? 0) + n);
    this.#dropping = new Map();
    const { cutter } = stream;
    if (cutter === null) return;
    const rest = cutter.rest();
    this.#push(Buffer.alloc(0), rest.offset, cutter.records + 1, cutter.framing.head(), true);
  }

  #push(bytes: Buffer, offset: number, line: number, head: Buffer | null, ended: boolean): void {
    this.#queue.push({
      ...{ source: this.source, origin: this.#origin, bytes, offset, line, position: null },
      ...(head === null ? {} : { head }),
      ...(ended ? { ended } : {}),
      received_at: Date.now() * 1000,
    });
    this.#waiting += bytes.length;
    if (this.#waiting > mostWaiting) this.#child?.stdout?.pause();
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
    });
  }

  async #send(): Promise<void> {
    for (let piece = this.#queue.shift(); piece !== undefined; piece = this.#queue.shift()) {
      piece = this.#joined(piece);
      if (!(await this.#give(piece))) return;
      this.#waiting -= piece.bytes.length;
      this.#bytes += piece.bytes.length;
      if (this.#waiting < mostWaiting / 2) this.#child?.stdout?.resume();
    }
  }

  /** With the pieces that follow it at once: what came while the last one was being kept is kept together. */
  #joined(first: Delivery): Delivery {
    const parts = [first.bytes];
    let size = first.bytes.length;
    let ended = first.ended;
    for (let next = this.#queue[0]; next !== undefined && !ended; next = this.#queue[0]) {
      const follows =
        next.offset === first.offset + size && next.head !== undefined && first.head !== undefined;
      if (!follows || size + next.bytes.length > mostPiece || !Buffer.from(next.head!).equals(first.head!))
        break;
      parts.push(next.bytes);
      size += next.bytes.length;
      ended = next.ended;
      this.#queue.shift();
    }
    return {
      ...first,
      bytes: parts.length === 1 ? first.bytes : Buffer.concat(parts),
      ...(ended ? { ended } : {}),
    };
  }

  /** Delivers until it is kept; false: it is stopped before. */
  async #give(piece: Delivery): Promise<boolean> {
    for (let wait_ms = 50; ; wait_ms = Math.min(2 * wait_ms, 1_000)) {
      try {
        await this.#deliver(piece);
        this.#room = null;
        return true;
      } catch (error) {
        this.#room = `waits: ${whyNot(error)}`;
      }
      if (this.#stopping) return false;
      await new Promise((resolve) => setTimeout(resolve, wait_ms));
    }
  }
}
