import type { Migration } from './migration.ts';

/** Which device had which address from when to when. */
export const devices: Migration = {
  version: 4,
  name: 'devices',
  statements: ({ settings }) => [
    `CREATE TABLE IF NOT EXISTS device_address (
  device String,
  address String,
  from_at DateTime64(6, 'UTC'),
  to_at Nullable(DateTime64(6, 'UTC')),
  evidence LowCardinality(String),
  name String
) ENGINE = MergeTree
ORDER BY (address, from_at)
SETTINGS ${settings}`,
  ],
};
