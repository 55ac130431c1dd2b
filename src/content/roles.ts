import { basename } from 'node:path';
import { WeirError } from '../base/error.ts';
import { placeholders } from '../base/placeholders.ts';
import { tables } from '../schema/event/index.ts';
import type { RoleDefinition } from '../schema/role.ts';
import { type Fragments, fillFragments } from './fragments.ts';
import { orderDependence } from './row-order.ts';

/** A role as written, checked and with its fragments filled in. Throws `content_invalid`. */
export function completeRole(role: RoleDefinition, fragments: Fragments): RoleDefinition {
  const { file, id, reads, columns, evidence } = role;
  const invalid = (what: string): WeirError => new WeirError('content_invalid', `${file}: ${what}`);
  if (id !== basename(file, '.yaml')) throw invalid(`id is ${id}; it must be the file name`);
  for (const table of reads) if (!(table in tables)) throw invalid(`reads: there is no table ${table}`);
  for (const name of placeholders(evidence))
    if (!Object.hasOwn(columns, name)) throw invalid(`evidence: no column ${name}`);
  const sql = fillFragments(role.sql.trim(), fragments, file);
  if (!/^(with|select)\b/i.test(sql)) throw invalid('sql: must be one SELECT (WITH … SELECT)');
  const [order] = orderDependence(sql);
  if (order) throw invalid(`sql: ${order}`);
  return { ...role, sql };
}
