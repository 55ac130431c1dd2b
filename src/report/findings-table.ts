import { count, instant } from '../base/format.ts';
import { noPaint, textTable } from '../base/terminal.ts';
import type { Finding } from '../schema/finding.ts';
import type { StoryOptions } from './story.ts';
import { severity_label, severity_style, who } from './words.ts';

/** Rows on a screen; the rest is counted. */
const most_rows = 50;
const severity_column = 2;

/** The findings as they are ranked. Months and minutes do: the year is in the summary, the rest in the stories. */
export function findingsTable(
  findings: readonly Finding[],
  { width, paint = noPaint, limit = most_rows }: StoryOptions & { readonly limit?: number },
): string {
  const shown = findings.slice(0, limit);
  const table = textTable(
    ['#', 'risk', 'severity', 'when (UTC)', 'id', 'who', 'what'],
    shown.map((one, i) => [
      String(i + 1),
      String(one.risk_score),
      severity_label[one.severity],
      instant(one.start_at).slice(5, 16),
      one.finding_id.slice(0, 8),
      who(one.entity),
      one.members.length > 0 ? `${one.title} (+${count(one.members.length)} more)` : one.title,
    ]),
    {
      width,
      right: [0, 1],
      paint,
      style: (row, column) => (column === severity_column ? severity_style[shown[row]!.severity] : null),
    },
  );
  const rest = findings.length - shown.length;
  return rest > 0 ? `${table}\n… and ${count(rest)} more of lower rank` : table;
}
