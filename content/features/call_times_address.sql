/*
about: When one host called one address and port, and how much it sent each time.
grain: [src_ip, dst_ip, dst_port, transport]
reads: [connection, tls, http, dns]
columns:
  calls: {unit: count, says: calls}
  call_times: {unit: list, says: "seconds since 1970 of each call, sorted, at most 20,000"}
  call_bytes: {unit: list, says: bytes sent in each call}
  sent_bytes: {unit: bytes, says: sent in all}
  received_bytes: {unit: bytes, says: received in all}
  span_seconds: {unit: seconds, says: from first to last call}
  hosts: {unit: count, says: local hosts that call anything}
  clients: {unit: count, says: local hosts that call the same destination}
  place_known: {unit: count, says: "1: more than two hosts used it before today, or on the first day twenty and more than half of all"}
  first_day: {unit: count, says: "1: what was used on the days before is not known"}
  destinations: {unit: count, says: destinations it calls in the same direction as often}
  begun_h: {unit: count, says: "hours in which the network was seen before the first of these calls in the window; 0 when there was one in the first hour"}
  techniques: {unit: text, says: techniques by the kind of port}
  direction: {unit: text, says: direction}
  service: {unit: text, says: protocol}
  shape: {unit: text, says: "what such calls are known for, when all of them are"}
*/
SELECT
  -- Lists are unpacked last: what holds a whole window holds them packed.
  *, toUInt8($(place_known(users_since, 2, clients, hosts))) AS place_known, toUInt8($(first_day)) AS first_day, arrayMap(one -> $(call_time(one)), packed) AS call_times, arrayMap(one -> $(call_bytes(one)), packed) AS call_bytes
FROM (
SELECT
  window_at, src_ip, dst_ip, dst_port, transport, calls, packed, sent_bytes, received_bytes,
  uniqExact(src_ip) OVER (PARTITION BY window_at, dst_ip, dst_port) AS clients,
  uniqExact(src_ip) OVER (PARTITION BY window_at) AS hosts,
  dateDiff('second', first_at, last_at) AS span_seconds,
  countIf(calls >= 6) OVER (PARTITION BY window_at, src_ip, direction) AS destinations,
  if((src_ip, dst_ip, dst_port) IN (
    SELECT src_ip, dst_ip, dst_port FROM rollup_pairs WHERE first_at < {begun:DateTime64(6)} + toIntervalHour(1)
  ), 0, $(watched_h(first_at))) AS begun_h,
  multiIf(dst_port IN (80, 443, 8080, 8443) AND transport = 'tcp', 'T1071.001, T1573', transport = 'icmp', 'T1095', dst_port = 53, 'T1071.004', dst_port < 1024, 'T1071, T1095', service = '', 'T1571, T1095', service IN ('http', 'ssl'), 'T1571, T1071.001', 'T1071') AS techniques,
  direction, service, shape, first_at, last_at
FROM (
  SELECT
    window_of(told_at) AS window_at,
    src_ip,
    dst_ip,
    dst_port,
    transport,
    count() AS calls,
    groupArraySorted(20000)($(call(time, sent))) AS packed,
    sum(sent) AS sent_bytes,
    sum(received) AS received_bytes,
    min(direction) AS direction,
    max(service) AS service,
    if(min($(known_call_rhythm)) = max($(known_call_rhythm)), min($(known_call_rhythm)), '') AS shape,
    min(told_at) AS first_at,
    max(told_at) AS last_at
  FROM $(direct_calls({from:DateTime64(6)}))
  WHERE transport IN ('tcp', 'udp', 'icmp') AND direction != 'inbound' AND NOT $(wide) AND begins
    AND NOT $(left_out_rhythm) AND NOT (dst_port = 53 AND (uid, src_ip) IN $(relayed_dns))
  GROUP BY window_at, src_ip, dst_ip, dst_port, transport
)
) AS calls_of
LEFT JOIN (
  -- calls by names that call_times_name judges; a name that hardly comes again leaves a call to its address
  SELECT window_at, src_ip, dst_ip, dst_port, sum(n) AS named_calls
  FROM (
    SELECT window_of(told_at) AS window_at, src_ip, dst_ip, dst_port, dst_name, count() AS n
    FROM $(named_calls)
    WHERE dst_ip != '' AND dst_name != dst_ip
    GROUP BY window_at, src_ip, dst_ip, dst_port, dst_name
    HAVING n >= 6
  )
  GROUP BY window_at, src_ip, dst_ip, dst_port
) AS named USING (window_at, src_ip, dst_ip, dst_port)
LEFT JOIN $(first_users(cityHash64(dst_ip, dst_port), rollup_pairs, direction != 'inbound', first_at)) AS users
  ON users.place = cityHash64(calls_of.dst_ip, calls_of.dst_port)
WHERE calls >= 6 AND 2 * named_calls < calls
