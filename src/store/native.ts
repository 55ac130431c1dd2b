/**
 * Writes blocks in ClickHouse's Native format: columns one after another, as the engine keeps them, so that it takes
 * them in without parsing. Format: https://clickhouse.com/docs/interfaces/formats/Native and
 * https://github.com/ClickHouse/ClickHouse/blob/master/src/Formats/NativeWriter.cpp (revision 0).
 */

/** Values of one column of the block under way. Numbers are little-endian, as on every machine Node 24 runs on. */
export interface ColumnBuilder {
  readonly type: string;
  /** bytes it will take in the block, without name and type */
  size(): number;
  /** copies itself to `into` at `at`; returns the place after it */
  copy(into: Buffer, at: number): number;
  clear(): void;
}

export class Bytes {
  buffer: Buffer;
  length = 0;
  constructor(capacity = 4096) {
    this.buffer = Buffer.allocUnsafeSlow(capacity);
  }
  /** Makes room for `more` bytes. */
  room(more: number): void {
    const need = this.length + more;
    if (need <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }
  varint(value: number): void {
    this.room(10);
    let rest = value;
    while (rest >= 128) {
      this.buffer[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.length++] = rest;
  }
  /** Length and UTF-8 of a text. */
  text(value: string): void {
    const length = value.length;
    if (length < 32) {
      this.room(length + 1);
      const { buffer } = this;
      const start = this.length;
      let at = start + 1;
      for (let i = 0; i < length; i++) {
        const code = value.charCodeAt(i);
        if (code > 127) {
          this.#wide(value);
          return;
        }
        buffer[at++] = code;
      }
      buffer[start] = length;
      this.length = at;
      return;
    }
    this.#wide(value);
  }
  #wide(value: string): void {
    const length = value.length;
    if (length < 43) {
      // At most 3 bytes a unit: the length takes one byte.
      this.room(length * 3 + 1);
      const written = this.buffer.write(value, this.length + 1);
      this.buffer[this.length] = written;
      this.length += written + 1;
      return;
    }
    const bytes = Buffer.byteLength(value);
    this.varint(bytes);
    this.room(bytes);
    this.length += this.buffer.write(value, this.length);
  }
}

type NumberArray = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** UInt8, UInt16, UInt32, Float64, Bool, DateTime. */
export class NumberColumn implements ColumnBuilder {
  readonly type: string;
  #values: NumberArray;
  #length = 0;
  constructor(type: string, values: NumberArray) {
    this.type = type;
    this.#values = values;
  }
  push(value: number): void {
    if (this.#length === this.#values.length) this.#grow();
    this.#values[this.#length++] = value;
  }
  #grow(): void {
    const grown = new (this.#values.constructor as new (length: number) => NumberArray)(
      this.#values.length * 2,
    );
    grown.set(this.#values);
    this.#values = grown;
  }
  size(): number {
    return this.#length * this.#values.BYTES_PER_ELEMENT;
  }
  copy(into: Buffer, at: number): number {
    const size = this.size();
    into.set(new Uint8Array(this.#values.buffer, 0, size), at);
    return at + size;
  }
  clear(): void {
    this.#length = 0;
  }
}

/** UInt64 and DateTime64: whole numbers from 0 to 2^53 - 1, or two halves. */
export class WideColumn implements ColumnBuilder {
  readonly type: string;
  #halves = new Uint32Array(2048);
  #length = 0;
  constructor(type: string) {
    this.type = type;
  }
  push(value: number): void {
    this.halves(value / 4294967296, value);
  }
  halves(high: number, low: number): void {
    if (this.#length === this.#halves.length) {
      const grown = new Uint32Array(this.#halves.length * 2);
      grown.set(this.#halves);
      this.#halves = grown;
    }
    this.#halves[this.#length++] = low;
    this.#halves[this.#length++] = high;
  }
  size(): number {
    return this.#length * 4;
  }
  copy(into: Buffer, at: number): number {
    into.set(new Uint8Array(this.#halves.buffer, 0, this.size()), at);
    return at + this.size();
  }
  clear(): void {
    this.#length = 0;
  }
}

export class TextColumn implements ColumnBuilder {
  readonly type = 'String';
  readonly #bytes = new Bytes(16 * 1024);
  push(value: string): void {
    this.#bytes.text(value);
  }
  size(): number {
    return this.#bytes.length;
  }
  copy(into: Buffer, at: number): number {
    this.#bytes.buffer.copy(into, at, 0, this.#bytes.length);
    return at + this.#bytes.length;
  }
  clear(): void {
    this.#bytes.length = 0;
  }
}

export class TextsColumn implements ColumnBuilder {
  readonly type = 'Array(String)';
  readonly #ends = new WideColumn('UInt64');
  readonly #bytes = new Bytes();
  #count = 0;
  push(values: readonly string[]): void {
    for (const value of values) this.#bytes.text(value);
    this.#count += values.length;
    this.#ends.push(this.#count);
  }
  size(): number {
    return this.#ends.size() + this.#bytes.length;
  }
  copy(into: Buffer, at: number): number {
    const after = this.#ends.copy(into, at);
    this.#bytes.buffer.copy(into, after, 0, this.#bytes.length);
    return after + this.#bytes.length;
  }
  clear(): void {
    this.#ends.clear();
    this.#bytes.length = 0;
    this.#count = 0;
  }
}

/** LowCardinality(String): each distinct word once, then its number for each row. */
export class WordColumn implements ColumnBuilder {
  readonly type = 'LowCardinality(String)';
  readonly #numbers = new Map<string, number>();
  readonly #words = new Bytes();
  #rows = new Uint32Array(1024);
  #length = 0;
  #last = '';
  #last_number = -1;
  push(value: string): void {
    if (this.#length === this.#rows.length) {
      const grown = new Uint32Array(this.#rows.length * 2);
      grown.set(this.#rows);
      this.#rows = grown;
    }
    if (value !== this.#last || this.#last_number < 0) {
      let number = this.#numbers.get(value);
      if (number === undefined) {
        number = this.#numbers.size;
        this.#numbers.set(value, number);
        this.#words.text(value);
      }
      this.#last = value;
      this.#last_number = number;
    }
    this.#rows[this.#length++] = this.#last_number;
  }
  #width(): 1 | 2 | 4 {
    return this.#numbers.size <= 256 ? 1 : this.#numbers.size <= 65536 ? 2 : 4;
  }
  size(): number {
    return 32 + this.#words.length + this.#length * this.#width();
  }
  copy(into: Buffer, at: number): number {
    const width = this.#width();
    // version 1; width of the numbers, "dictionary comes along", "dictionary is new"
    wide(into, at, 1);
    wide(into, at + 8, (width >> 1) | 0x200 | 0x400);
    wide(into, at + 16, this.#numbers.size);
    this.#words.buffer.copy(into, at + 24, 0, this.#words.length);
    let to = at + 24 + this.#words.length;
    wide(into, to, this.#length);
    to += 8;
    if (width === 1) for (let i = 0; i < this.#length; i++) into[to + i] = this.#rows[i]!;
    else if (width === 2)
      for (let i = 0; i < this.#length; i++) into.writeUInt16LE(this.#rows[i]!, to + 2 * i);
    else into.set(new Uint8Array(this.#rows.buffer, 0, this.#length * 4), to);
    return to + this.#length * width;
  }
  clear(): void {
    this.#numbers.clear();
    this.#words.length = 0;
    this.#length = 0;
    this.#last_number = -1;
  }
}

interface PushNumber extends ColumnBuilder {
  push(value: number): void;
}

/** Nullable(number): a byte for each row that says null, then the values. */
export class NullableColumn implements ColumnBuilder {
  readonly type: string;
  readonly #nulls = new NumberColumn('UInt8', new Uint8Array(1024));
  readonly #values: PushNumber;
  constructor(values: PushNumber) {
    this.type = `Nullable(${values.type})`;
    this.#values = values;
  }
  push(value: number | null): void {
    this.#nulls.push(value === null ? 1 : 0);
    this.#values.push(value === null ? 0 : value);
  }
  size(): number {
    return this.#nulls.size() + this.#values.size();
  }
  copy(into: Buffer, at: number): number {
    return this.#values.copy(into, this.#nulls.copy(into, at));
  }
  clear(): void {
    this.#nulls.clear();
    this.#values.clear();
  }
}

function wide(into: Buffer, at: number, value: number): void {
  into.writeUInt32LE(value % 4294967296, at);
  into.writeUInt32LE(Math.floor(value / 4294967296), at + 4);
}

/** One block of the named columns, all of `rows` rows, in a buffer that `allocate` gives (it may be larger than asked). */
export function block(
  columns: readonly { name: string; column: ColumnBuilder }[],
  rows: number,
  allocate: (bytes: number) => Buffer,
): Buffer {
  const heads: Buffer[] = [];
  const start = new Bytes(32);
  start.varint(columns.length);
  start.varint(rows);
  let size = start.length;
  for (const { name, column } of columns) {
    const head = new Bytes(name.length + column.type.length + 8);
    head.text(name);
    head.text(column.type);
    heads.push(head.buffer.subarray(0, head.length));
    size += head.length + column.size();
  }
  const into = allocate(size);
  let at = start.buffer.copy(into, 0, 0, start.length);
  columns.forEach(({ column }, i) => {
    at += heads[i]!.copy(into, at);
    at = column.copy(into, at);
  });
  return into.subarray(0, at);
}
