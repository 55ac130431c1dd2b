/*
about: Services of local hosts that answered for the first time.
grain: [dst_ip, dst_port, transport]
reads: [connection]
columns:
  new_services: {unit: count, says: new service}
  clients: {unit: count, says: hosts that used it}
  connections: {unit: count, says: connections}
  received_bytes: {unit: bytes, says: sent by the service}
  host_services: {unit: count, says: services of that host before}
  network_age_h: {unit: count, says: earlier hours in which the network was seen}
  service: {unit: text, says: protocol}
  first_client: {unit: text, says: first client}
*/
SELECT
  window_at, dst_ip, dst_port, transport, 1 AS new_services, clients, connections, received_bytes,
  host_rank AS host_services, $(watched_h(first_at)) AS network_age_h, service, first_client, first_at, last_at
FROM (
  SELECT
    window_of(told_at) AS window_at,
    c.dst_ip AS dst_ip, c.dst_port AS dst_port, c.transport AS transport,
    uniqExact(src_ip) AS clients,
    count() AS connections,
    sum($(received)) AS received_bytes,
    min(host_rank) AS host_rank,
    max(service) AS service,
    argMin(src_ip, (told_at, src_ip)) AS first_client,
    min(service_first) AS service_first_at,
    min(told_at) AS first_at,
    max(told_at) AS last_at
  FROM connection AS c
  INNER JOIN (
    SELECT dst_ip, dst_port, transport, min(served_at) AS service_first,
      rank() OVER (PARTITION BY dst_ip ORDER BY min(served_at)) - 1 AS host_rank
    FROM rollup_pairs
    WHERE direction = 'internal' AND transport = 'tcp' AND served_at != toDateTime64(0, 6) AND $(calls_another)
    GROUP BY dst_ip, dst_port, transport
  ) AS services USING (dst_ip, dst_port, transport)
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)}
    AND direction = 'internal' AND transport = 'tcp' AND $(opener_known) AND src_ip != c.dst_ip AND $(answered) AND $(received) > 0
  GROUP BY window_at, dst_ip, dst_port, transport
)
WHERE service_first_at >= window_at
