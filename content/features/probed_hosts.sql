/*
about: Hosts at which one host failed on the same port.
grain: [src_ip, dst_port, transport]
reads: [connection]
columns:
  hosts: {unit: count, says: hosts at which all that it tried there came to nothing}
  probes: {unit: count, says: connections that came to nothing}
  answered_hosts: {unit: count, says: hosts that answered on that port}
  visits: {unit: count, says: "times that it failed at one of them, those of the same five minutes counted once"}
  beat: {unit: text, says: "why it may be monitoring: it looks after hosts by ping or SNMP, or went to many on that port from the first hour"}
  networks: {unit: count, says: /24 networks the hosts lie in}
  private_hosts: {unit: count, says: of them with private addresses}
  what: {unit: text, says: what was tried}
  direction: {unit: text, says: direction}
  resolver: {unit: count, says: "1: it resolves names for others"}
  shape: {unit: text, says: "what such calls are known for, when all of them are"}
  work: {unit: text, says: why such scans are its work}
*/
SELECT *, $(known_as(src_ip, scanner, $(scans_daily(habit, hosts + answered_hosts)))) AS work
FROM (
SELECT
  window_at, cityHash64((src_ip, port, transport)) AS habit_key,
  src_ip,
  port AS dst_port,
  transport,
  -- not those that answered another time
  toUInt64(uniqExactIf(dst_ip, failed OR $(answered)) - uniqExactIf(dst_ip, $(answered))) AS hosts,
  countIf(failed) AS probes,
  toUInt64(uniqExactIf(dst_ip, (failed OR $(answered)) AND $(private_target)) - uniqExactIf(dst_ip, $(answered) AND $(private_target))) AS private_hosts,
  uniqExactIf(dst_ip, $(answered)) AS answered_hosts,
  uniqExactIf((dst_ip, intDiv(toUnixTimestamp(told_at), 300)), failed) AS visits,
  multiIf(
    $(has_role(src_ip, monitor)), 'It looks after other hosts by ping or SNMP',
    (src_ip, port, transport) IN (
      SELECT src_ip, dst_port AS port, transport
      FROM rollup_pairs
      WHERE first_at < {begun:DateTime64(6)} + toIntervalHour(1) AND direction = 'internal'
      GROUP BY src_ip, port, transport
      HAVING uniqExact(dst_ip) >= 8
    ), 'It did so from the first hour of what was read', '') AS beat,
  uniqExact($(network(dst_ip))) AS networks,
  concat(transport, ' port ', toString(port), ' of') AS what,
  $(most_frequent(direction)) AS direction,
  toUInt8($(has_role(src_ip, resolver))) AS resolver,
  if(min(known) = max(known), min(known), '') AS shape,
  min(told_at) AS first_at,
  max(told_at) AS last_at
FROM (
  SELECT window_of(told_at) AS window_at, told_at, src_ip, dst_ip, dst_port AS port, transport, direction, outcome,
    $(failed) AS failed, $(known_call_scan) AS known
  FROM connection
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)}
    AND transport IN ('tcp', 'udp') AND NOT $(wide)
    -- only ports on which a host failed at three at least, whenever
    AND (src_ip, port, transport) IN (
      SELECT src_ip, dst_port AS port, transport
      FROM connection
      WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND transport IN ('tcp', 'udp')
        AND $(no_answer) AND NOT $(wide)
      GROUP BY src_ip, port, transport
      HAVING uniqExact(dst_ip) >= 3
    )
)
GROUP BY window_at, src_ip, port, transport
HAVING hosts >= 3
) AS probed
LEFT JOIN $(habit_of_scanners((src_ip, if(transport = 'icmp', toUInt16(0), dst_port), transport), dst_ip)) AS habits USING (habit_key)
