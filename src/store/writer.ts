import { type EventKind, tables, type WeirEvent } from '../schema/event/index.ts';
import type { Column, Table } from '../schema/table.ts';
import type { Connection } from './connection.ts';
import { columnsOf, eventKinds } from './ddl.ts';
import { identifier } from './engine/statement.ts';
import {
  block,
  type ColumnBuilder,
  NullableColumn,
  NumberColumn,
  TextColumn,
  TextsColumn,
  WideColumn,
  WordColumn,
} from './native.ts';
import { Sender } from './sender.ts';

export interface WriterOptions {
  /** Rows of one kind that go in one insert. */
  readonly batch_rows: number;
  /** An insert is sent earlier when its kind holds this many bytes. */
  readonly batch_bytes: number;
  /** The time rows are stored, ms since 1970. */
  readonly now: () => number;
  /** Added to the name of each kind's table. */
  readonly suffix: string;
}

export const writerDefaults: WriterOptions = {
  batch_rows: 65_536,
  batch_bytes: 24 * 1024 * 1024,
  now: Date.now,
  suffix: '',
};

/**
 * Takes events one by one and stores them in batches, each exactly once even when the engine dies under it.
 * `write` never waits. Callers look at `busy` between chunks of input and then await `ready()`: that is the
 * back-pressure. An insert that fails for good is thrown by the next `write`, `ready` or `flush`.
 */
export class EventWriter {
  readonly #options: WriterOptions;
  readonly #sender: Sender;
  readonly #batches = new Map<EventKind, Batch>();
  readonly #inputs: { readonly file: string; readonly format: string }[] = [];
  readonly #stored = new Map<EventKind, number>();

  constructor(connection: Connection, options: Partial<WriterOptions> = {}) {
    this.#sender = new Sender(connection);
    this.#options = { ...writerDefaults, ...options };
  }

  /** Names an input once; events refer to it by the number given back. */
  input(file: string, format: string): number {
    return this.#inputs.push({ file, format }) - 1;
  }

  /**
   * One event. `id_hi`, `id_lo`: the two halves of its id, 32 bits each. `raw`: the record itself, '' when it is not
   * to be kept. Throws what an earlier insert failed with.
   */
  write(
    event: WeirEvent,
    id_hi: number,
    id_lo: number,
    input: number,
    line: number,
    offset: number,
    raw: string,
  ): void {
    let batch = this.#batches.get(event.kind);
    if (batch === undefined) {
      batch = new Batch(tables[event.kind]);
      this.#batches.set(event.kind, batch);
    }
    const from = this.#inputs[input] as { file: string; format: string };
    const bytes = batch.add(event, id_hi, id_lo, from.format, from.file, line, offset, raw);
    if (batch.rows >= this.#options.batch_rows || bytes >= this.#options.batch_bytes) {
      this.#send(event.kind, batch);
    }
  }

  /** Rows of a kind, or of all, that the store has acknowledged. */
  stored(kind?: EventKind): number {
    if (kind) return this.#stored.get(kind) ?? 0;
    let sum = 0;
    for (const rows of this.#stored.values()) sum += rows;
    return sum;
  }

  /** As many inserts are under way as may be: await `ready()` before the next chunk of input. */
  get busy(): boolean {
    return this.#sender.busy;
  }

  /** Resolves when there is room for more. */
  ready(): Promise<void> {
    return this.#sender.ready();
  }

  /** Stores what is held; resolves when the store has acknowledged all of it. */
  async flush(): Promise<void> {
    for (const [kind, batch] of this.#batches) {
      await this.ready();
      if (batch.rows > 0) this.#send(kind, batch);
    }
    await this.#sender.done();
  }

  #send(kind: EventKind, batch: Batch): void {
    const { rows } = batch;
    const data = batch.take(Math.floor(this.#options.now() / 1000), this.#sender.allocate);
    this.#sender.send(insertStatement(kind, this.#options.suffix), data, `store ${kind}`, () => {
      this.#stored.set(kind, (this.#stored.get(kind) ?? 0) + rows);
    });
  }
}

const columnNames = Object.fromEntries(
  eventKinds.map((kind) => [
    kind,
    columnsOf(tables[kind])
      .map(({ name }) => identifier(name))
      .join(', '),
  ]),
) as Record<EventKind, string>;

function insertStatement(kind: EventKind, suffix: string): string {
  return `INSERT INTO ${identifier(kind + suffix)} (${columnNames[kind]}) FORMAT Native`;
}

const none: readonly string[] = [];

type Append = (event: Record<string, unknown>) => void;

/** The rows of one kind that wait to be sent. Made from the table's description; nothing here knows a kind by name. */
class Batch {
  rows = 0;
  readonly #columns: { name: string; column: ColumnBuilder }[] = [];
  readonly #append: Append;
  readonly #id = new WideColumn('UInt64');
  readonly #source = new WordColumn();
  readonly #file = new WordColumn();
  readonly #line = new WideColumn('UInt64');
  readonly #offset = new WideColumn('UInt64');
  readonly #raw = new TextColumn();
  readonly #stored_at = new NumberColumn("DateTime('UTC')", new Uint32Array(1024));

  constructor(table: Table) {
    const own = Object.entries(table.columns).map(([name, column]) => ({ name, ...appender(name, column) }));
    for (const { name, builder } of own) this.#columns.push({ name, column: builder });
    const appends = own.map(({ append }) => append);
    this.#append =
      table.kind === 'connection'
        ? appendConnection(Object.fromEntries(own.map(({ name, builder }) => [name, builder])))
        : (event) => {
            for (let i = 0; i < appends.length; i++) appends[i]!(event);
          };
    this.#columns.push(
      { name: 'event_id', column: this.#id },
      { name: 'source', column: this.#source },
      { name: 'file', column: this.#file },
      { name: 'line', column: this.#line },
      { name: 'offset', column: this.#offset },
      { name: 'raw', column: this.#raw },
      { name: 'stored_at', column: this.#stored_at },
    );
  }

  /** Returns about how many bytes of text the batch holds, now and then; 0 otherwise. */
  add(
    event: WeirEvent,
    id_hi: number,
    id_lo: number,
    format: string,
    file: string,
    line: number,
    offset: number,
    raw: string,
  ): number {
    this.#append(event as unknown as Record<string, unknown>);
    this.#id.halves(id_hi, id_lo);
    this.#source.push(format);
    this.#file.push(file);
    this.#line.push(line);
    this.#offset.push(offset);
    this.#raw.push(raw);
    this.rows++;
    return (this.rows & 63) === 0 || raw.length > 16_384 ? this.#bytes() : 0;
  }

  #bytes(): number {
    let sum = 0;
    for (const { column } of this.#columns) sum += column.size();
    return sum;
  }

  /** The rows as a block; the batch is empty afterwards. All rows say they were stored at the same second. */
  take(stored_at_s: number, allocate: (bytes: number) => Buffer): Buffer {
    for (let i = 0; i < this.rows; i++) this.#stored_at.push(stored_at_s);
    const data = block(this.#columns, this.rows, allocate);
    for (const { column } of this.#columns) column.clear();
    this.rows = 0;
    return data;
  }
}

/**
 * Connections are most of the traffic: their columns by name, faster than the loop over all. A column that is
 * added to the table must be added here: the compiler says so.
 */
function appendConnection(builders: Record<string, ColumnBuilder>): Append {
  const {
    time,
    uid,
    src_ip,
    src_port,
    dst_ip,
    dst_port,
    transport,
    src_local,
    dst_local,
    direction,
    community_id,
    service,
    duration_s,
    src_bytes,
    dst_bytes,
    src_packets,
    dst_packets,
    src_ip_bytes,
    dst_ip_bytes,
    missed_bytes,
    conn_state,
    history,
    vlan,
    src_mac,
    dst_mac,
    outcome,
    orientation,
    dst_name,
    set_aside,
    ...forgotten
  } = builders as unknown as ConnectionColumns;
  forgotten satisfies Readonly<Record<string, never>>;
  return (record) => {
    const event = record as unknown as ConnectionEvent;
    time.push(event.time);
    uid.push(event.uid);
    src_ip.push(event.src_ip);
    src_port.push(event.src_port);
    dst_ip.push(event.dst_ip);
    dst_port.push(event.dst_port);
    transport.push(event.transport);
    src_local.push(event.src_local ? 1 : 0);
    dst_local.push(event.dst_local ? 1 : 0);
    direction.push(event.direction);
    community_id.push(event.community_id);
    service.push(event.service);
    duration_s.push(event.duration_s);
    src_bytes.push(event.src_bytes);
    dst_bytes.push(event.dst_bytes);
    src_packets.push(event.src_packets);
    dst_packets.push(event.dst_packets);
    src_ip_bytes.push(event.src_ip_bytes);
    dst_ip_bytes.push(event.dst_ip_bytes);
    missed_bytes.push(event.missed_bytes);
    conn_state.push(event.conn_state);
    history.push(event.history);
    vlan.push(event.vlan);
    src_mac.push(event.src_mac);
    dst_mac.push(event.dst_mac);
    outcome.push(event.outcome);
    orientation.push(event.orientation);
    dst_name.push(event.dst_name);
    set_aside.push(event.set_aside ?? none);
  };
}

/** What `appender` makes of each column of the table, by its type. */
interface Builders {
  time: WideColumn;
  u64: WideColumn;
  text: TextColumn;
  ip: TextColumn;
  word: WordColumn;
  texts: TextsColumn;
  bool: NumberColumn;
  u8: NumberColumn;
  u16: NumberColumn;
  u32: NumberColumn;
  f64: NumberColumn;
}
type ConnectionTable = (typeof tables)['connection']['columns'];
type ConnectionColumns = {
  readonly [Name in keyof ConnectionTable]: ConnectionTable[Name] extends { readonly nullable: true }
    ? NullableColumn
    : Builders[ConnectionTable[Name]['type']];
};
type ConnectionEvent = Extract<WeirEvent, { kind: 'connection' }>;

function appender(name: string, of: Column): { builder: ColumnBuilder; append: Append } {
  switch (of.type) {
    case 'text':
    case 'ip': {
      const builder = new TextColumn();
      return { builder, append: (event) => builder.push(event[name] as string) };
    }
    case 'word': {
      const builder = new WordColumn();
      return { builder, append: (event) => builder.push(event[name] as string) };
    }
    case 'texts': {
      const builder = new TextsColumn();
      return {
        builder,
        append: (event) => builder.push((event[name] as readonly string[] | undefined) ?? none),
      };
    }
    case 'bool': {
      const builder = new NumberColumn('Bool', new Uint8Array(1024));
      return { builder, append: (event) => builder.push(event[name] === true ? 1 : 0) };
    }
    case 'time':
    case 'u64': {
      const builder = new WideColumn(of.type === 'time' ? "DateTime64(6, 'UTC')" : 'UInt64');
      return numeric(name, of, builder);
    }
    default:
      return numeric(name, of, numberColumn(of.type));
  }
}

function numberColumn(type: 'u8' | 'u16' | 'u32' | 'f64'): NumberColumn {
  switch (type) {
    case 'u8':
      return new NumberColumn('UInt8', new Uint8Array(1024));
    case 'u16':
      return new NumberColumn('UInt16', new Uint16Array(1024));
    case 'u32':
      return new NumberColumn('UInt32', new Uint32Array(1024));
    case 'f64':
      return new NumberColumn('Float64', new Float64Array(1024));
  }
}

function numeric(
  name: string,
  of: Column,
  builder: NumberColumn | WideColumn,
): { builder: ColumnBuilder; append: Append } {
  if (of.nullable) {
    const nullable = new NullableColumn(builder);
    return { builder: nullable, append: (event) => nullable.push(event[name] as number | null) };
  }
  return { builder, append: (event) => builder.push(event[name] as number) };
}
