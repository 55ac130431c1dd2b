import type { Readable } from 'node:stream';
import { WeirError } from '../base/error.ts';
import type { Connection, StatementOptions } from './connection.ts';
import { refused } from './told.ts';

/**
 * Rows of a SELECT as arrays (or objects), a batch at a time, as they come from the engine; the whole result is never
 * held. Numbers are numbers: a UInt64 above 2^53 loses its last digits, so ids are selected as text (event_id_text).
 * NaN and infinity come as null.
 */
export async function* batchesOf<Row extends object = unknown[]>(
  connection: Connection,
  sql: string,
  options: StatementOptions = {},
  format: 'JSONCompactEachRow' | 'JSONEachRow' = 'JSONCompactEachRow',
): AsyncGenerator<Row[]> {
  const stream = await connection.exec(`${sql}\nFORMAT ${format}`, { repeatable: true, ...options });
  for await (const text of wholeLines(stream)) yield parsed<Row>(text);
}

/** All rows at once; asks again when the engine dies in the middle of its answer. */
export async function rowsOf<Row extends object = unknown[]>(
  connection: Connection,
  sql: string,
  options: StatementOptions = {},
  format: 'JSONCompactEachRow' | 'JSONEachRow' = 'JSONCompactEachRow',
): Promise<Row[]> {
  for (let tries = 0; ; tries++) {
    const rows: Row[] = [];
    try {
      for await (const batch of batchesOf<Row>(connection, sql, options, format)) {
        for (const row of batch) rows.push(row);
      }
      return rows;
    } catch (error) {
      if (!(error instanceof WeirError) || error.code !== 'store_unavailable' || tries >= 2) throw error;
    }
  }
}

/** Cuts a stream of bytes at line ends; every text given ends before one. */
async function* wholeLines(stream: Readable): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const end = chunk.lastIndexOf(10);
      if (end < 0) {
        rest.push(chunk);
        continue;
      }
      rest.push(chunk.subarray(0, end));
      const lines = rest.length === 1 ? rest[0]! : Buffer.concat(rest);
      rest = end + 1 < chunk.length ? [chunk.subarray(end + 1)] : [];
      yield lines.toString('utf8');
    }
  } catch (error) {
    throw failure(Buffer.concat(rest).toString('utf8'), error);
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString('utf8');
}

/** A newline inside a value is written as \n, so lines are rows. */
function parsed<Row>(text: string): Row[] {
  try {
    return JSON.parse(`[${text.replaceAll('\n', ',')}]`) as Row[];
  } catch (error) {
    throw failure(text, error);
  }
}

/** An engine that fails in the middle of an answer writes its words at the end of it. */
function failure(text: string, cause: unknown): unknown {
  const told = /Code: (\d+)\. DB::Exception: [\s\S]*/.exec(text);
  if (told) return refused(told[1]!, told[0], new Error(told[0].trim(), { cause }));
  if (cause instanceof WeirError) return cause;
  return new WeirError(
    'store_unavailable',
    `The answer of the store broke off: ${(cause as Error).message}`,
    { cause },
  );
}
