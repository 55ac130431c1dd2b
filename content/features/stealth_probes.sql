/*
about: Lone FIN, ACK or flagless packets that one host sent to ports with which it had no connection.
grain: [src_ip]
reads: [connection]
columns:
  targets: {unit: count, says: different hosts and ports}
  hosts: {unit: count, says: hosts}
  ports: {unit: count, says: ports}
  host_ports: {unit: count, says: ports of the host that got most}
  port_hosts: {unit: count, says: hosts that got it on the most frequent port}
  probes: {unit: count, says: such packets or retries}
  reset_targets: {unit: count, says: of the targets answered with a reset}
  flags: {unit: text, says: what the packets carried}
  dst_ip: {unit: text, says: "the only host, '' when several"}
  direction: {unit: text, says: direction}
  work: {unit: text, says: why such packets are its work}
*/
SELECT
  window_at,
  src_ip,
  uniqExact(dst_ip, dst_port) AS targets,
  uniqExact(dst_ip) AS hosts,
  uniqExact(dst_port) AS ports,
  toUInt64(arrayMax(mapValues(sumMap(map(dst_ip, of_host))))) AS host_ports,
  toUInt64(arrayMax(mapValues(sumMap(map(dst_port, of_port))))) AS port_hosts,
  sum(n) AS probes,
  uniqExactIf((dst_ip, dst_port), resets > 0) AS reset_targets,
  arrayStringConcat(arraySort(groupUniqArrayArray(kinds)), ', ') AS flags,
  if(hosts = 1, min(dst_ip), '') AS dst_ip,
  $(most_frequent(direction)) AS direction,
  if($(said_role(src_ip, scanner)), 'weir.yaml says so', '') AS work,
  min(seen_first) AS first_at,
  max(seen_last) AS last_at
FROM (
  SELECT window_at, src_ip, dst_ip, dst_port, toUInt64(1) AS of_host, toUInt64(1) AS of_port, min(way) AS direction,
    count() AS n, countIf(dst_packets > 0) AS resets, arraySort(groupUniqArray($(lone_packet_kind))) AS kinds,
    min(told_at) AS seen_first, max(told_at) AS seen_last
  FROM (
    SELECT window_of(told_at) AS window_at, told_at, src_ip, dst_ip, dst_port, direction AS way, history, dst_packets,
      $(answer_unseen_by(toUnixTimestamp(window_at) + {window_s:UInt32})) AS unseen
    FROM connection
    WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND $(lone_packet) AND $(calls_another) AND event_id NOT IN $(left_of_session)
  )
  WHERE NOT unseen
  GROUP BY window_at, src_ip, dst_ip, dst_port
)
GROUP BY window_at, src_ip
HAVING targets >= 4
