import type { Readable } from 'node:stream';
import {
  gunzip,
  inflate,
  inflateRaw,
  type ZlibOptions,
  type ZstdDecompress,
  zstdDecompress,
} from 'node:zlib';

/** Why a body was not taken. `status` as in HTTP. */
export class BodyProblem extends Error {
  readonly status: 400 | 408 | 413 | 415 | 429;
  constructor(status: BodyProblem['status'], message: string) {
    super(message);
    this.name = 'BodyProblem';
    this.status = status;
  }
}

export interface BodyLimits {
  /** as sent, and unpacked */
  readonly sent_bytes: number;
  readonly unpacked_bytes: number;
  /** a body must be here after so long */
  readonly body_ms: number;
  /** bodies of all requests together, as sent and unpacked */
  readonly total_bytes: number;
  /** bodies that are unpacked at the same time */
  readonly unpacking: number;
}

/** What unpacks to more than this must not be this many times what was sent. */
const mostWithoutRatio = 1024 * 1024;
const largestRatio = 100;

const encodings = ['identity', 'gzip', 'x-gzip', 'deflate', 'zstd'] as const;
type Encoding = (typeof encodings)[number];

/** The bodies of all requests that are under way, bounded together. */
export class Bodies {
  private readonly limits: BodyLimits;
  private held = 0;
  private unpacking = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(limits: BodyLimits) {
    this.limits = limits;
  }

  get held_bytes(): number {
    return this.held;
  }

  get isFull(): boolean {
    return this.held >= this.limits.total_bytes;
  }

  /**
   * Reads and unpacks one body (Content-Encoding gzip, zstd, deflate), gives it to `use` and lets go of it when that
   * has ended. Of a body that is too large, or unpacks to too much, no more is held than the bound.
   * @throws BodyProblem
   */
  async with<T>(
    stream: Readable,
    length: string | undefined,
    encoding: string | undefined,
    use: (body: Buffer, sent: Buffer) => Promise<T>,
  ): Promise<T> {
    const known = encodingOf(encoding);
    if (Number(length) > this.limits.sent_bytes) throw this.tooLarge();
    if (this.isFull) throw new BodyProblem(429, 'there is no room for more at the moment');
    let held = 0;
    const hold = (bytes: number): void => {
      held += bytes;
      this.held += bytes;
    };
    try {
      const sent = await this.read(stream, hold);
      if (known === 'identity') return await use(sent, sent);
      const body = await this.inTurn(() => this.unpack(sent, known));
      hold(body.length);
      return await use(body, sent);
    } finally {
      this.held -= held;
    }
  }

  private tooLarge(): BodyProblem {
    return new BodyProblem(413, `the body is larger than ${this.limits.sent_bytes} bytes`);
  }

  private async read(stream: Readable, hold: (bytes: number) => void): Promise<Buffer> {
    const { sent_bytes, body_ms, total_bytes } = this.limits;
    const parts: Buffer[] = [];
    let size = 0;
    const late = new BodyProblem(408, `the body was not complete after ${body_ms / 1000} s`);
    return new Promise<Buffer>((resolve, reject) => {
      const stop = (problem: Error): void => {
        clearTimeout(timer);
        stream.off('data', take);
        stream.pause();
        reject(problem);
      };
      const timer = setTimeout(() => stop(late), body_ms);
      const take = (part: Buffer): void => {
        size += part.length;
        hold(part.length);
        parts.push(part);
        if (size > sent_bytes) stop(this.tooLarge());
        else if (this.held > total_bytes)
          stop(new BodyProblem(429, 'there is no room for more at the moment'));
      };
      stream.on('data', take);
      stream.once('end', () => {
        clearTimeout(timer);
        resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts));
      });
      stream.once('error', () => stop(new BodyProblem(400, 'the body was cut off')));
      stream.once('close', () => stop(new BodyProblem(400, 'the body was cut off')));
    });
  }

  /** Unpacks to at most what is allowed; zlib counts as it goes and stops there. */
  private async unpack(sent: Buffer, encoding: Exclude<Encoding, 'identity'>): Promise<Buffer> {
    const allowed = Math.min(
      this.limits.unpacked_bytes,
      Math.max(mostWithoutRatio, largestRatio * sent.length),
    );
    if (encoding === 'zstd') return unpackFrames(sent, allowed);
    // RFC 9110, 8.4.1.2: "deflate" is zlib's format, but some send it without its two bytes of header.
    const raw =
      encoding === 'deflate' && (sent.length < 2 || (sent[0]! & 15) !== 8 || sent.readUInt16BE(0) % 31 !== 0);
    return unpackWith(encoding === 'deflate' ? (raw ? inflateRaw : inflate) : gunzip, sent, allowed);
  }

  /** A few at a time: each may hold as much as a body may unpack to. */
  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.unpacking >= this.limits.unpacking)
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.unpacking++;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.unpacking--;
    }
  }
}

function encodingOf(header: string | undefined): Encoding {
  const name = (header ?? 'identity').trim().toLowerCase() || 'identity';
  const known = encodings.find((one) => one === name);
  if (known === undefined)
    throw new BodyProblem(
      415,
      `Content-Encoding must be gzip, zstd or deflate; it is ${JSON.stringify(name.slice(0, 40))}`,
    );
  return known;
}

type Unpack = (
  bytes: Buffer,
  options: ZlibOptions,
  done: (error: Error | null, result: Buffer) => void,
) => void;

function unpackWith(unpack: Unpack, bytes: Buffer, allowed: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    unpack(bytes, { maxOutputLength: allowed, chunkSize: 64 * 1024 }, (error, result) => {
      if (error) reject(problemOf(error, allowed));
      else resolve(result);
    });
  });
}

/** zstd ends with a frame (RFC 8878, 3); what stands behind it is another, which Node leaves in silence. */
async function unpackFrames(sent: Buffer, allowed: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for (let rest = sent; rest.length > 0; ) {
    const { buffer, used } = await unpackFrame(rest, Math.max(1, allowed - size), allowed);
    parts.push(buffer);
    size += buffer.length;
    if (used <= 0) throw new BodyProblem(400, 'the body is no zstd data');
    rest = rest.subarray(used);
  }
  return Buffer.concat(parts);
}

function unpackFrame(
  bytes: Buffer,
  left: number,
  allowed: number,
): Promise<{ buffer: Buffer; used: number }> {
  return new Promise((resolve, reject) => {
    const options = { maxOutputLength: left, chunkSize: 64 * 1024, info: true };
    zstdDecompress(bytes, options, (error, result) => {
      if (error) return reject(problemOf(error, allowed));
      const { buffer, engine } = result as unknown as { buffer: Buffer; engine: ZstdDecompress };
      resolve({ buffer, used: engine.bytesWritten });
    });
  });
}

function problemOf(error: Error, allowed: number): BodyProblem {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    ? new BodyProblem(413, `the body unpacks to more than ${allowed} bytes`)
    : new BodyProblem(400, `the body cannot be unpacked: ${error.message}`);
}
