import { createRequire } from 'node:module';

/** The part of the package `chdb` that Weir uses. Its own types pull in a query builder that we do not need. */
export interface Session {
  query(sql: string): string;
  queryAsync(sql: string, options: { format: string }): Promise<QueryResult>;
  queryStream(sql: string, options: { format: string }): AsyncIterable<Chunk> & { cancel(): void };
  close(): void;
}
interface QueryResult {
  /** for an insert: rows written */
  readonly rowsRead: number;
  readonly bytesRead: number;
  bytes(): Uint8Array;
}
export interface Chunk {
  readonly numRows: number;
  raw(): Uint8Array;
}
interface Chdb {
  Session: new (path: string, options?: { connectionArgs: readonly string[] }) => Session;
}

/** Loads the engine; 570 MB of shared library are mapped, so only the engine's own process does it. */
export function loadChdb(): Chdb {
  return createRequire(import.meta.url)('chdb') as Chdb;
}
