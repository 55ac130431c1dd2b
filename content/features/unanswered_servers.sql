/*
about: Servers that several hosts call and at which all that these try comes to nothing.
grain: [dst_ip, dst_port, transport]
reads: [connection]
columns:
  clients: {unit: count, says: hosts that failed at it}
  failed_calls: {unit: count, says: calls that came to nothing}
  refused_calls: {unit: count, says: of them refused}
  known_clients: {unit: count, says: of these hosts it had answered before}
*/
SELECT
  window_at, dst_ip, dst_port, transport,
  uniqExactIf(src_ip, failed) AS clients,
  countIf(failed) AS failed_calls,
  countIf(failed AND outcome = 'refused') AS refused_calls,
  uniqExactIf(src_ip, failed AND answered_at > toDateTime64(0, 6) AND answered_at < toDateTime64(window_at, 6)) AS known_clients,
  min(told_at) AS first_at,
  max(told_at) AS last_at
FROM (
  SELECT window_of(told_at) AS window_at, told_at, src_ip, dst_ip, dst_port, transport, outcome, $(failed) AS failed
  FROM connection
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND transport IN ('tcp', 'udp') AND NOT $(wide) AND $(calls_another)
    AND direction != 'inbound'
    -- only what failed for five hosts at least, whenever
    AND (dst_ip, dst_port, transport) IN (
      SELECT dst_ip, dst_port, transport
      FROM connection
      WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND transport IN ('tcp', 'udp')
        AND direction != 'inbound' AND $(no_answer) AND NOT $(wide)
      GROUP BY dst_ip, dst_port, transport
      HAVING uniqExact(src_ip) >= 5
    )
) AS calls
LEFT JOIN (
  SELECT src_ip, dst_ip, dst_port, transport, min(answered_at) AS answered_at
  FROM rollup_pairs
  WHERE transport IN ('tcp', 'udp') AND direction != 'inbound' AND answered_at != toDateTime64(0, 6)
  GROUP BY src_ip, dst_ip, dst_port, transport
) AS past USING (src_ip, dst_ip, dst_port, transport)
GROUP BY window_at, dst_ip, dst_port, transport
HAVING clients >= 5 AND countIf($(answered)) = 0
