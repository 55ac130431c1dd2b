import { randomUUID } from 'node:crypto';
import type { Connection } from './connection.ts';

/** Inserts on their way at once; more would only hold memory. */
const maxUnderWay = 2;

const bufferStep = 1024 * 1024;

/**
 * Sends encoded batches, each exactly once even when the engine dies under it, a few at a time. An insert that fails
 * for good is thrown by whatever is called next.
 */
export class Sender {
  readonly #connection: Connection;
  readonly #id = randomUUID();
  readonly #under_way = new Set<Promise<void>>();
  /** Buffers of batches that were acknowledged: new ones of this size would pile up until the next collection. */
  readonly #free: Buffer[] = [];
  #serial = 0;
  #failure: unknown = null;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** A buffer for a batch; it comes back when the batch is acknowledged. */
  readonly allocate = (bytes: number): Buffer => {
    const fits = this.#free.findIndex((one) => one.length >= bytes && one.length <= bytes * 4);
    const [buffer] = fits >= 0 ? this.#free.splice(fits, 1) : [];
    return buffer ?? Buffer.allocUnsafeSlow(Math.ceil(bytes / bufferStep) * bufferStep);
  };

  /** Does not wait. `data`: in a buffer that `allocate` gave. `then` is called when the store has acknowledged the batch. */
  send(sql: string, data: Buffer, name: string, then: () => void): void {
    this.check();
    const token = `${this.#id}-${this.#serial++}`;
    const insert: Promise<void> = this.#connection
      .insert(sql, data, token, { name })
      .then(
        () => {
          this.#free.push(Buffer.from(data.buffer));
          if (this.#free.length > maxUnderWay + 1) this.#free.shift();
          then();
        },
        (error: unknown) => {
          this.#failure ??= error;
        },
      )
      .finally(() => this.#under_way.delete(insert));
    this.#under_way.add(insert);
  }

  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** As many inserts are under way as may be. */
  get busy(): boolean {
    return this.#under_way.size >= maxUnderWay;
  }

  /** Resolves when there is room for one more. */
  async ready(): Promise<void> {
    while (this.busy) await Promise.race(this.#under_way);
    this.check();
  }

  /** Resolves when everything sent is acknowledged. */
  async done(): Promise<void> {
    await Promise.all(this.#under_way);
    this.check();
  }
}
