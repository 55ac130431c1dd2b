/*
about: How often calls of one host to one port of another failed.
grain: [src_ip, dst_ip, dst_port]
reads: [connection]
columns:
  failed_calls: {unit: count, says: failed calls}
  answered_calls: {unit: count, says: calls that were answered}
  clients: {unit: count, says: local hosts whose calls to the same destination failed}
  place_known: {unit: count, says: "1: more than two hosts used it before today, or on the first day twenty and more than half of all"}
  first_day: {unit: count, says: "1: what was used on the days before is not known"}
  span_seconds: {unit: seconds, says: from first to last call}
  direction: {unit: text, says: direction}
*/
SELECT
  window_at, src_ip, dst_ip, dst_port, failed_calls, answered_calls,
  count() OVER (PARTITION BY window_at, dst_ip, dst_port) AS clients, uniqExact(src_ip) OVER (PARTITION BY window_at) AS hosts,
  toUInt8($(place_known(users_since, 2, clients, hosts))) AS place_known, toUInt8($(first_day)) AS first_day,
  dateDiff('second', first_at, last_at) AS span_seconds, direction, first_at, last_at
FROM (
  SELECT
    window_of(told_at) AS window_at, src_ip, dst_ip, dst_port,
    countIf($(failed)) AS failed_calls,
    countIf($(answered)) AS answered_calls,
    min(direction) AS direction,
    min(told_at) AS first_at,
    max(told_at) AS last_at
  FROM connection
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND transport = 'tcp'
    AND direction IN ('outbound', 'external') AND NOT $(wide) AND $(calls_another)
  GROUP BY window_at, src_ip, dst_ip, dst_port
) AS calls
LEFT JOIN $(first_users(cityHash64(dst_ip, dst_port), rollup_pairs, transport = 'tcp' AND direction IN ('outbound', 'external'), first_at)) AS users
  ON users.place = cityHash64(calls.dst_ip, calls.dst_port)
WHERE failed_calls >= 2
