import { WeirError } from '../base/error.ts';
import type { Content } from '../content/index.ts';
import { fractionSums } from '../content/row-order.ts';
import { evidenceStatements, recountStatements } from '../detect/index.ts';
import { featureStatement, statementColumns } from '../features/index.ts';
import { mixProblems } from '../scenarios/index.ts';
import type { Detector, Feature } from '../schema/detector.ts';
import type { Finding } from '../schema/finding.ts';
import { rollupTable } from '../schema/rollup.ts';
import type { Params, Store } from '../store/index.ts';
import { Past } from './past.ts';
import { roleStatement } from './roles.ts';
import { withoutProxy } from './rows.ts';
import { feature_settings } from './settings.ts';

/** What is wrong with the traffic that detectors' tests ask for, one line each. */
export function testMistakes({ detectors }: Content): string[] {
  return detectors.flatMap(({ file, tests }) =>
    tests.flatMap(({ name, given }) =>
      mixProblems(given).map((problem) => `${file}: test "${name}": ${problem}`),
    ),
  );
}

/**
 * Tries every statement of roles and detectors on a store. Throws `content_invalid` with all that do not run, or that give
 * other columns than the feature says, one a line, each with its file and what is wrong in the engine's word.
 */
export async function checkStatements(store: Store, content: Content): Promise<void> {
  const mistakes = await statementMistakes(store, content);
  if (mistakes.length > 0) throw new WeirError('content_invalid', mistakes.join('\n'));
}

/** What `checkStatements` throws, as a list. */
export async function statementMistakes(store: Store, content: Content): Promise<string[]> {
  const mistakes = new Set<string>();
  const note = async (where: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      mistakes.add(told(where, error));
    }
  };
  const past = new Past(store, content.rollups);
  for (const rollup of content.rollups.values()) {
    // With those that only its form for a network with web proxies names.
    await note(rollup.file, () => past.fillFor(`${rollup.sql} ${rollupTable(rollup.id)}`));
    const whole = { begun: '1970-01-01', ended: '1970-01-01', from: '1970-01-01', to: '1970-01-01' };
    for (const sql of new Set([rollup.sql, rollup.sql_without_proxy]))
      await note(rollup.file, async () => checkDigits(await treeOf(store, sql, whole)));
  }
  for (const role of content.roles) await note(role.file, () => describe(store, roleStatement(role), {}));
  for (const detector of content.detectors) {
    const feature = content.features.get(detector.features)!;
    const bare = { ...detector, when: 'true', raise: [], lower: [], called: [] };
    await checkForms(store, detector, feature).catch(async (error: unknown) => {
      // Conditions are the detector's; whatever fails without them is the feature's.
      const before = mistakes.size;
      await note(feature.file, () => checkForms(store, bare, feature));
      if (mistakes.size === before && !mistakes.has(told(feature.file, error)))
        mistakes.add(told(`${detector.file}: when, raise, lower or called`, error));
    });
    for (const { where, sql, params } of backing(detector, feature))
      await note(`${detector.file}: ${where}`, () => describe(store, sql, params));
  }
  return [...mistakes];
}

/** A feature's statement as it is, and as it runs where no web proxy is. */
async function checkForms(store: Store, detector: Detector, feature: Feature): Promise<void> {
  await checkFeature(store, detector, feature);
  if (feature.sql_without_proxy !== feature.sql) await checkFeature(store, detector, withoutProxy(feature));
}

async function checkFeature(store: Store, detector: Detector, feature: Feature): Promise<void> {
  const { sql, params } = featureStatement(feature, detector, { from: 0, to: 1e6 }, { from: 0, to: 1 });
  const tree = await treeOf(store, sql, params);
  const columns = projected(tree);
  const missing = statementColumns(feature, detector).filter((name) => !columns.includes(name));
  if (missing.length > 0) throw new WeirError('content_invalid', `no column ${missing.join(', ')}`);
  checkDigits(tree);
}

/**
 * How the engine reads a statement, which it must be able to, before it makes it faster (the passes after the first):
 * https://clickhouse.com/docs/sql-reference/statements/explain
 */
async function treeOf(store: Store, sql: string, params: Params): Promise<string[]> {
  const lines = await store.rows<[string]>(`EXPLAIN QUERY TREE passes = 1 ${sql}`, params, asked);
  return lines.map(([line]) => line);
}

/** Names of the columns that the outermost query of a tree gives. */
function projected(tree: readonly string[]): string[] {
  const from = tree.indexOf('  PROJECTION COLUMNS') + 1;
  const to = tree.findIndex((line, at) => at >= from && !line.startsWith('    '));
  return tree.slice(from, to).map((line) => line.trim().split(' ')[0]!);
}

/** The statement gives the same to the last digit, in whatever order its rows are. */
function checkDigits(tree: readonly string[]): void {
  const [fraction] = fractionSums(tree);
  if (fraction) throw new WeirError('content_invalid', fraction);
}

interface Backing {
  /** which of the detector's queries, counted from 1 as people do */
  readonly where: string;
  readonly sql: string;
  readonly params: Params;
}

/** What shows a finding's events and counts its numbers again. */
function backing(detector: Detector, feature: Feature): Backing[] {
  const blank = blankFinding(feature);
  const shown = evidenceStatements(detector, blank, 1).map((one, i) => ({
    ...one,
    where: `evidence ${i + 1}`,
  }));
  const counted = detector.evidence.flatMap((_, i) =>
    recountStatements(detector, blank, i).map((one) => ({ ...one, where: 'counts of evidence or recount' })),
  );
  // What is counted in all of the past is so whichever evidence is shown.
  return [...new Map([...shown, ...counted].map((one) => [one.sql, one])).values()];
}

const asked = { name: 'check', settings: feature_settings, of_content: true } as const;

/** The engine plans a statement: it throws what is wrong with it. */
async function describe(store: Store, sql: string, params: Params): Promise<void> {
  await store.command(`DESCRIBE (${sql})`, params, asked);
}

/** One line for one mistake. What is no fault of the content is thrown on. */
function told(where: string, cause: unknown): string {
  if (!(cause instanceof WeirError) || (cause.code !== 'store_failed' && cause.code !== 'content_invalid'))
    throw cause;
  return `${where}: ${cause.message.split('\n')[0]}`;
}

/** A finding with a value of the right type for each column, so that evidence statements have what they ask for. */
function blankFinding(feature: Feature): Finding {
  const values: Record<string, string | number> = {};
  for (const name of feature.grain) values[name] = name.endsWith('_port') ? 0 : '';
  for (const [name, { unit }] of Object.entries(feature.columns))
    values[name] = unit === 'text' || unit === 'list' ? '' : 0;
  return { values, entity: {}, figures_start_at: 0, figures_end_at: 0, window_at: 0 } as unknown as Finding;
}
