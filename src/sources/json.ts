/** Objects and lists inside each other; deeper records are refused (ASVS 1.5.3). */
export const deepest = 64;
/** Keys in one record, members of lists included. */
export const mostKeys = 10_000;
/** Longer texts are measured before JSON.parse sees them; shorter ones cannot cost much. */
const longText = 8192;

export type JsonObject = { readonly [name: string]: unknown };

/**
 * One JSON object from text, or why it is none. Duplicate keys are refused: readers disagree on which one counts.
 * `bytes`: the text as ASCII bytes from `start` on, when at hand; only makes it quicker.
 */
export function parseJsonObject(
  text: string,
  bytes: Uint8Array | null = null,
  start = 0,
): JsonObject | string {
  if (text.length > longText) {
    const problem = measure(text);
    if (problem !== '') return problem;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const mended = withoutNaN(text);
    return mended === null ? whyNot(text, error) : parseJsonObject(mended);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object';
  const keys = countKeys(value as JsonObject, 1);
  if (keys < 0) return tooDeep;
  if (keys !== (bytes === null ? countKeyMarks(text) : countKeyBytes(bytes, start, start + text.length))) {
    const problem = measure(text);
    if (problem !== '') return problem;
  }
  return value as JsonObject;
}

const notNumber = /"(?:[^"\\]|\\.)*"|(?<![\w.])-?(?:NaN|Infinity)(?![\w.])/g;

/**
 * Python and some C writers put NaN and Infinity where JSON has no word for them: as texts, so that they cost their own
 * field. Null when there are none.
 */
function withoutNaN(text: string): string | null {
  if (!text.includes('NaN') && !text.includes('Infinity')) return null;
  const mended = text.replace(notNumber, (found) => (found.startsWith('"') ? found : `"${found}"`));
  return mended === text ? null : mended;
}

const tooDeep = `JSON nested deeper than ${deepest}`;

/** The parser's message without what it quotes of the record: that may be a password. */
function whyNot(text: string, error: unknown): string {
  const message = String(error);
  const at = / at position (\d+)(?: \(line 1 column \d+\))?$/.exec(message)?.[1];
  const cut = /^SyntaxError: (?:Unexpected end|Unterminated string)/.test(message);
  if (cut || Number(at ?? -1) >= text.trimEnd().length)
    return 'not valid JSON: the record ends before it is complete';
  return at === undefined ? 'not valid JSON' : `not valid JSON at character ${Number(at) + 1}`;
}

/** Keys of an object and all within; -1 when it is nested too deep. Bounded by `deepest`, so recursion is safe. */
function countKeys(value: object, depth: number): number {
  if (depth > deepest) return -1;
  let count = 0;
  if (Array.isArray(value)) {
    for (const one of value) {
      if (typeof one !== 'object' || one === null) continue;
      const within = countKeys(one, depth + 1);
      if (within < 0) return -1;
      count += within;
    }
    return count;
  }
  for (const key in value) {
    count++;
    const one = (value as JsonObject)[key];
    if (typeof one !== 'object' || one === null) continue;
    const within = countKeys(one, depth + 1);
    if (within < 0) return -1;
    count += within;
  }
  return count;
}

/**
 * How often `":` stands in the text: once a key, unless the text has blanks before a colon (-1: cannot be told this
 * way) or quotes inside strings, which only makes the count higher. So equal to the number of keys means no duplicate.
 */
function countKeyMarks(text: string): number {
  let count = 0;
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) {
    const before = text.charCodeAt(at - 1);
    if (before === 0x22) count++;
    else if (isBlank(before)) return -1;
  }
  return count;
}

function countKeyBytes(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start + 1; at < end; at++) {
    if (bytes[at] !== 0x3a) continue;
    const before = bytes[at - 1]!;
    if (before === 0x22) count++;
    else if (isBlank(before)) return -1;
  }
  return count;
}

/** JSON's white space (RFC 8259, section 2) */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}

/**
 * One pass over JSON text without building anything: '' when it is within the limits and no object names a key twice,
 * else why not. Does not check the grammar: JSON.parse does. Not recursive.
 */
export function measure(text: string): string {
  // for every open object the keys seen in it, for every open list null
  const open: (Set<string> | null)[] = [];
  let keys = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x7b || code === 0x5b) {
      if (open.length >= deepest) return tooDeep;
      open.push(code === 0x7b ? new Set() : null);
    } else if (code === 0x7d || code === 0x5d) open.pop();
    else if (code === 0x2c && open.at(-1) === null) keys++;
    else if (code === 0x22) {
      const end = stringEnd(text, i);
      if (end < 0) return '';
      if (isKey(text, end + 1)) {
        keys++;
        const seen = open.at(-1);
        const key = keyText(text.slice(i, end + 1));
        if (seen?.has(key)) return `duplicate key in JSON: ${key.slice(0, 64)}`;
        seen?.add(key);
      }
      i = end;
    }
    if (keys > mostKeys) return `JSON with more than ${mostKeys} keys or list members`;
  }
  return '';
}

/** Position of the quote that closes the string opened at `start`, or -1. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end > 0) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}

function isKey(text: string, at: number): boolean {
  for (let i = at; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x3a) return true;
    if (!isBlank(code)) return false;
  }
  return false;
}

/** Two spellings of one key ("a" and "\u0061") are the same key. */
function keyText(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}

/** The value as an object; null when it is none. */
export function objectOf(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}
