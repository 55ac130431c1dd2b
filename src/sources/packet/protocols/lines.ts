import { indexOfByte, latin1 } from './bytes.ts';

/**
 * Lines of a text protocol from stream chunks. A line that is longer than the limit is cut; the rest of it is
 * dropped. Memory: one limit.
 */
export interface LineReader {
  /** text of the line that is open */
  open: string;
  readonly limit: number;
}

export function newLines(limit = 2048): LineReader {
  return { open: '', limit };
}

/**
 * The next line in [start, end) as text, without its end; null when the rest of the chunk is kept for the next one.
 * `reader_at` of the result is where to go on.
 */
export function nextLine(
  reader: LineReader,
  b: Uint8Array,
  start: number,
  end: number,
): { readonly text: string; readonly next: number } | null {
  const at = indexOfByte(b, 10, start, end);
  const stop = at === -1 ? end : at;
  const room = reader.limit - reader.open.length;
  if (room > 0 && stop > start) reader.open += latin1(b, start, Math.min(stop, start + room));
  if (at === -1) return null;
  const text = reader.open.endsWith('\r') ? reader.open.slice(0, -1) : reader.open;
  reader.open = '';
  return { text, next: at + 1 };
}
