/** What inputs without an end have in common: files followed, sockets, HTTP, a capture child. */
import type { JsonValue } from '../../schema/json.ts';

/** Where a source goes on after a restart: a key of its own and what it needs to know, plain JSON. */
export interface Position {
  /** what it is of, unique within the source: a file's fingerprint, a partition */
  readonly key: string;
  /** null: there is no more need to keep this key */
  readonly value: JsonValue;
}

/** A piece of what a source told: whole records, never half of one. */
export interface Delivery {
  /** id of the entry in weir.yaml */
  readonly source: string;
  /** what evidence names: a path, 'syslog 10.1.2.3', 'http zeek' */
  readonly origin: string;
  /**
   * Each record ends with a newline; of a capture, whole packet records as they follow each other, without its header.
   * May be empty: then the piece only tells of `position` or `ended`.
   */
  readonly bytes: Uint8Array;
  /**
   * What is needed to read `bytes` for who did not read what stands before them: header lines of a Zeek log, the header of a
   * capture. A decoder that begins with this piece takes `head` first, and counts nothing of it; one that goes on from the
   * piece before (same origin, next offset) leaves it alone. Absent: nothing is needed. The kind of an origin is told by
   * `head` and `bytes` behind it.
   */
  readonly head?: Uint8Array;
  /** Nothing follows in this origin for now: a last record without its end is in here, and what is held back may be told. */
  readonly ended?: boolean;
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
  /** What was out of the ordinary and cost nothing, by kind: {'last line without its end': 1}. Absent: nothing. */
  readonly noticed?: Readonly<Record<string, number>>;
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
