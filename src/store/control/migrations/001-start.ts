import type { Migration } from './migration.ts';

export const start: Migration = {
  version: 1,
  name: 'start',
  statements: ({ int, real, bool, bytes, table }) => [
    `CREATE TABLE counter (name TEXT PRIMARY KEY, value ${int} NOT NULL)${table}`,
    `CREATE TABLE source (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  settings TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'paused', 'removed')),
  created_at ${int} NOT NULL,
  changed_at ${int} NOT NULL
)${table}`,
    `CREATE TABLE position (
  source TEXT NOT NULL REFERENCES source (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  updated_at ${int} NOT NULL,
  PRIMARY KEY (source, key)
)${table}`,
    `CREATE TABLE batch (
  batch_id TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  covers TEXT NOT NULL,
  token TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('in_flight', 'stored', 'set_aside')),
  reason TEXT,
  counts TEXT NOT NULL,
  created_at ${int} NOT NULL,
  changed_at ${int} NOT NULL
)${table}`,
    'CREATE INDEX batch_state ON batch (state, changed_at)',
    `CREATE TABLE progress (
  detector TEXT PRIMARY KEY,
  judged_to ${int} NOT NULL,
  content_hash TEXT NOT NULL,
  updated_at ${int} NOT NULL
)${table}`,
    `CREATE TABLE snapshot (
  detector TEXT NOT NULL,
  window_end ${int} NOT NULL,
  layout ${int} NOT NULL,
  content_hash TEXT NOT NULL,
  encoding TEXT NOT NULL,
  state ${bytes} NOT NULL,
  saved_at ${int} NOT NULL,
  PRIMARY KEY (detector, window_end)
)${table}`,
    `CREATE TABLE step (
  detector TEXT NOT NULL,
  window_end ${int} NOT NULL,
  body ${bytes} NOT NULL,
  saved_at ${int} NOT NULL,
  PRIMARY KEY (detector, window_end)
)${table}`,
    `CREATE TABLE finding (
  finding_id TEXT PRIMARY KEY,
  episode TEXT NOT NULL,
  version ${int} NOT NULL,
  sequence ${int} NOT NULL,
  as_of ${int} NOT NULL,
  detector TEXT NOT NULL,
  severity TEXT NOT NULL,
  risk ${int} NOT NULL,
  p_value ${real} NOT NULL,
  start_at ${int} NOT NULL,
  end_at ${int} NOT NULL,
  shown ${bool} NOT NULL,
  folded_into TEXT NOT NULL,
  held ${bool} NOT NULL,
  body TEXT NOT NULL,
  created_at ${int} NOT NULL,
  changed_at ${int} NOT NULL
)${table}`,
    'CREATE UNIQUE INDEX finding_sequence ON finding (sequence)',
    'CREATE INDEX finding_end ON finding (end_at)',
    `CREATE TABLE finding_entity (
  finding_id TEXT NOT NULL REFERENCES finding (finding_id) ON DELETE CASCADE,
  value TEXT NOT NULL,
  PRIMARY KEY (value, finding_id)
)${table}`,
    'CREATE INDEX finding_entity_finding ON finding_entity (finding_id)',
    `CREATE TABLE finding_version (
  finding_id TEXT NOT NULL REFERENCES finding (finding_id) ON DELETE CASCADE,
  version ${int} NOT NULL,
  sequence ${int} NOT NULL,
  episode TEXT NOT NULL,
  as_of ${int} NOT NULL,
  shown ${bool} NOT NULL,
  held ${bool} NOT NULL,
  body TEXT NOT NULL,
  changed_at ${int} NOT NULL,
  PRIMARY KEY (finding_id, version)
)${table}`,
    `CREATE TABLE ledger (
  source TEXT NOT NULL,
  span TEXT NOT NULL CHECK (span IN ('minute', 'hour')),
  at ${int} NOT NULL,
  received ${int} NOT NULL,
  stored ${int} NOT NULL,
  filtered ${int} NOT NULL,
  duplicates ${int} NOT NULL,
  rejected ${int} NOT NULL,
  dropped ${int} NOT NULL,
  reasons TEXT NOT NULL,
  PRIMARY KEY (source, span, at)
)${table}`,
    'CREATE INDEX ledger_at ON ledger (span, at)',
    `CREATE TABLE audit (
  sequence ${int} PRIMARY KEY,
  at ${int} NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  before TEXT NOT NULL,
  hash TEXT NOT NULL
)${table}`,
    `CREATE TABLE token (
  hash TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at ${int} NOT NULL,
  last_used_at ${int},
  revoked_at ${int}
)${table}`,
    `CREATE TABLE setting (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  changed_at ${int} NOT NULL
)${table}`,
  ],
};
