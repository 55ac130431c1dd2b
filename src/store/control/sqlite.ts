import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { OldestOut } from '../../base/bounded.ts';
import { WeirError } from '../../base/error.ts';
import { lockFile } from '../../base/folder-lock.ts';
import { claimFolder, openNew, refuseForeign } from '../../base/own-files.ts';
import { type Backend, bindable } from './backend.ts';
import { sqlite } from './migrations/migration.ts';
import type { Tables } from './tables.ts';
import { toldOfSqlite } from './told.ts';

const file = 'control.sqlite';
const lock_file = 'control.lock.sqlite';
/** How long another program's lock is waited for. The whole process waits: SQLite is called on the main thread. */
const busy_ms = 2000;
/** Statements that are kept prepared. */
const most_prepared = 200;

/** Opens the control store in a folder of Weir's own, and holds it until it is closed or the process ends, however. */
export function openSqlite(directory: string): Backend {
  claimFolder(directory, 'store');
  const path = join(directory, file);
  for (const name of [lock_file, file, `${file}-wal`, `${file}-shm`]) refuseForeign(join(directory, name));
  makeOwn(join(directory, lock_file), directory);
  makeOwn(path, directory);
  const release = takeLock(join(directory, lock_file), directory);
  try {
    const database = new Database(path, directory);
    const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
    return {
      name: path,
      dialect: sqlite,
      begin: 'begin immediate',
      reader: db,
      writer: db,
      failures: () => database.failures,
      discard: () => {},
      settled: async () => {},
      close: async () => {
        await db.destroy();
        database.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** A file that only its owner reads, there to stay through a power cut. SQLite itself would make it readable for all. */
function makeOwn(path: string, directory: string): void {
  if (existsSync(path)) return;
  const made = openNew(path);
  fsyncSync(made);
  closeSync(made);
  const folder = openSync(directory, 'r');
  fsyncSync(folder);
  closeSync(folder);
}

/**
 * The lock of the only writer, on a file of its own: so others may read the store meanwhile, and no copying of the store in
 * this process lets go of it (closing any descriptor of a file drops its locks).
 */
function takeLock(path: string, directory: string): () => void {
  let release: (() => void) | null;
  try {
    release = lockFile(path);
  } catch (error) {
    throw toldOfSqlite(error, path, directory);
  }
  if (release !== null) return release;
  throw new WeirError(
    'store_unavailable',
    `Another Weir uses the control store in ${directory}; stop that one, or name another folder`,
  );
}

function opened(path: string, directory: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: busy_ms, enableForeignKeyConstraints: true });
  } catch (error) {
    throw toldOfSqlite(error, path, directory);
  }
}

/** Node's own SQLite in the shape that Kysely's dialect calls: that of the package better-sqlite3. */
class Database {
  readonly #path: string;
  readonly #directory: string;
  readonly #database: DatabaseSync;
  readonly #prepared = new OldestOut<string, Statement>(most_prepared);
  failures = 0;

  constructor(path: string, directory: string) {
    this.#path = path;
    this.#directory = directory;
    this.#database = opened(path, directory);
    this.#told(() => {
      this.#database.exec('PRAGMA journal_mode = WAL');
      // A commit is on the disk when it returns: https://www.sqlite.org/pragma.html#pragma_synchronous
      this.#database.exec('PRAGMA synchronous = FULL');
      this.#database.exec('PRAGMA trusted_schema = OFF');
      this.#database.exec('PRAGMA journal_size_limit = 67108864');
    });
  }

  prepare(sql: string): Statement {
    const have = this.#prepared.get(sql);
    if (have !== undefined) return have;
    const statement = this.#told(() => new Statement(this.#database.prepare(sql), (run) => this.#told(run)));
    this.#prepared.renew(sql, statement);
    return statement;
  }

  close(): void {
    this.#prepared.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #told<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      this.failures++;
      throw toldOfSqlite(error, this.#path, this.#directory);
    }
  }
}

class Statement {
  readonly #statement: StatementSync;
  readonly #told: <T>(run: () => T) => T;
  readonly reader: boolean;

  constructor(statement: StatementSync, told: <T>(run: () => T) => T) {
    this.#statement = statement;
    this.#told = told;
    this.reader = statement.columns().length > 0;
  }

  all(parameters: readonly unknown[]): unknown[] {
    // Node's rows have no prototype, those of PostgreSQL have.
    return this.#told(() => this.#statement.all(...parameters.map(bound)).map((row) => ({ ...row })));
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#told(() => this.#statement.run(...parameters.map(bound)));
  }

  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return this.all(parameters).values();
  }
}

/** SQLite knows no booleans, and takes a number of JavaScript for one with a fraction. */
function bound(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (Number.isInteger(value)) return BigInt(value as number);
  return bindable(value) as SQLInputValue;
}
