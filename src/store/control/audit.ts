import { createHash } from 'node:crypto';
import type { Selectable } from 'kysely';
import { canonicalJson } from '../../base/canonical-json.ts';
import type { AuditCheck, AuditEntry } from '../../schema/control/audit-entry.ts';
import type { JsonValue } from '../../schema/json.ts';
import { lastNumber, nextNumber } from './counters.ts';
import type { Handle } from './handle.ts';
import { jsonText, most_json } from './json.ts';
import type { Tables } from './tables.ts';

const sequence_of_audit = 'audit';
const rows_at_once = 1000;

/** SHA-256 over an entry as canonical JSON, the hash of the one before in it. Pure. */
export function auditHash(entry: Omit<AuditEntry, 'hash'>): string {
  return createHash('sha256').update(canonicalJson(entry)).digest('hex');
}

/** Notes what was done, for good: entries are never changed or removed. In one transaction with what it notes. */
export async function appendAudit(
  handle: Handle,
  did: {
    readonly actor: string;
    readonly action: string;
    readonly subject: string;
    readonly detail: JsonValue;
  },
  now_us: number,
): Promise<AuditEntry> {
  const plain = (text: string): string => text.toWellFormed().replaceAll('\0', '\ufffd');
  const detail = jsonText(did.detail, most_json.audit, 'What was done');
  return handle.transaction(async (transaction) => {
    const sequence = await nextNumber(transaction, sequence_of_audit);
    const last = await transaction.db
      .selectFrom('audit')
      .select('hash')
      .orderBy('sequence', 'desc')
      .limit(1)
      .executeTakeFirst();
    const entry = {
      ...{ sequence, at: now_us, detail: JSON.parse(detail) as JsonValue, before: last?.hash ?? '' },
      // As the database gives them back: what is hashed is what can be read again.
      ...{ actor: plain(did.actor), action: plain(did.action), subject: plain(did.subject) },
    };
    const hash = auditHash(entry);
    await transaction.db
      .insertInto('audit')
      .values({ ...entry, detail, hash })
      .execute();
    return { ...entry, hash };
  });
}

/** Entries after a sequence, in order. */
export async function listAudit(handle: Handle, after = 0, limit = rows_at_once): Promise<AuditEntry[]> {
  const rows = await rowsAfter(handle, after, limit);
  return rows.map(({ detail, ...row }) => ({ ...row, detail: JSON.parse(detail) as JsonValue }));
}

function rowsAfter(handle: Handle, after: number, limit: number): Promise<Selectable<Tables['audit']>[]> {
  return handle.db
    .selectFrom('audit')
    .selectAll()
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(limit)
    .execute();
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/**
 * Looks over all entries and names the first that was changed, taken out, put in or cut off at the end. Somebody who may write
 * the whole store can write a chain of their own: that shows only beside a head that was kept elsewhere.
 */
export async function verifyAudit(handle: Handle): Promise<AuditCheck> {
  const written = await lastNumber(handle, sequence_of_audit);
  let entries = 0;
  let head = '';
  const broken = (sequence: number, because: string): AuditCheck => ({
    ...{ entries, head },
    broken: { sequence, because },
  });
  for (;;) {
    const rows = await rowsAfter(handle, entries, rows_at_once);
    for (const { hash, ...row } of rows) {
      if (row.sequence !== entries + 1) return broken(entries + 1, 'it is missing');
      if (row.before !== head) return broken(row.sequence, 'it does not follow the one before');
      const detail = parsed(row.detail);
      if (detail === undefined || auditHash({ ...row, detail }) !== hash)
        return broken(row.sequence, 'it was changed');
      entries++;
      head = hash;
    }
    if (rows.length < rows_at_once) break;
  }
  if (entries < written) return broken(entries + 1, 'it is missing');
  return { entries, head, broken: null };
}
