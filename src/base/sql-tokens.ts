/** One piece of a statement; `text` is as it was written, `at` where it begins. */
export interface SqlToken {
  readonly kind: 'word' | 'quoted' | 'text' | 'number' | 'value' | 'sign';
  readonly text: string;
  readonly at: number;
}

/**
 * What is a token of ClickHouse SQL here, in the order it is tried. Less than the engine takes
 * (https://github.com/ClickHouse/ClickHouse/blob/master/src/Parsers/Lexer.cpp): no heredocs, no typographic quotes, no
 * comments with #, no semicolon, so that nothing is read differently there.
 */
const shapes: readonly (readonly [SqlToken['kind'] | 'space', RegExp])[] = [
  ['space', /[ \t\r\n]+|--[^\n]*|\/\*[\s\S]*?\*\//y],
  ['word', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['number', /0x[0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['text', /'(?:[^'\\\0]|\\[^\0]|'')*'/y],
  ['quoted', /`[A-Za-z0-9_ ./-]*`|"[A-Za-z0-9_ ./-]*"/y],
  ['value', /\{[a-z_0-9]+(?::[A-Za-z0-9_(), ]+)?\}/y],
  ['sign', /->|::|\|\||<=|>=|<>|!=|==|[=<>+\-*/%()[\],.?:]/y],
];

/** The tokens of a statement without its comments. Throws what is wrong, as a sentence. */
export function sqlTokens(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  for (let at = 0; at < sql.length; ) {
    const token = tokenAt(sql, at);
    if (token === null)
      throw new Error(`${JSON.stringify(sql.slice(at, at + 12))} has no place in a statement`);
    if (token.kind !== 'space') tokens.push({ kind: token.kind, text: token.text, at });
    at += token.text.length;
  }
  return tokens;
}

/** The statement with a space for each comment: what runs is what was checked. */
export function withoutComments(sql: string): string {
  let out = '';
  for (let at = 0; at < sql.length; ) {
    const token = tokenAt(sql, at);
    const text = token?.text ?? sql.slice(at);
    out += token?.kind === 'space' && text.trim() !== '' ? ' ' : text;
    at += text.length;
  }
  return out;
}

function tokenAt(sql: string, at: number): { kind: SqlToken['kind'] | 'space'; text: string } | null {
  for (const [kind, shape] of shapes) {
    shape.lastIndex = at;
    const found = shape.exec(sql);
    if (found) return { kind, text: found[0] };
  }
  return null;
}
