import { instant } from '../base/time.ts';
import type { Role } from '../schema/role.ts';
import { insertRows } from './inserts.ts';
import type { Store } from './store.ts';

/** Stores the roles of a run; those of the run before go. */
export async function saveRoles(store: Store, roles: readonly Role[]): Promise<void> {
  await store.command('TRUNCATE TABLE role', {}, { name: 'clear roles', repeatable: true });
  const rows = roles.map((one) => ({ ...one, since: instant(one.since) }));
  await insertRows(store.connection, 'role', rows);
}

/** Whether any host has a role. */
export async function hasRole(store: Store, role: string): Promise<boolean> {
  const rows = await store.rows<[number]>(
    'SELECT 1 FROM role WHERE role = {role:String} LIMIT 1',
    { role },
    { name: 'role' },
  );
  return rows.length > 0;
}

/** Roles by host. */
export async function listRoles(store: Store): Promise<Role[]> {
  const rows = await store.rows<[string, string, string, number, string, Role['source']]>(
    `SELECT host, role, title, toUnixTimestamp64Micro(since), evidence, source FROM role ORDER BY host, role`,
    {},
    { name: 'roles' },
  );
  return rows.map(([host, role, title, since, evidence, source]) => ({
    host,
    role,
    title,
    since,
    evidence,
    source,
  }));
}
