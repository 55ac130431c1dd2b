/** Cuts the body of a request into records without building objects of it: what is only passed on stays bytes. */

/** Records as lines, each ended by a line feed, or why the body holds none. */
export type Records =
  | { readonly bytes: Buffer; readonly count: number }
  | { readonly problem: string; readonly record: number };

const feed = 10;
const quote = 0x22;
const backslash = 0x5c;
const deepest = 64;

const isBlank = (byte: number): boolean => byte === 0x20 || byte === feed || byte === 13 || byte === 9;

/** Lines as they are (LF or CRLF); blank ones are no records. */
export function linesOf(body: Buffer, longest: number): Records {
  let count = 0;
  for (let from = 0; from < body.length; ) {
    const end = body.indexOf(feed, from);
    const to = end < 0 ? body.length : end;
    if (to - from > longest) return { problem: `the line is longer than ${longest} bytes`, record: count };
    if (to - from > 1 || (to > from && body[from] !== 13)) count++;
    from = to + 1;
  }
  if (count === 0) return { bytes: body.subarray(0, 0), count };
  return { bytes: body.at(-1) === feed ? body : Buffer.concat([body, Buffer.of(feed)]), count };
}

/** A value of JSON within a body: [from, to). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The members of a list, or the values that stand behind each other, with or without blanks or line feeds between.
 * Looks at strings and brackets only: whether a value is valid JSON shows when it is read as a record.
 */
export function valuesOf(body: Buffer, longest: number): Span[] | { problem: string; record: number } {
  const spans: Span[] = [];
  let at = body.length >= 3 && body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
  const skip = (): void => {
    while (at < body.length && isBlank(body[at]!)) at++;
  };
  skip();
  const inList = body[at] === 0x5b;
  if (inList) {
    at++;
    skip();
    if (body[at] === 0x5d) {
      at++;
      skip();
      return at === body.length ? spans : { problem: 'something follows the list', record: 0 };
    }
  }
  while (at < body.length) {
    const from = at;
    const to = endOfValue(body, at);
    if (typeof to === 'string') return { problem: to, record: spans.length };
    if (to - from > longest)
      return { problem: `the record is longer than ${longest} bytes`, record: spans.length };
    spans.push({ from, to });
    at = to;
    skip();
    if (!inList) continue;
    const byte = body[at++];
    if (byte === 0x5d) {
      skip();
      return at === body.length ? spans : { problem: 'something follows the list', record: spans.length };
    }
    if (byte !== 0x2c)
      return {
        problem: byte === undefined ? 'the list has no end' : 'a comma is missing',
        record: spans.length,
      };
    skip();
    if (at === body.length) return { problem: 'the list has no end', record: spans.length };
  }
  return spans;
}

/** Where the value that begins at `at` ends, or what is wrong with it. */
function endOfValue(body: Buffer, at: number): number | string {
  const first = body[at]!;
  if (first === quote) return endOfString(body, at);
  if (first !== 0x7b && first !== 0x5b) return endOfWord(body, at);
  // 1: an object, 0: a list; which bracket must close is kept, without recursion
  const open = new Uint8Array(deepest + 1);
  let depth = 0;
  for (let i = at; i < body.length; i++) {
    const byte = body[i]!;
    if (byte === quote) {
      const end = endOfString(body, i);
      if (typeof end === 'string') return end;
      i = end - 1;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > deepest) return `it is nested more than ${deepest} deep`;
      open[depth] = byte === 0x7b ? 1 : 0;
    } else if (byte === 0x7d || byte === 0x5d) {
      if (open[depth] !== (byte === 0x7d ? 1 : 0)) return 'its brackets do not match';
      if (--depth === 0) return i + 1;
    }
  }
  return 'it is cut off';
}

/** Behind the closing quote of the string that begins at `at`. */
function endOfString(body: Buffer, at: number): number | string {
  for (let end = body.indexOf(quote, at + 1); end >= 0; end = body.indexOf(quote, end + 1)) {
    let slashes = 0;
    while (body[end - 1 - slashes] === backslash) slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  return 'a string is cut off';
}

/** A number, true, false or null. */
function endOfWord(body: Buffer, at: number): number | string {
  let end = at;
  while (end < body.length && /[-+.\w]/.test(String.fromCharCode(body[end]!))) end++;
  return end === at ? 'it is no JSON' : end;
}

/** The spans as lines; line feeds between the parts of a value become blanks. */
export function asLines(body: Buffer, spans: readonly Span[]): Buffer {
  let size = 0;
  for (const { from, to } of spans) size += to - from + 1;
  const lines = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { from, to } of spans) {
    body.copy(lines, at, from, to);
    const end = at + to - from;
    const line = lines.subarray(at, end);
    for (let i = line.indexOf(feed); i >= 0; i = line.indexOf(feed, i + 1)) line[i] = 0x20;
    lines[end] = feed;
    at = end + 1;
  }
  return lines;
}

/** What stands behind `name` at the top of an object: 'blank' is null or ''; names with escapes are not looked for. */
export function fieldOf(body: Buffer, { from, to }: Span, name: string): 'missing' | 'blank' | 'there' {
  const wanted = Buffer.from(`"${name}"`);
  for (let i = from + 1, depth = 0; i < to; i++) {
    const byte = body[i]!;
    if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) depth--;
    if (byte !== quote) continue;
    const end = endOfString(body, i);
    if (typeof end === 'string') return 'missing';
    const found = depth === 0 && body.compare(wanted, 0, wanted.length, i, end) === 0;
    i = end - 1;
    if (!found) continue;
    let value = end;
    while (value < to && isBlank(body[value]!)) value++;
    if (body[value] !== 0x3a) continue;
    value++;
    while (value < to && isBlank(body[value]!)) value++;
    const text = body.toString('latin1', value, Math.min(value + 4, to));
    return text === 'null' || text.startsWith('""') ? 'blank' : 'there';
  }
  return 'missing';
}

/** Pieces of at most `most` bytes, cut behind lines; a longer line is a piece of its own. */
export function piecesOf(lines: Buffer, most: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let from = 0; from < lines.length; ) {
    if (lines.length - from <= most) {
      pieces.push(lines.subarray(from));
      break;
    }
    const last = lines.lastIndexOf(feed, from + most - 1);
    const to = last >= from ? last + 1 : lines.indexOf(feed, from + most) + 1 || lines.length;
    pieces.push(lines.subarray(from, to));
    from = to;
  }
  return pieces;
}
