import type { DecodeOptions, Decoder, Sink, SourceFormat } from '../schema/reading.ts';
import { Feed } from './packet/feed.ts';
import { captures, packetDecoder } from './packet/joint.ts';
import { Meter } from './packet/meter.ts';
import { PcapngReader, sectionHeader } from './packet/pcapng-reader.ts';

const headerBytes = 28;

function looksRight(head: Buffer): boolean {
  if (head.length < headerBytes || head.readUInt32BE(0) !== sectionHeader) return false;
  const order = head.readUInt32BE(8);
  return order === 0x1a2b3c4d || order === 0x4d3c2b1a;
}

/** Captures of pcapng, as packet/pcapng-reader.ts reads them. */
export const pcapng: SourceFormat = {
  id: 'pcapng',
  title: 'packet capture (pcapng)',
  detect(head: Buffer): number {
    return looksRight(head) ? 1 : 0;
  },
  first_time(head: Buffer): number | null {
    if (!looksRight(head)) return null;
    const feed = new Feed(new PcapngReader(), { rejected: () => {} }, () => {}, Number.MAX_VALUE);
    feed.push(head);
    return Number.isFinite(feed.next) ? feed.next : null;
  },
  open(_file: string, sink: Sink, options: DecodeOptions): Decoder {
    return packetDecoder(new PcapngReader(), new Meter(sink, options), sink, options.latest_time);
  },
  joint: captures,
};
