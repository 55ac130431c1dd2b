import type { Migration } from './migration.ts';

/** Where and since when answers are known not to be seen. */
export const unseen_answers: Migration = {
  version: 3,
  name: 'unseen answers',
  statements: ({ settings }) => [
    `CREATE TABLE IF NOT EXISTS unseen_answers (
  network String,
  way LowCardinality(String),
  direction LowCardinality(String),
  day UInt32,
  since_s UInt32
) ENGINE = MergeTree
ORDER BY (network, way, direction, day)
SETTINGS ${settings}`,
  ],
};
