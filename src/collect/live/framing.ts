/** Where records begin and end on a connection that carries syslog (RFC 6587, section 3.4; RFC 5425, section 4.3). */

/** What a connection holds. */
export interface FrameHandler {
  /** One record without its frame or line end: bytes[from, to). The bytes are the caller's and may change after the call. */
  record(bytes: Buffer, from: number, to: number): void;
  /** A record that is not given out. */
  lost(reason: 'too long' | 'cut off'): void;
}

const feed = 10;
const blank = 0x20;
/** Digits of a length; more is no length (10 MB is far beyond what is let through). */
const mostDigits = 7;

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isPadding = (byte: number): boolean => byte === feed || byte === 13 || byte === 0;

/**
 * Cuts the bytes of one connection into records. How they are framed is decided once, by how the connection begins: a
 * length, a blank and '<' is octet counting, all else is one record a line (so a log line that begins with a number is
 * a line). Any split of the bytes over packets gives the same records. Holds at most one record of `longest` bytes; a
 * longer one is stepped over without being kept.
 */
export class FrameReader {
  private readonly longest: number;
  private readonly handler: FrameHandler;
  private mode: 'unknown' | 'octets' | 'lines' = 'unknown';
  /** the bytes of a record, or of a beginning not yet decided, that came so far */
  private carry: Buffer = Buffer.allocUnsafe(0);
  private carried = 0;
  /** the record that comes is too long: its bytes are not kept */
  private skipping = false;
  /** octet counting: bytes of the record that are still to come; -1 while its length is read */
  private missing = -1;
  private length = 0;
  private digits = 0;

  constructor(longest: number, handler: FrameHandler) {
    this.longest = longest;
    this.handler = handler;
  }

  /** Whether a record has begun whose end has not come. */
  get inside(): boolean {
    return this.carried > 0 || this.skipping || this.missing >= 0 || this.digits > 0;
  }

  /** Takes the next bytes; false when they are no frames: nothing that follows can be told apart any more. */
  push(chunk: Buffer): boolean {
    if (this.mode === 'octets') return this.octets(chunk);
    if (this.mode === 'lines') return this.lines(chunk);
    this.keep(chunk, 0, Math.min(chunk.length, mostDigits + 2));
    const head = this.carry.subarray(0, this.carried);
    const decided = modeOf(head);
    if (decided === 'unknown') return true;
    this.mode = decided;
    const held = Buffer.from(head);
    const rest = chunk.subarray(Math.min(chunk.length, mostDigits + 2));
    this.carried = 0;
    return this.push(held) && this.push(rest);
  }

  /** The connection has ended: a last line without its end is given out, half a counted record is lost. */
  end(): void {
    if (this.mode === 'octets') {
      if (this.inside) this.handler.lost('cut off');
    } else if (this.skipping) this.handler.lost('too long');
    else if (this.carried > 0) this.give(this.carry, 0, this.carried);
    this.carried = 0;
    this.skipping = false;
    this.missing = -1;
    this.digits = 0;
  }

  private octets(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length; ) {
      if (this.missing < 0) {
        const byte = chunk[at++]!;
        if (isDigit(byte) && (this.digits > 0 || byte !== 0x30) && this.digits < mostDigits) {
          this.length = this.length * 10 + byte - 0x30;
          this.digits++;
        } else if (byte === blank && this.digits > 0) {
          this.missing = this.length;
          this.skipping = this.length > this.longest;
          this.length = 0;
          this.digits = 0;
          // Some senders end a counted record with a line feed that they do not count.
        } else if (!(this.digits === 0 && isPadding(byte))) return false;
        continue;
      }
      const take = Math.min(this.missing, chunk.length - at);
      const whole = take === this.missing;
      if (!this.skipping && whole && this.carried === 0) this.give(chunk, at, at + take);
      else if (!this.skipping) this.keep(chunk, at, at + take);
      at += take;
      this.missing -= take;
      if (!whole) continue;
      if (this.skipping) this.handler.lost('too long');
      else if (this.carried > 0) this.give(this.carry, 0, this.carried);
      this.carried = 0;
      this.skipping = false;
      this.missing = -1;
    }
    return true;
  }

  private lines(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length; ) {
      const end = chunk.indexOf(feed, at);
      const to = end < 0 ? chunk.length : end;
      if (this.skipping || this.carried + to - at > this.longest) {
        this.skipping = true;
        this.carried = 0;
      } else if (end < 0 || this.carried > 0) this.keep(chunk, at, to);
      if (end < 0) return true;
      if (this.skipping) this.handler.lost('too long');
      else if (this.carried > 0) this.give(this.carry, 0, this.carried);
      else this.give(chunk, at, to);
      this.carried = 0;
      this.skipping = false;
      at = end + 1;
    }
    return true;
  }

  /** Without line ends and NULs behind it; nothing is left of a blank line. */
  private give(bytes: Buffer, from: number, to: number): void {
    let end = to;
    while (end > from && isPadding(bytes[end - 1]!)) end--;
    if (end > from) this.handler.record(bytes, from, end);
  }

  private keep(chunk: Buffer, from: number, to: number): void {
    const size = this.carried + to - from;
    if (size > this.carry.length) {
      const larger = Buffer.allocUnsafe(Math.max(size, Math.min(this.carry.length * 2, this.longest), 256));
      this.carry.copy(larger, 0, 0, this.carried);
      this.carry = larger;
    }
    chunk.copy(this.carry, this.carried, from, to);
    this.carried = size;
  }
}

/** How a connection that begins so is framed; 'unknown' while that could still become either. */
function modeOf(head: Buffer): 'unknown' | 'octets' | 'lines' {
  for (let at = 0; at < head.length; at++) {
    const byte = head[at]!;
    if (at === 0 ? byte >= 0x31 && byte <= 0x39 : isDigit(byte)) {
      if (at >= mostDigits) return 'lines';
      continue;
    }
    if (at === 0 || byte !== blank) return 'lines';
    if (at + 1 === head.length) return 'unknown';
    return head[at + 1] === 0x3c ? 'octets' : 'lines';
  }
  return 'unknown';
}
