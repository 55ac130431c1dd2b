/*
about: The longest connection between two hosts on one port.
grain: [src_ip, dst_ip, dst_port]
reads: [connection]
columns:
  longest_s: {unit: seconds, says: longest connection}
  connections: {unit: count, says: connections}
  sent_bytes: {unit: bytes, says: sent}
  received_bytes: {unit: bytes, says: received}
  clients: {unit: count, says: local hosts that call the same destination}
  direction: {unit: text, says: direction}
  service: {unit: text, says: protocol}
*/
SELECT
  window_at, src_ip, dst_ip, dst_port, longest_s, connections, sent_bytes, received_bytes,
  count() OVER (PARTITION BY window_at, dst_ip) AS clients, direction, service, first_at, last_at
FROM (
  SELECT
    window_of(time) AS window_at, src_ip, dst_ip, dst_port,
    max(ifNull(duration_s, 0)) AS longest_s,
    count() AS connections,
    sum($(sent)) AS sent_bytes,
    sum($(received)) AS received_bytes,
    min(direction) AS direction,
    max(service) AS service,
    min(time) AS first_at,
    max(time + toIntervalMillisecond(toInt64(ifNull(duration_s, 0) * 1000))) AS last_at
  FROM connection
  WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)} AND direction IN ('outbound', 'external')
    AND transport = 'tcp' AND $(answered)
  GROUP BY window_at, src_ip, dst_ip, dst_port
)
