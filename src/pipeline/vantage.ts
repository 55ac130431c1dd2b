import { oneSided, type Slot, slot_s, unseenAnswers } from '../enrich/index.ts';
import type { Vantage } from '../schema/vantage.ts';
import { type Store, saveUnseenAnswers } from '../store/index.ts';

/** Networks that are looked into at most; those with most one-sided connections come first. */
const most_networks = 1000;

const v4 = "concat(substring(ip, 1, length(ip) - position(reverse(ip), '.')), '.0/24')";
const v6 = "concat(cutIPv6(IPv6StringToNumOrDefault(ip), 8, 0), '/64')";
/** As `networkOf` of enrich/ and the fragment `network` write it. */
const network = `if(position(ip, ':') = 0, ${v4}, ${v6})`;

/**
 * Ends of TCP connections that show that both sides spoke, each with what was seen of it. `local`: of a connection that
 * crosses the border its local end, of others both.
 */
const ends = (which: string): string => `
  SELECT told_at, direction, way, ip, ${network} AS network, outcome,
    outcome = 'one_sided' AND dst_packets = 0 AND src_packets > 0 AS opener_only,
    outcome = 'one_sided' AND src_packets = 0 AND dst_packets > 0 AS answers_only
  FROM connection
  ARRAY JOIN
    ['src', 'dst'] AS way,
    [src_ip, dst_ip] AS ip,
    [src_local OR direction = 'external', dst_local] AS counts
  WHERE transport = 'tcp' AND counts AND ${which}`;

/** Networks with enough one-sided connections to ask further. */
const candidates = `
SELECT network FROM (${ends("outcome = 'one_sided'")})
GROUP BY network HAVING countIf(opener_only) >= 10 OR countIf(answers_only) >= 10
ORDER BY count() DESC, network LIMIT ${most_networks}`;

const figures = `
SELECT network, if(direction = 'internal', 'inside', 'outside') AS scope,
  countIf(opener_only AND way = 'src' OR answers_only AND way = 'dst') AS sends_only,
  countIf(opener_only AND way = 'dst' OR answers_only AND way = 'src') AS receives_only,
  countIf(outcome != 'one_sided') AS both
FROM (${ends("outcome IN ('answered', 'refused', 'one_sided')")})
WHERE network IN {networks:Array(String)}
GROUP BY network, scope ORDER BY network, scope`;

const slots = `
SELECT network, way, direction, slot, count() AS hosts, sum(share) AS one_sided_hosts, sum(n) AS one_sided
FROM (
  SELECT network, way, direction, ip, intDiv(toUnixTimestamp(told_at), ${slot_s}) AS slot,
    countIf(opener_only) AS n, n / count() AS share
  FROM (${ends("(outcome IN ('answered', 'refused') OR outcome = 'one_sided' AND dst_packets = 0)")})
  WHERE network IN {networks:Array(String)}
  GROUP BY network, way, direction, ip, slot
)
GROUP BY network, way, direction, slot
ORDER BY network, way, direction, slot`;

/**
 * Finds from all that was read for which networks one direction only is seen, stores where and since when answers are not
 * to be expected (table `unseen_answers`, for the fragment `failed`), and gives what people should know of it.
 */
export async function learnVantage(store: Store): Promise<Vantage[]> {
  const asked = await store.query<{ network: string }>(candidates, {}, { name: 'one-sided networks' });
  const networks = asked.map((one) => one.network);
  if (networks.length === 0) {
    await saveUnseenAnswers(store, []);
    return [];
  }
  const rows = await store.query<Slot>(slots, { networks }, { name: 'one-sided slots' });
  await saveUnseenAnswers(
    store,
    unseenAnswers(rows.map(numbers(['slot', 'hosts', 'one_sided_hosts', 'one_sided']))),
  );
  const seen = await store.query<Vantage>(figures, { networks }, { name: 'one-sided shares' });
  return oneSided(seen.map(numbers(['sends_only', 'receives_only', 'both'])));
}

/** Whole numbers of 64 bits come as text. */
function numbers<T extends object>(names: readonly (keyof T)[]): (row: T) => T {
  return (row) => ({ ...row, ...Object.fromEntries(names.map((name) => [name, Number(row[name])])) });
}
