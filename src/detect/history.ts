import { OldestOut, type SavedOldestOut } from '../base/bounded.ts';
import { columnValues } from './columns.ts';
import { Waiting } from './waiting.ts';

/** Past windows kept per entity: four weeks of hours. */
const most_windows = 24 * 28;
/** Entities kept; beyond that the one unheard for longest is forgotten. */
const most_entities = 200_000;
/** Values kept in all, 8 bytes each; beyond that too the one unheard for longest is forgotten. */
const most_values = 20_000_000;

/** What is known of one entity: its past windows, oldest first, at most `most_windows`. */
export interface Past {
  readonly windows_at: readonly number[];
  /** per column, as many as windows */
  readonly columns: readonly (readonly number[])[];
}

const nothing: Past = { windows_at: [], columns: [] };

/** A row that waits for its window to be over. */
export interface Taught {
  readonly window_at: number;
  readonly key: string;
  readonly host: string;
  /** peer group, '' for none */
  readonly peer: string;
  readonly values: readonly number[];
  readonly strange: boolean;
}

interface Windows {
  windows_at: number[];
  columns: number[][];
}

export interface HistoryState {
  readonly past: SavedOldestOut<string, Windows>;
  readonly waiting: readonly Taught[];
}

/**
 * Values of entities in windows that have ended. A window's values are kept aside until the window is over from the
 * point of view of the window being judged, so that overlapping windows never teach each other.
 */
export class History {
  readonly #width: number;
  readonly #past: OldestOut<string, Windows>;
  readonly #waiting: Waiting<Taught>;
  #values = 0;

  constructor(window_s: number, width: number, saved?: HistoryState) {
    this.#past = new OldestOut(most_entities + 1, saved?.past);
    this.#waiting = new Waiting(window_s * 1e6, saved?.waiting);
    this.#width = width;
    for (const [, { windows_at }] of saved?.past.entries ?? [])
      this.#values += windows_at.length * (width + 1);
  }

  save(): HistoryState {
    return { past: this.#past.save(), waiting: this.#waiting.save() };
  }

  /** Takes in all that ended at or before an instant. Returns what came in. */
  advance(window_at: number): readonly Taught[] {
    const over = this.#waiting.advance(window_at);
    for (const one of over) this.#keep(one.window_at, one.key, one.values);
    return over;
  }

  /** Hands in a window's values. Of overlapping windows only every whole window counts, so that no event counts twice. */
  add(row: Taught): void {
    this.#waiting.add(row);
  }

  of(key: string): Past {
    return this.#past.get(key) ?? nothing;
  }

  get entities(): number {
    return this.#past.size;
  }

  /** Lets go of the entity unheard for longest. */
  #forget(): void {
    const oldest = this.#past.pushOut();
    if (!oldest) return;
    this.#values -= oldest[1].windows_at.length * (this.#width + 1);
  }

  #keep(window_at: number, key: string, values: readonly number[]): void {
    const past = this.#past.get(key) ?? { windows_at: [], columns: columnValues(this.#width) };
    this.#past.renew(key, past);
    past.windows_at.push(window_at);
    this.#values += this.#width + 1;
    for (let c = 0; c < this.#width; c++) past.columns[c]!.push(values[c]!);
    if (past.windows_at.length > most_windows) {
      past.windows_at.shift();
      for (const column of past.columns) column.shift();
      this.#values -= this.#width + 1;
    }
    while (this.#past.size > most_entities || (this.#values > most_values && this.#past.size > 1))
      this.#forget();
  }
}

/** How far a past can be compared with a window. */
export interface Comparable {
  /** indexes of the past windows to compare with; null: all */
  readonly rows: number[] | null;
  /** false: the past has no such part of the day yet, so it may excuse what a window shows but not accuse it */
  readonly same_hours: boolean;
  readonly says: string;
}

/**
 * The past windows that an hour can be compared with: the same hour of the week (± 1 h) after three weeks, the same
 * hour of the day (± 1 h) after five days, the same part of the day (± 3 h) after the first, else all of them: nights
 * say little about mornings. Longer windows hold whole days and are compared with all.
 */
export function comparable(past: Past, window_at: number, window_s: number): Comparable {
  const { windows_at } = past;
  if (window_s > 3600) return { rows: null, same_hours: true, says: '' };
  if (windows_at.length === 0) return { rows: null, same_hours: false, says: '' };
  const span_d = (window_at - windows_at[0]!) / 86_400e6;
  for (const [days, cycle_us, apart_us, least, says] of [
    [21, 604_800e6, 3600e6, 9, ' at this hour of the week'],
    [5, 86_400e6, 3600e6, 9, ' at this hour of the day'],
    [0.9, 86_400e6, 3 * 3600e6, 5, ' at this part of the day'],
  ] as const) {
    if (span_d < days) continue;
    const rows = windows_at.flatMap((at, row) =>
      window_at - at > 43_200e6 && near(at, window_at, cycle_us) <= apart_us ? [row] : [],
    );
    if (rows.length >= least) return { rows, same_hours: true, says };
  }
  return { rows: null, same_hours: false, says: '' };
}

function near(a: number, b: number, cycle_us: number): number {
  const apart = Math.abs(a - b) % cycle_us;
  return Math.min(apart, cycle_us - apart);
}
