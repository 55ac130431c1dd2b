/*
about: The longest connection of one host to one destination on one port, seen through web proxies.
grain: [src_ip, dst_ip, dst_name, dst_port]
reads: [connection, tls]
columns:
  longest_s: {unit: seconds, says: longest connection}
  connections: {unit: count, says: connections}
  sent_bytes: {unit: bytes, says: sent}
  received_bytes: {unit: bytes, says: received}
  clients: {unit: count, says: local hosts that call the same destination}
  place_known: {unit: count, says: "1: more than two hosts used it before today, or on the first day twenty and more than half of all"}
  first_day: {unit: count, says: "1: what was used on the days before is not known"}
  handshakes: {unit: count, says: "TLS handshakes that were seen since it began, where it lasted an hour at least"}
  names: {unit: count, says: names asked for in them}
  direction: {unit: text, says: direction}
  destination: {unit: text, says: its name or address}
  service: {unit: text, says: protocol}
*/
SELECT
  window_at, calls.src_ip AS src_ip, calls.dst_ip AS dst_ip, dst_name, calls.dst_port AS dst_port, longest_s, connections, sent_bytes, received_bytes,
  uniqExact(calls.src_ip) OVER (PARTITION BY window_at, destination) AS clients, uniqExact(calls.src_ip) OVER (PARTITION BY window_at) AS hosts,
  toUInt8($(place_known(users_since, 2, clients, hosts))) AS place_known, toUInt8($(first_day)) AS first_day,
  arrayFilter(one -> longest_s >= 3600 AND one.1 >= began_at - toIntervalSecond(10) AND toUnixTimestamp(one.1) < toUnixTimestamp(window_at) + {window_s:UInt32}, shakes) AS its_shakes,
  if(dst_name = '', length(its_shakes), 0) AS handshakes,
  if(dst_name = '', arrayUniq(arrayFilter(name -> name != '', arrayMap(one -> one.2, its_shakes))), 1) AS names, direction, destination, service, first_at, last_at
FROM (
  SELECT
    window_of(told_at) AS window_at, src_ip, dst_ip, dst_name, destination, dst_port,
    max(ifNull(duration_s, 0)) AS longest_s,
    count() AS connections,
    sum(sent) AS sent_bytes,
    sum(received) AS received_bytes,
    min(direction) AS direction,
    max(service) AS service,
    min(told_at) AS first_at,
    min(time) AS began_at,
    max(told_at) AS last_at
  FROM $(calls({from:DateTime64(6)}))
  WHERE direction IN ('outbound', 'external')
    AND transport = 'tcp' AND $(answered)
  GROUP BY window_at, src_ip, dst_ip, dst_name, destination, dst_port
) AS calls
LEFT JOIN (
  -- a handshake comes at the beginning, hours before the connection is told
  SELECT src_ip, dst_ip, dst_port, arraySort(groupArray((told_at, server_name))) AS shakes
  FROM tls
  WHERE told_at < {to:DateTime64(6)} AND (src_ip, dst_ip, dst_port) IN (
    SELECT src_ip, dst_ip, dst_port FROM connection
    WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND transport = 'tcp' AND duration_s >= 3600
  )
  GROUP BY src_ip, dst_ip, dst_port
) AS shaken USING (src_ip, dst_ip, dst_port)
LEFT JOIN $(first_users(destination, $(called), direction IN ('outbound', 'external'), answered_at)) AS users ON users.place = calls.destination
