import type {
  DecodeOptions,
  Decoder,
  JointDecoder,
  JointFormat,
  JointInput,
  Part,
  PartFinder,
  Sink,
} from '../../schema/reading.ts';
import { Copies, copyWindow } from './copies.ts';
import { Feed } from './feed.ts';
import { Meter } from './meter.ts';
import { isPcap, PcapReader } from './pcap-reader.ts';
import { isPcapng, PcapngReader } from './pcapng-reader.ts';
import type { PacketReader, PacketSink } from './reader.ts';

/** A capture by itself: chunks in, events of its packets out. */
export function packetDecoder(reader: PacketReader, meter: Meter, sink: Sink, latest: number): Decoder {
  const feed = new Feed(
    reader,
    sink,
    (buf, start, upTo, wire, linkType, time, line, offset) => {
      meter.interface_number = feed.link;
      meter.packet(buf, start, upTo, wire, linkType, time, line, offset);
    },
    latest,
  );
  return {
    push(chunk: Buffer): void {
      feed.push(chunk);
      feed.run(Number.POSITIVE_INFINITY);
    },
    end(): void {
      feed.end();
      meter.end();
    },
  };
}

/**
 * Captures as one: whether rotated, cut by a tool or of two sensors, their packets meet one flow table in the order of
 * time ([0011]).
 */
export const captures: JointFormat = {
  open: (options) => new Captures(options),
  parts: () => new SectionFinder(),
};

class Captures implements JointDecoder {
  private readonly copies = new Copies();
  private readonly meter: Meter;
  private readonly latest: number;
  /** inputs that are not over */
  private open = 0;
  /** up to when packets of an input that is over may have copies */
  private compare_until = Number.NEGATIVE_INFINITY;

  constructor(options: DecodeOptions) {
    this.meter = new Meter(null, options, this.copies);
    this.latest = options.latest_time;
  }

  add(sink: Sink, part: Part): JointInput {
    const { meter, copies } = this;
    const stream = copies.open();
    const file = meter.source(sink);
    this.open++;
    let last = Number.NEGATIVE_INFINITY;
    const feed = new Feed(
      new AnyReader(part.line),
      sink,
      (buf, start, upTo, wire, linkType, time, line, offset) => {
        copies.pass(stream);
        last = time;
        meter.from(file, stream, feed.link, this.open > 1 || time <= this.compare_until);
        meter.packet(buf, start, upTo, wire, linkType, time, line, offset);
      },
      this.latest,
      part.offset,
    );
    return new CaptureInput(feed, part, () => {
      this.open--;
      this.compare_until = Math.max(this.compare_until, last + copyWindow);
      copies.close(stream);
    });
  }

  end(): void {
    this.meter.end();
  }
}

class CaptureInput implements JointInput {
  private readonly feed: Feed;
  private readonly part: Part;
  private readonly ended: () => void;
  private pushed = 0;
  private over = false;

  constructor(feed: Feed, part: Part, ended: () => void) {
    this.feed = feed;
    this.part = part;
    this.ended = ended;
  }

  get next(): number {
    return this.feed.next;
  }

  push(chunk: Buffer): void {
    const from = Math.max(0, this.part.offset - this.pushed);
    const upTo = Math.min(chunk.length, this.part.end - this.pushed);
    this.pushed += chunk.length;
    if (from < upTo) this.feed.push(chunk.subarray(from, upTo));
    if (this.pushed >= this.part.end && Number.isNaN(this.feed.next)) this.end();
  }

  run(until: number): void {
    this.feed.run(until);
    if (this.pushed >= this.part.end && Number.isNaN(this.feed.next)) this.end();
  }

  end(): void {
    if (this.over) return;
    this.over = true;
    this.feed.end();
    this.ended();
  }
}

/** Reads what the first bytes say it is. */
class AnyReader implements PacketReader {
  private reader: PacketReader | null = null;
  private readonly before: number;

  constructor(before: number) {
    this.before = before;
  }

  read(buf: Uint8Array, from: number, upTo: number, offset: number, to: PacketSink): number {
    if (this.reader === null) {
      if (upTo - from < 12) return from;
      const head = buf.subarray(from, upTo);
      if (isPcapng(head)) this.reader = new PcapngReader(this.before);
      else if (isPcap(head)) this.reader = new PcapReader();
      else {
        to.fatal('no capture', offset);
        return upTo;
      }
    }
    return this.reader.read(buf, from, upTo, offset, to);
  }

  rest(left: number): string {
    return this.reader === null ? 'file header cut short' : this.reader.rest(left);
  }

  get nextLine(): number {
    return this.reader?.nextLine ?? 1;
  }
}

/** Parts that one file is read in at most: each is another pass over the file. */
const mostParts = 16;

/**
 * Sections of a pcapng file that begin before the time the sections before them reached (files put together end to end)
 * are parts of their own; those that go on in time are one part.
 */
class SectionFinder implements PartFinder {
  private readonly parts: { offset: number; line: number; first_time: number | null }[] = [];
  private section: { offset: number; line: number } | null = null;
  private last = Number.NEGATIVE_INFINITY;
  private readonly feed: Feed;

  constructor() {
    this.feed = new Feed(
      new PcapngReader(),
      { rejected: () => {} },
      (_buf, _start, _upTo, _wire, _link, time) => this.packet(time),
      Number.MAX_VALUE,
    );
    this.feed.section = (offset, line) => {
      this.section = { offset, line };
    };
  }

  private packet(time: number): void {
    if (this.section !== null) {
      const begins = this.parts.length === 0 || (time < this.last && this.parts.length < mostParts);
      if (begins) {
        this.parts.push({ ...this.section, first_time: time });
        this.last = time;
      }
      this.section = null;
    }
    if (time > this.last) this.last = time;
  }

  push(chunk: Buffer): void {
    this.feed.push(chunk);
    this.feed.run(Number.POSITIVE_INFINITY);
  }

  end(): Part[] {
    if (this.parts.length < 2) return [];
    return this.parts.map((part, i) => ({
      ...part,
      offset: i === 0 ? 0 : part.offset,
      end: this.parts[i + 1]?.offset ?? Number.POSITIVE_INFINITY,
    }));
  }
}
