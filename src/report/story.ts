import {
  count,
  counted,
  formatUnit,
  instant,
  list,
  numbered,
  pValueWords,
  range,
  seconds,
  share,
  timeRange,
} from '../base/format.ts';
import { noPaint, type Paint, plain, textTable, wrap } from '../base/terminal.ts';
import type { Also, Evidence, Finding, Reason } from '../schema/finding.ts';
import type { Role } from '../schema/role.ts';
import {
  chance,
  ends,
  named,
  place,
  roleWords,
  severity_label,
  severity_style,
  shortId,
  spaced,
  who,
} from './words.ts';

export interface StoryOptions {
  readonly width: number;
  /** Colours, where the output has them. */
  readonly paint?: Paint;
  /** Parts that hosts play; those of the hosts of a finding are told with it. */
  readonly roles?: readonly Role[];
}

/** Members shown by name; the rest is counted. */
const most_members = 100;
/** Events of a finding shown; what backs it is often the same again and again. */
const most_events = 20;
/** Events shown for each further reason. */
const most_also_evidence = 3;
const margin = '  ';

/** The whole story of one finding: what, when, who, how sure, why, what backs it, and what to do about it. */
export function story(finding: Finding, { width, paint = noPaint, roles = [] }: StoryOptions): string {
  const section = (title: string, body: string): string =>
    body === '' ? '' : `${paint('bold', title)}\n${body}`;
  return [
    headline(finding, width, paint),
    sentence(named(finding.summary, finding.names), width, margin),
    section('Why this is unusual', why(finding, width, paint)),
    section('ATT&CK', attack(finding)),
    section(evidenceTitle(finding), events(finding, width)),
    section(ofOnePair(finding) ? 'Also between the two' : 'Also of the same host', also(finding, width)),
    section(`${count(finding.members_total)} more told with it`, members(finding, width)),
    section(
      'Look at next',
      listed(finding.next, width, (i) => `${i + 1}. `),
    ),
    section(
      'Harmless things that look the same',
      sentence(finding.false_positives.join('; '), width, margin),
    ),
    section('Not seen', finding.caveats.map((one) => sentence(one, width, margin)).join('\n')),
    section('Roles', rolesOf(finding, roles, width)),
    section('Seen with it', related(finding, width)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function headline(finding: Finding, width: number, paint: Paint): string {
  const label = paint(severity_style[finding.severity], severity_label[finding.severity].toUpperCase());
  const [from, to] = ownSpan(finding);
  const lasted = (to - from) / 1e6;
  const facts = [
    ['who', plain(named(who(finding.entity), finding.names))],
    [
      'when',
      `${timeRange(from, to)} UTC${lasted > 0 ? ` (${seconds(lasted)})` : ''}${finding.windows > 1 ? `, in ${count(finding.windows)} windows` : ''}${finding.evidence_in_all === undefined ? '' : `, ${counted(finding.evidence_in_all, 'such event')} in all`}`,
    ],
    ...(ofPart(finding)
      ? [
          [
            'figures',
            `of the strongest part, ${timeRange(finding.figures_start_at, finding.figures_end_at)} UTC`,
          ] as const,
        ]
      : []),
    ['risk', `${finding.risk_score} of 100`],
    ['confidence', `${finding.confidence_score} of 100`],
    ['detector', `${finding.detector}, stage ${spaced(finding.stage)}`],
    ['finding', finding.finding_id],
    ...(finding.folded_into === '' ? [] : [['told with', shortId(finding.folded_into)] as const]),
  ];
  return [
    `${label}  ${paint('bold', plain(finding.title))}`,
    ...facts.map(([name, fact]) => {
      const first = margin + name.padEnd(12);
      return wrap(fact, width, first, ' '.repeat(first.length));
    }),
  ].join('\n');
}

/** From when to when it was itself seen; what is told with it has times of its own. */
function ownSpan({ own_start_at, own_end_at, start_at, end_at }: Finding): readonly [number, number] {
  return [own_start_at ?? start_at, own_end_at ?? end_at];
}

/** Whether it and all that other detectors say with it are about the same two ends. */
function ofOnePair({ entity, also }: Finding): boolean {
  const pairOf = (one: Finding['entity']): string =>
    `${one.src_ip ?? ''} ${one.dst_name ?? one.dst_ip ?? one.query_domain ?? ''}`;
  const pair = pairOf(entity);
  return !/^ | $/.test(pair) && also.every((one) => pairOf(one.entity) === pair);
}

/** Whether sentence, figures and evidence speak of a part of the time in which it was seen. */
function ofPart(finding: Finding): boolean {
  const [from, to] = ownSpan(finding);
  return finding.figures_start_at > from || finding.figures_end_at < to;
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
  const text = `${chance(finding.p_value)} Baseline: ${finding.baseline.says}.`;
  return [table, sentence(text, width, margin)].filter((part) => part !== '').join('\n\n');
}

const seen = (one: Reason): string => formatUnit(one.actual, one.unit);
/** A thing that is telling in itself has no usual value: nothing is expected. */
const bare = (one: Reason): boolean => one.expected === 0 && one.low === 0 && one.high === 0;
const beyond = (one: Reason): boolean => one.actual < one.low || one.actual > one.high;
const usual = (one: Reason): string => (bare(one) ? 'none' : formatUnit(one.expected, one.unit));
const usualRange = (one: Reason): string => (bare(one) ? '' : range(one.low, one.high, one.unit));

function attack(finding: Finding): string {
  return finding.attack
    .map(({ id, name, tactics }) => `${margin}${id.padEnd(10)}${name} (${tactics.map(spaced).join(', ')})`)
    .join('\n');
}

function evidenceTitle(finding: Finding): string {
  const length = Math.min(finding.evidence.length, most_events);
  if (finding.evidence_total <= length) return 'Evidence';
  return `Evidence (${count(length)} of ${count(finding.evidence_total)} events)`;
}

function events({ evidence: all, names }: Finding, width: number): string {
  const shown = all.slice(0, most_events).map((one) => evidence(one, names, width));
  const rest = all.length - most_events;
  if (rest > 0) shown.push(`${margin}and ${count(rest)} more, which --json lists`);
  return shown.join('\n');
}

/** When, between whom and what; below it where it was read. */
function evidence(one: Evidence, names: Finding['names'], width: number): string {
  const first = `${margin}${instant(one.time)}  `;
  const hang = ' '.repeat(first.length);
  const head = [named(ends(one), names), one.says]
    .filter((part) => part !== '')
    .map(plain)
    .join('  ');
  return `${wrap(head, width, first, hang)}\n${wrap(plain(place(one)), width, hang)}`;
}

/** What other detectors say of the same pair: each with how unlikely it is, and the first events that back it. */
function also(finding: Finding, width: number): string {
  return finding.also
    .map((one) => {
      const first = `${margin}${shortId(one.finding_id)}  `;
      const hang = ' '.repeat(first.length);
      const said = named(one.summary, finding.names);
      const label = `${severity_label[one.severity]}: ${one.title}. ${said} ${chance(one.p_value)}`;
      const events = one.evidence
        .slice(0, most_also_evidence)
        .map((event) => wrap(plain(`see ${place(event)}`), width, hang));
      return [wrap(plain(label), width, first, hang), ...events].join('\n');
    })
    .join('\n');
}

function members(finding: Finding, width: number): string {
  const shown = finding.members.slice(0, most_members).map((one) => {
    const first = `${margin}${shortId(one.finding_id)}  ${instant(one.start_at)}  `;
    const other = one.detector === finding.detector ? '' : `${severity_label[one.severity]}: ${one.title}. `;
    return wrap(plain(other + named(one.summary, finding.names)), width, first, ' '.repeat(first.length));
  });
  const rest = finding.members_total - shown.length;
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

/** Which parts the hosts of a finding play. */
function rolesOf({ entity, values }: Finding, roles: readonly Role[], width: number): string {
  const hosts = new Set([...Object.values(entity), values.src_ip, values.dst_ip].map(String));
  const told = roles.filter(({ host }) => hosts.has(host)).map(roleWords);
  return told.map((one) => sentence(one, width, margin)).join('\n');
}

function related(finding: Finding, width: number): string {
  const ids = finding.related.map(shortId);
  return ids.length === 0
    ? ''
    : sentence(`findings on the same host within a day: ${ids.join(', ')}`, width, margin);
}

function sentence(text: string, width: number, indent: string): string {
  return wrap(plain(text), width, indent);
}

/** Reasons a paragraph tells, and what part of the score one but the first must have to be worth a place. */
const most_facts = 3;
const least_weight = 0.15;
/** Members a paragraph names; the rest is counted. */
const most_alike = 3;
const inset = '    ';

/** A top finding in a few lines: who and what, how far from usual, ATT&CK, where to look, what to do next. */
export function paragraph(
  finding: Finding,
  { width, rank, paint = noPaint }: StoryOptions & { readonly rank: number },
): string {
  const label = severity_label[finding.severity].toUpperCase();
  const about = plain(named(who(finding.entity), finding.names));
  const title = paint('bold', plain(finding.title) + (about === '' ? '' : `: ${about}`));
  const id = paint('dim', shortId(finding.finding_id));
  const head = `${paint(severity_style[finding.severity], label)}, risk ${finding.risk_score}  ${title}  ${id}`;
  const lines = [
    named(finding.summary, finding.names),
    against(finding),
    traced(finding),
    ...finding.also.map((one) => named(reason(one), finding.names)),
    nextStep(finding),
    alike(finding),
    others(finding),
    caveats(finding),
  ];
  return [
    wrap(head, width, `${String(rank).padStart(2)}. `, inset),
    ...lines.filter((line) => line !== '').map((line) => sentence(line, width, inset)),
  ].join('\n');
}

/**
 * Seen and expected, strongest first, as far as it was beyond expectation, and how well that is known: "507 hosts at
 * which it failed, expected 1 to 8".
 */
function against(finding: Finding): string {
  const facts = finding.reasons
    .filter((one, i) => !bare(one) && (i === 0 || (one.weight >= least_weight && beyond(one))))
    .slice(0, most_facts)
    .map((one) => `${numbered(one.actual, one.unit, one.says)}, expected ${usualRange(one)}`);
  const rare = pValueWords(finding.p_value);
  const odds = rare === 'nearly always' ? '' : ` Chance: ${rare}.`;
  const told = facts.length === 0 ? '' : `${facts.join('; ')}. `;
  return `${told}Baseline: ${finding.baseline.says}.${odds}`;
}

const day_us = 86_400e6;

/**
 * What it is called, when that was which the sentence is about, the first line that shows it, and when else the same was
 * seen.
 */
function traced(finding: Finding): string {
  const names = finding.attack.map(({ id, name }) => `${id} ${name}`).join(', ');
  const when = `${timeRange(finding.figures_start_at, finding.figures_end_at)} UTC`;
  const [first] = finding.evidence;
  const rest = finding.evidence_total - 1;
  const more = rest > 0 ? ` and ${counted(rest, 'more event', 'more events')}` : '';
  const where = first ? `, see ${place(first)}${more}` : '';
  const [from, to] = ownSpan(finding);
  const again = to - from > day_us ? 'Seen again on later days: in' : 'In';
  const events =
    finding.evidence_in_all === undefined ? '' : `, ${counted(finding.evidence_in_all, 'such event')}`;
  const windows =
    finding.windows > 1 && finding.members_total === 0 ? `, in ${count(finding.windows)} windows` : '';
  const longer = ofPart(finding)
    ? ` ${again} all ${timeRange(from, to)} UTC${windows}${events}; told is the strongest.`
    : '';
  return `${names === '' ? '' : `ATT&CK ${names}. `}${when}${where}.${longer}`;
}

/** What was not seen there, so that nobody takes the story for more than it is. */
function caveats(finding: Finding): string {
  return finding.caveats.length === 0 ? '' : `Not seen: ${finding.caveats.join(' ')}`;
}

function nextStep(finding: Finding): string {
  const [first] = finding.next;
  return first === undefined ? '' : `Next: ${first}`;
}

/** "Also 1a2b3c4d, medium: Many ports of one host tried. …" */
function reason({ finding_id, severity, title, summary, p_value }: Also): string {
  const rare = pValueWords(p_value);
  const odds = rare === 'nearly always' ? '' : ` Chance: ${rare}.`;
  return `Also ${shortId(finding_id)}, ${severity_label[severity]}: ${title}. ${summary}${odds}`;
}

/** Members that the same detector found. */
function alike({ members, members_total, detector }: Finding): string {
  const same = members.filter((one) => one.detector === detector);
  // What is not carried by name is of a flood of one kind.
  const n = same.length + members_total - members.length;
  if (n === 0) return '';
  const named = [...new Set(same.map((one) => who(one.entity)))].filter((one) => one !== '');
  const shown = list(named.slice(0, most_alike));
  const all = named.length === n && n <= most_alike;
  return `And ${count(n)} more like it${all ? ': ' : ', among them '}${shown}.`;
}

/** Members that other detectors found, by what they are, with ids that can be asked for. */
function others({ members, detector }: Finding): string {
  const kinds = Map.groupBy(
    members.filter((one) => one.detector !== detector),
    (one) => `${severity_label[one.severity]}: ${one.title}`,
  );
  const told = [...kinds].map(([title, of]) => {
    const ids = of.slice(0, most_alike).map((one) => shortId(one.finding_id));
    const rest = of.length - ids.length;
    return `${title} (${ids.join(', ')}${rest > 0 ? ` and ${count(rest)} more` : ''})`;
  });
  return told.length === 0 ? '' : `Told with it: ${told.join('; ')}.`;
}
