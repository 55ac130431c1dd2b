import { lastTime } from '../base/time.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import type { SourceFormat } from '../schema/reading.ts';
import { type JsonObject, parseJsonObject } from './json.ts';

/** The beginning of a file as text, without a byte order mark. */
export function headText(head: Buffer): string {
  const text = head.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** The first JSON objects of a file, one a line; at most 20 lines are tried. */
export function firstObjects(head: Buffer): JsonObject[] {
  const text = headText(head);
  if (!/^\s*\{/.test(text)) return [];
  const objects: JsonObject[] = [];
  for (const line of text.split('\n', 20)) {
    const object = parseJsonObject(line.trim());
    if (typeof object !== 'string') objects.push(object);
  }
  return objects;
}

/** Time of the first event that a format reads from a file's beginning, µs since 1970, or null. */
export function firstEventTime(format: SourceFormat, head: Buffer): number | null {
  let first: number | null = null;
  const sink = {
    event: (event: WeirEvent) => {
      first ??= event.time;
    },
    filtered: () => {},
    rejected: () => {},
  };
  const decoder = format.open('', sink, { latest_time: lastTime, keep_raw: false });
  decoder.push(head);
  if (first === null) decoder.end();
  return first;
}
