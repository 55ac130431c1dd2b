import type { ColumnType } from 'kysely';
import type { BatchState } from '../../schema/control/batch.ts';
import type { LedgerRow } from '../../schema/control/ledger-row.ts';
import type { SourceState } from '../../schema/control/source.ts';
import type { Severity } from '../../schema/detector.ts';

/** SQLite gives 0 and 1, PostgreSQL false and true: `Boolean(...)` reads both. */
type Flag = ColumnType<boolean | number, boolean, boolean>;

/** JSON as text. Not PostgreSQL's own kind: that keeps neither a zero character nor the text as it was. */
type Json = string;

/** The rows as they are in the database: what `migrations/` made. Instants are µs since 1970. */
export interface Tables {
  schema_version: { version: number; name: string; applied_at: number };
  counter: { name: string; value: number };
  source: {
    id: string;
    kind: string;
    settings: Json;
    state: SourceState;
    created_at: number;
    changed_at: number;
  };
  position: { source: string; key: string; value: Json; updated_at: number };
  batch: {
    batch_id: string;
    source: string;
    covers: Json;
    token: string;
    state: BatchState;
    reason: string | null;
    counts: Json;
    created_at: number;
    changed_at: number;
  };
  progress: { detector: string; judged_to: number; content_hash: string; updated_at: number };
  snapshot: {
    detector: string;
    window_end: number;
    layout: number;
    content_hash: string;
    encoding: 'zstd';
    state: Uint8Array;
    saved_at: number;
  };
  step: { detector: string; window_end: number; body: Uint8Array; saved_at: number };
  finding: {
    finding_id: string;
    episode: string;
    version: number;
    sequence: number;
    as_of: number;
    detector: string;
    severity: Severity;
    risk: number;
    p_value: number;
    start_at: number;
    end_at: number;
    shown: Flag;
    folded_into: string;
    held: Flag;
    body: Json;
    created_at: number;
    changed_at: number;
  };
  finding_entity: { finding_id: string; value: string };
  finding_version: {
    finding_id: string;
    version: number;
    sequence: number;
    episode: string;
    as_of: number;
    shown: Flag;
    held: Flag;
    body: Json;
    changed_at: number;
  };
  ledger: {
    source: string;
    span: LedgerRow['span'];
    at: number;
    received: number;
    stored: number;
    filtered: number;
    duplicates: number;
    rejected: number;
    dropped: number;
    reasons: Json;
  };
  audit: {
    sequence: number;
    at: number;
    actor: string;
    action: string;
    subject: string;
    detail: Json;
    before: string;
    hash: string;
  };
  token: {
    hash: string;
    name: string;
    created_at: number;
    last_used_at: number | null;
    revoked_at: number | null;
  };
  setting: { key: string; value: Json; changed_at: number };
}
