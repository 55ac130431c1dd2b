import { storeIsGone } from '../base/error.ts';
import { fillTemplate } from '../base/format.ts';
import { formatIpv4, parseIpv4 } from '../base/ip.ts';
import type { Config } from '../schema/config.ts';
import type { Role, RoleDefinition } from '../schema/role.ts';
import { type Store, saveRoles } from '../store/index.ts';
import { feature_settings } from './settings.ts';

/** Hosts that one role may have; beyond that those known longest are kept. */
const most_hosts = 10_000;

export interface Learned {
  readonly roles: readonly Role[];
  readonly failed: readonly { readonly detector: string; readonly file: string; readonly why: string }[];
}

/**
 * Learns from all that was read who plays which part, puts what the operator says in its place, and stores it in table
 * `role`, where features find it. `networks`: the operator's.
 */
export async function learnRoles(
  store: Store,
  definitions: readonly RoleDefinition[],
  said: Config['roles'],
  networks: readonly string[] = [],
): Promise<Learned> {
  const learned: Role[] = [];
  const failed: Learned['failed'][number][] = [];
  for (const one of definitions) {
    try {
      learned.push(...(await hostsOf(store, one)));
    } catch (error) {
      if (storeIsGone(error)) throw error;
      failed.push({ detector: `role ${one.id}`, file: one.file, why: (error as Error).message });
    }
  }
  const titles = new Map(definitions.map(({ id, title }) => [id, title]));
  const roles = withSaid(learned, withNetworks(said, networks), titles);
  await saveRoles(store, roles);
  return { roles, failed };
}

/** The statement of a role with its oldest hosts first. */
export function roleStatement({ sql, columns }: RoleDefinition): string {
  const figures = Object.keys(columns).map((name) => `, ${name}`);
  return `SELECT host, toUnixTimestamp64Micro(toDateTime64(since, 6)) AS since_us${figures.join('')} FROM (
${sql}
) ORDER BY since_us, host LIMIT ${most_hosts}`;
}

async function hostsOf(store: Store, definition: RoleDefinition): Promise<Role[]> {
  const units = Object.fromEntries(
    Object.entries(definition.columns).map(([name, { unit }]) => [name, unit]),
  );
  const rows = await store.query<Record<string, unknown> & { host: string; since_us: number }>(
    roleStatement(definition),
    {},
    { name: `role ${definition.id}`, settings: feature_settings, of_content: true },
  );
  return rows.map((row) => ({
    host: row.host,
    role: definition.id,
    title: definition.title,
    since: Number(row.since_us),
    evidence: fillTemplate(definition.evidence, row, units),
    source: 'learned',
  }));
}

/** What the operator says goes before what was learned. Pure. */
export function withSaid(
  learned: readonly Role[],
  said: Config['roles'],
  titles: ReadonlyMap<string, string>,
): Role[] {
  const kept = learned.filter(({ host, role }) => {
    const of_host = Object.hasOwn(said, host) ? said[host] : undefined;
    return !of_host || !(of_host.not.includes(role) || of_host.is.includes(role));
  });
  const given = Object.entries(said).flatMap(([host, { is, not }]) =>
    [...new Set(is)]
      .filter((role) => !not.includes(role))
      .map(
        (role): Role => ({
          host,
          role,
          title: titles.get(role) ?? role,
          since: 0,
          evidence: 'as configured',
          source: 'config',
        }),
      ),
  );
  return [...kept, ...given];
}

/**
 * What the operator's networks say: the last address of each stands for all its hosts (RFC 919), unless it is said to be
 * none. That other addresses of a wide network are hosts does not follow: it may be cut into smaller ones. Who is said to be
 * no broadcast address is one host. Pure.
 */
export function withNetworks(said: Config['roles'], networks: readonly string[]): Config['roles'] {
  const all: Record<string, { is: string[]; not: string[] }> = {};
  for (const [host, { is, not }] of Object.entries(said)) {
    const one_host = not.includes('broadcast') && !is.includes('single_host');
    all[host] = { is: one_host ? [...is, 'single_host'] : is, not };
  }
  for (const network of networks) {
    const last = lastOf(network);
    if (last === null) continue;
    const { is, not } = Object.hasOwn(all, last) ? all[last]! : { is: [], not: [] };
    if (!is.includes('broadcast') && !not.includes('broadcast'))
      all[last] = { is: [...is, 'broadcast'], not };
  }
  return all;
}

/** The last address of an IPv4 network that has such (RFC 3021: /31 and /32 have none). */
function lastOf(network: string): string | null {
  const [address = '', bits = '32'] = network.split('/');
  const first = parseIpv4(address);
  const free = 2 ** (32 - Number(bits));
  return first < 0 || free < 4 ? null : formatIpv4(Math.floor(first / free) * free + free - 1);
}
