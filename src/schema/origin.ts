/**
 * Where a record came from. Stored beside every event, so that a finding leads back to the line or packet.
 * - file: path as given (inside folders: the path below), '-' for standard input
 * - line: line number for logs, packet number for captures; from 1
 * - offset: byte offset of the record in the uncompressed file
 */
export interface Origin {
  file: string;
  line: number;
  offset: number;
}

/** One record that could not be read. It is kept, counted and shown; the run goes on. */
export interface Reject extends Origin {
  /** what was expected there: 'zeek conn', 'suricata eve', 'packet', ... */
  format: string;
  /** why, for people: "src_port is not a port: 99999" */
  reason: string;
  /** the record itself, cut to 4,096 bytes, lossy UTF-8; for packets hexadecimal */
  excerpt: string;
}
