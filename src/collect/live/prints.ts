import { hash } from 'node:crypto';

/** How much of a file's beginning tells it from others. */
export const headBytes = 1024;
/** How much of what stands before the place where reading goes on must still be there. */
export const seamBytes = 1024;

/** A hash of so many bytes. */
export interface Print {
  readonly bytes: number;
  readonly hash: string;
}

export function printOf(bytes: Uint8Array): Print {
  return { bytes: bytes.length, hash: hash('sha256', bytes, 'hex').slice(0, 32) };
}

/** Whether `bytes` begin with what was printed. */
export function beginsAs(print: Print, bytes: Uint8Array): boolean {
  return bytes.length >= print.bytes && printOf(bytes.subarray(0, print.bytes)).hash === print.hash;
}

/** The last `seamBytes` of `before` and `bytes` behind it, as a copy. */
export function seamAfter(before: Uint8Array, bytes: Uint8Array): Buffer {
  const last = bytes.subarray(Math.max(0, bytes.length - seamBytes));
  const more = Math.min(before.length, seamBytes - last.length);
  return Buffer.concat([before.subarray(before.length - more), last]);
}

/** What matching asks of a file whose content is known already. */
export interface Known {
  /** of its beginning, of all that was read of it up to `headBytes` */
  readonly print: Print;
  /** how far it was read */
  readonly offset: number;
  /** size where it lies now, in plain bytes; null: it is not known where it lies */
  readonly size: number | null;
}

/** What is seen of a file whose content has to be told. */
export interface Sample {
  /** plain bytes that it has, or has at least */
  readonly length: number;
  /** whether `length` is all it has */
  readonly whole: boolean;
  /**
   * Whether its content is that of a known file as far as both go: of one that lies elsewhere, whether the end of the sample
   * stands there; else whether what was read last stands here. `short`: it is shorter than that.
   */
  readonly continues: (of: Known, short: boolean) => Promise<boolean>;
}

/**
 * - holds: it is `known`, and lies here now: reading goes on here
 * - copy: it is `known`, which lies elsewhere and is whole there
 * - partial: it begins as `known` does, and is shorter than what was read of it: a copy under way
 * - new: nothing like it is known
 */
export type Match<T> =
  | { readonly is: 'holds' | 'copy' | 'partial'; readonly known: T }
  | { readonly is: 'new' };

/**
 * Which known content a file has, by its beginning and by what stands before the place that was reached; never by
 * its name. `candidates` begin as it does, best first. A copy is never longer than what it was made of.
 */
export async function match<T extends Known>(sample: Sample, candidates: readonly T[]): Promise<Match<T>> {
  for (const known of candidates) {
    if (known.size !== null && sample.length > known.size) continue;
    const short = sample.whole && sample.length < known.offset;
    if (!(await sample.continues(known, short))) continue;
    return { is: known.size !== null ? 'copy' : short ? 'partial' : 'holds', known };
  }
  return { is: 'new' };
}
