import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';

export type Encoding = 'plain' | 'gzip' | 'zstd';

/** How bytes are packed, by their first four. */
export function encodingOf(start: Buffer): Encoding {
  if (start.length >= 3 && start[0] === 0x1f && start[1] === 0x8b && start[2] === 8) return 'gzip';
  if (start.length < 4) return 'plain';
  const magic = start.readUInt32LE(0);
  // a zstd frame, or a skippable frame before one (RFC 8878, sections 3.1.1 and 3.1.2)
  return magic === 0xfd2fb528 || (magic >= 0x184d2a50 && magic <= 0x184d2a5f) ? 'zstd' : 'plain';
}

const chunkBytes = 1024 * 1024;
/** Packed bytes unpacked at once: of the step in which Node's zlib meets an error it gives out nothing. */
const stepBytes = 16 * 1024;
/** Unpacked bytes that wait to be taken; more stops the unpacking. */
const mostWaiting = 8 * 1024 * 1024;

/**
 * Unpacks gzip members or zstd frames one after the other, in a thread of Node's pool. Everything unpacked before an error is given
 * out. Driven by hand and not by pipe(), because a pipe drops what it holds when the data turns out damaged, and
 * because Node's zstd stops at the end of a frame and silently leaves what stands behind it in the same write.
 */
export class Unpacker {
  /** What was wrong with the data, known when next() has given null; '' when nothing. */
  problem = '';
  private readonly encoding: Encoding;
  /** the one at work: zstd takes a new one for every frame */
  private unpack: Gunzip | ZstdDecompress;
  /** when the one at work has given out everything, or broke */
  private ended: Promise<void> = Promise.resolve();
  private readonly nextRaw: () => Promise<Buffer | null>;
  private readonly waiting: Buffer[] = [];
  private waiting_bytes = 0;
  private done = false;
  private closed = false;
  private error: unknown = null;
  private wake: (() => void) | null = null;

  constructor(encoding: 'gzip' | 'zstd', start: Buffer, nextRaw: () => Promise<Buffer | null>) {
    this.encoding = encoding;
    this.nextRaw = nextRaw;
    this.unpack = this.open();
    void this.feed(start);
  }

  private open(): Gunzip | ZstdDecompress {
    const options = { chunkSize: chunkBytes };
    const unpack = this.encoding === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
    unpack.on('data', (chunk: Buffer) => this.take(chunk));
    unpack.on('error', (error) => this.damaged(error));
    this.ended = new Promise<void>((resolve) => unpack.once('end', resolve).once('close', resolve));
    return unpack;
  }

  /** The next unpacked bytes, or null at the end; errors of reading are thrown, errors of the data are a problem. */
  async next(): Promise<Buffer | null> {
    while (this.waiting.length === 0 && !this.done) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    const chunk = this.waiting.shift();
    if (chunk !== undefined) {
      this.waiting_bytes -= chunk.length;
      if (this.waiting_bytes < mostWaiting / 2 && this.unpack.isPaused()) this.unpack.resume();
      return chunk;
    }
    if (this.error !== null) throw this.error;
    return null;
  }

  close(): void {
    this.closed = true;
    this.waiting.length = 0;
    this.unpack.destroy();
    this.finish();
  }

  private take(chunk: Buffer): void {
    if (this.closed) return;
    this.waiting.push(chunk);
    this.waiting_bytes += chunk.length;
    if (this.waiting_bytes > mostWaiting) this.unpack.pause();
    this.wake?.();
  }

  private finish(): void {
    this.done = true;
    this.wake?.();
  }

  private damaged(error: Error): void {
    // what was unpacked before and not yet taken
    for (let rest = this.unpack.read(); rest !== null; rest = this.unpack.read()) this.take(rest);
    const early =
      (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR' || /unexpected end of file/.test(error.message);
    this.problem = early
      ? `the ${this.encoding} data ends early`
      : `the ${this.encoding} data is damaged (${error.message})`;
    this.finish();
  }

  private async feed(start: Buffer): Promise<void> {
    try {
      let more = true;
      for (let raw: Buffer | null = start; raw !== null && more && !this.done; raw = await this.nextRaw())
        more = await this.feedOne(raw);
      if (this.done) return;
      if (!this.unpack.readableEnded) {
        this.unpack.end();
        await this.ended;
      }
      this.finish();
    } catch (error) {
      if (this.closed) return;
      this.error = error;
      this.finish();
    }
  }

  /** Gives packed bytes to the unpacker; false when what follows is not to be unpacked. */
  private async feedOne(raw: Buffer): Promise<boolean> {
    for (let rest = raw; rest.length > 0 && !this.done; ) {
      const { unpack } = this;
      const before = unpack.bytesWritten;
      const part = rest.subarray(0, stepBytes);
      await write(unpack, part);
      const used = unpack.bytesWritten - before;
      if (this.done) return true;
      if (used >= part.length) {
        rest = rest.subarray(part.length);
        continue;
      }
      // The unpacker has ended itself: it met the end of a frame, or padding.
      rest = rest.subarray(used);
      await this.ended;
      if (this.encoding === 'gzip') {
        // Zeros after the last member are padding of the medium (gzip(1)).
        if (rest.some((byte) => byte !== 0)) this.problem = 'bytes that are not gzip data follow it';
        return false;
      }
      unpack.destroy();
      this.unpack = this.open();
    }
    return true;
  }
}

/** Resolves when the bytes were taken, or cannot be: an error comes by its own event. */
function write(unpack: Gunzip | ZstdDecompress, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (unpack.destroyed) {
      resolve();
      return;
    }
    unpack.once('close', resolve);
    unpack.write(bytes, () => {
      unpack.off('close', resolve);
      resolve();
    });
  });
}
