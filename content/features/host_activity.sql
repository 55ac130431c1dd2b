/*
about: What one local host did in a window, in a dozen figures.
grain: [src_ip]
reads: [connection]
columns:
  connections: {unit: count, says: connections opened}
  hosts: {unit: count, says: different hosts called}
  outside_hosts: {unit: count, says: different outside hosts called}
  ports: {unit: count, says: different ports called}
  failed_share: {unit: share, says: of its connections came to nothing}
  sent_bytes: {unit: bytes, says: sent}
  received_bytes: {unit: bytes, says: received}
  internal_hosts: {unit: count, says: different local hosts called}
  services: {unit: count, says: different protocols}
  busiest_minute: {unit: count, says: connections in its busiest minute}
  monitor: {unit: count, says: "1: it looks after other hosts by ping or SNMP"}
  work: {unit: text, says: "what it is by the operator's word, when that is what it is there to do"}
  shape: {unit: text, says: "what its connections that came to nothing are known for, when most of them are"}
*/
SELECT
  window_at, src_ip, peer_group, toUInt8($(has_role(src_ip, monitor))) AS monitor, connections, hosts, outside_hosts, ports, failed_share, sent_bytes, received_bytes,
  internal_hosts, services, busiest_minute, if(2 * known_failed > failed_share * connections, known, '') AS shape,
  multiIf($(said_role(src_ip, scanner)), 'a scanner', $(said_role(src_ip, monitor)) AND 2 * inside >= connections, 'a monitor', '') AS work, first_at, last_at
FROM (
  SELECT
    window_of(told_at) AS window_at,
    src_ip,
    if(countIf(src_port BETWEEN 1 AND 1023) > 0, 'server', 'client') AS peer_group,
    count() AS connections,
    uniqExact(destination) AS hosts,
    uniqExactIf(destination, direction != 'internal') AS outside_hosts,
    uniqExactIf(dst_port, transport != 'icmp') AS ports,
    countIf($(failed)) / count() AS failed_share,
    sum(sent) AS sent_bytes,
    sum(received) AS received_bytes,
    uniqExactIf(destination, direction = 'internal') AS internal_hosts,
    uniqExactIf(service, service != '') AS services,
    max(if($(failed), $(known_call_scan), '')) AS known,
    countIf($(failed) AND $(known_call_scan) != '') AS known_failed,
    countIf(direction = 'internal') AS inside,
    min(told_at) AS first_at,
    max(told_at) AS last_at
  FROM $(calls({from:DateTime64(6)}))
  WHERE direction != 'inbound' AND $(opener_known) AND NOT $(wide)
  GROUP BY window_at, src_ip
) AS whole
INNER JOIN (
  SELECT window_at, src_ip, max(n) AS busiest_minute
  FROM (
    SELECT window_of(told_at) AS window_at, toStartOfMinute(told_at) AS minute, src_ip, count() AS n
    FROM $(calls({from:DateTime64(6)}))
    WHERE direction != 'inbound' AND $(opener_known) AND NOT $(wide)
    GROUP BY window_at, minute, src_ip
  )
  GROUP BY window_at, src_ip
) AS minutes USING (window_at, src_ip)
