/*
about: Targets that one host tried and did not reach, a few an hour over many hours.
grain: [src_ip]
reads: [connection]
columns:
  targets: {unit: count, says: different hosts and ports at which it failed}
  hours: {unit: count, says: hours in which it tried}
  span_hours: {unit: count, says: hours from the first such hour to the last}
  busiest_hour: {unit: count, says: targets in its busiest hour}
  hosts: {unit: count, says: hosts at which it failed}
  ports: {unit: count, says: ports at which it failed}
  direction: {unit: text, says: direction}
  tries: {unit: count, says: tries}
  monitor: {unit: count, says: "1: it looks after other hosts by ping or SNMP"}
  work: {unit: text, says: why such tries are its work}
*/
SELECT *, $(known_as(src_ip, scanner, $(scans_daily(habit, targets)))) AS work
FROM (
SELECT
  window_of(hour) AS window_at,
  src_ip, cityHash64(src_ip) AS habit_key,
  uniqExactMerge(targets_state) AS targets,
  uniqExact(hour) AS hours,
  dateDiff('hour', min(hour), max(hour)) + 1 AS span_hours,
  max(hour_targets) AS busiest_hour,
  uniqExactMerge(hosts_state) AS hosts,
  uniqExactMerge(ports_state) AS ports,
  $(most_frequent(direction)) AS direction,
  sum(hour_tries) AS tries,
  toUInt8($(has_role(src_ip, monitor))) AS monitor,
  min(first_hour_at) AS first_at,
  max(last_hour_at) AS last_at
FROM (
  -- hours first, windows of whole hours from them
  SELECT
    toStartOfHour(time) AS hour,
    src_ip,
    uniqExactState(dst_ip, dst_port) AS targets_state,
    uniqExact(dst_ip, dst_port) AS hour_targets,
    count() AS hour_tries,
    uniqExactState(dst_ip) AS hosts_state,
    uniqExactState(dst_port) AS ports_state,
    $(most_frequent(direction)) AS direction,
    min(time) AS first_hour_at,
    max(time) AS last_hour_at
  FROM connection
  WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)} AND direction != 'inbound'
    AND transport IN ('tcp', 'udp') AND $(failed_by(toUnixTimestamp(hour) + 3600)) AND NOT $(wide) AND $(calls_another)
    -- what a resolver asks of servers that do not answer, and known shapes such as devices that look for each other
    AND NOT (dst_port = 53 AND $(had_role(src_ip, resolver, toUnixTimestamp(hour) + 3600))) AND NOT $(left_out_slow_scan)
  GROUP BY hour, src_ip
)
GROUP BY window_at, src_ip
HAVING targets >= 4
) AS tried
LEFT JOIN $(habit_of_scanners(src_ip, (dst_ip, dst_port))) AS habits USING (habit_key)
