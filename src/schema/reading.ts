import type { WeirEvent } from './event/index.ts';

/** Of a connection: a `part` of it so far, or the `whole` at its end. `sum`: what other records tell one by one, in one. */
export type Share = 'part' | 'whole' | 'sum';

/**
 * Where a decoder puts what it reads. Every record of the input ends in exactly one call, or several `event` calls
 * when one record holds several events; that is what makes the ledger balance.
 * - line: line number, or packet number for captures, from 1
 * - offset: byte offset of the record in the uncompressed file
 */
export interface Sink {
  /** A record that became an event. `raw` is the record as text; '' for packets. The sink keeps it only when asked. */
  /**
   * `share`: where a sensor tells of one thing several times, what this record is of it.
   */
  event(event: WeirEvent, line: number, offset: number, raw: string, share?: Share): void;
  /** A record that is well formed but not wanted; `reason` is one of few words: 'header', 'log type not used', ... */
  filtered(reason: string, line: number, offset: number): void;
  /** A record that this input, or one that is decoded with it, has told already; `reason` as above. Absent: filtered. */
  duplicate?(reason: string, line: number, offset: number): void;
  /** `count` values that were not usable, of records that were told all the same; `note` as `field: reason`. */
  set_aside?(note: string, count: number): void;
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

/** A stretch of an input that goes forward in time: nearly always the whole input. */
export interface Part {
  /** byte offsets in the uncompressed file; `end` may be Infinity */
  readonly offset: number;
  readonly end: number;
  /** records of the file before it */
  readonly line: number;
  /** event time of its first record, µs; null: not known */
  readonly first_time: number | null;
}

/** One input, or part of one, on its way through a JointDecoder. Who drives it keeps to the order of `next`. */
export interface JointInput {
  /** Time of its next record, µs; NaN: push more bytes, or end; Infinity: it is over. */
  readonly next: number;
  /** Bytes from the beginning of the file on, also those before the part; only while `next` is NaN. */
  push(chunk: Buffer): void;
  /** There are no more bytes. */
  end(): void;
  /** Decodes its records with times up to `until`. */
  run(until: number): void;
}

/**
 * Decodes many inputs as one: records of all in the order of time, and what is open at the end of one goes on in the
 * next. An event is told to the sink of the input where its first record was.
 */
export interface JointDecoder {
  add(sink: Sink, part: Part): JointInput;
  /** All inputs are over. */
  end(): void;
}

/** How inputs of a format, or of several that share `open`, are decoded as one. */
export interface JointFormat {
  open(options: DecodeOptions): JointDecoder;
  /** Takes the bytes of a file and tells its parts; null where files of the format have only one. */
  readonly parts: (() => PartFinder) | null;
}

export interface PartFinder {
  push(chunk: Buffer): void;
  /** In the order of the file; none: the file is one part. */
  end(): Part[];
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
  /** Set where what files say continues from one to the next (captures): then they are read through it. */
  readonly joint?: JointFormat;
}
