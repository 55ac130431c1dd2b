/** At most `limit` at once; the others wait in order. */
export class Turns {
  readonly #limit: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  async take(): Promise<void> {
    if (this.#running < this.#limit) {
      this.#running++;
      return;
    }
    await new Promise<void>((next) => this.#waiting.push(next));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running--;
  }
}
