/*
about: Local hosts that one host reached over an administration port, and how many of them it had never reached so.
grain: [src_ip]
reads: [connection]
columns:
  new_targets: {unit: count, says: hosts to whose administration ports it had never turned before}
  targets: {unit: count, says: hosts reached over administration ports}
  connections: {unit: count, says: connections}
  known_targets: {unit: count, says: such hosts it knew before}
  answered_targets: {unit: count, says: "of the new hosts those that let it talk, nothing where no answer of any can be seen"}
  unseen_targets: {unit: count, says: "of the new hosts those whose answers are not seen, nothing when there are none"}
  alike_hosts: {unit: count, says: hosts that reached new ones so in the same hour}
  first_day: {unit: count, says: "1: what was used on the days before is not known"}
  ports: {unit: text, says: ports}
  techniques: {unit: text, says: techniques by the ports}
  dst_ip: {unit: text, says: first new host}
  network_age_h: {unit: count, says: earlier hours in which the network was seen}
  work: {unit: text, says: why to reach such ports is its work}
*/
SELECT
  window_at, src_ip, new_targets, targets, connections, known_targets,
  if(answered = 0 AND heard_or_not > 0, NULL, answered) AS answered_targets,
  nullIf(heard_or_not - answered, 0) AS unseen_targets,
  countIf(new_targets > 0) OVER (PARTITION BY window_at) AS alike_hosts,
  ports, techniques, dst_ip, network_age_h, toUInt8($(first_day)) AS first_day, work, first_at, last_at
FROM (
SELECT
  window_of(told_at) AS window_at,
  src_ip,
  uniqExactIf(c.dst_ip, edge_first >= toDateTime64(window_at, 6)) AS new_targets,
  uniqExact(c.dst_ip) AS targets,
  count() AS connections,
  minIf(edge_rank, edge_first >= toDateTime64(window_at, 6)) AS known_targets,
  toUInt64(uniqExactIf(c.dst_ip, edge_first >= toDateTime64(window_at, 6) AND $(answered) AND $(received) > 0)) AS answered,
  toUInt64(uniqExactIf(c.dst_ip, edge_first >= toDateTime64(window_at, 6) AND ($(answered) AND $(received) > 0 OR $(answer_lost)))) AS heard_or_not,
  $(listed(8, c.dst_port)) AS ports,
  concat('T1021',
    if(countIf(c.dst_port IN (139, 445)) > 0, ', T1021.002', ''),
    if(countIf(c.dst_port = 3389) > 0, ', T1021.001', ''),
    if(countIf(c.dst_port IN (22, 2222)) > 0, ', T1021.004', ''),
    if(countIf(c.dst_port IN (5985, 5986, 47001)) > 0, ', T1021.006', '')) AS techniques,
  argMinIf(c.dst_ip, (told_at, c.dst_ip), edge_first >= toDateTime64(window_at, 6)) AS dst_ip,
  $(watched_h(min(told_at))) AS network_age_h,
  if($(said_role(src_ip, scanner)), 'weir.yaml says so', '') AS work,
  min(told_at) AS first_at,
  max(told_at) AS last_at
FROM connection AS c
INNER JOIN (
  SELECT src_ip, dst_ip, min(opened_at) AS edge_first,
    rank() OVER (PARTITION BY src_ip ORDER BY min(opened_at)) - 1 AS edge_rank
  FROM rollup_pairs
  WHERE direction = 'internal' AND $(admin_port) AND opened_at != toDateTime64(0, 6) AND $(calls_another)
  GROUP BY src_ip, dst_ip
) AS edges USING (src_ip, dst_ip)
WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND direction = 'internal' AND $(admin_port) AND $(opener_known) AND src_ip != c.dst_ip
  AND NOT $(directory_copied)
GROUP BY window_at, src_ip
)
