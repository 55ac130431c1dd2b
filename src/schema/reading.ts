import type { WeirEvent } from './event/index.ts';

/**
 * Where a decoder puts what it reads. Every record of the input ends in exactly one call, or several `event` calls
 * when one record holds several events; that is what makes the ledger balance.
 * - line: line number, or packet number for captures, from 1
 * - offset: byte offset of the record in the uncompressed file
 */
export interface Sink {
  /** A record that became an event. `raw` is the record as text; '' for packets. The sink keeps it only when asked. */
  event(event: WeirEvent, line: number, offset: number, raw: string): void;
  /** A record that is well formed but not wanted; `reason` is one of few words: 'header', 'log type not used', ... */
  filtered(reason: string, line: number, offset: number): void;
  /** A record that cannot be read. `reason` is for people: "src_port is not a port: 99999". `excerpt` at most 4,096 characters. */
  rejected(reason: string, line: number, offset: number, excerpt: string): void;
}

/** Decoding of one file: push its bytes in order, then end. Synchronous; memory is bounded whatever comes in. */
export interface Decoder {
  push(chunk: Buffer): void;
  end(): void;
}

export interface DecodeOptions {
  /** Latest event time that is believed, µs since 1970; later ones are rejected. */
  readonly latest_time: number;
  /** Whether `raw` is wanted by the sink; when false decoders may pass ''. */
  readonly keep_raw: boolean;
}

/** One kind of file, told by its content. Listed in sources/index.ts. */
export interface SourceFormat {
  /** snake_case: zeek_tsv, zeek_json, suricata_eve, pcap, pcapng */
  readonly id: string;
  readonly title: string;
  /** How sure it is, 0 to 1, from the first (up to 64 KiB of) uncompressed bytes. 0: certainly not. */
  detect(head: Buffer): number;
  /** Event time of the first record, µs since 1970, or null; orders rotated files. Takes the same head. */
  first_time(head: Buffer): number | null;
  open(file: string, sink: Sink, options: DecodeOptions): Decoder;
}
