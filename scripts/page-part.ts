/** What several writers share of pages that are partly made: each replaces its own part and leaves the rest alone. */

/**
 * Replaces what stands between `<!-- name -->` and the next `<!-- end -->`, each on a line of its own. Fails when the page
 * has no such part.
 */
export function between(text: string, name: string, made: string): string {
  const found = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
  if (!found.test(text)) throw new Error(`no <!-- ${name} --> … <!-- end -->`);
  return text.replace(found, (_, open: string, close: string) => `${open}${made}\n${close}`);
}

/** A Markdown table; the first row is its head. */
export function markdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, c) => cell.padEnd(widths[c]!)).join(' | ')} |`;
  return [
    line(rows[0]!),
    `|${widths.map((w) => '-'.repeat(w + 2)).join('|')}|`,
    ...rows.slice(1).map(line),
  ].join('\n');
}
