/*
about: Ports of one host that another host tried and that came to nothing.
grain: [src_ip, dst_ip]
reads: [connection]
columns:
  ports: {unit: count, says: ports at which it failed}
  probes: {unit: count, says: connections that came to nothing}
  low_ports: {unit: count, says: ports below 1024 at which it failed}
  source_ports: {unit: count, says: source ports used}
  lowest_source_port: {unit: port, says: lowest source port used}
  private_ports: {unit: count, says: ports at which it failed on a private address}
  direction: {unit: text, says: direction}
  work: {unit: text, says: why such scans are its work}
*/
SELECT *, $(known_as(src_ip, scanner, $(scans_daily(habit, ports)))) AS work
FROM (
SELECT
  window_at, cityHash64((src_ip, $(network(dst_ip)))) AS habit_key,
  src_ip,
  dst_ip,
  uniqExact(dst_port, transport) AS ports,
  count() AS probes,
  if($(private_target), ports, 0) AS private_ports,
  uniqExactIf(dst_port, dst_port < 1024) AS low_ports,
  uniqExact(src_port) AS source_ports,
  min(src_port) AS lowest_source_port,
  min(direction) AS direction,
  min(told_at) AS first_at,
  max(told_at) AS last_at
FROM (
  SELECT window_of(told_at) AS window_at, told_at, src_ip, src_port, dst_ip, dst_port, transport, direction, outcome
  FROM connection
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)}
    AND transport IN ('tcp', 'udp') AND $(no_answer) AND $(calls_another)
    -- only pairs with two such ports at least, whenever
    AND (src_ip, dst_ip) IN (
      SELECT src_ip, dst_ip
      FROM connection
      WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)}
        AND transport IN ('tcp', 'udp') AND $(no_answer) AND NOT $(wide)
      GROUP BY src_ip, dst_ip
      HAVING min((dst_port, transport)) != max((dst_port, transport))
    )
)
WHERE $(failed)
GROUP BY window_at, src_ip, dst_ip
HAVING ports >= 2
) AS probed
LEFT JOIN $(habit_of_scanners((src_ip, $(network(dst_ip))), dst_port)) AS habits USING (habit_key)
