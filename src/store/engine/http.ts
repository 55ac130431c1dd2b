import { randomUUID, timingSafeEqual } from 'node:crypto';
import { closeSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { WeirError } from '../../base/error.ts';
import { openNew, writeAll } from '../../base/own-files.ts';
import { type SqlToken, sqlTokens } from '../../base/sql-tokens.ts';
import type { Session } from './chdb.ts';
import { content_role } from './settings.ts';
import { identifier, type Plan, planOf, quoted, setStatement } from './statement.ts';
import { Turns } from './turns.ts';

/** A statement larger than this is refused; data of inserts has no limit here. */
const maxStatementBytes = 16 * 1024 * 1024;

export interface Engine {
  /** A connection of its own: what a request sets dies with it. */
  open(): Session;
  readonly version: string;
  /** Folder for the data of inserts under way; its path holds nothing that the engine takes for a pattern. */
  readonly incoming: string;
  readonly defaults: Readonly<Record<string, string>>;
  readonly credentials: { readonly username: string; readonly password: string } | null;
}

interface Request {
  readonly id: string;
  readonly url: URLSearchParams;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/**
 * ClickHouse's HTTP interface on one engine: https://clickhouse.com/docs/interfaces/http. Each request has its own
 * connection to the engine, which costs 0.1 ms, so settings and parameters cannot leak from one to the next.
 */
export function httpInterface(engine: Engine): (req: IncomingMessage, res: ServerResponse) => void {
  const inserts = new Turns(2);
  const queries = new Turns(8);
  let serial = 0;

  return (req, res) => {
    res.on('error', () => {});
    const url = new URL(req.url ?? '/', 'http://engine');
    if (url.pathname === '/ping') {
      res.end('Ok.\n');
      return;
    }
    if (!allowed(req, engine)) {
      refuse(
        res,
        'Code: 516. DB::Exception: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)',
      );
      return;
    }
    const id = url.searchParams.get('query_id') || randomUUID();
    void answer({ id, url: url.searchParams, req, res }, `${++serial} `).catch((error: unknown) =>
      refuse(res, wordsOf(error)),
    );
  };

  async function answer(request: Request, serial: string): Promise<void> {
    const { url, req, res } = request;
    const statement = url.get('query') ?? '';
    const format = url.get('default_format') || 'TabSeparated';
    let plan: Plan | null = statement === '' ? null : planOf(statement, req.method === 'POST', format);
    let data: Incoming | null = null;
    if (plan?.how === 'insert') data = await keep(req, engine.incoming, `${process.pid}-${serial.trim()}`);
    else {
      const body = await textOf(req);
      const sql = [statement, body].filter((part) => part !== '').join('\n');
      if (sql.trim() === '')
        throw new Error('Code: 62. DB::Exception: Syntax error: empty query. (SYNTAX_ERROR)');
      plan = planOf(sql, false, format);
    }
    const turns = data ? inserts : queries;
    await turns.take();
    try {
      if (!res.destroyed) await run(request, plan, data, serial);
    } finally {
      turns.give();
      data?.remove();
    }
  }

  async function run(request: Request, plan: Plan, data: Incoming | null, serial: string): Promise<void> {
    const { url, res } = request;
    const comment = serial + (url.get('log_comment') ?? '');
    const session = engine.open();
    let running = true;
    const onGone = () => {
      if (running && !res.writableFinished) kill(comment);
    };
    res.once('close', onGone);
    try {
      const use = `USE ${identifier(url.get('database') || 'default')}`;
      const set = setStatement(url, engine.defaults, comment);
      const content = url.get('role') === content_role;
      if (content) refuseOutside(plan.how === 'insert' ? plan.before : plan.sql);
      await session.queryAsync(`${use}; ${set}${content ? `; SET ROLE ${content_role}` : ''}`, {
        format: 'Null',
      });
      if (plan.how === 'insert') await insert(session, plan, data, request);
      else if (plan.how === 'whole' && !(content && reads(plan.sql))) await whole(session, plan, request);
      else await stream(session, plan, request);
    } finally {
      running = false;
      res.off('close', onGone);
      session.close();
    }
  }

  /** The client is gone: its statement must not go on holding a thread. */
  function kill(comment: string): void {
    const session = engine.open();
    session
      .queryAsync(`KILL QUERY WHERE Settings['log_comment'] = ${quoted(comment)} ASYNC`, { format: 'Null' })
      .catch(() => {})
      .finally(() => session.close());
  }

  async function insert(
    session: Session,
    plan: Plan & { how: 'insert' },
    data: Incoming | null,
    request: Request,
  ): Promise<void> {
    let rows = 0;
    if (data && data.bytes > 0) {
      const sql = `${plan.before} FROM INFILE ${quoted(data.path)}${plan.after} FORMAT ${plan.format}`;
      rows = (await session.queryAsync(sql, { format: 'Null' })).rowsRead;
      // The engine takes a file it does not find for one without rows; that must not pass for an insert.
      if (rows === 0)
        throw new Error(
          'Code: 32. DB::Exception: The data of the insert holds no row. (ATTEMPT_TO_READ_AFTER_EOF)',
        );
    }
    head(request, plan.format, { written_rows: rows, written_bytes: data?.bytes ?? 0 });
    request.res.end();
  }

  async function whole(session: Session, plan: Plan & { how: 'whole' }, request: Request): Promise<void> {
    const result = await session.queryAsync(plan.sql, { format: plan.format });
    head(request, plan.format, { read_rows: result.rowsRead, read_bytes: result.bytesRead });
    request.res.end(result.bytes());
  }

  async function stream(
    session: Session,
    plan: Plan & { how: 'stream' | 'whole' },
    request: Request,
  ): Promise<void> {
    const { res } = request;
    let begun = false;
    for await (const chunk of session.queryStream(plan.sql, { format: plan.format })) {
      if (!begun) head(request, plan.format, {});
      begun = true;
      if (res.destroyed) return;
      if (!res.write(chunk.raw())) await drained(res);
    }
    if (!begun) head(request, plan.format, {});
    res.end();
  }

  function head(request: Request, format: string, figures: Record<string, number>): void {
    const { res } = request;
    const none = { read_rows: 0, read_bytes: 0, written_rows: 0, written_bytes: 0, result_rows: 0 };
    const summary = Object.entries({ ...none, ...figures }).map(([name, value]) => [name, String(value)]);
    res.setHeader('X-ClickHouse-Query-Id', request.id);
    res.setHeader('X-ClickHouse-Format', format);
    res.setHeader('X-ClickHouse-Timezone', 'UTC');
    res.setHeader('X-ClickHouse-Summary', JSON.stringify(Object.fromEntries(summary)));
  }
}

/** DESCRIBE and EXPLAIN cannot be streamed. */
function reads(sql: string): boolean {
  return !/^\s*(DESCRIBE|EXPLAIN|INSERT)\b/i.test(sql);
}

/**
 * What no right of the engine forbids: the function file() reads any file, INTO OUTFILE writes one, and a statement that
 * is no SELECT could take on another role. Several statements in one are refused with the semicolon between them, and by the streaming call itself.
 */
function refuseOutside(sql: string): void {
  const refusal = (what: string): Error =>
    new Error(`Code: 497. DB::Exception: Content has no right to ${what}. (ACCESS_DENIED)`);
  let tokens: SqlToken[];
  try {
    tokens = sqlTokens(sql);
  } catch (error) {
    throw refusal((error as Error).message);
  }
  const first = tokens[0]?.text.toUpperCase() ?? '';
  const fills = first === 'INSERT' && /^rollup_[a-z_]+$/.test(tokens[2]?.text ?? '');
  if (!fills && !['SELECT', 'WITH', '(', 'DESCRIBE', 'EXPLAIN'].includes(first)) throw refusal(first);
  tokens.forEach(({ text }, at) => {
    const bare = text.replace(/^[`"]|[`"]$/g, '').toLowerCase();
    if (bare === 'outfile') throw refusal('write files');
    if (bare === 'file' && tokens[at + 1]?.text === '(') throw refusal('read files');
  });
}

function allowed(req: IncomingMessage, engine: Engine): boolean {
  if (!engine.credentials) return true;
  const { username, password } = engine.credentials;
  const wanted = Buffer.from(`Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
  const given = Buffer.from(req.headers.authorization ?? '');
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function wordsOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'disk_full') {
    return `Code: 243. DB::Exception: No space left on the disk of the store. (NOT_ENOUGH_SPACE)`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** In ClickHouse's form: https://github.com/ClickHouse/ClickHouse/blob/master/src/Server/HTTPHandler.cpp */
function refuse(res: ServerResponse, words: string): void {
  if (res.headersSent) {
    // Too late for a status: the words go out as ClickHouse does it, then the answer breaks off.
    res.write(`\n${words}\n`, () => res.destroy());
    return;
  }
  const code = /Code: (\d+)/.exec(words)?.[1];
  res.statusCode = code === '516' ? 403 : code === '60' ? 404 : code === '62' ? 400 : 500;
  res.setHeader('X-ClickHouse-Exception-Code', code ?? '1002');
  // The rest of a large body is not worth reading.
  res.setHeader('Connection', 'close');
  res.end(code ? words : `Code: 1002. DB::Exception: ${words} (UNKNOWN_EXCEPTION)`);
}

interface Incoming {
  readonly path: string;
  readonly bytes: number;
  remove(): void;
}

function unpacked(req: IncomingMessage): Readable {
  return req.headers['content-encoding'] === 'gzip' ? req.pipe(createGunzip()) : req;
}

/**
 * The data of an insert goes through a file: the engine takes binary data in a statement only up to a blank line.
 * The file is small and short-lived, so it rarely reaches the disk.
 */
async function keep(req: IncomingMessage, folder: string, id: string): Promise<Incoming> {
  const path = join(folder, `insert-${id}`);
  const file = openNew(path);
  const remove = () => rmSync(path, { force: true });
  let bytes = 0;
  try {
    for await (const chunk of unpacked(req) as AsyncIterable<Buffer>) {
      writeAll(file, chunk);
      bytes += chunk.length;
    }
  } catch (error) {
    remove();
    if (error instanceof WeirError && error.code === 'disk_full')
      throw new Error(`Code: 243. DB::Exception: ${error.message}. (NOT_ENOUGH_SPACE)`, { cause: error });
    throw error;
  } finally {
    closeSync(file);
  }
  return { path, bytes, remove };
}

async function textOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of unpacked(req) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxStatementBytes) {
      throw new Error(
        'Code: 62. DB::Exception: Syntax error: the statement is longer than 16 MiB. (SYNTAX_ERROR)',
      );
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      res.off('drain', done);
      res.off('close', done);
      resolve();
    };
    res.on('drain', done);
    res.on('close', done);
  });
}
