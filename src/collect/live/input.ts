/** What inputs without an end have in common: files followed, sockets, HTTP, a capture child. */

/** Where a source goes on after a restart: a key of its own and what it needs to know, plain JSON. */
export interface Position {
  /** what it is of, unique within the source: a file's fingerprint, a partition */
  readonly key: string;
  readonly value: PositionValue;
}
export type PositionValue =
  | null
  | boolean
  | number
  | string
  | PositionValue[]
  | { [name: string]: PositionValue };

/** A piece of what a source told: whole records, never half of one. */
export interface Delivery {
  /** id of the entry in weir.yaml */
  readonly source: string;
  /** what evidence names: a path, 'syslog 10.1.2.3', 'http zeek' */
  readonly origin: string;
  /** each record ends with a newline; of a capture, the bytes as they follow each other */
  readonly bytes: Uint8Array;
  /** offset of the first byte in `origin` and number of its first line (from 1); 0 where there is no such thing */
  readonly offset: number;
  readonly line: number;
  /** when it came, µs since 1970 */
  readonly received_at: number;
  /** where to go on when all of this is kept; null: the sender does not send again, so it is acknowledged when it is kept */
  readonly position: Position | null;
}

/**
 * Takes a piece. Resolves when it is kept (on disk, through a power cut): then positions advance and senders are told.
 * Rejects with `WeirError` busy when there is no room: the input waits, or says so to who sends.
 */
export type Deliver = (piece: Delivery) => Promise<void>;

/** What an input says of itself at any time, for the ledger and `weir status`. */
export interface InputState {
  /** bytes and records that came, since it was started */
  readonly received_bytes: number;
  readonly received_records: number;
  /** lost before they could be kept, by reason: {'receive buffer full': 12} */
  readonly dropped: Readonly<Record<string, number>>;
  /** what is wrong now, a sentence; null: nothing */
  readonly problem: string | null;
  /** up to when a source without news has told all, µs: null where that cannot be known */
  readonly quiet_since: number | null;
}

/** An input without an end. */
export interface LiveInput {
  readonly source: string;
  /** Begins to deliver; resolves when it does (port bound, folder read). */
  start(deliver: Deliver): Promise<void>;
  /** Takes nothing new, waits for what is under way (at most `timeout_ms`), lets go of all it holds. */
  stop(timeout_ms: number): Promise<void>;
  state(): InputState;
}
