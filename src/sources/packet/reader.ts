import type { Decoder, Sink } from '../../schema/reading.ts';
import type { Meter } from './meter.ts';

/** Where a reader of capture files puts what it finds. */
export interface PacketSink {
  packet(
    buf: Uint8Array,
    start: number,
    upTo: number,
    wire: number,
    linkType: number,
    time: number,
    line: number,
    offset: number,
  ): void;
  filtered(reason: string, line: number, offset: number): void;
  rejected(reason: string, line: number, offset: number): void;
  /** Nothing more can be read from this file. */
  fatal(reason: string, offset: number): void;
}

export interface PacketReader {
  /** Reads the whole records of buf[from, upTo); returns where the first that is not whole begins. */
  read(buf: Uint8Array, from: number, upTo: number, offset: number, to: PacketSink): number;
  /** Why the bytes that are left at the end of the file are not a record; '': said already. */
  rest(left: number): string;
  readonly nextLine: number;
}

/** µs since 1970 of seconds and a fraction in µs or ns. Whole: the schema keeps µs. */
export function timeOf(seconds: number, fraction: number, nanos: boolean): number {
  return seconds * 1_000_000 + (nanos ? Math.floor(fraction / 1000) : fraction);
}

/** Most bytes of a record a reader may ask to be kept: above it the file is given up. */
const maxRecord = 1 << 20;

/**
 * Chunks in, records out. A record that lies in one chunk is read in place; one that is cut is put together in a
 * buffer of its own, at most 1 MiB.
 */
export function packetDecoder(reader: PacketReader, meter: Meter, sink: Sink): Decoder {
  let held = Buffer.alloc(0);
  let offset = 0; // of held[0], or of the next chunk
  let over = false;

  const to: PacketSink = {
    packet: (buf, start, upTo, wire, linkType, time, line, place) =>
      meter.packet(buf, start, upTo, wire, linkType, time, line, place),
    filtered: (reason, line, place) => sink.filtered(reason, line, place),
    rejected: (reason, line, place) => sink.rejected(reason, line, place, ''),
    fatal: (reason, place) => {
      over = true;
      sink.rejected(reason, reader.nextLine, place, '');
    },
  };

  function take(buf: Buffer): void {
    const stop = reader.read(buf, 0, buf.length, offset, to);
    offset += stop;
    if (over) held = Buffer.alloc(0);
    else held = stop === buf.length ? Buffer.alloc(0) : Buffer.from(buf.subarray(stop));
  }

  return {
    push(chunk: Buffer): void {
      if (over || chunk.length === 0) return;
      let rest = chunk;
      // Put the cut record together with as little copying as will do, then go on in the chunk itself.
      while (held.length > 0 && rest.length > 0 && !over) {
        const want = Math.min(rest.length, Math.max(4096, held.length));
        const joined = Buffer.concat([held, rest.subarray(0, want)]);
        const before = held.length;
        const stop = reader.read(joined, 0, joined.length, offset, to);
        if (over) return;
        if (stop >= before) {
          // everything that was held is read: the rest of `joined` is still in the chunk
          offset += stop;
          held = Buffer.alloc(0);
          rest = rest.subarray(stop - before);
        } else {
          offset += stop;
          held = joined.subarray(stop);
          rest = rest.subarray(want);
          if (held.length > maxRecord) {
            to.fatal('record too long', offset);
            return;
          }
        }
      }
      if (rest.length > 0 && !over) take(rest);
    },
    end(): void {
      if (!over && held.length > 0) {
        const reason = reader.rest(held.length);
        if (reason !== '')
          sink.rejected(reason, reader.nextLine, offset, held.subarray(0, 64).toString('hex'));
      } else if (!over && offset === 0) {
        sink.rejected(reader.rest(0), 1, 0, '');
      }
      held = Buffer.alloc(0);
      meter.end();
    },
  };
}
