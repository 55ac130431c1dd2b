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
*/
SELECT
  window_at,
  src_ip,
  if(max(served) > 0, 'server', 'client') AS peer_group,
  sum(n) AS connections,
  uniqExactMerge(hosts_state) AS hosts,
  uniqExactIfMerge(outside_state) AS outside_hosts,
  uniqExactMerge(ports_state) AS ports,
  sum(failed) / sum(n) AS failed_share,
  sum(sent) AS sent_bytes,
  sum(received) AS received_bytes,
  uniqExactIfMerge(internal_state) AS internal_hosts,
  uniqExactIfMerge(services_state) AS services,
  max(n) AS busiest_minute,
  min(seen_first) AS first_at,
  max(seen_last) AS last_at
FROM (
  SELECT
    window_of(time) AS window_at,
    toStartOfMinute(time) AS minute,
    src_ip,
    countIf(src_port < 1024) AS served,
    count() AS n,
    uniqExactState(dst_ip) AS hosts_state,
    uniqExactIfState(dst_ip, direction != 'internal') AS outside_state,
    uniqExactIfState(dst_ip, direction = 'internal') AS internal_state,
    uniqExactState(dst_port) AS ports_state,
    uniqExactIfState(service, service != '') AS services_state,
    countIf($(probe)) AS failed,
    sum($(sent)) AS sent,
    sum($(received)) AS received,
    min(time) AS seen_first,
    max(time) AS seen_last
  FROM connection
  WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)} AND direction != 'inbound' AND NOT $(wide)
  GROUP BY window_at, minute, src_ip
)
GROUP BY window_at, src_ip
