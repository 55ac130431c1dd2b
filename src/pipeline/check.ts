import { WeirError } from '../base/error.ts';
import type { Content } from '../content/index.ts';
import { fractionSums } from '../content/row-order.ts';
import { evidenceStatements, recountStatements } from '../detect/index.ts';
import { featureStatement, statementColumns } from '../features/index.ts';
import type { Detector, Feature } from '../schema/detector.ts';
import type { Finding } from '../schema/finding.ts';
import type { RoleDefinition } from '../schema/role.ts';
import type { Params, Store } from '../store/index.ts';
import { roleStatement } from './roles.ts';
import { feature_settings, withoutProxy } from './rows.ts';

/**
 * Tries every detector's statement on a store: SQL that does not run, or gives other columns than the feature says, is
 * `content_invalid` with file and the engine's words.
 */
export async function checkStatements(store: Store, content: Content): Promise<void> {
  for (const role of content.roles) await checkRole(store, role);
  for (const detector of content.detectors) {
    const feature = content.features.get(detector.features)!;
    await checkFeature(store, detector, feature);
    if (feature.sql_without_proxy !== feature.sql) await checkFeature(store, detector, withoutProxy(feature));
    const blank = blankFinding(feature);
    const backing = [
      ...evidenceStatements(detector, blank, 1),
      ...detector.evidence.flatMap((_, i) => recountStatements(detector, blank, i)),
    ];
    for (const one of backing) {
      await store
        .query(`DESCRIBE (${one.sql})`, one.params, {
          name: 'check evidence',
          settings: feature_settings,
          of_content: true,
        })
        .catch((cause: unknown) => {
          throw invalid(`${detector.file}: evidence or recount`, cause);
        });
    }
  }
}

async function checkFeature(store: Store, detector: Detector, feature: Feature): Promise<void> {
  const { sql, params } = featureStatement(feature, detector, { from_s: 0, to_s: 1 }, { from: 0, to: 1 });
  try {
    const columns = await store.query<{ name: string }>(`DESCRIBE (${sql})`, params, {
      name: 'check',
      settings: feature_settings,
      of_content: true,
    });
    const missing = statementColumns(feature, detector).filter(
      (name) => !columns.some((one) => one.name === name),
    );
    if (missing.length > 0)
      throw new WeirError('content_invalid', `${feature.file}: no column ${missing.join(', ')}`);
    await checkSums(store, sql, params, feature.file);
  } catch (cause) {
    throw invalid(`${detector.file} with ${feature.file}`, cause);
  }
}

async function checkSums(store: Store, sql: string, params: Params, file: string): Promise<void> {
  const settings = feature_settings;
  const tree = await store.rows<[string]>(`EXPLAIN QUERY TREE ${sql}`, params, {
    name: 'check',
    settings,
    of_content: true,
  });
  const [told] = fractionSums(tree.map(([line]) => line));
  if (told) throw new WeirError('content_invalid', `${file}: ${told}`);
}

async function checkRole(store: Store, role: RoleDefinition): Promise<void> {
  await store
    .query(
      `DESCRIBE (${roleStatement(role)})`,
      {},
      { name: 'check', settings: feature_settings, of_content: true },
    )
    .catch((cause: unknown) => {
      throw invalid(role.file, cause);
    });
}

function invalid(where: string, cause: unknown): unknown {
  if (cause instanceof WeirError && cause.code !== 'store_failed') return cause;
  return new WeirError('content_invalid', `${where}: ${(cause as Error).message}`, { cause });
}

/** A finding with a value of the right type for each column, so that evidence statements have what they ask for. */
function blankFinding(feature: Feature): Finding {
  const values: Record<string, string | number> = {};
  for (const name of feature.grain) values[name] = name.endsWith('_port') ? 0 : '';
  for (const [name, { unit }] of Object.entries(feature.columns))
    values[name] = unit === 'text' || unit === 'list' ? '' : 0;
  return { values, entity: {}, figures_start_at: 0, figures_end_at: 0, window_at: 0 } as unknown as Finding;
}
