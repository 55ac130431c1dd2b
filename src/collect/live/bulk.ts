/** Elasticsearch's bulk format: a line that says what to do, then the line of the document. */

export interface BulkItem {
  readonly action: 'create' | 'index' | 'update' | 'delete';
  readonly index: string;
  readonly id: string | null;
  /** null: its document is among the lines */
  readonly error: { readonly type: string; readonly reason: string } | null;
}

export interface Bulk {
  readonly items: readonly BulkItem[];
  /** documents that are to be kept, as lines, as they were sent */
  readonly lines: Buffer;
  readonly count: number;
}

const actions = ['create', 'index', 'update', 'delete'] as const;
/** Longest line that says what to do: an index has at most 255 bytes, an id 512. */
const longestAction = 8192;
const feed = 10;

/** The items of a request, or why it is none. `defaultIndex`: the one in the path. */
export function bulkOf(
  body: Buffer,
  defaultIndex: string,
  limits: { readonly record_bytes: number; readonly bulk_items: number },
): Bulk | { problem: string; status: 400 | 413 } {
  const items: BulkItem[] = [];
  const lines = Buffer.allocUnsafe(body.length + 1);
  let used = 0;
  let count = 0;
  let last: { readonly bytes: Buffer; readonly action: Omit<BulkItem, 'error'> } | null = null;
  for (let at = 0; at < body.length; ) {
    const line = lineAt(body, at);
    at += line.length + 1;
    if (isBlank(line)) continue;
    if (items.length >= limits.bulk_items)
      return { problem: `there are more than ${limits.bulk_items} items`, status: 413 };
    // Mostly the same line again and again.
    if (last === null || !last.bytes.equals(line)) {
      const action = actionOf(line, defaultIndex);
      if (typeof action === 'string') return { problem: `item ${items.length + 1}: ${action}`, status: 400 };
      last = { bytes: line, action };
    }
    const { action } = last;
    if (action.action === 'delete') {
      items.push({ ...action, error: notDone });
      continue;
    }
    if (at >= body.length)
      return { problem: `item ${items.length + 1}: its document is missing`, status: 400 };
    const document = lineAt(body, at);
    at += document.length + 1;
    const error = action.action === 'update' ? notDone : problemOf(document, limits.record_bytes);
    items.push({ ...action, error });
    if (error !== null) continue;
    used += document.copy(lines, used);
    lines[used++] = feed;
    count++;
  }
  if (items.length === 0) return { problem: 'request body is required', status: 400 };
  return { items, lines: lines.subarray(0, used), count };
}

const notDone = {
  type: 'illegal_argument_exception',
  reason: 'Weir takes create and index, nothing is changed',
};

function lineAt(body: Buffer, at: number): Buffer {
  const end = body.indexOf(feed, at);
  return body.subarray(at, end < 0 ? body.length : end);
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 13 || byte === 9);
}

function problemOf(document: Buffer, longest: number): BulkItem['error'] {
  if (document.length > longest)
    return { type: 'illegal_argument_exception', reason: `the document is longer than ${longest} bytes` };
  const text =
    document.toString('latin1', 0, 32).trimStart() +
    document.toString('latin1', Math.max(0, document.length - 32)).trimEnd();
  return text.startsWith('{') && text.endsWith('}')
    ? null
    : { type: 'document_parsing_exception', reason: 'a document is a JSON object on one line' };
}

/** What the line says; small enough to be parsed, and of what it holds only own fields are asked for. */
function actionOf(line: Buffer, defaultIndex: string): Omit<BulkItem, 'error'> | string {
  if (line.length > longestAction) return `the line of the action is longer than ${longestAction} bytes`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(line.toString('utf8'));
  } catch {
    return 'the line of the action is no JSON';
  }
  const [name, ...more] = parsed !== null && typeof parsed === 'object' ? Object.keys(parsed) : [];
  const action = actions.find((one) => one === name);
  if (action === undefined || more.length > 0) return `the action must be one of ${actions.join(', ')}`;
  const details = (parsed as Record<string, unknown>)[action];
  if (details === null || typeof details !== 'object') return 'the action names no object';
  const index = textOf(details, '_index') ?? defaultIndex;
  if (index.length > 255) return 'the name of the index is too long';
  return { action, index, id: textOf(details, '_id') };
}

function textOf(object: object, name: string): string | null {
  const value: unknown = Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : null;
  return typeof value === 'string' ? value : null;
}
