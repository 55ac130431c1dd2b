/*
about: Outside hosts that failed at one local host, and how widely.
grain: [dst_ip]
reads: [connection]
columns:
  sources: {unit: count, says: outside hosts whose tries failed}
  ports: {unit: count, says: ports they tried}
  probes: {unit: count, says: connections that came to nothing}
  most_ports: {unit: count, says: ports tried by the most thorough of them}
  worst_source: {unit: text, says: the most thorough of them}
  src_ip: {unit: text, says: the same}
*/
SELECT
  window_at,
  dst_ip,
  uniqExact(src_ip) AS sources,
  uniqExactMerge(ports_state) AS ports,
  sum(n) AS probes,
  max(source_ports_tried) AS most_ports,
  argMax(src_ip, (source_ports_tried, src_ip)) AS worst_source,
  worst_source AS src_ip,
  min(source_first_at) AS first_at,
  max(source_last_at) AS last_at
FROM (
  SELECT
    window_at,
    src_ip,
    dst_ip,
    uniqExactState(dst_port, transport) AS ports_state,
    uniqExact(dst_port, transport) AS source_ports_tried,
    count() AS n,
    min(told_at) AS source_first_at,
    max(told_at) AS source_last_at
  FROM (
    SELECT window_of(told_at) AS window_at, told_at, src_ip, dst_ip, dst_port, transport, direction, outcome
    FROM connection
    WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)}
      AND direction = 'inbound' AND transport IN ('tcp', 'udp') AND $(no_answer)
  )
  WHERE $(failed)
  GROUP BY window_at, src_ip, dst_ip
)
GROUP BY window_at, dst_ip
