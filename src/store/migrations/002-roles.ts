import type { Migration } from './migration.ts';

/** What was learned of hosts after reading: the parts they play. */
export const roles: Migration = {
  version: 2,
  name: 'roles',
  statements: ({ settings }) => [
    `CREATE TABLE IF NOT EXISTS role (
  host String,
  role LowCardinality(String),
  title LowCardinality(String),
  since DateTime64(6, 'UTC'),
  evidence String,
  source LowCardinality(String)
) ENGINE = MergeTree
ORDER BY (role, host)
SETTINGS ${settings}`,
  ],
};
