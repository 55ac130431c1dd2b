import type { DecodeOptions, Decoder, Sink, SourceFormat } from '../schema/reading.ts';
import { captures, packetDecoder } from './packet/joint.ts';
import { Meter } from './packet/meter.ts';
import { isPcap, PcapReader, pcapFirstTime, pcapHeaderBytes } from './packet/pcap-reader.ts';

/** Captures of libpcap, as packet/pcap-reader.ts reads them. */
export const pcap: SourceFormat = {
  id: 'pcap',
  title: 'packet capture (pcap)',
  detect(head: Buffer): number {
    return head.length >= pcapHeaderBytes && isPcap(head) ? 1 : 0;
  },
  first_time(head: Buffer): number | null {
    return pcapFirstTime(head);
  },
  open(_file: string, sink: Sink, options: DecodeOptions): Decoder {
    return packetDecoder(new PcapReader(), new Meter(sink, options), sink, options.latest_time);
  },
  joint: { ...captures, parts: null },
};
