import { WeirError } from '../../base/error.ts';
import { fullStore } from '../../base/own-files.ts';

/** Primary result codes, https://www.sqlite.org/rescode.html: the lowest byte of what SQLite gives. */
const sqliteCodes = {
  busy: 5,
  locked: 6,
  read_only: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannot_open: 14,
  not_a_database: 26,
};

const sqliteWords: Readonly<Record<number, string>> = {
  [sqliteCodes.busy]: 'another program has locked it; let that one end',
  [sqliteCodes.locked]: 'another program has locked it; let that one end',
  [sqliteCodes.read_only]: 'it may not be written; mend its permissions',
  [sqliteCodes.io]: 'its disk fails to read or write',
  [sqliteCodes.corrupt]: 'it is damaged; put a copy from before in its place',
  [sqliteCodes.cannot_open]: 'it cannot be opened; mend its permissions, or let less files be open',
  [sqliteCodes.not_a_database]: 'it is no control store; put a copy from before in its place',
};

/** What a failed statement on SQLite is to Weir, as a sentence; what SQLite said is its cause. Pure. */
export function toldOfSqlite(error: unknown, path: string, directory: string): unknown {
  const { code = '', errcode = 0, message = '' } = error as Error & { code?: string; errcode?: number };
  if (error instanceof WeirError || code !== 'ERR_SQLITE_ERROR') return error;
  const primary = errcode & 0xff;
  if (primary === sqliteCodes.full) return fullStore(directory, error);
  const words = sqliteWords[primary];
  if (words !== undefined)
    return new WeirError('store_unavailable', `The control store ${path} cannot be used: ${words}`, {
      cause: error,
    });
  return new WeirError('store_failed', `The control store refused a statement: ${message}`, { cause: error });
}

/** SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html) of what a sentence of our own helps with. */
const postgresWords: Readonly<Record<string, string>> = {
  '28P01': 'it refuses the user or password',
  '28000': 'it refuses the user',
  '3D000': 'there is no database of that name; make it: CREATE DATABASE weir ENCODING UTF8',
  '25006': 'it may not be written (is it a standby?)',
  '42501': 'the user may not do that; give it the right to create a schema in the database',
  '53300': 'it has too many connections',
  '57P03': 'it is starting or stopping',
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name of the host could not be looked up',
  ETIMEDOUT: 'it did not answer in time',
  ENOENT: 'there is no such socket',
};

/** Whether the connection on which a statement failed can still be used. Pure. */
export function breaksConnection(error: unknown): boolean {
  const { code = '', severity = '' } = error as { code?: string; severity?: string };
  return !/^[0-9A-Z]{5}$/.test(code) || severity === 'FATAL' || severity === 'PANIC' || code.startsWith('08');
}

/** What a failed statement on PostgreSQL is to Weir, as a sentence; what the server said is its cause. Pure. */
export function toldOfPostgres(error: unknown, name: string): unknown {
  if (error instanceof WeirError) return error;
  const { code = '', message = '' } = error as Error & { code?: string };
  if (code === '53100')
    return new WeirError('disk_full', `The disk of the control store ${name} is full; make room there`, {
      cause: error,
    });
  const words = postgresWords[code];
  if (words !== undefined || breaksConnection(error))
    return new WeirError(
      'store_unavailable',
      `The control store ${name} cannot be used: ${words ?? (message || code)}`,
      { cause: error },
    );
  return new WeirError('store_failed', `The control store refused a statement: ${message}`, { cause: error });
}
