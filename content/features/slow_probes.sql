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
  left_out: {unit: count, says: "more such, of known shapes (devices that look for each other, what a resolver asks), nothing when there are none"}
  monitor: {unit: count, says: "1: it looks after other hosts by ping or SNMP"}
  work: {unit: text, says: why such tries are its work}
*/
SELECT *, $(known_as(src_ip, scanner, $(scans_daily(habit, targets)))) AS work
FROM (
SELECT
  window_of(hour) AS window_at,
  src_ip, cityHash64(src_ip) AS habit_key,
  uniqExactMerge(targets_state) AS targets,
  uniqExactIf(hour, hour_targets > 0) AS hours,
  dateDiff('hour', minIf(hour, hour_targets > 0), maxIf(hour, hour_targets > 0)) + 1 AS span_hours,
  max(hour_targets) AS busiest_hour,
  uniqExactMerge(hosts_state) AS hosts,
  uniqExactMerge(ports_state) AS ports,
  $(most_frequent(direction)) AS direction,
  sum(hour_tries) AS tries,
  nullIf(uniqExactMerge(left_out_state), 0) AS left_out,
  toUInt8($(has_role(src_ip, monitor))) AS monitor,
  minIf(first_hour_at, hour_targets > 0) AS first_at,
  maxIf(last_hour_at, hour_targets > 0) AS last_at
FROM (
  -- hours first, windows of whole hours from them
  SELECT
    hour,
    src_ip,
    uniqExactStateIf((dst_ip, dst_port), NOT known) AS targets_state,
    uniqExactStateIf((dst_ip, dst_port), known) AS left_out_state,
    uniqExactIf((dst_ip, dst_port), NOT known) AS hour_targets,
    countIf(NOT known) AS hour_tries,
    uniqExactStateIf(dst_ip, NOT known) AS hosts_state,
    uniqExactStateIf(dst_port, NOT known) AS ports_state,
    $(most_frequent(direction)) AS direction,
    minIf(told_at, NOT known) AS first_hour_at,
    maxIf(told_at, NOT known) AS last_hour_at
  FROM (
  SELECT told_at, toStartOfHour(told_at) AS hour, src_ip, dst_ip, dst_port, direction,
    $(dead_as_known(hour)) AS known
  FROM connection
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND direction != 'inbound'
    AND transport IN ('tcp', 'udp') AND $(failed_by(toUnixTimestamp(hour) + 3600)) AND NOT $(wide) AND $(calls_another)
  )
  GROUP BY hour, src_ip
)
GROUP BY window_at, src_ip
HAVING targets >= 4
) AS tried
LEFT JOIN $(habit_of_scanners(src_ip, (dst_ip, dst_port))) AS habits USING (habit_key)
