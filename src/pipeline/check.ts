import { WeirError } from '../base/error.ts';
import type { Content } from '../content/index.ts';
import { featureStatement, statementColumns } from '../features/index.ts';
import type { Store } from '../store/index.ts';
import { feature_settings } from './rows.ts';

/**
 * Tries every detector's statement on a store: SQL that does not run, or gives other columns than the feature says, is
 * `content_invalid` with file and the engine's words.
 */
export async function checkStatements(store: Store, content: Content): Promise<void> {
  for (const detector of content.detectors) {
    const feature = content.features.get(detector.features)!;
    const { sql, params } = featureStatement(feature, detector, { from: 0, to: 1 });
    try {
      const columns = await store.query<{ name: string }>(`DESCRIBE (${sql})`, params, {
        name: 'check',
        settings: feature_settings,
      });
      const missing = statementColumns(feature, detector).filter(
        (name) => !columns.some((one) => one.name === name),
      );
      if (missing.length > 0)
        throw new WeirError('content_invalid', `${feature.file}: no column ${missing.join(', ')}`);
    } catch (cause) {
      if (cause instanceof WeirError && cause.code !== 'store_failed') throw cause;
      throw new WeirError(
        'content_invalid',
        `${detector.file} with ${feature.file}: ${(cause as Error).message}`,
        { cause },
      );
    }
  }
}
