import { createPieces, type Held, Summaries } from '../enrich/index.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import { count, type Ledger } from '../schema/ledger.ts';
import type { Share } from '../schema/reading.ts';

/** Stores one event of an input, unless it is stored already. */
export type StoreEvent = (event: WeirEvent, line: number, offset: number, raw: string) => void;

/** What leads back to a record. */
interface From {
  readonly line: number;
  readonly offset: number;
  readonly raw: string;
  readonly store: StoreEvent;
  readonly ledger: Ledger;
}

export interface SharesOptions {
  /** sums of other records that are held; when there are more, those are told by what was read before them */
  readonly most_sums: number;
  /** records come as sensors write them: see `PiecesOptions` */
  readonly as_written?: boolean;
}

/**
 * What a sensor tells several times (pieces of a connection), or one by one and in sum: a record is stored at once, or held until
 * it can be told which of them stays; those that do not are duplicates.
 */
export class Shares {
  readonly #pieces;
  readonly #summaries = new Summaries();
  readonly #most_sums: number;
  #sums: { readonly event: WeirEvent; readonly from: From }[] = [];

  constructor({ most_sums, as_written = false }: SharesOptions) {
    this.#most_sums = most_sums;
    this.#pieces = createPieces<From>({ given: givePiece, dropped: dropPiece, as_written });
  }

  /** `told_apart`: the input's records may be told in sum by another. */
  take(event: WeirEvent, share: Share | undefined, told_apart: boolean, from: From): void {
    const { line, offset, raw, store } = from;
    if (share === 'sum') {
      this.#sums.push({ event, from: kept(from) });
      if (this.#sums.length >= this.#most_sums) this.#endSums();
      return;
    }
    if (told_apart) this.#summaries.note(event);
    if (share !== undefined && this.#pieces.concerns(event, share)) {
      if (event.kind === 'connection') {
        if (this.#pieces.take(event, share === 'whole', kept(from))) return;
      } else if (share === 'part' && this.#pieces.again(event)) {
        dropPiece(from);
        return;
      }
    }
    store(event, line, offset, raw);
  }

  /** Gives out all that is held. */
  end(): void {
    this.#pieces.end();
    this.#endSums();
  }

  /** Stores the sums of what nobody told one by one. */
  #endSums(): void {
    for (const { event, from } of this.#sums)
      if (this.#summaries.covers(event)) count(from.ledger.duplicates, 'sum of records told one by one');
      else from.store(event, from.line, from.offset, from.raw);
    this.#sums = [];
  }
}

/** With a text of its own: one cut out of the input would keep a piece of it in memory. */
function kept(from: From): From {
  return { ...from, raw: Buffer.from(from.raw).toString() };
}

function givePiece({ event, from }: Held<From>): void {
  from.store(event, from.line, from.offset, from.raw);
}

function dropPiece({ ledger }: From): void {
  count(ledger.duplicates, 'piece of a connection told elsewhere');
}
