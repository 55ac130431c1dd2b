/*
about: Local hosts that one host reached over an administration port, and how many of them it had never reached so.
grain: [src_ip]
reads: [connection]
columns:
  new_targets: {unit: count, says: hosts it had never administered before}
  targets: {unit: count, says: hosts reached over administration ports}
  connections: {unit: count, says: connections}
  known_targets: {unit: count, says: such hosts it knew before}
  answered_targets: {unit: count, says: hosts that let it talk}
  ports: {unit: text, says: ports}
  techniques: {unit: text, says: techniques by the ports}
  dst_ip: {unit: text, says: first new host}
  network_age_h: {unit: count, says: earlier hours in which the network was seen}
  work: {unit: text, says: why to reach such ports is its work}
*/
SELECT
  window_of(time) AS window_at,
  src_ip,
  uniqExactIf(c.dst_ip, edge_first >= toDateTime64(window_at, 6)) AS new_targets,
  uniqExact(c.dst_ip) AS targets,
  count() AS connections,
  minIf(edge_rank, edge_first >= toDateTime64(window_at, 6)) AS known_targets,
  uniqExactIf(c.dst_ip, $(answered) AND $(received) > 0 OR outcome = 'one_sided') AS answered_targets,
  $(listed(8, c.dst_port)) AS ports,
  concat('T1021',
    if(countIf(c.dst_port IN (139, 445)) > 0, ', T1021.002', ''),
    if(countIf(c.dst_port = 3389) > 0, ', T1021.001', ''),
    if(countIf(c.dst_port IN (22, 2222)) > 0, ', T1021.004', ''),
    if(countIf(c.dst_port IN (5985, 5986, 47001)) > 0, ', T1021.006', '')) AS techniques,
  argMinIf(c.dst_ip, (time, c.dst_ip), edge_first >= toDateTime64(window_at, 6)) AS dst_ip,
  $(watched_h(min(time))) AS network_age_h,
  if($(said_role(src_ip, scanner)), 'weir.yaml says so', '') AS work,
  min(time) AS first_at,
  max(time) AS last_at
FROM connection AS c
INNER JOIN (
  SELECT src_ip, dst_ip, min(opened_at) AS edge_first,
    rank() OVER (PARTITION BY src_ip ORDER BY min(opened_at)) - 1 AS edge_rank
  FROM rollup_pairs
  WHERE direction = 'internal' AND $(admin_port) AND opened_at != toDateTime64(0, 6) AND $(calls_another)
  GROUP BY src_ip, dst_ip
) AS edges USING (src_ip, dst_ip)
WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)} AND direction = 'internal' AND $(admin_port) AND $(opener_known) AND src_ip != c.dst_ip
  AND NOT $(directory_copied)
GROUP BY window_at, src_ip
