import { constants, openSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { type Input, missing } from './inputs.ts';
import { encodingOf, Unpacker } from './unpack.ts';

/** Uncompressed bytes that are looked at to tell the kind of a file. */
export const headBytes = 64 * 1024;
const chunkBytes = 1024 * 1024;

/** Guard against archives made to exhaust: checked once this much came out. */
export interface OpenLimits {
  readonly free_bytes: number;
  /** uncompressed to compressed; logs of a scan reach some 100 */
  readonly most_ratio: number;
  readonly most_bytes: number;
}
export const defaultLimits: OpenLimits = {
  free_bytes: 256 * 1024 * 1024,
  most_ratio: 500,
  most_bytes: 8 * 1024 ** 4,
};

/** Something wrong with the file as a whole; what could be read was given out before. */
export interface InputProblem {
  /** for people: 'the gzip data ends early' */
  readonly reason: string;
  /** uncompressed bytes that were given out before */
  readonly offset: number;
}

export interface OpenInput {
  readonly input: Input;
  readonly encoding: 'plain' | 'gzip' | 'zstd';
  /** the first uncompressed bytes, up to 64 KiB; they come again as the beginning of `chunks` */
  readonly head: Buffer;
  /** All uncompressed bytes in order, in pieces of up to 1 MiB that are not used again. Ends early after a problem. */
  readonly chunks: AsyncIterable<Buffer>;
  /** bytes read from disk so far (compressed): progress against input.size_bytes */
  bytes_read(): number;
  /** uncompressed bytes given out so far */
  bytes_out(): number;
  /** What was wrong with the file, known when `chunks` has ended; each is one reject. */
  problems(): readonly InputProblem[];
  /** Lets go of the file; needed when `chunks` is not read to its end. */
  close(): Promise<void>;
}

/**
 * Opens an input; gzip (also of several members) and zstd are told by content and unpacked.
 * @throws WeirError input_missing when it cannot be opened; reading errors later on are thrown by `chunks`
 */
export async function openInput(input: Input, limits: OpenLimits = defaultLimits): Promise<OpenInput> {
  const peeked = onceOnly.get(input);
  if (peeked !== undefined) {
    onceOnly.delete(input);
    return peeked;
  }
  const opened = new Opened(input, limits);
  await opened.start();
  return opened;
}

/** What can be read only once (pipes, standard input) stays open between peekInput and openInput. */
const onceOnly = new WeakMap<Input, OpenInput>();

/** The first bytes of an input, for telling its kind and order before it is read. */
export async function peekInput(input: Input): Promise<Buffer> {
  const opened = await openInput(input);
  if (input.size_bytes === null) onceOnly.set(input, opened);
  else await opened.close();
  return opened.head;
}

class Opened implements OpenInput {
  readonly input: Input;
  encoding: OpenInput['encoding'] = 'plain';
  head: Buffer = Buffer.alloc(0);
  private readonly limits: OpenLimits;
  private handle: FileHandle | null = null;
  private source: AsyncIterator<Buffer> | null = null;
  private unpacker: Unpacker | null = null;
  private readonly first: Buffer[] = [];
  private read_bytes = 0;
  private out_bytes = 0;
  private taken = false;
  private closed = false;
  private readonly found: InputProblem[] = [];

  constructor(input: Input, limits: OpenLimits) {
    this.input = input;
    this.limits = limits;
  }

  bytes_read(): number {
    return this.read_bytes;
  }
  bytes_out(): number {
    return this.out_bytes;
  }
  problems(): readonly InputProblem[] {
    return this.found;
  }

  async start(): Promise<void> {
    const raw = this.input.path === '-' ? stdin() : await this.file();
    this.source = raw;
    try {
      const start = await this.firstRaw();
      this.encoding = encodingOf(start);
      if (this.encoding !== 'plain') this.unpacker = new Unpacker(this.encoding, start, () => this.nextRaw());
      else if (start.length > 0) this.first.push(start);
      await this.fillHead();
    } catch (error) {
      await this.close();
      throw missing(this.input.name, reasonOf(error), error);
    }
  }

  private async file(): Promise<AsyncIterator<Buffer>> {
    try {
      // Waiting for who writes into a pipe holds no thread, so that the program can end meanwhile.
      if ((await stat(this.input.path)).isFIFO()) return pipeChunks(this.input.path);
      this.handle = await open(this.input.path, 'r');
      if ((await this.handle.stat()).isDirectory()) throw new Error('it is a folder');
    } catch (error) {
      await this.close();
      throw missing(this.input.name, reasonOf(error), error);
    }
    return fileChunks(this.handle);
  }

  /** At least the four bytes that tell the encoding, when there are so many. */
  private async firstRaw(): Promise<Buffer> {
    let start: Buffer = Buffer.alloc(0);
    while (start.length < 4) {
      const next = await this.nextRaw();
      if (next === null) break;
      start = start.length === 0 ? next : Buffer.concat([start, next]);
    }
    return start;
  }

  private async nextRaw(): Promise<Buffer | null> {
    const { value, done } = await this.source!.next();
    if (done === true) return null;
    this.read_bytes += value.length;
    return value;
  }

  private async next(): Promise<Buffer | null> {
    if (this.unpacker === null) return this.nextRaw();
    const chunk = await this.unpacker.next();
    if (chunk === null && this.unpacker.problem !== '') {
      this.problem(this.unpacker.problem);
      this.unpacker.problem = '';
    }
    return chunk;
  }

  private problem(reason: string): void {
    this.found.push({ reason, offset: this.out_bytes });
  }

  private async fillHead(): Promise<void> {
    let length = this.first.reduce((sum, one) => sum + one.length, 0);
    while (length < headBytes) {
      const next = await this.next();
      if (next === null) break;
      this.first.push(next);
      length += next.length;
    }
    // A copy: a view would keep the whole first piece in memory for as long as the head is.
    this.head = Buffer.from(Buffer.concat(this.first).subarray(0, headBytes));
  }

  get chunks(): AsyncIterable<Buffer> {
    return this.all();
  }

  private async *all(): AsyncGenerator<Buffer> {
    if (this.taken) throw new Error('chunks can be read once');
    this.taken = true;
    // A problem met while the head was filled is told again at its true place: after the bytes before it.
    const early = this.found.splice(0);
    try {
      for (let chunk = this.first.shift(); chunk !== undefined; chunk = this.first.shift()) {
        this.out_bytes += chunk.length;
        yield chunk;
      }
      for (const one of early) this.problem(one.reason);
      if (early.length > 0) return;
      for (let chunk = await this.guardedNext(); chunk !== null; chunk = await this.guardedNext()) {
        this.out_bytes += chunk.length;
        yield chunk;
        if (this.isBomb()) return;
      }
    } finally {
      await this.close();
    }
  }

  private async guardedNext(): Promise<Buffer | null> {
    try {
      return await this.next();
    } catch (error) {
      throw missing(this.input.name, reasonOf(error), error);
    }
  }

  private isBomb(): boolean {
    const { free_bytes, most_ratio, most_bytes } = this.limits;
    if (this.encoding === 'plain' || this.out_bytes <= free_bytes) return false;
    if (this.out_bytes <= most_bytes && this.out_bytes / this.read_bytes <= most_ratio) return false;
    this.problem(
      `unpacking stopped: ${this.out_bytes} bytes out of ${this.read_bytes}, more than ${most_ratio} to 1`,
    );
    return true;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.unpacker?.close();
    const { handle } = this;
    this.handle = null;
    await this.source?.return?.();
    await handle?.close().catch(() => {});
  }
}

/** Reads ahead by one piece, so that disk and decoder work at the same time. */
async function* fileChunks(handle: FileHandle): AsyncGenerator<Buffer> {
  const read = async (): Promise<Buffer> => {
    const buffer = Buffer.allocUnsafeSlow(chunkBytes);
    const { bytesRead } = await handle.read(buffer, 0, chunkBytes, null);
    return buffer.subarray(0, bytesRead);
  };
  let ahead = read();
  try {
    for (;;) {
      const chunk = await ahead;
      if (chunk.length === 0) return;
      ahead = read();
      yield chunk;
    }
  } finally {
    await ahead.catch(() => {});
  }
}

function pipeChunks(path: string): AsyncIterator<Buffer> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const pipe = new Socket({ fd, readable: true, writable: false });
  return pipe[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
}

function stdin(): AsyncIterator<Buffer> {
  return process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file (any more)',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  EMFILE: 'too many open files',
};

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return (
    (code !== undefined ? reasons[code] : undefined) ??
    (error instanceof Error ? error.message : String(error))
  );
}
