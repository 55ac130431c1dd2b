/*
about: What another engine (Suricata, Zeek) said of one pair of hosts.
grain: [engine, name, src_ip, dst_ip]
reads: [external_alert]
columns:
  alerts: {unit: count, says: alerts}
  worst_severity: {unit: count, says: "severity as the engine counts, 1 is worst"}
  category: {unit: text, says: category}
  message: {unit: text, says: message}
  techniques: {unit: text, says: ATT&CK techniques the engine names}
  direction: {unit: text, says: direction}
  dst_port: {unit: port, says: port}
  other_end: {unit: text, says: "the other end, '' when the engine names none"}
  hosts_with_it: {unit: count, says: sources with the same alert}
*/
SELECT
  window_at, engine, name, src_ip, dst_ip, alerts, worst_severity, category, message, techniques, direction, dst_port,
  multiIf(dst_ip = '', '', dst_port = 0, ' and ' || dst_ip, ' and ' || if(position(dst_ip, ':') = 0, dst_ip, '[' || dst_ip || ']') || ':' || toString(dst_port)) AS other_end,
  uniqExact(src_ip) OVER (PARTITION BY window_at, engine, name) AS hosts_with_it, first_at, last_at
FROM (
  SELECT
    window_of(told_at) AS window_at, engine, name, src_ip, dst_ip,
    count() AS alerts,
    minIf(severity, severity > 0) AS worst_severity,
    max(category) AS category,
    max(message) AS message,
    arrayStringConcat(arraySlice(arraySort(groupUniqArrayArray(attack)), 1, 20), ', ') AS techniques,
    min(direction) AS direction,
    $(most_frequent(dst_port)) AS dst_port,
    min(told_at) AS first_at,
    max(told_at) AS last_at
  FROM external_alert
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND type IN ('alert', 'notice') AND NOT $(engine_remark)
  GROUP BY window_at, engine, name, src_ip, dst_ip
)
