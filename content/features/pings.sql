/*
about: Hosts that one host pinged, and how many of them for the first time.
grain: [src_ip]
reads: [connection]
columns:
  hosts: {unit: count, says: hosts pinged}
  new_hosts: {unit: count, says: hosts pinged that it had never pinged before}
  answered_hosts: {unit: count, says: hosts that answered}
  silent_hosts: {unit: count, says: hosts that never answered}
  pings: {unit: count, says: "series of pings, of each host those of its most frequent kind (echo, timestamp, mask)"}
  direction: {unit: text, says: direction}
  monitor: {unit: count, says: "1: it looks after other hosts by ping or SNMP"}
  work: {unit: text, says: why such pings are its work}
*/
SELECT *, $(known_as(src_ip, scanner, $(scans_daily(habit, hosts)))) AS work
FROM (
SELECT
  window_at, src_ip, cityHash64((src_ip, 'icmp')) AS habit_key,
  count() AS hosts,
  countIf(first_ping >= toDateTime64(window_at, 6)) AS new_hosts,
  countIf(answers > 0) AS answered_hosts,
  countIf(answers = 0) AS silent_hosts,
  sum(n) AS pings,
  $(most_frequent(way)) AS direction,
  toUInt8($(has_role(src_ip, monitor))) AS monitor,
  min(seen_first) AS first_at,
  max(seen_last) AS last_at
FROM (
  SELECT window_at, src_ip, dst_ip, arrayMax(mapValues(sumMap(map(src_port, toUInt64(1))))) AS n, countIf($(answered)) AS answers,
    min(direction) AS way, min(told_at) AS seen_first, max(told_at) AS seen_last
  FROM (
    SELECT window_of(told_at) AS window_at, told_at, src_ip, dst_ip, src_port, direction, outcome
    FROM connection
    WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND transport = 'icmp' AND outcome IN ('answered', 'unanswered')
      AND direction != 'inbound' AND NOT $(wide) AND $(calls_another)
  )
  WHERE $(answered) OR $(failed)
  GROUP BY window_at, src_ip, dst_ip
) AS pinged
INNER JOIN (
  -- also where it was taken for a broadcast address then: what is known of an address changes
  SELECT src_ip, dst_ip, min(first_at) AS first_ping
  FROM rollup_pairs
  WHERE transport = 'icmp' AND direction != 'inbound'
  GROUP BY src_ip, dst_ip
) AS first_pings USING (src_ip, dst_ip)
GROUP BY window_at, src_ip
HAVING hosts >= 4
) AS swept
LEFT JOIN $(habit_of_scanners((src_ip, transport), dst_ip)) AS habits USING (habit_key)
