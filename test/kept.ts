import { setTimeout as sleep } from 'node:timers/promises';
import type { Deliver, Delivery } from '../src/collect/live/input.ts';

/** Keeps what is delivered, for tests of inputs: at once, or as `keep` says. */
export class Kept {
  readonly pieces: Delivery[] = [];
  /** called before a piece is kept; may wait or throw */
  keep: (piece: Delivery) => Promise<void> | void = () => {};

  readonly deliver: Deliver = async (piece) => {
    await this.keep(piece);
    this.pieces.push({ ...piece, bytes: Buffer.from(piece.bytes) });
  };

  /** All lines kept, of one origin or of all, in order. */
  lines(origin?: string): string[] {
    const pieces = this.pieces.filter((piece) => origin === undefined || piece.origin === origin);
    return pieces.flatMap((piece) => Buffer.from(piece.bytes).toString('utf8').split('\n').slice(0, -1));
  }

  async until(condition: () => boolean, what: string, ms = 10_000): Promise<void> {
    for (const end = Date.now() + ms; !condition(); await sleep(5))
      if (Date.now() > end)
        throw new Error(`${what}: not after ${ms} ms; ${this.lines().length} lines are kept`);
  }

  async untilLines(count: number, ms?: number): Promise<string[]> {
    await this.until(() => this.lines().length >= count, `${count} lines`, ms);
    return this.lines();
  }
}
