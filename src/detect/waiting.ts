/** What a window taught, kept aside until the window is over from the point of view of the one being judged. */
export class Waiting<T extends { readonly window_at: number }> {
  readonly #window_us: number;
  #rows: T[];

  constructor(window_us: number, saved: readonly T[] = []) {
    this.#window_us = window_us;
    this.#rows = [...saved];
  }

  save(): readonly T[] {
    return this.#rows;
  }

  /** Hands in what a window taught. Of overlapping windows only every whole one counts, so that no event counts twice. */
  add(row: T): void {
    if (row.window_at % this.#window_us === 0) this.#rows.push(row);
  }

  /** Gives out, once, what ended at or before an instant. */
  advance(window_at: number): readonly T[] {
    const over = this.#rows.filter((one) => one.window_at + this.#window_us <= window_at);
    if (over.length > 0) this.#rows = this.#rows.filter((one) => one.window_at + this.#window_us > window_at);
    return over;
  }
}
