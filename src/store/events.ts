import { instant } from '../base/time.ts';
import { type EventKind, event_id_text, tables } from '../schema/event/index.ts';
import type { Origin } from '../schema/origin.ts';
import type { Column } from '../schema/table.ts';
import { identifier } from './engine/statement.ts';
import type { Params, Store } from './store.ts';

/** An event as it was stored, with where it came from. */
export interface StoredEvent extends Origin {
  /** 16 hexadecimal digits */
  readonly event_id: string;
  /** format it was read from */
  readonly source: string;
  /** the record itself, '' when it was not kept */
  readonly raw: string;
  /** its columns, times as µs since 1970 */
  readonly record: Readonly<Record<string, unknown>>;
}

export interface EventFilter {
  /** event time, µs since 1970; `to` is not in it */
  readonly from?: number;
  readonly to?: number;
  /** event ids, 16 hexadecimal digits each; without a time range the whole table is searched */
  readonly ids?: readonly string[];
  /** SQL condition over the columns, trusted (it comes from content/); values as parameters only */
  readonly where?: string;
  readonly params?: Params;
  /** SQL, trusted */
  readonly order?: string;
  readonly limit?: number;
}

/** Events of one kind, oldest first unless told otherwise. At most `limit`, 100 when not given. */
export async function findEvents(store: Store, kind: EventKind, filter: EventFilter): Promise<StoredEvent[]> {
  const columns = Object.entries(tables[kind].columns);
  const { condition, params } = conditionOf(filter);
  const selected = columns.map(([name, column]) => selectOf(name, column));
  const rows = await store.rows<unknown[]>(
    `SELECT ${event_id_text}, source, file, line, offset, raw, ${selected.join(', ')}
FROM ${identifier(kind)} WHERE ${condition}
ORDER BY ${filter.order ?? 'time'}, event_id LIMIT {weir_limit:UInt32}`,
    { ...params, weir_limit: filter.limit ?? 100 },
    { name: `events ${kind}` },
  );
  return rows.map(([event_id, source, file, line, offset, raw, ...values]) => ({
    event_id: event_id as string,
    source: source as string,
    file: file as string,
    line: line as number,
    offset: offset as number,
    raw: raw as string,
    record: { kind, ...Object.fromEntries(columns.map(([name], i) => [name, values[i]])) },
  }));
}

/** Where a page of events goes on: behind this one. */
export interface EventPlace {
  /** when it could be told, µs since 1970 */
  readonly told_at: number;
  /** 16 hexadecimal digits */
  readonly event_id: string;
}

export interface EventPageFilter {
  /** when they could be told, µs since 1970; `to` is not in it */
  readonly from?: number;
  readonly to?: number;
  readonly src_ip?: string;
  readonly dst_ip?: string;
  readonly after?: EventPlace;
  readonly limit: number;
}

/** Names of what `pageEvents` gives, in order. */
export function pageColumns(kind: EventKind): string[] {
  return ['told_at', 'event_id', 'source', 'file', 'line', 'offset', ...Object.keys(tables[kind].columns)];
}

/**
 * Events of one kind in the order in which they could be told, a few thousand at a time, each as its values in the order of
 * `pageColumns`; times as µs since 1970. Who goes on after the last one misses none of those that were there.
 */
export function pageEvents(
  store: Store,
  kind: EventKind,
  { from, to, src_ip, dst_ip, after, limit }: EventPageFilter,
): AsyncGenerator<unknown[][]> {
  const columns = Object.entries(tables[kind].columns);
  const bound: Record<string, unknown> = { weir_limit: limit };
  const parts: string[] = [];
  const where = (condition: string, name: string, value: unknown): void => {
    parts.push(condition);
    bound[name] = value;
  };
  if (from !== undefined) where("told_at >= {weir_from:DateTime64(6, 'UTC')}", 'weir_from', instant(from));
  if (to !== undefined) where("told_at < {weir_to:DateTime64(6, 'UTC')}", 'weir_to', instant(to));
  for (const [name, value] of Object.entries({ src_ip, dst_ip }))
    if (value !== undefined)
      where(name in tables[kind].columns ? `${name} = {weir_${name}:String}` : '0', `weir_${name}`, value);
  if (after !== undefined) {
    where("told_at >= {weir_after:DateTime64(6, 'UTC')}", 'weir_after', instant(after.told_at));
    const at = "(told_at, event_id) > ({weir_after:DateTime64(6, 'UTC')}, {weir_after_id:UInt64})";
    where(at, 'weir_after_id', BigInt(`0x${after.event_id}`));
  }
  const selected = columns.map(([name, column]) => selectOf(name, column));
  return store.batches<unknown[]>(
    `SELECT toUnixTimestamp64Micro(told_at), ${event_id_text}, source, file, line, offset, ${selected.join(', ')}
FROM ${identifier(kind)} WHERE ${parts.join(' AND ') || '1'}
ORDER BY told_at, event_id LIMIT {weir_limit:UInt32}`,
    bound,
    { name: `page ${kind}` },
  );
}

/** How many events of one kind there are. */
export async function countEvents(store: Store, kind: EventKind, filter: EventFilter = {}): Promise<number> {
  const { condition, params } = conditionOf(filter);
  const [row] = await store.rows<[number]>(
    `SELECT count() FROM ${identifier(kind)} WHERE ${condition}`,
    params,
    { name: `count ${kind}` },
  );
  return row?.[0] ?? 0;
}

/** First and last event time of a kind, µs since 1970; null when there are none. */
export async function timeRange(
  store: Store,
  kind: EventKind,
): Promise<{ first: number; last: number } | null> {
  const [row] = await store.rows<[number, number, number]>(
    `SELECT count(), toUnixTimestamp64Micro(min(time)), toUnixTimestamp64Micro(max(time)) FROM ${identifier(kind)}`,
    {},
    { name: `range ${kind}` },
  );
  return row && row[0] > 0 ? { first: row[1], last: row[2] } : null;
}

function selectOf(name: string, column: Column): string {
  return column.type === 'time' ? `toUnixTimestamp64Micro(${identifier(name)})` : identifier(name);
}

function conditionOf({ from, to, ids, where, params = {} }: EventFilter): {
  condition: string;
  params: Params;
} {
  const parts: string[] = [];
  const bound: Record<string, unknown> = { ...params };
  if (from !== undefined) {
    parts.push("time >= {weir_from:DateTime64(6, 'UTC')}");
    bound.weir_from = instant(from);
  }
  if (to !== undefined) {
    parts.push("time < {weir_to:DateTime64(6, 'UTC')}");
    bound.weir_to = instant(to);
  }
  if (ids !== undefined) {
    parts.push('event_id IN {weir_ids:Array(UInt64)}');
    bound.weir_ids = ids.map((id) => BigInt(`0x${id}`));
  }
  if (where !== undefined) parts.push(`(${where})`);
  return { condition: parts.join(' AND ') || '1', params: bound };
}

/**
 * Ids of events of any kind that were stored at an instant or later (µs since 1970), as the two halves of each in decimal: what
 * may come again after a crash.
 */
export async function recentIds(store: Store, stored_from: number): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const kind of Object.keys(tables)) {
    const rows = store.stream<[number, number]>(
      `SELECT toUInt32(bitShiftRight(event_id, 32)), toUInt32(bitAnd(event_id, 4294967295)) FROM ${identifier(kind)} WHERE stored_at >= toDateTime({from:UInt32})`,
      { from: Math.floor(stored_from / 1e6) },
      { name: 'ids in doubt' },
    );
    for await (const [hi, lo] of rows) ids.add(`${hi} ${lo}`);
  }
  return ids;
}
