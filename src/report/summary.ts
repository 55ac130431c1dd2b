import { bytes, count, counted, seconds, timeRange } from '../base/format.ts';
import { noPaint, type Paint, plain, textTable, wrap } from '../base/terminal.ts';
import type { HeldBack } from '../schema/finding.ts';
import { addLedger, emptyLedger, type InputReport, type Ledger, residue, total } from '../schema/ledger.ts';
import { type Loss, lossWords } from '../schema/loss.ts';
import type { Role } from '../schema/role.ts';
import type { Vantage } from '../schema/vantage.ts';
import { fileWords, roleWords, vantageWords } from './words.ts';

/** What a run leaves behind, as pipeline/route.ts gives it. Times are µs since 1970. */
export interface RunFigures {
  readonly findings: readonly unknown[];
  readonly held: HeldBack;
  readonly inputs: readonly InputReport[];
  readonly runs: readonly {
    readonly detector: string;
    readonly judged: number;
    readonly findings: number;
  }[];
  /** Detectors that could not be run to their end. */
  readonly failed: readonly { readonly detector: string }[];
  /** networks of which one direction only is seen */
  readonly vantage: readonly Vantage[];
  /** when sensors lost packets, by their own word */
  readonly losses: readonly Loss[];
  /** parts that local hosts play */
  readonly roles: readonly Role[];
  readonly local_networks: readonly string[];
  readonly local_note: string | null;
  readonly first_time: number | null;
  readonly last_time: number | null;
  readonly events: number;
  readonly hosts: number;
  readonly baseline_note: string;
}

export interface SummaryOptions {
  readonly width: number;
  /** Folder the store is kept in; null: it is gone after the run. */
  readonly keep: string | null;
  readonly paint?: Paint;
}

const margin = '  ';
/** Reasons of one kind that are told; the rest is counted. */
const most_reasons = 6;
/** Roles that are told; the rest is counted. */
const most_roles = 12;

/** What was read and what became of it, what it was compared with, and who found something. */
export function runSummary(run: RunFigures, { width, keep, paint = noPaint }: SummaryOptions): string {
  const lines = [
    paint('bold', wrap(opening(run), width)),
    ...oneSided(run.vantage, width).map((line) => paint('yellow', line)),
    ledgerTable(run.inputs, width, paint),
    ...unbalanced(run.inputs, width).map((line) => paint('red', line)),
    ...outcomes(run.inputs, width, keep),
    ...said('When', when(run), width),
    ...said('Lost', lost(run.losses), width).map((line) => paint('yellow', line)),
    ...said('Local networks', run.local_note ?? networks(run.local_networks), width),
    ...said('Roles', roles(run.roles), width),
    ...said('Baseline', run.baseline_note, width),
    ...said('Detectors', detectors(run), width),
    ...said('Findings', findings(run), width),
    ...said('Held back', heldBack(run), width),
    ...said('FAILED', failed(run), width).map((line) => paint('red', line)),
  ];
  return lines.filter((line) => line !== '').join('\n');
}

/** What sensors did not see by their own word, the greatest losses first. */
function lost(losses: readonly Loss[]): string {
  const worst = [...losses].sort((a, b) => b.share - a.share || a.from - b.from);
  return told(worst.map(lossWords), 3);
}

/** Said before anything else: what is not seen cannot be judged. */
function oneSided(vantage: readonly Vantage[], width: number): string[] {
  return vantage.length === 0 ? [] : [wrap(plain(vantageWords(vantage)), width, margin)];
}

function sum(inputs: readonly InputReport[]): Ledger {
  const all = emptyLedger();
  for (const { ledger } of inputs) addLedger(all, ledger);
  return all;
}

function opening(run: RunFigures): string {
  const size = run.inputs.reduce((all, one) => all + one.bytes, 0);
  const files = `${counted(run.inputs.length, 'file')}, ${bytes(size)}`;
  if (run.first_time === null || run.last_time === null) return `Read ${files}: no events.`;
  const { stored, duplicates } = sum(run.inputs);
  const events = `${counted(stored, 'event')} of ${counted(run.hosts, 'local host')}`;
  const copies = total(duplicates);
  return `Read ${files}: ${events}${copies === 0 ? '' : `, and ${counted(copies, 'duplicate')} (${copiesOf(run.inputs)})`}`;
}

/** What duplicates are copies of: the ledger of a capture counts packets as well as connections. */
function copiesOf(inputs: readonly InputReport[]): string {
  const having = inputs.filter((one) => one.ledger.duplicates.size > 0);
  const captures = having.filter((one) => one.format.startsWith('pcap')).length;
  if (captures === 0) return 'records told before';
  const seen = 'packets or connections seen before';
  return captures === having.length ? seen : `records told before, ${seen}`;
}

function when({ first_time, last_time }: RunFigures): string {
  if (first_time === null || last_time === null) return '';
  const lasted = (last_time - first_time) / 1e6;
  return `${timeRange(first_time, last_time)} UTC${lasted >= 1 ? ` (${seconds(lasted)})` : ''}`;
}

/** read = stored + filtered + duplicates + rejected, a row for each kind of file and one for all. */
function ledgerTable(inputs: readonly InputReport[], width: number, paint: Paint): string {
  const formats = Map.groupBy(inputs, (one) => one.format || 'not known');
  const row = (name: string, of: readonly InputReport[]): string[] => {
    const ledger = sum(of);
    return [
      name,
      count(of.length),
      count(ledger.read),
      count(ledger.stored),
      count(total(ledger.filtered)),
      count(total(ledger.duplicates)),
      count(total(ledger.rejected)),
    ];
  };
  const rows = [...formats].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, of]) => row(name, of));
  if (rows.length > 1) rows.push(row('all', inputs));
  return textTable(
    ['format', 'files', 'read', '= stored', '+ filtered', '+ duplicates', '+ rejected'],
    rows,
    {
      width,
      indent: margin,
      right: [1, 2, 3, 4, 5, 6],
      paint,
    },
  );
}

/** Every input is held to its own balance: what one lacks another cannot make up for. */
function unbalanced(inputs: readonly InputReport[], width: number): string[] {
  return inputs
    .filter((one) => residue(one.ledger) !== 0)
    .map((one) => {
      const missing = residue(one.ledger);
      const off = `${counted(Math.abs(missing), 'record')} ${missing > 0 ? 'unaccounted for' : 'counted twice'}`;
      const text = `THE LEDGER DOES NOT BALANCE: ${off} in ${fileWords(one.file)}. This is a fault of Weir, please report it.`;
      return wrap(plain(text), width, margin);
    });
}

function outcomes(inputs: readonly InputReport[], width: number, keep: string | null): string[] {
  const all = sum(inputs);
  const rejecting = inputs.filter((one) => one.ledger.rejected.size > 0).map((one) => one.file);
  const where = keep === null ? '--keep DIR keeps them, table reject' : `kept in ${keep}, table reject`;
  const files = `in ${told(rejecting.map(fileWords), 3)}; ${where}`;
  return [
    ...said('Filtered', reasons(all.filtered), width),
    ...said('Duplicates', reasons(all.duplicates), width),
    ...said('Set aside', setAside(all), width),
    ...said('Rejected', all.rejected.size === 0 ? '' : `${reasons(all.rejected)}; ${files}`, width),
  ];
}

function reasons(of: ReadonlyMap<string, number>): string {
  return told(rankedWords(of), most_reasons);
}

/** "log type not told (12)": a reason may begin with a number of its own. */
function rankedWords(of: ReadonlyMap<string, number>): string[] {
  return [...of].sort((a, b) => b[1] - a[1]).map(([reason, n]) => `${reason} (${count(n)})`);
}

/** Values that were not usable; their records are stored without them. */
function setAside({ set_aside }: Ledger): string {
  if (set_aside.size === 0) return '';
  return `${counted(total(set_aside), 'value')}: ${told(rankedWords(set_aside), most_reasons)}`;
}

function told(items: readonly string[], most: number): string {
  const rest = items.length - most;
  return items.slice(0, most).join(', ') + (rest > 0 ? ` and ${count(rest)} more` : '');
}

/** A line with its name in front, nothing when there is nothing to say. */
function said(name: string, text: string, width: number): string[] {
  if (text === '') return [];
  const first = `${margin}${name.padEnd(16)}`;
  return [wrap(plain(text), width, first, ' '.repeat(first.length))];
}

function networks(local: readonly string[]): string {
  return local.includes('10.0.0.0/8') && local.includes('fc00::/7') ? 'the private ranges' : told(local, 6);
}

/** "10.1.2.5 resolver (answers 14 hosts, 4,212 names); …" */
export function roles(shown: readonly Role[]): string {
  const told_of = shown.map(roleWords);
  const rest = told_of.length - most_roles;
  return told_of.slice(0, most_roles).join('; ') + (rest > 0 ? ` and ${count(rest)} more` : '');
}

function detectors(run: RunFigures): string {
  const judged = run.runs.reduce((all, one) => all + one.judged, 0);
  const fired = run.runs.filter((one) => one.findings > 0).length;
  return `${count(run.runs.length)} ran over ${counted(judged, 'row')}, ${count(fired)} saw something unusual`;
}

function findings({ findings: lines, held }: RunFigures): string {
  const within = held.folded === 0 ? '' : `, ${count(held.folded)} more told within them`;
  return `${count(lines.length)}${within}`;
}

/** What the cap left out, of what, and how to see it. */
function heldBack({ held }: RunFigures): string {
  if (held.findings === 0) return '';
  const what = `${counted(held.findings, 'low finding')} of ${counted(held.kinds, 'kind')} on ${counted(held.hosts, 'host')}`;
  return `by the cap of ${count(held.cap_per_day)} a day: ${what}; --budget ${held.shown_by} shows them`;
}

function failed(run: RunFigures): string {
  const names = run.failed.map((one) => one.detector);
  return names.length === 0 ? '' : `${told(names, most_reasons)}: what they see is missing`;
}
