/** How far a detector has judged, and what of it is kept to go on with. Times are µs since 1970. */
export interface Progress {
  readonly detector: string;
  /** end of the last window that it judged */
  readonly judged_to: number;
  /** of the detector and its features: with other content the same windows give something else */
  readonly content_hash: string;
  readonly updated_at: number;
}

/** A saved state, compressed. */
export interface PackedState {
  readonly encoding: 'zstd';
  readonly bytes: Uint8Array;
}

/** All that a detector has learned up to the end of a window. */
export interface Snapshot {
  readonly detector: string;
  readonly window_end: number;
  /** version of the state's layout */
  readonly layout: number;
  readonly content_hash: string;
  readonly packed: PackedState;
}

/** What one window changed in what a detector has learned, where that is less than a snapshot. */
export interface Step {
  readonly detector: string;
  readonly window_end: number;
  /** JSON in UTF-8 */
  readonly body: Uint8Array;
}
