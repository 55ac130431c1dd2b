import { countAtMost } from '../base/bounded.ts';

/**
 * What became of the records of one input: read = stored + filtered + duplicates + rejected, always.
 * A record is an event made from a line (one line may hold several) or from packets, or a line, packet or part that
 * made none.
 */
export interface Ledger {
  read: number;
  stored: number;
  /** reason → count */
  filtered: Map<string, number>;
  duplicates: Map<string, number>;
  rejected: Map<string, number>;
  /** Values of stored events that were not usable: 'src_port: not a port' → count. Their records are in `stored`. */
  set_aside: Map<string, number>;
}

export function emptyLedger(): Ledger {
  return {
    read: 0,
    stored: 0,
    filtered: new Map(),
    duplicates: new Map(),
    rejected: new Map(),
    set_aside: new Map(),
  };
}

export function count(reasons: Map<string, number>, reason: string, by = 1): void {
  reasons.set(reason, (reasons.get(reason) ?? 0) + by);
}

/** Different reasons that are counted apart, for each input: what is in a reason is for the sender to choose. */
const most_reasons = 200;

/** Whoever writes records can make every reason a new one: beyond `most_reasons` they are counted as one. */
export function countBounded(reasons: Map<string, number>, reason: string): void {
  countAtMost(reasons, reason, most_reasons, 'other reasons');
}

/** The kind of a reason without the value in it: "src_port is not a port: 99999" → "src_port is not a port". */
export function reasonKind(reason: string): string {
  const colon = reason.indexOf(': ');
  return colon > 0 ? reason.slice(0, colon) : reason;
}

export function total(reasons: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const n of reasons.values()) sum += n;
  return sum;
}

/** What is missing between read and the sum of the outcomes; 0 when the ledger balances. */
export function residue(ledger: Ledger): number {
  return (
    ledger.read - ledger.stored - total(ledger.filtered) - total(ledger.duplicates) - total(ledger.rejected)
  );
}

/** Adds one ledger to another. */
export function addLedger(into: Ledger, from: Ledger): void {
  into.read += from.read;
  into.stored += from.stored;
  for (const [reason, n] of from.filtered) count(into.filtered, reason, n);
  for (const [reason, n] of from.duplicates) count(into.duplicates, reason, n);
  for (const [reason, n] of from.rejected) count(into.rejected, reason, n);
  for (const [reason, n] of from.set_aside) count(into.set_aside, reason, n);
}

/** One input and what became of it. */
export interface InputReport {
  readonly file: string;
  /** format id, '' when its kind is not known */
  readonly format: string;
  readonly bytes: number;
  readonly ledger: Ledger;
  /** first and last event time, µs; null when it gave no event */
  readonly first_time: number | null;
  readonly last_time: number | null;
}
