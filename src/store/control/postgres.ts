import { setTimeout } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { CompiledQuery, Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { WeirError } from '../../base/error.ts';
import { type Backend, bindable } from './backend.ts';
import { postgres } from './migrations/migration.ts';
import type { Tables } from './tables.ts';
import { breaksConnection, toldOfPostgres } from './told.ts';

/** A database of a PostgreSQL server, and the schema of it that Weir makes and fills. */
export interface PostgresPlace {
  /** postgresql://user:password@host:5432/database */
  readonly url: string;
  /** small letters, digits and _; weir unless said otherwise */
  readonly schema?: string;
}

/** First half of the key of our advisory locks: WEIR in ASCII. */
const lock_class = 0x57454952;
/** A server notices only after a while that a connection which held the lock is gone. */
const lock_wait_ms = { first: 1000, again: 5000 };
/** The server asks whether this machine is still there, so that the lock is free half a minute after it lost its power. */
const notice_death = `set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
set_config('tcp_keepalives_count', '3', false)`;
const connect_ms = 10_000;
const statement_ms = 60_000;
const readers = 4;

/** Opens the control store in a schema of a PostgreSQL database, and holds it until it is closed or the process ends. */
export async function openPostgres(place: PostgresPlace): Promise<Backend> {
  const { name, schema } = checked(place);
  const config: pg.ClientConfig = {
    connectionString: place.url,
    application_name: 'weir',
    connectionTimeoutMillis: connect_ms,
    statement_timeout: statement_ms,
    // A server that has gone without a word answers nothing, not even that it is too late.
    query_timeout: statement_ms + 10_000,
    keepAlive: true,
    types: { getTypeParser },
  };
  const writer = new Writer(config, name, schema);
  const told = (error: unknown): unknown => toldOfPostgres(error, name);
  // The first connection makes the schema and takes the lock; a place that cannot be used is told of here.
  await writer.connect();
  const pool = new pg.Pool({ ...config, max: readers });
  // One that breaks while it idles is replaced when it is needed.
  pool.on('error', () => {});
  // Kysely knows a connection that it has set up by its object.
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  const reader = {
    options: {},
    connect: async () => {
      const client = await pool.connect().catch((error: unknown) => {
        throw told(error);
      });
      const have = known.get(client) ?? wrapped(client, told);
      known.set(client, have);
      return have;
    },
    end: () => pool.end(),
  };
  const set = `select set_config('search_path', $1, false), set_config('default_transaction_read_only', 'on', false)`;
  const db = {
    reader: new Kysely<Tables>({
      dialect: new PostgresDialect({
        pool: reader,
        onCreateConnection: async (connection) => {
          await connection.executeQuery(CompiledQuery.raw(set, [schema]));
        },
      }),
    }),
    writer: new Kysely<Tables>({ dialect: new PostgresDialect({ pool: writer }) }),
  };
  return {
    name,
    dialect: postgres,
    begin: 'begin',
    ...db,
    failures: () => writer.failures,
    discard: () => writer.discard(),
    settled: () => writer.layoutIsMine(),
    close: async () => {
      await db.reader.destroy();
      await pool.end().catch(() => {});
      await db.writer.destroy();
      await writer.end();
    },
  };
}

function checked({ url, schema = 'weir' }: PostgresPlace): { name: string; schema: string } {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw new WeirError(
      'config_invalid',
      'The schema of the control store is of small letters, digits and _',
    );
  try {
    const { protocol, host, pathname } = new URL(url);
    if (protocol === 'postgresql:' || protocol === 'postgres:')
      return { name: `${protocol}//${host}${pathname}`, schema };
  } catch {
    // Said below, without the URL: it may hold a password.
  }
  throw new WeirError(
    'config_invalid',
    'The URL of the control store is not of the form postgresql://user:password@host:5432/database',
  );
}

/**
 * One connection, which holds the lock of the only writer: a lock of its session, so that one that breaks loses the lock
 * and its open transaction together, and what another Weir wrote meanwhile is never written over unseen. The next one
 * takes the lock first.
 */
class Writer {
  readonly #config: pg.ClientConfig;
  readonly #name: string;
  readonly #schema: string;
  #client: pg.Client | null = null;
  #wrapped: PostgresPoolClient | null = null;
  /** layout when the lock was last held; another Weir may have changed it since */
  #layout: number | null = null;
  readonly options = {};
  failures = 0;

  constructor(config: pg.ClientConfig, name: string, schema: string) {
    this.#config = config;
    this.#name = name;
    this.#schema = schema;
  }

  async connect(): Promise<PostgresPoolClient> {
    if (this.#wrapped !== null) return this.#wrapped;
    const client = new pg.Client(this.#config);
    const lost = (): void => {
      if (this.#client === client) this.discard();
    };
    client.on('error', lost);
    client.on('end', lost);
    const told = (error: unknown): unknown => {
      this.failures++;
      if (breaksConnection(error)) lost();
      return toldOfPostgres(error, this.#name);
    };
    try {
      await client.connect();
      await this.#prepare(client);
    } catch (error) {
      await client.end().catch(() => {});
      throw told(error);
    }
    this.#client = client;
    this.#wrapped = wrapped(client, told);
    return this.#wrapped;
  }

  async #prepare(client: pg.Client): Promise<void> {
    const { rows } = await client.query(
      `select set_config('search_path', $1, false), set_config('synchronous_commit', 'on', false), ${notice_death},
current_setting('server_encoding') as encoding`,
      [this.#schema],
    );
    if (rows[0].encoding !== 'UTF8')
      throw new WeirError(
        'store_unavailable',
        `The database ${this.#name} keeps text as ${rows[0].encoding}; make one with ENCODING UTF8`,
      );
    await this.#takeLock(client);
    const { rows: made } = await client.query('select to_regnamespace($1) is not null as made', [
      this.#schema,
    ]);
    if (!made[0].made) await client.query(`create schema "${this.#schema}"`);
    const layout = await layoutOf(client);
    if (this.#layout !== null && this.#layout !== layout)
      throw new WeirError(
        'store_unavailable',
        `Another Weir changed the layout of the control store ${this.#name} meanwhile; start this one anew`,
      );
  }

  async #takeLock(client: pg.Client): Promise<void> {
    const wait_ms = this.#layout === null ? lock_wait_ms.first : lock_wait_ms.again;
    for (const end = Date.now() + wait_ms; ; await setTimeout(100)) {
      const { rows } = await client.query('select pg_try_advisory_lock($1, $2) as taken', [
        lock_class,
        crc32(this.#schema) | 0,
      ]);
      if (rows[0].taken) return;
      if (Date.now() < end) continue;
      throw new WeirError(
        'store_unavailable',
        `Another Weir uses the control store ${this.#name}; stop that one, or name another database`,
      );
    }
  }

  /** Notes the layout that the store has now. */
  async layoutIsMine(): Promise<void> {
    if (this.#client !== null) this.#layout = await layoutOf(this.#client);
  }

  discard(): void {
    const client = this.#client;
    this.#client = null;
    this.#wrapped = null;
    client?.end().catch(() => {});
  }

  async end(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    this.#wrapped = null;
    await client?.end().catch(() => {});
  }
}

async function layoutOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query(`select to_regclass('schema_version') is not null as made`);
  if (!rows[0].made) return 0;
  const { rows: versions } = await client.query(
    'select coalesce(max(version), 0) as version from schema_version',
  );
  return versions[0].version;
}

/** A client whose failures are told as ours. */
function wrapped(client: pg.Client | pg.PoolClient, told: (error: unknown) => unknown): PostgresPoolClient {
  return {
    processID: (client as { processID?: number }).processID,
    query: async (sql: string, parameters: readonly unknown[]) => {
      try {
        return await client.query(sql, parameters.map(bindable));
      } catch (error) {
        throw told(error);
      }
    },
    release: (destroy?: boolean) => 'release' in client && client.release(destroy),
  } as unknown as PostgresPoolClient;
}

/** Types as SQLite gives them: bigint as a number, bytes as plain bytes. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  const parse = pg.types.getTypeParser(oid, (format ?? 'text') as 'text') as (text: string) => unknown;
  if (oid === pg.types.builtins.INT8) return safeInteger;
  if (oid === pg.types.builtins.BYTEA) return (text) => new Uint8Array(parse(text) as Buffer);
  return parse;
}

function safeInteger(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${text} is beyond 2^53`);
  return number;
}
