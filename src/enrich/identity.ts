import { type EventKind, tables, type WeirEvent } from '../schema/event/index.ts';

/** Two 32-bit halves of an event's id, in `hi` and `lo` after `identify`. */
export interface Identity {
  hi: number;
  lo: number;
}

/** Columns that say where an event was placed, not what it is: two sensors may differ in them. */
const placed = new Set([
  'src_local',
  'dst_local',
  'direction',
  'community_id',
  'query_domain',
  'host_domain',
  'server_domain',
  'generated_score',
  'dst_name',
]);

const columns_of = Object.fromEntries(
  Object.entries(tables).map(([kind, table]) => [
    kind,
    Object.keys(table.columns).filter((name) => !placed.has(name)),
  ]),
) as unknown as Record<EventKind, readonly string[]>;
const kind_seed = Object.fromEntries(
  Object.keys(tables).map((kind, i) => [kind, (i + 1) * 0x9e3779b1]),
) as unknown as Record<EventKind, number>;

const number = new Float64Array(1);
const halves = new Uint32Array(number.buffer);

/**
 * The id of an event: a 64-bit hash of its kind and values, the same from whatever file it came. Two murmur-like
 * lanes over numbers and UTF-16 units (Appleby, MurmurHash3 finalizer); not for protection against people who search for
 * collisions, a collision costs one event counted as a duplicate.
 */
export function identify(event: WeirEvent, into: Identity): void {
  const record = event as unknown as Record<string, unknown>;
  let a = kind_seed[event.kind] | 0;
  let b = 0x85ebca6b ^ a;
  for (const name of columns_of[event.kind]) {
    const value = record[name];
    if (typeof value === 'string') {
      for (let i = 0; i < value.length; i++) {
        const unit = value.charCodeAt(i);
        a = Math.imul(a ^ unit, 0x5bd1e995);
        b = Math.imul(b + unit, 0xcc9e2d51) ^ (b >>> 15);
      }
      a ^= a >>> 13;
    } else if (typeof value === 'number') {
      number[0] = value;
      a = Math.imul(a ^ halves[0]!, 0xcc9e2d51);
      b = Math.imul(b ^ halves[1]!, 0x1b873593);
      a = (a ^ (a >>> 15) ^ b) | 0;
      b = Math.imul(b + halves[0]!, 0x5bd1e995) ^ (b >>> 13);
    } else if (Array.isArray(value)) {
      for (const one of value as readonly string[]) {
        for (let i = 0; i < one.length; i++) {
          a = Math.imul(a ^ one.charCodeAt(i), 0x5bd1e995);
          b = Math.imul(b + one.charCodeAt(i), 0xcc9e2d51) ^ (b >>> 15);
        }
        a = Math.imul(a + 7, 0x85ebca6b);
      }
    } else {
      a = Math.imul(a + (value === true ? 3 : value === false ? 5 : 11), 0x85ebca6b);
    }
    // The end of a column counts: ("ab", "c") and ("a", "bc") differ.
    a = Math.imul(a ^ 0x2545f491, 0x85ebca6b);
    b = (b ^ (a >>> 16)) | 0;
  }
  into.hi = finish(a ^ b);
  into.lo = finish(b + Math.imul(a, 0x9e3779b1));
}

/** 32-bit finalizer of MurmurHash3. */
export function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
