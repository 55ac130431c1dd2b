/** What a window taught, kept aside until the window is over from the point of view of the one being judged. */
export class Waiting<T extends { readonly window_at_s: number }> {
  readonly #window_s: number;
  #rows: T[] = [];

  constructor(window_s: number) {
    this.#window_s = window_s;
  }

  /** Hands in what a window taught. Of overlapping windows only every whole one counts, so that no event counts twice. */
  add(row: T): void {
    if (row.window_at_s % this.#window_s === 0) this.#rows.push(row);
  }

  /** Gives out, once, what ended at or before an instant. */
  advance(window_at_s: number): readonly T[] {
    const over = this.#rows.filter((one) => one.window_at_s + this.#window_s <= window_at_s);
    if (over.length > 0)
      this.#rows = this.#rows.filter((one) => one.window_at_s + this.#window_s > window_at_s);
    return over;
  }
}
