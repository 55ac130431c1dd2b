import type { Connection } from '../schema/event/connection.ts';
import { type EventKind, tables, type WeirEvent } from '../schema/event/index.ts';

/** The two halves of an event's id, as unsigned 32-bit numbers. */
export interface Identity {
  hi: number;
  lo: number;
}

/** Columns that say where an event was placed, not what it is: they depend on settings and on what else was seen. */
const placed = new Set([
  'src_local',
  'dst_local',
  'direction',
  'community_id',
  'query_domain',
  'host_domain',
  'server_domain',
  'generated_score',
  'outcome',
  'orientation',
  'dst_name',
  'set_aside',
]);

/** Columns that make up the identity of a kind of event. */
export function identityColumns(kind: EventKind): string[] {
  return Object.keys(tables[kind].columns).filter((name) => !placed.has(name));
}

const kinds = Object.keys(tables) as EventKind[];
const columns_of = new Map(kinds.map((kind) => [kind, identityColumns(kind)]));
const seed_of = new Map(kinds.map((kind, i) => [kind, Math.imul(i + 1, 0x9e3779b1)]));
const connection_seed = seed_of.get('connection')!;

// Two lanes of 32 bits. They live here and not in an object, because they are touched for every value.
let a = 0;
let b = 0;
const number = new Float64Array(1);
const halves = new Int32Array(number.buffer);

function begin(seed: number): void {
  a = seed;
  b = seed ^ 0x85ebca6b;
}

function mix(value: number): void {
  a = Math.imul(a ^ value, 0x5bd1e995);
  a ^= a >>> 15;
  b = Math.imul((b + value) | 0, 0xcc9e2d51);
  b ^= b >>> 13;
}

function mixText(text: string): void {
  let x = a;
  let y = b;
  const { length } = text;
  let i = 0;
  for (; i + 1 < length; i += 2) {
    const units = text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16);
    x = Math.imul(x ^ units, 0x5bd1e995);
    x ^= x >>> 15;
    y = Math.imul((y + units) | 0, 0xcc9e2d51);
    y ^= y >>> 13;
  }
  if (i < length) {
    x = Math.imul(x ^ text.charCodeAt(i), 0x01000193);
    y = Math.imul((y + text.charCodeAt(i)) | 0, 0xcc9e2d51);
  }
  a = x;
  b = y;
  // The end of a column counts: ("ab", "c") and ("a", "bc") differ.
  mix(length);
}

/** Numbers of 32 bits are mixed as they are, others by the bits of their double, with a tag that keeps the two apart. */
function mixNumber(value: number): void {
  if ((value | 0) === value) {
    mix(value);
    return;
  }
  number[0] = value;
  mix(halves[0]! ^ 0x2545f491);
  mix(halves[1]!);
}

function mixOptional(value: number | null): void {
  if (value === null) mix(0x7fed2cd1);
  else mixNumber(value);
}

function end(into: Identity): void {
  into.hi = finish(a ^ (b >>> 16));
  into.lo = finish((b + Math.imul(a, 0x9e3779b1)) | 0);
}

/**
 * The id of an event: a 64-bit hash of its kind and values, the same from whatever file it came. Murmur-like mixing
 * (A. Appleby, MurmurHash3) over numbers and UTF-16 units; not for protection against people who search for collisions:
 * a collision costs one event that is counted as a duplicate.
 */
export function identify(event: WeirEvent, into: Identity): void {
  if (event.kind === 'connection') identifyConnection(event, into);
  else identifyAny(event, into);
}

/** Connections are most of the traffic: their columns by name, in the order of the table, faster than the loop below. */
function identifyConnection(event: Connection, into: Identity): void {
  begin(connection_seed);
  mixNumber(event.time);
  mixText(event.uid);
  mixText(event.src_ip);
  mixNumber(event.src_port);
  mixText(event.dst_ip);
  mixNumber(event.dst_port);
  mixText(event.transport);
  mixText(event.service);
  mixOptional(event.duration_s);
  mixOptional(event.src_bytes);
  mixOptional(event.dst_bytes);
  mixNumber(event.src_packets);
  mixNumber(event.dst_packets);
  mixNumber(event.src_ip_bytes);
  mixNumber(event.dst_ip_bytes);
  mixNumber(event.missed_bytes);
  mixText(event.conn_state);
  mixText(event.history);
  mixNumber(event.vlan);
  mixText(event.src_mac);
  mixText(event.dst_mac);
  end(into);
}

/** Any kind, by the columns of its table. Gives what `identifyConnection` gives; the test compares the two. */
export function identifyAny(event: WeirEvent, into: Identity): void {
  const record = event as unknown as Record<string, unknown>;
  begin(seed_of.get(event.kind)!);
  for (const name of columns_of.get(event.kind)!) {
    const value = record[name];
    if (typeof value === 'string') mixText(value);
    else if (typeof value === 'number') mixNumber(value);
    else if (typeof value === 'boolean') mix(value ? 3 : 5);
    else if (Array.isArray(value)) {
      for (const one of value as readonly string[]) mixText(one);
      mix(value.length);
    } else mixOptional(null);
  }
  end(into);
}

/** Hash of a text, 32 bits. */
export function hashText(text: string, seed: number): number {
  let hash = seed | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return finish(hash ^ text.length);
}

/** 32-bit finalizer of MurmurHash3, unsigned. */
export function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
