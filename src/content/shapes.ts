import { WeirError } from '../base/error.ts';
import type { Shape } from '../schema/shape.ts';
import type { Fragment } from './fragments.ts';

const judgements = ['rhythm', 'upload', 'scan', 'slow_scan'] as const;

/**
 * What features ask of known shapes, as fragments: `$(known_name_rhythm(dst_name))` and `$(known_call_rhythm)` give the
 * reason why such a call is told at the bottom, '' for any other; `$(left_out_rhythm)` says that it is not looked at.
 * The same for upload, scan and slow_scan.
 */
export function shapeFragments(shapes: readonly Shape[]): Map<string, Fragment> {
  const sorted = [...shapes].sort((a, b) => (a.id < b.id ? -1 : 1));
  const fragments = new Map<string, Fragment>();
  for (const one of judgements) {
    const low = sorted.filter(({ effects }) => effects[one] === 'low');
    const left_out = sorted.filter(({ effects }) => effects[one] === 'left_out');
    const by_name = low
      .filter(({ names }) => names.length > 0)
      .map((of) => [namesCondition(of), of.reason] as const);
    const by_call = low
      .filter(({ where }) => where !== '')
      .map((of) => [`(${of.where})`, of.reason] as const);
    const out = left_out.filter(({ where }) => where !== '').map(({ where }) => `(${where})`);
    fragments.set(`known_name_${one}`, { takes: ['name'], sql: reasonSql(by_name) });
    fragments.set(`known_call_${one}`, { takes: [], sql: reasonSql(by_call) });
    fragments.set(`left_out_${one}`, { takes: [], sql: out.length === 0 ? 'false' : out.join(' OR ') });
  }
  return fragments;
}

/** A shape that its file cannot mean. Throws `content_invalid`. */
export function checkShape({ file, id, names, effects }: Shape, file_id: string): void {
  const invalid = (what: string): WeirError => new WeirError('content_invalid', `${file}: ${what}`);
  if (id !== file_id) throw invalid(`id is ${id}; it must be the file name`);
  if (names.length > 0 && Object.values(effects).includes('left_out'))
    throw invalid('effects: what is known by its name alone is told at the bottom, never left out');
}

function reasonSql(cases: readonly (readonly [condition: string, reason: string])[]): string {
  if (cases.length === 0) return "''";
  return `multiIf(${cases.map(([condition, reason]) => `${condition}, ${quoted(reason)}`).join(', ')}, '')`;
}

/** Exact names in one list; those below a domain by their end, with the dot, so that notexample.com is not example.com. */
function namesCondition({ names }: Shape): string {
  const exact = names.filter((one) => !one.startsWith('.'));
  const below = names.filter((one) => one.startsWith('.'));
  const parts = below.map((one) => `endsWith($name, ${quoted(one)})`);
  if (exact.length > 0) parts.unshift(`$name IN (${exact.map(quoted).join(', ')})`);
  return `(${parts.join(' OR ')})`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, (sign) => `\\${sign}`)}'`;
}
