/** Where a reader of capture files puts what it finds. */
export interface PacketSink {
  /** Whether the record at hand, of that time (µs), must stay where it is: `read` then returns its place. */
  mustWait(time: number): boolean;
  /** Set before a packet: which of several interfaces of the file it was captured on, from 1; 0: there is one. */
  link: number;
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
  /** A section begins at `offset`, after `packets` packets of the file. */
  section(offset: number, packets: number): void;
  rejected(reason: string, line: number, offset: number): void;
  /** Nothing more can be read from this file. */
  fatal(reason: string, offset: number): void;
}

export interface PacketReader {
  /**
   * Reads the whole records of buf[from, upTo), whose first byte is at `offset` in the file; returns where the first
   * that is not whole, or must wait, begins.
   */
  read(buf: Uint8Array, from: number, upTo: number, offset: number, to: PacketSink): number;
  /** Why the bytes that are left at the end of the file are not a record; '': said already. */
  rest(left: number): string;
  readonly nextLine: number;
}

/** µs since 1970 of seconds and a fraction in µs or ns. Whole: the schema keeps µs. */
export function timeOf(seconds: number, fraction: number, nanos: boolean): number {
  return seconds * 1_000_000 + (nanos ? Math.floor(fraction / 1000) : fraction);
}
