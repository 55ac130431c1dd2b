import { type EventKind, event_id_text, longest_s, tables } from '../schema/event/index.ts';
import type { Column, Table } from '../schema/table.ts';
import { identifier } from './engine/statement.ts';

export interface StorageOptions {
  /** Whether rows survive a power cut; off only for temporary stores. */
  readonly durable: boolean;
  /** Rows are deleted this many days after they were stored; null: never. */
  readonly retention_days: number | null;
}

export interface SqlColumn {
  readonly name: string;
  readonly type: string;
  readonly codec: string;
  readonly doc: string;
}

/** Columns that every event table has beside those of its description. */
export const originColumns: readonly SqlColumn[] = [
  {
    name: 'event_id',
    type: 'UInt64',
    codec: 'ZSTD(1)',
    doc: `id of the event; as text: ${event_id_text}`,
  },
  {
    name: 'source',
    type: 'LowCardinality(String)',
    codec: '',
    doc: 'format it was read from: zeek_tsv, pcap, ...',
  },
  {
    name: 'file',
    type: 'LowCardinality(String)',
    codec: '',
    doc: "file it was read from; '-': standard input",
  },
  { name: 'line', type: 'UInt64', codec: 'Delta(8), LZ4', doc: 'line number, or packet number in captures' },
  {
    name: 'offset',
    type: 'UInt64',
    codec: 'Delta(8), LZ4',
    doc: 'byte offset of the record in the uncompressed file',
  },
  { name: 'raw', type: 'String', codec: 'ZSTD(1)', doc: "the record itself, '' when it was not kept" },
  { name: 'stored_at', type: "DateTime('UTC')", codec: 'LZ4', doc: 'when it was stored' },
];

const sqlTypes: Record<Column['type'], string> = {
  time: "DateTime64(6, 'UTC')",
  text: 'String',
  word: 'LowCardinality(String)',
  ip: 'String',
  u8: 'UInt8',
  u16: 'UInt16',
  u32: 'UInt32',
  u64: 'UInt64',
  f64: 'Float64',
  bool: 'Bool',
  texts: 'Array(String)',
};

/** The ClickHouse type of a column of a description. */
export function sqlType(column: Column): string {
  const type = sqlTypes[column.type];
  return column.nullable ? `Nullable(${type})` : type;
}

/** Texts fill most of the disk and are read least: they are packed harder than the columns that features read. */
function codecOf(name: string, column: Column): string {
  if (name === 'time') return 'Delta(8), LZ4';
  return column.type === 'text' || column.type === 'texts' ? 'ZSTD(1)' : '';
}

/** All columns of an event's table, in order. */
export function columnsOf(table: Table): SqlColumn[] {
  const own = Object.entries(table.columns).map(([name, column]) => ({
    name,
    type: sqlType(column),
    codec: codecOf(name, column),
    doc: column.doc,
  }));
  return [...own, ...originColumns];
}

/**
 * When an event could be told: a connection when it was over, anything else when it happened. Windows, first sights and
 * what was known when go by it (docs/decisions/0035-told-at.md); the store works it out, so that no source can forget it.
 */
export function toldColumn(table: Table): SqlColumn & { readonly from: string } {
  const lasts = 'duration_s' in table.columns;
  return {
    name: 'told_at',
    type: sqlTypes.time,
    codec: lasts ? 'Delta(8), LZ4' : '',
    doc: lasts ? 'when it was over and could be told: time + duration_s' : 'when it could be told: as time',
    from: lasts
      ? `DEFAULT time + toIntervalMicrosecond(toInt64(round(least(greatest(ifNull(duration_s, 0), 0), ${longest_s}) * 1000000)))`
      : 'ALIAS time',
  };
}

/** A column as CREATE and ALTER name it. */
export function columnDdl({ name, type, codec, from = '' }: SqlColumn & { readonly from?: string }): string {
  return [identifier(name), type, from, codec && `CODEC(${codec})`].filter((part) => part !== '').join(' ');
}

/** What rows are sorted by: windows of time first, then the host within them. */
export function orderOf(table: Table): string[] {
  const at = 'duration_s' in table.columns ? 'told_at' : 'time';
  return 'src_ip' in table.columns ? [`toStartOfHour(${at})`, 'src_ip', at] : [at];
}

/** Settings of every table. One insert makes one part, which is whole or absent after a crash. */
export function tableSettings(options: StorageOptions): string {
  const settings: Record<string, string | number> = {
    non_replicated_deduplication_window: 10_000,
    ttl_only_drop_parts: 1,
    min_bytes_for_wide_part: 64 * 1024 * 1024,
    ...(options.durable && {
      fsync_after_insert: 1,
      fsync_part_directory: 1,
      min_rows_to_fsync_after_merge: 1,
      min_compressed_bytes_to_fsync_after_merge: 1,
      min_free_disk_bytes_to_perform_insert: 256 * 1024 * 1024,
    }),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ');
}

/**
 * Partitions are weeks of storing, not of the event: a log line can claim any date, and one batch with more than a
 * hundred dates would be refused as a whole.
 */
export const partition = 'toMonday(stored_at)';

export function ttl(column: string, options: StorageOptions): string {
  return options.retention_days === null ? '' : `TTL ${column} + toIntervalDay(${options.retention_days})`;
}

export function createTable(table: Table, options: StorageOptions): string {
  const columns = [...columnsOf(table), toldColumn(table)].map((one) => `  ${columnDdl(one)}`);
  return [
    `CREATE TABLE IF NOT EXISTS ${identifier(table.kind)} (`,
    columns.join(',\n'),
    ') ENGINE = MergeTree',
    `PARTITION BY ${partition}`,
    `ORDER BY (${orderOf(table).join(', ')})`,
    ttl('stored_at', options),
    `SETTINGS ${tableSettings(options)}`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

export const eventKinds = Object.keys(tables) as EventKind[];
