import type { Migration } from './migration.ts';

/** Everything but the event tables, which are made from their descriptions. */
export const start: Migration = {
  version: 1,
  name: 'start',
  statements: ({ settings, ttl }) => [
    `CREATE TABLE IF NOT EXISTS run (
  run_id String,
  started_at DateTime64(6, 'UTC'),
  ended_at Nullable(DateTime64(6, 'UTC')),
  command LowCardinality(String),
  version LowCardinality(String),
  state LowCardinality(String),
  figures String CODEC(ZSTD(1)),
  stored_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(stored_at)
ORDER BY run_id
SETTINGS ${settings}`,
    `CREATE TABLE IF NOT EXISTS input_file (
  run_id String,
  file String,
  format LowCardinality(String),
  sha256 String,
  bytes UInt64,
  read UInt64,
  stored UInt64,
  filtered UInt64,
  duplicates UInt64,
  rejected UInt64,
  first_at Nullable(DateTime64(6, 'UTC')),
  last_at Nullable(DateTime64(6, 'UTC')),
  stored_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(stored_at)
ORDER BY (run_id, file)
SETTINGS ${settings}`,
    `CREATE TABLE IF NOT EXISTS reject (
  run_id LowCardinality(String),
  file LowCardinality(String),
  line UInt64,
  offset UInt64,
  format LowCardinality(String),
  reason String CODEC(ZSTD(1)),
  excerpt String CODEC(ZSTD(1)),
  stored_at DateTime('UTC')
) ENGINE = MergeTree
PARTITION BY toMonday(stored_at)
ORDER BY (run_id, file, line)
${ttl('stored_at')}
SETTINGS ${settings}`,
    `CREATE TABLE IF NOT EXISTS finding (
  run_id String,
  finding_id String,
  detector LowCardinality(String),
  severity LowCardinality(String),
  stage LowCardinality(String),
  start_at DateTime64(6, 'UTC'),
  end_at DateTime64(6, 'UTC'),
  score Float64,
  p_value Float64,
  risk_score UInt8,
  shown Bool,
  entity Map(LowCardinality(String), String),
  body String CODEC(ZSTD(1)),
  stored_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(stored_at)
ORDER BY (run_id, finding_id)
SETTINGS ${settings}`,
  ],
};
