/** How the engine's process runs one statement. */
export type Plan =
  /** rows go out chunk by chunk */
  | { readonly how: 'stream'; readonly sql: string; readonly format: string }
  /** the whole answer at once */
  | { readonly how: 'whole'; readonly sql: string; readonly format: string }
  /** the body is the data of an insert, in this format */
  | { readonly how: 'insert'; readonly before: string; readonly after: string; readonly format: string };

/** Formats without head or foot: each chunk of rows is written alike, so chunks can be joined. */
const rowFormats = new Set([
  'JSONEachRow',
  'JSONCompactEachRow',
  'JSONStringsEachRow',
  'JSONCompactStringsEachRow',
  'TSV',
  'TabSeparated',
  'TSVRaw',
  'TabSeparatedRaw',
  'CSV',
  'RowBinary',
  'LineAsString',
  'Native',
]);

const formatAtEnd = /\bFORMAT\s+([A-Za-z0-9_]+)\s*;?\s*(?:SETTINGS\s[^;]*)?;?\s*$/i;
const insertAtEnd = /^(\s*INSERT\s[\s\S]*?)(\sSETTINGS\s[\s\S]*?)?\s+FORMAT\s+([A-Za-z0-9_]+)\s*;?\s*$/i;

/** Decides by the text of the statement; `has_body`: the request brought data beside the statement. */
export function planOf(sql: string, has_body: boolean, default_format: string): Plan {
  if (has_body) {
    const insert = insertAtEnd.exec(sql);
    if (insert) {
      return { how: 'insert', before: insert[1] ?? '', after: insert[2] ?? '', format: insert[3] ?? '' };
    }
  }
  const format = formatAtEnd.exec(sql)?.[1] ?? default_format;
  const reads = /^\s*(?:--[^\n]*\n\s*|\/\*[\s\S]*?\*\/\s*)*(?:SELECT|WITH|\()/i.test(sql);
  return { how: reads && rowFormats.has(format) ? 'stream' : 'whole', sql, format };
}

/** A string literal of ClickHouse. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** A name of a table, column or database. */
export function identifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}

/** Belong to a server's HTTP layer; the engine does not know them as settings. */
const httpOnly = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'session_id',
  'session_timeout',
  'session_check',
  'role',
  'user',
  'password',
  'compress',
  'decompress',
  'buffer_size',
  'wait_end_of_query',
  'send_progress_in_http_headers',
  'http_response_buffer_size',
  'http_headers_progress_interval_ms',
  'enable_http_compression',
  'http_zlib_compression_level',
  'http_write_exception_in_output_format',
]);

/** The SET statement for a request: defaults, then what the URL gives, then its parameters. */
export function setStatement(
  url: URLSearchParams,
  defaults: Readonly<Record<string, string>>,
  log_comment: string,
): string {
  const values = new Map(Object.entries(defaults));
  for (const [name, value] of url) {
    if (httpOnly.has(name)) continue;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw new Error(`Code: 115. DB::Exception: Unknown setting ${name}. (UNKNOWN_SETTING)`);
    values.set(name, value);
  }
  values.set('log_comment', log_comment);
  return `SET ${[...values].map(([name, value]) => `${name} = ${quoted(value)}`).join(', ')}`;
}
