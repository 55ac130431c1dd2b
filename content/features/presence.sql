/*
about: Connections of one local host in every hour since it was first seen, hours without any included.
grain: [src_ip]
reads: [connection]
columns:
  connections: {unit: count, says: connections}
  active_hours: {unit: count, says: earlier hours in which it was heard}
  silent_hours: {unit: count, says: hours since it was last heard}
  usual_share: {unit: share, says: of its earlier hours it was heard in}
  network_hosts: {unit: count, says: hosts heard in the window}
  usual_hosts: {unit: count, says: hosts heard in an ordinary window}
*/
WITH
  hours AS (
    SELECT toStartOfHour(time) AS hour, src_ip, count() AS n, min(time) AS first_time, max(time) AS last_time
    FROM connection
    WHERE time < {to:DateTime64(6)} AND src_local AND NOT $(wide)
    GROUP BY hour, src_ip
  ),
  network AS (SELECT hour, count() AS heard, quantileExact(0.5)(count()) OVER () AS usual FROM hours GROUP BY hour),
  steady AS (
    SELECT src_ip, groupArray((hour, n)) AS heard_in, min(hour) AS begun, max(hour) AS ended, max(last_time) AS last_heard
    FROM hours
    GROUP BY src_ip
    HAVING count() >= 18 AND count() >= 0.7 * (dateDiff('hour', begun, ended) + 1)
  )
SELECT
  network.hour AS window_at,
  src_ip,
  arraySum(pair -> if(pair.1 = network.hour, pair.2, 0), heard_in) AS connections,
  arrayCount(pair -> pair.1 < network.hour, heard_in) AS active_hours,
  dateDiff('hour', arrayMax(pair -> if(pair.1 <= network.hour, pair.1, begun), heard_in), network.hour) AS silent_hours,
  if(network.hour <= begun, 0, active_hours / dateDiff('hour', begun, network.hour)) AS usual_share,
  network.heard AS network_hosts,
  network.usual AS usual_hosts,
  toDateTime64(network.hour, 6) AS first_at,
  toDateTime64(network.hour, 6) + toIntervalSecond(3599) AS last_at
FROM steady CROSS JOIN network
WHERE network.hour > begun AND network.hour >= {from:DateTime64(6)} AND network.hour < {to:DateTime64(6)}
  AND network.hour < (SELECT max(hour) FROM hours)
