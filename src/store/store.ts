import {
  Connection as Connected,
  type Connection,
  type ServerPlace,
  type StatementOptions,
} from './connection.ts';
import { migrate } from './migrate.ts';
import { applyRetention } from './retention.ts';
import { batchesOf, rowsOf } from './rows.ts';
import { EventWriter, type WriterOptions } from './writer.ts';

/** Where the telemetry lives: a directory (null: a temporary one, removed at the end) or a ClickHouse server. */
export type StorePlace = { readonly directory: string | null } | ServerPlace;

export interface StoreOptions {
  /** Events are deleted this many days after they were stored; null: never; left out: as it was before. */
  readonly retention_days?: number | null;
  /** Upper bound of the embedded engine's memory, in bytes. */
  readonly memory_bytes?: number;
  /** How often a dead engine is started again before the store gives up. */
  readonly max_restarts?: number;
}

export type QueryOptions = Omit<StatementOptions, 'params'>;
export type Params = Readonly<Record<string, unknown>>;

/**
 * The telemetry store. Values enter SQL as bound parameters only: "WHERE src_ip = {src_ip:String}".
 * Errors as `toldOf` says: `store_failed`, `store_memory`, `store_unavailable`, `disk_full`.
 */
export class Store {
  readonly connection: Connection;
  /** What the engine may use; for a server a guess on the safe side. In bytes. */
  readonly memory_bytes: number;
  constructor(connection: Connection, memory_bytes: number) {
    this.connection = connection;
    this.memory_bytes = memory_bytes;
  }

  /**
   * What is asked from now on sees events of this span only, both ends included, µs since 1970; null: all events. So
   * that events whose clock was wrong are no part of anything, however a statement is written.
   */
  lookAt(span: { readonly from: number; readonly to: number } | null): void {
    this.connection.lookAt(span);
  }

  /** Rows as objects. For small results: all of it is held. */
  query<Row extends object>(sql: string, params: Params = {}, options: QueryOptions = {}): Promise<Row[]> {
    return rowsOf<Row>(this.connection, sql, { ...options, params }, 'JSONEachRow');
  }

  /** Rows as arrays, all of them. */
  rows<Row extends readonly unknown[]>(
    sql: string,
    params: Params = {},
    options: QueryOptions = {},
  ): Promise<Row[]> {
    return rowsOf<Row>(this.connection, sql, { ...options, params });
  }

  /** Rows as arrays, as they come; the result may be larger than memory. */
  async *stream<Row extends readonly unknown[] = unknown[]>(
    sql: string,
    params: Params = {},
    options: QueryOptions = {},
  ): AsyncGenerator<Row> {
    for await (const batch of this.batches<Row>(sql, params, options)) yield* batch;
  }

  /** As `stream`, a few thousand rows at a time: the fastest way to read much. */
  batches<Row extends readonly unknown[] = unknown[]>(
    sql: string,
    params: Params = {},
    options: QueryOptions = {},
  ): AsyncGenerator<Row[]> {
    return batchesOf<Row>(this.connection, sql, { ...options, params });
  }

  /** A statement without an answer. */
  async command(sql: string, params: Params = {}, options: QueryOptions = {}): Promise<void> {
    await this.connection.run(sql, { ...options, params });
  }

  writer(options: Partial<WriterOptions> = {}): EventWriter {
    return new EventWriter(this.connection, options);
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}

/** Opens the store and brings its layout up to date. Throws `store_unavailable`. */
export async function openStore(place: StorePlace, options: StoreOptions = {}): Promise<Store> {
  const { memory_bytes = 700 * 1024 * 1024, max_restarts = 5, retention_days } = options;
  const connection =
    'directory' in place
      ? await Connected.embedded(place.directory, { memory_bytes, max_restarts })
      : await Connected.server(place);
  const temporary = 'directory' in place && place.directory === null;
  try {
    await migrate(connection, {
      durable: !temporary,
      retention_days: temporary ? null : (retention_days ?? null),
    });
    if (!temporary && retention_days !== undefined) await applyRetention(connection, retention_days);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return new Store(connection, memory_bytes);
}
