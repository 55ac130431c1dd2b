/*
about: How much one local host read from other local hosts.
grain: [src_ip]
reads: [connection]
columns:
  read_bytes: {unit: bytes, says: read from local hosts}
  sent_bytes: {unit: bytes, says: sent to them}
  top_bytes: {unit: bytes, says: read from the one that gave most}
  servers: {unit: count, says: local hosts read from}
  dst_ip: {unit: text, says: the one that gave most}
  dst_port: {unit: port, says: its port}
*/
SELECT
  window_at,
  src_ip,
  sum(received) AS read_bytes,
  sum(sent) AS sent_bytes,
  max(received) AS top_bytes,
  count() AS servers,
  argMax(server, (received, server)) AS dst_ip,
  argMax(port, (received, server, port)) AS dst_port,
  min(seen_first) AS first_at,
  max(seen_last) AS last_at
FROM (
  SELECT
    window_of(told_at) AS window_at, src_ip, dst_ip AS server,
    $(most_frequent(dst_port)) AS port,
    sum($(sent)) AS sent,
    sum($(received)) AS received,
    min(told_at) AS seen_first,
    max(told_at) AS seen_last
  FROM connection
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND direction = 'internal' AND $(answered) AND NOT $(wide) AND $(calls_another)
  GROUP BY window_at, src_ip, server
)
GROUP BY window_at, src_ip
