/*
about: When one host called one address and port, and how much it sent each time.
grain: [src_ip, dst_ip, dst_port, transport]
reads: [connection, tls, http]
columns:
  calls: {unit: count, says: calls}
  call_times: {unit: list, says: "seconds since 1970 of each call, sorted, at most 20,000"}
  call_bytes: {unit: list, says: bytes sent in each call}
  sent_bytes: {unit: bytes, says: sent in all}
  received_bytes: {unit: bytes, says: received in all}
  span_seconds: {unit: seconds, says: from first to last call}
  hosts: {unit: count, says: local hosts that call anything}
  callers: {unit: count, says: local hosts that call the same place}
  places: {unit: count, says: places it calls in the same direction as often}
  begun_h: {unit: count, says: "hours from the first traffic of the network to the first of these calls"}
  direction: {unit: text, says: direction}
  service: {unit: text, says: protocol}
*/
SELECT * FROM (
SELECT
  window_at, src_ip, dst_ip, dst_port, transport, calls, call_times, call_bytes, sent_bytes, received_bytes,
  count() OVER (PARTITION BY window_at, dst_ip, dst_port) AS callers,
  uniqExact(src_ip) OVER (PARTITION BY window_at) AS hosts,
  dateDiff('second', first_at, last_at) AS span_seconds,
  countIf(calls >= 6) OVER (PARTITION BY window_at, src_ip, direction) AS places,
  dateDiff('hour', (SELECT min(time) FROM connection), min(first_at) OVER (PARTITION BY src_ip, dst_ip, dst_port)) AS begun_h,
  direction, service, first_at, last_at
FROM (
  SELECT
    window_of(time) AS window_at,
    src_ip,
    dst_ip,
    dst_port,
    transport,
    count() AS calls,
    arraySort(groupArray(20000)((toUnixTimestamp64Micro(time) / 1e6, $(sent)))) AS pairs,
    arrayMap(pair -> pair.1, pairs) AS call_times,
    arrayMap(pair -> pair.2, pairs) AS call_bytes,
    sum($(sent)) AS sent_bytes,
    sum($(received)) AS received_bytes,
    any(direction) AS direction,
    any(service) AS service,
    min(time) AS first_at,
    max(time) AS last_at
  FROM connection
  WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)}
    AND transport IN ('tcp', 'udp', 'icmp') AND direction != 'inbound' AND NOT $(wide)
    AND dst_port NOT IN (53, 67, 68, 123, 137, 138, 546, 547, 1900, 3702, 5353, 5355)
  GROUP BY window_at, src_ip, dst_ip, dst_port, transport
)
)
WHERE calls >= 6 AND (src_ip, dst_ip) NOT IN (
  SELECT src_ip, dst_ip FROM tls WHERE server_name != '' AND time < {to:DateTime64(6)}
  UNION DISTINCT
  SELECT src_ip, dst_ip FROM http WHERE host != '' AND host != dst_ip AND time < {to:DateTime64(6)}
)
