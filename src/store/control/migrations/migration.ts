/** Names of types, and what else is said differently by SQLite and PostgreSQL. */
export interface Dialect {
  /** a whole number up to 2^53 */
  readonly int: string;
  readonly real: string;
  readonly bool: string;
  readonly bytes: string;
  /** after the columns of a new table */
  readonly table: string;
}

export const sqlite: Dialect = {
  int: 'INTEGER',
  real: 'REAL',
  bool: 'INTEGER',
  bytes: 'BLOB',
  // Otherwise SQLite keeps whatever it is given in any column.
  table: ' STRICT',
};

export const postgres: Dialect = {
  int: 'BIGINT',
  real: 'DOUBLE PRECISION',
  bool: 'BOOLEAN',
  bytes: 'BYTEA',
  table: '',
};

/** One step of the control store's layout, done in one transaction. Once released it never changes; a later step corrects it. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  statements(dialect: Dialect): string[];
}
