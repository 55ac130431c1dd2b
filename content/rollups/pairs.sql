/*
about: Since when one host calls one service of another, and since when it was answered.
key: [src_ip, dst_ip, dst_port, transport, direction]
reads: [connection]
*/
SELECT
  src_ip, dst_ip, dst_port, transport, direction,
  min(told_at) AS first_at,
  minIf(told_at, $(answered)) AS answered_at,
  minIf(told_at, $(answered) AND $(received) > 0) AS heard_at,
  minIf(told_at, $(answered) AND $(received) > 0 AND $(opener_known)) AS served_at,
  minIf(told_at, $(opener_known)) AS opened_at,
  minIf(told_at, outcome IN ('answered', 'one_sided')) AS began_at
FROM connection
GROUP BY src_ip, dst_ip, dst_port, transport, direction
