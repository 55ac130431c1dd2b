import { isAscii } from 'node:buffer';
import type { Decoder } from '../schema/reading.ts';

/** A longer line is rejected by its beginning; the rest is skipped without being kept. */
export const longestLine = 1024 * 1024;
/** Text is made of pieces of this size: small enough for the young heap, where memory is used again (256 kB is a fifth slower). */
const pieceBytes = 64 * 1024;
export const excerptLength = 4096;

export interface LineHandler {
  /**
   * One line without its end: text[start, end). `bytes` holds the same characters at the same positions when the line
   * is pure ASCII, else null. `ended`: false for a last line without a line feed.
   */
  line(
    text: string,
    start: number,
    end: number,
    bytes: Uint8Array | null,
    line: number,
    offset: number,
    ended: boolean,
  ): void;
  /** A line that is not decoded at all: too long, or not of a text that is read. */
  refused(reason: string, line: number, offset: number, excerpt: string): void;
  /** After the last line. */
  finished(): void;
}

/**
 * Cuts bytes into lines: LF or CRLF, a UTF-8 byte order mark is skipped, memory is bounded by the longest line.
 * Bytes that are no UTF-8 become U+FFFD, so that one odd byte in a user agent does not lose a connection.
 * UTF-16 is refused once, for the whole file.
 */
export class LineReader implements Decoder {
  private readonly handler: LineHandler;
  private carry: Buffer[] = [];
  private carried = 0;
  private line = 0;
  /** offset of the first byte that is not yet given to the handler */
  private offset = 0;
  /** inside a line that is too long */
  private skipping = false;
  private refused_all = false;

  constructor(handler: LineHandler) {
    this.handler = handler;
  }

  push(chunk: Buffer): void {
    if (this.refused_all) return;
    let from = 0;
    if (this.skipping || this.carried > 0) {
      const feed = chunk.indexOf(10);
      if (feed < 0) {
        this.keep(chunk);
        return;
      }
      this.finishCarried(chunk.subarray(0, feed + 1));
      if (this.refused_all) return;
      from = feed + 1;
    }
    const last = chunk.lastIndexOf(10) + 1;
    while (from < last) {
      from = this.piece(chunk, from, last);
      if (this.refused_all) return;
    }
    if (last < chunk.length) this.keep(chunk.subarray(Math.max(from, last)));
  }

  end(): void {
    if (!this.refused_all && this.carried > 0) {
      const rest = Buffer.concat(this.carry);
      this.single(rest, rest.length, false);
    }
    this.carry = [];
    this.carried = 0;
    this.handler.finished();
  }

  /** Holds back the beginning of a line whose end has not come; copied, because the chunk is the caller's. */
  private keep(part: Buffer): void {
    if (part.length === 0) return;
    if (this.skipping) {
      this.offset += part.length;
      return;
    }
    if (this.carried + part.length > longestLine) {
      const start = Buffer.concat([...this.carry, part.subarray(0, excerptLength)]);
      this.refuseLong(start);
      this.offset += this.carried + part.length;
      this.carry = [];
      this.carried = 0;
      this.skipping = true;
      return;
    }
    this.carry.push(Buffer.from(part));
    this.carried += part.length;
    // Many tiny chunks must not become many tiny buffers.
    if (this.carry.length > 64) this.carry = [Buffer.concat(this.carry)];
  }

  private finishCarried(part: Buffer): void {
    if (this.skipping) {
      this.offset += part.length;
      this.skipping = false;
      return;
    }
    const whole = Buffer.concat([...this.carry, part]);
    this.carry = [];
    this.carried = 0;
    this.single(whole, whole.length - 1, true);
    this.offset += whole.length;
  }

  private refuseLong(start: Buffer): void {
    this.line++;
    this.handler.refused(
      `the line is longer than ${longestLine} bytes`,
      this.line,
      this.offset,
      start.toString('utf8', 0, excerptLength),
    );
  }

  /** One line that is alone in its buffer; `end` is where its line feed is. */
  private single(bytes: Buffer, end: number, ended: boolean): void {
    if (end > longestLine) {
      this.refuseLong(bytes);
      return;
    }
    this.line++;
    if (this.line === 1 && this.isUtf16(bytes)) return;
    const stop = end > 0 && bytes[end - 1] === 13 ? end - 1 : end;
    const ascii = isAscii(bytes);
    const text = ascii ? bytes.toString('latin1', 0, stop) : bytes.toString('utf8', 0, stop);
    this.give(text, 0, text.length, ascii ? bytes : null, this.offset, ended);
  }

  private give(
    text: string,
    start: number,
    end: number,
    bytes: Uint8Array | null,
    offset: number,
    ended: boolean,
  ): void {
    const from = this.line === 1 && text.charCodeAt(start) === 0xfeff ? start + 1 : start;
    this.handler.line(text, from, end, bytes, this.line, offset, ended);
  }

  private isUtf16(bytes: Uint8Array): boolean {
    const [a, b] = bytes;
    if (!((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff))) return false;
    this.refused_all = true;
    this.carry = [];
    this.carried = 0;
    this.handler.refused(
      'UTF-16 text; Weir reads UTF-8',
      1,
      0,
      Buffer.from(bytes.subarray(0, 64)).toString('hex'),
    );
    return true;
  }

  /** Gives the lines of chunk[from, ...) up to about pieceBytes; chunk[last - 1] is a line feed. Returns where it stopped. */
  private piece(chunk: Buffer, from: number, last: number): number {
    let to = last;
    if (last - from > pieceBytes) {
      to = chunk.lastIndexOf(10, from + pieceBytes - 1) + 1;
      if (to <= from) to = chunk.indexOf(10, from) + 1;
    }
    const bytes = chunk.subarray(from, to);
    const text = bytes.toString('latin1', 0, bytes.length);
    const base = this.offset;
    // position of the next character that is no ASCII
    let high = isAscii(bytes) ? text.length : text.search(notAscii);
    for (let at = 0; at < text.length; ) {
      const feed = text.indexOf('\n', at);
      const end = feed > at && bytes[feed - 1] === 13 ? feed - 1 : feed;
      this.offset = base + at;
      if (feed - at > longestLine) this.refuseLong(bytes.subarray(at, at + excerptLength));
      else {
        this.line++;
        if (this.line === 1 && this.isUtf16(bytes)) return to;
        if (high >= feed) this.give(text, at, end, bytes, base + at, true);
        else {
          const decoded = bytes.toString('utf8', at, end);
          this.give(decoded, 0, decoded.length, null, base + at, true);
        }
      }
      at = feed + 1;
      if (high < at) {
        anyNotAscii.lastIndex = at;
        high = anyNotAscii.exec(text)?.index ?? text.length;
      }
    }
    this.offset = base + text.length;
    return to;
  }
}

const notAscii = /[\x80-\xff]/;
const anyNotAscii = /[\x80-\xff]/g;
