import http from 'node:http';
import net from 'node:net';
import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseLogLevel, createClient, SettingsMap } from '@clickhouse/client';
import { WeirError } from '../base/error.ts';
import { isFull } from '../base/own-files.ts';
import { eventKinds } from './ddl.ts';
import { EmbeddedEngine } from './embedded.ts';
import { content_role } from './engine/settings.ts';
import { toldOf } from './told.ts';

/** A ClickHouse server of your own. */
export interface ServerPlace {
  readonly url: string;
  readonly database: string;
  readonly username: string;
  readonly password: string;
}

export interface ConnectionOptions {
  readonly memory_bytes: number;
  readonly max_restarts: number;
}

/** How one statement is to be run. */
export interface StatementOptions {
  /** Name of the statement, for the server's query log. */
  readonly name?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly settings?: Readonly<Record<string, string | number>>;
  /** It comes from content: it runs with the right to read events and roles, and no other. */
  readonly of_content?: boolean;
  /** It fills the table of a roll-up, which is all that content may write. */
  readonly fills?: boolean;
  /** It may run twice without harm, so it is tried again when the engine dies under it. */
  readonly repeatable?: boolean;
  /** Cancels the statement as long as it has not begun to answer; after that, leave its stream. */
  readonly signal?: AbortSignal;
}

const base_settings = {
  session_timezone: 'UTC',
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 0,
} as const;

/** Every event table with the instants between which what it is looked at could be told, as ClickHouse's setting additional_table_filters. */
function filtersOf(from: number, to: number): SettingsMap {
  const between = `told_at >= fromUnixTimestamp64Micro(${Math.floor(from)}) AND told_at <= fromUnixTimestamp64Micro(${Math.ceil(to)})`;
  return SettingsMap.from(Object.fromEntries(eventKinds.map((kind) => [kind, between])));
}

/** chdb's own database "default" also takes names of files for tables; this one does not. */
const embeddedDatabase = 'weir';

/** A statement may take this long, in ms: windows over a month of events do. */
const statementTimeout = 3_600_000;

/**
 * The one way to ClickHouse: the embedded engine on its socket, or a server by URL. Errors are WeirError:
 * `store_failed` when the engine refuses a statement, `disk_full`, `store_unavailable` when it cannot be reached.
 */
export class Connection {
  readonly engine: EmbeddedEngine | null;
  readonly #client: ClickHouseClient;
  readonly #place: string;
  #filters: SettingsMap | null = null;

  private constructor(engine: EmbeddedEngine | null, client: ClickHouseClient, place: string) {
    this.engine = engine;
    this.#client = client;
    this.#place = place;
  }

  static async embedded(directory: string | null, options: ConnectionOptions): Promise<Connection> {
    const engine = await EmbeddedEngine.start({ directory, ...options });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
    // A restarted engine listens on a new socket, so the path is looked up for each connection.
    agent.createConnection = () => net.connect(engine.socket);
    const client = createClient({
      url: 'http://engine',
      database: embeddedDatabase,
      http_agent: agent,
      request_timeout: statementTimeout,
      log: { level: ClickHouseLogLevel.OFF },
    });
    return new Connection(engine, client, engine.directory);
  }

  static async server(place: ServerPlace): Promise<Connection> {
    const client = createClient({
      url: place.url,
      database: place.database,
      username: place.username,
      password: place.password,
      application: 'weir',
      request_timeout: statementTimeout,
      use_multipart_params_auto: true,
      log: { level: ClickHouseLogLevel.OFF },
    });
    const connection = new Connection(null, client, place.url);
    try {
      await connection.run('SELECT 1', { name: 'hello' });
      return connection;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** Limits what statements see of the event tables; see Store.lookAt. */
  lookAt(span: { readonly from: number; readonly to: number } | null): void {
    this.#filters = span === null ? null : filtersOf(span.from, span.to);
  }

  /** Runs a statement; gives its answer as a stream of bytes. */
  async exec(sql: string, options: StatementOptions = {}): Promise<Readable> {
    return this.#again(options, async () => {
      const { stream } = await this.#client.exec({ query: sql, ...this.#request(options) });
      return stream;
    });
  }

  /** Runs a statement whose answer does not matter. */
  async run(sql: string, options: StatementOptions = {}): Promise<void> {
    await this.#again(options, async () => {
      await this.#client.command({ query: sql, ...this.#request(options) });
    });
  }

  /**
   * Inserts data that is already encoded, exactly once: `token` names this batch, and the table drops a second one
   * of the same name. `sql` is "INSERT INTO t (a, b) FORMAT Native".
   */
  async insert(sql: string, data: Buffer, token: string, options: StatementOptions = {}): Promise<void> {
    const settings = {
      insert_deduplicate: 1,
      async_insert: 0,
      insert_deduplication_token: token,
      ...options.settings,
    };
    await this.#again({ ...options, repeatable: true }, async () => {
      const { stream } = await this.#client.exec({
        query: sql,
        values: Readable.from([data], { objectMode: false }),
        ...this.#request({ ...options, settings }),
      });
      await finished(stream);
    });
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.engine?.close();
  }

  #request(options: StatementOptions) {
    return {
      query_params: { ...options.params },
      ...(options.signal && { abort_signal: options.signal }),
      ...(options.of_content && this.engine && { role: content_role }),
      clickhouse_settings: {
        ...base_settings,
        ...(this.#filters && { additional_table_filters: this.#filters }),
        ...options.settings,
        ...(options.of_content && !options.fills && { readonly: '1' as const }),
        log_comment: `weir ${options.name ?? ''}`,
      },
    };
  }

  /** Waits for the engine, runs, and after a death of the engine runs again what may run again. */
  async #again<T>(options: StatementOptions, work: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      await this.engine?.ready();
      const restarts = this.engine?.restarts;
      try {
        return await work();
      } catch (error) {
        if (options.signal?.aborted) throw error;
        const told = this.#told(error);
        if (told.code !== 'store_unavailable' || !options.repeatable || tries >= 5) throw told;
        if (this.engine) await this.#restarted(restarts ?? 0);
        else await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** tries));
      }
    }
  }

  /** The connection broke: either the engine is dead and its end will be told in a moment, or only the socket was. */
  async #restarted(before: number): Promise<void> {
    for (let waited = 0; waited < 40 && this.engine?.restarts === before; waited++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #told(error: unknown): WeirError {
    const { engine } = this;
    const full = engine !== null && !(error instanceof WeirError) && isFull(engine.directory);
    return toldOf(error, { name: this.#place, embedded: engine !== null, full });
  }
}

/** Reads a stream to its end; what it says is not wanted. */
async function finished(stream: Readable): Promise<void> {
  for await (const _ of stream);
}
