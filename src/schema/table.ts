import { z } from 'zod';

/**
 * One description per kind of event. From it come the ClickHouse table, the TypeScript record, the zod check and
 * the page docs/columns.md, so that a field has one name, one type and one sentence everywhere.
 */
export type ColumnType =
  | 'time' // µs since 1970-01-01 UTC as a JavaScript number (exact to the year 2255); DateTime64(6)
  | 'text' // String, high cardinality
  | 'word' // LowCardinality(String): few distinct values
  | 'ip' // canonical text of an IPv4 or IPv6 address (RFC 5952), '' when absent; String
  | 'u8'
  | 'u16' // ports, small codes
  | 'u32'
  | 'u64' // counts and bytes up to 2^53 - 1 as a JavaScript number
  | 'f64'
  | 'bool'
  | 'texts'; // Array(String)

export interface Column {
  readonly type: ColumnType;
  /** null has a stated meaning, given in `doc`. Only for u8..f64. */
  readonly nullable: boolean;
  readonly doc: string;
  /** A list that a record need not name: absent means empty. */
  readonly optional?: true;
}

type ValueOf<C extends Column> = C['type'] extends 'text' | 'word' | 'ip'
  ? string
  : C['type'] extends 'bool'
    ? boolean
    : C['type'] extends 'texts'
      ? readonly string[]
      : C['nullable'] extends true
        ? number | null
        : number;

export type Columns = Readonly<Record<string, Column>>;

export interface Table<K extends string = string, C extends Columns = Columns> {
  readonly kind: K;
  readonly doc: string;
  readonly columns: C;
}

/** The record of a table: its columns plus `kind`, which tells the records of a stream apart. */
export type RecordOf<T extends Table> = { kind: T['kind'] } & {
  -readonly [N in Exclude<keyof T['columns'], Optional<T['columns']>>]: ValueOf<T['columns'][N]>;
} & { -readonly [N in Optional<T['columns']>]?: ValueOf<T['columns'][N]> };

type Optional<C extends Columns> = {
  [N in keyof C]: C[N] extends { readonly optional: true } ? N : never;
}[keyof C];

function column<T extends ColumnType>(type: T) {
  return (doc: string): { type: T; nullable: false; doc: string } => ({ type, nullable: false, doc });
}
export const time = column('time');
export const text = column('text');
export const word = column('word');
export const ip = column('ip');
export const u8 = column('u8');
export const u16 = column('u16');
export const u32 = column('u32');
export const u64 = column('u64');
export const f64 = column('f64');
export const bool = column('bool');
export const texts = column('texts');

/** The same column, with null allowed; the doc must say what null means. */
export function nullable<T extends ColumnType>(of: {
  type: T;
  doc: string;
}): { type: T; nullable: true; doc: string } {
  return { type: of.type, nullable: true, doc: of.doc };
}

/** A list that records may leave out when it is empty, as nearly all do. */
export function optional(of: { type: 'texts'; nullable: false; doc: string }): {
  type: 'texts';
  nullable: false;
  optional: true;
  doc: string;
} {
  return { ...of, optional: true };
}

export function table<K extends string, C extends Columns>(kind: K, doc: string, columns: C): Table<K, C> {
  return { kind, doc, columns };
}

const integer = (bits: number) =>
  z
    .int()
    .min(0)
    .max(bits === 64 ? Number.MAX_SAFE_INTEGER : 2 ** bits - 1);

function check(of: Column): z.ZodType {
  const base = {
    time: () => z.int().min(0),
    text: () => z.string(),
    word: () => z.string(),
    ip: () => z.string().regex(/^$|^[0-9a-f.:]+$/),
    u8: () => integer(8),
    u16: () => integer(16),
    u32: () => integer(32),
    u64: () => integer(64),
    f64: () => z.number(),
    bool: () => z.boolean(),
    texts: () => z.array(z.string()),
  }[of.type]();
  if (of.optional) return base.optional();
  return of.nullable ? base.nullable() : base;
}

/** The zod check of a table's record; strict, so that a parser cannot invent a field. Used at edges and in tests. */
export function recordCheck(of: Table): z.ZodType {
  const shape: Record<string, z.ZodType> = { kind: z.literal(of.kind) };
  for (const [name, one] of Object.entries(of.columns)) shape[name] = check(one);
  return z.strictObject(shape);
}
