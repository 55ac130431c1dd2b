import { count, formatUnit, instant, instants, oneIn, range, seconds, share } from '../base/format.ts';
import { noPaint, type Paint, plain, textTable, wrap } from '../base/terminal.ts';
import type { Evidence, Finding, Reason } from '../schema/finding.ts';
import { chance, ends, place, severity_label, severity_style, spaced, who } from './words.ts';

export interface StoryOptions {
  readonly width: number;
  /** Colours, where the output has them. */
  readonly paint?: Paint;
}

/** Members shown by name; the rest is counted. */
const most_members = 10;
/** A host name or path in a headline is cut here. */
const margin = '  ';

/** The whole story of one finding: what, when, who, how sure, why, what backs it, and what to do about it. */
export function story(finding: Finding, { width, paint = noPaint }: StoryOptions): string {
  const section = (title: string, body: string): string =>
    body === '' ? '' : `${paint('bold', title)}\n${body}`;
  return [
    headline(finding, width, paint),
    sentence(finding.summary, width, margin),
    section('Why this is unusual', why(finding, width, paint)),
    section('ATT&CK', attack(finding)),
    section(evidenceTitle(finding), finding.evidence.map((one) => evidence(one, width)).join('\n')),
    section(`The same from ${count(finding.members.length)} more`, members(finding, width)),
    section(
      'Look at next',
      listed(finding.next, width, (i) => `${i + 1}. `),
    ),
    section(
      'Harmless things that look the same',
      listed(finding.false_positives, width, () => '- '),
    ),
    section('Seen with it', related(finding, width)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function headline(finding: Finding, width: number, paint: Paint): string {
  const label = paint(severity_style[finding.severity], severity_label[finding.severity].toUpperCase());
  const lasted = (finding.end_at - finding.start_at) / 1e6;
  const facts = [
    `who         ${plain(who(finding.entity))}`,
    `when        ${instants(finding.start_at, finding.end_at)} UTC${lasted > 0 ? ` (${seconds(lasted)})` : ''}`,
    `risk        ${finding.risk_score} of 100, confidence ${finding.confidence_score} of 100`,
    `detector    ${finding.detector}, stage ${spaced(finding.stage)}${finding.windows > 1 ? `, seen in ${count(finding.windows)} windows` : ''}`,
    `finding     ${finding.finding_id}`,
  ];
  return [
    `${label}  ${paint('bold', plain(finding.title))}`,
    ...facts.map((fact) => wrap(fact, width, margin, `${margin}            `)),
  ].join('\n');
}

function why(finding: Finding, width: number, paint: Paint): string {
  const table =
    finding.reasons.length === 0
      ? ''
      : textTable(
          ['what', 'seen', 'usual', 'usual range', 'share'],
          finding.reasons.map((one) => [one.says, seen(one), usual(one), usualRange(one), share(one.weight)]),
          { width, indent: margin, right: [1, 2, 4], paint },
        );
  const text = `${chance(finding.p_value)} Compared with: ${finding.baseline.says}.`;
  return [table, sentence(text, width, margin)].filter((part) => part !== '').join('\n\n');
}

const seen = (one: Reason): string => formatUnit(one.actual, one.unit);
/** A thing that is telling in itself has no usual value: nothing is expected. */
const bare = (one: Reason): boolean => one.expected === 0 && one.low === 0 && one.high === 0;
const usual = (one: Reason): string => (bare(one) ? 'none' : formatUnit(one.expected, one.unit));
const usualRange = (one: Reason): string => (bare(one) ? '' : range(one.low, one.high, one.unit));

function attack(finding: Finding): string {
  return finding.attack
    .map(({ id, name, tactics }) => `${margin}${id.padEnd(10)}${name} (${tactics.map(spaced).join(', ')})`)
    .join('\n');
}

function evidenceTitle(finding: Finding): string {
  const { length } = finding.evidence;
  if (finding.evidence_total <= length) return 'Evidence';
  return `Evidence (${count(length)} of ${count(finding.evidence_total)} events)`;
}

/** When, between whom and what; below it where it was read. */
function evidence(one: Evidence, width: number): string {
  const head = `${instant(one.time)}  ${plain(ends(one))}  ${plain(one.says)}`;
  const source = `${plain(place(one))}${one.offset > 0 ? `, byte ${count(one.offset)}` : ''}`;
  return `${wrap(head, width, margin, `${margin}                     `)}\n${wrap(source, width, `${margin}                     `)}`;
}

function members(finding: Finding, width: number): string {
  const shown = finding.members
    .slice(0, most_members)
    .map((one) => wrap(`${instant(one.start_at)}  ${plain(who(one.entity))}`, width, margin));
  const rest = finding.members.length - shown.length;
  if (rest > 0) shown.push(`${margin}and ${count(rest)} more`);
  return shown.join('\n');
}

function listed(items: readonly string[], width: number, mark: (i: number) => string): string {
  return items
    .map((item, i) => {
      const first = margin + mark(i);
      return wrap(plain(item), width, first, ' '.repeat(first.length));
    })
    .join('\n');
}

function related(finding: Finding, width: number): string {
  const ids = finding.related.map((id) => id.slice(0, 8));
  return ids.length === 0
    ? ''
    : sentence(`findings on the same host within a day: ${ids.join(', ')}`, width, margin);
}

function sentence(text: string, width: number, indent: string): string {
  return wrap(plain(text), width, indent);
}

/** The top findings in a few lines each: what, why it stands out, when, where to look. */
export function paragraph(
  finding: Finding,
  { width, rank, paint = noPaint }: StoryOptions & { readonly rank: number },
): string {
  const label = severity_label[finding.severity].toUpperCase();
  const head = `${String(rank).padStart(2)}. ${paint(severity_style[finding.severity], label)} (risk ${finding.risk_score})  ${paint('bold', plain(finding.title))}`;
  const alike = finding.members.length > 0 ? ` ${count(finding.members.length)} more like it.` : '';
  const when = `${instants(finding.start_at, finding.end_at)} UTC.`;
  const body = [finding.summary + alike, against(finding), when, sourceOf(finding), harmless(finding)];
  return `${head}\n${sentence(body.filter((part) => part !== '').join(' '), width, '    ')}`;
}

/** What was expected, told for the strongest reason. */
function against(finding: Finding): string {
  const [strongest] = finding.reasons;
  const rare = oneIn(finding.p_value);
  const odds = rare === 'nearly always' ? '' : ` (chance: ${rare})`;
  if (!strongest || bare(strongest)) return `Compared with: ${finding.baseline.says}${odds}.`;
  return `Usual for ${strongest.says}: ${usual(strongest)}, seen ${seen(strongest)}; by ${finding.baseline.says}${odds}.`;
}

function sourceOf(finding: Finding): string {
  const [first] = finding.evidence;
  if (!first) return '';
  const rest = finding.evidence_total - 1;
  return `See ${place(first)}${rest > 0 ? ` and ${count(rest)} more events` : ''}.`;
}

function harmless(finding: Finding): string {
  return finding.false_positives.length === 0 ? '' : `Harmless if: ${finding.false_positives.join('; ')}.`;
}
