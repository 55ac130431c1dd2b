import { bytes, count, counted, instant, seconds } from '../base/format.ts';
import { noPaint, type Paint, plain, type Style, textTable, wrap } from '../base/terminal.ts';
import type { Status } from '../schema/status.ts';

export interface StatusOptions {
  readonly width: number;
  readonly paint?: Paint;
  /** the clock, µs since 1970 */
  readonly now: number;
}

const margin = '  ';
/** Failed detectors and reasons of losses that are told; the rest is counted. */
const most_told = 6;

/** What a running Weir does, how far it has come, and what is wrong. */
export function statusText(status: Status, { width, paint = noPaint, now }: StatusOptions): string {
  const { version, folder, started_at, sources } = status;
  const opening = `Weir ${version} has watched for ${seconds(Math.max(0, now - started_at) / 1e6)} and keeps everything in ${folder}.`;
  const lines = [
    paint('bold', wrap(plain(opening), width)),
    ...said('Stored', `${counted(status.events, 'event')} since it started`, width),
    ...said('Judged', judged(status, now), width),
    ...said('Findings', count(status.findings), width),
    ...said('Journal', journal(status), width),
    sources.length === 0 ? '' : sourcesTable(status, { width, paint, now }),
    ...problems(status).flatMap(([name, text]) => said(name, text, width).map((line) => paint('red', line))),
  ];
  return lines.filter((line) => line !== '').join('\n');
}

function judged({ judged_until, judged_all, step_s }: Status, now: number): string {
  if (judged_all) return `all that there is; the last look took ${seconds(step_s)}`;
  if (judged_until === null) return 'nothing yet: no window is over';
  const ago = seconds(Math.max(0, now - judged_until) / 1e6);
  return `up to ${instant(judged_until)} UTC (${ago} ago); the last look took ${seconds(step_s)}`;
}

function journal({ journal }: Status): string {
  if (journal === null) return '';
  const { waiting_records, most_bytes } = journal;
  return `${counted(waiting_records, 'record')} waiting to be stored; it takes ${bytes(journal.bytes)} of ${bytes(most_bytes)}`;
}

function sourcesTable({ sources }: Status, { width, paint = noPaint, now }: StatusOptions): string {
  const states = sources.map(stateOf);
  return textTable(
    ['source', 'state', 'read', 'stored', 'filtered', 'duplicates', 'rejected', 'dropped', 'newest'],
    sources.map(({ source, account, dropped, newest }, i) => [
      source,
      states[i]!.word,
      ...[account.read, account.stored, account.filtered, account.duplicates, account.rejected].map(count),
      count(sum(dropped)),
      newest === null ? 'none yet' : age(now - newest),
    ]),
    {
      ...{ width, indent: margin, right: [2, 3, 4, 5, 6, 7], paint },
      style: (row, column) => (column === 1 ? states[row]!.style : null),
    },
  );
}

/** How a source is, in one word, the worst first. Pure. */
function stateOf(of: Status['sources'][number]): { readonly word: string; readonly style: Style | null } {
  if (of.problem !== null) return { word: 'problem', style: 'red' };
  if (of.wrong_clock) return { word: 'wrong clock', style: 'yellow' };
  if (of.silent) return { word: 'silent', style: 'yellow' };
  if (of.ended) return { word: 'at its end', style: null };
  return of.newest === null ? { word: 'waiting', style: null } : { word: 'live', style: 'green' };
}

/** A source's clock may run before ours. */
function age(us: number): string {
  return us < 0 ? `${seconds(-us / 1e6)} ahead` : `${seconds(us / 1e6)} ago`;
}

function problems(status: Status): [string, string][] {
  const { problem, failed, sources } = status;
  const lost = sources.filter((one) => sum(one.dropped) > 0);
  return [
    ...(problem === null ? [] : [['PROBLEM', problem] as [string, string]]),
    ...(status.journal?.problem ? [['JOURNAL', status.journal.problem] as [string, string]] : []),
    ...sources.flatMap((one): [string, string][] =>
      one.problem === null ? [] : [['SOURCE', `${one.source}: ${one.problem}`]],
    ),
    ...lost.map((one): [string, string] => ['DROPPED', `${one.source}: ${reasons(one.dropped)}`]),
    ...(failed.length === 0
      ? []
      : [['FAILED', told(failed.map((one) => `${one.detector}: ${one.why}`))] as [string, string]]),
  ];
}

function reasons(dropped: Readonly<Record<string, number>>): string {
  const ranked = Object.entries(dropped).sort((a, b) => b[1] - a[1]);
  return told(ranked.map(([reason, n]) => `${reason} (${count(n)})`));
}

function told(items: readonly string[]): string {
  const rest = items.length - most_told;
  return items.slice(0, most_told).join('; ') + (rest > 0 ? ` and ${count(rest)} more` : '');
}

function sum(of: Readonly<Record<string, number>>): number {
  return Object.values(of).reduce((all, n) => all + n, 0);
}

/** A line with its name in front; none when there is nothing to say. */
function said(name: string, text: string, width: number): string[] {
  return text === '' ? [] : [wrap(plain(`${name}: ${text}`), width, margin)];
}
