import { count, counted, instant } from '../base/format.ts';
import { noPaint, textTable } from '../base/terminal.ts';
import type { Finding } from '../schema/finding.ts';
import type { StoryOptions } from './story.ts';
import { named, severity_label, severity_style, shortId, who } from './words.ts';

/** Rows on a screen; the rest is counted. */
const most_rows = 50;
const severity_column = 2;

/** The findings as they are ranked, to the minute; without the year where it is that of `now` (µs since 1970). */
export function findingsTable(
  findings: readonly Finding[],
  {
    width,
    paint = noPaint,
    limit = most_rows,
    now,
  }: StoryOptions & { readonly limit?: number; readonly now?: number },
): string {
  const shown = findings.slice(0, limit);
  const table = textTable(
    ['#', 'risk', 'severity', 'when (UTC)', 'id', 'who', 'what'],
    shown.map((one, i) => [
      String(i + 1),
      String(one.risk_score),
      severity_label[one.severity],
      minute(one.start_at, now),
      shortId(one.finding_id),
      named(who(one.entity), one.names),
      what(one),
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

function minute(time_us: number, now: number | undefined): string {
  const at = instant(time_us).slice(0, 16);
  return now !== undefined && instant(now).slice(0, 4) === at.slice(0, 4) ? at.slice(5) : at;
}

/** What it is, and how much is told with it. */
function what(finding: Finding): string {
  const { title, also, members_total } = finding;
  const reasons = also.length > 0 ? [`+${counted(also.length, 'reason')}`] : [];
  const others = othersOf(finding);
  const more =
    members_total > 0 ? [`+${count(members_total)} more${others === '' ? '' : `: ${others}`}`] : [];
  const within = [...reasons, ...more].join(', ');
  return within === '' ? title : `${title} (${within})`;
}

/** Members that a row names. */
const most_named = 3;
/** Characters of a name in a row. */
const longest_name = 40;

/** The first of those told with it, by what tells them from it: the other end where the host is the same. */
function othersOf({ entity, names, members, members_total }: Finding): string {
  const told = new Set(
    members.map((one) => {
      const { src_ip, ...rest } = one.entity;
      const same_host = src_ip !== undefined && src_ip === entity.src_ip && Object.keys(rest).length > 0;
      return named(who(same_host ? rest : one.entity).replace(/^→ /, ''), names);
    }),
  );
  told.delete(named(who(entity), names));
  told.delete('');
  const shown = [...told]
    .slice(0, most_named)
    .map((one) => (one.length > longest_name ? `${one.slice(0, longest_name - 1)}…` : one));
  return `${shown.join(', ')}${shown.length > 0 && members_total > shown.length ? ', …' : ''}`;
}
