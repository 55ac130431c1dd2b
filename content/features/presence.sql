/*
about: Hours in which a local host that used to be heard is not heard, up to a day after it was heard last.
grain: [src_ip]
reads: [connection]
whole: an hour of silence is told by every hour in which the host was heard before
columns:
  connections: {unit: count, says: connections}
  active_hours: {unit: count, says: earlier hours in which it was heard}
  silent_hours: {unit: count, says: hours since it was last heard}
  usual_share: {unit: share, says: of its earlier hours it was heard in}
  network_hosts: {unit: count, says: hosts heard in the window}
  usual_hosts: {unit: count, says: hosts heard in an ordinary window}
*/
WITH
  -- a device is heard wherever it is: the address that it had last stands for it
  hours AS (
    SELECT hour, who, argMax(src_ip, (since, src_ip)) AS address
    FROM (
      SELECT hour, src_ip, arrayFilter(one -> one.1 < hour + toIntervalHour(1), held) AS begun, if(empty(begun), ('', toDateTime64(0, 6, 'UTC'), toDateTime64(0, 6, 'UTC')), (begun[-1].3, begun[-1].1, begun[-1].2)) AS last,
        last.2 AS since,
        multiIf(last.1 = '', src_ip, last.3 = toDateTime64(0, 6, 'UTC') OR hour < last.3, last.1, concat(src_ip, ' after ', last.1)) AS who
      FROM (
        SELECT hour, src_ip FROM rollup_heard
      ) AS heard
      LEFT JOIN (
        SELECT address, arraySort(groupArray((from_at, ifNull(to_at, toDateTime64(0, 6, 'UTC')), device))) AS held
        FROM device_address GROUP BY address
      ) AS devices ON devices.address = heard.src_ip
    )
    GROUP BY hour, who
  ),
  network AS (
    SELECT hour, heard, quantileExact(0.5)(heard) OVER (ORDER BY hour RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS usual
    FROM (SELECT hour, count() AS heard FROM hours GROUP BY hour)
  ),
  gaps AS (
    SELECT heard[i].2 AS src_ip, heard[i].1 AS heard_at, i AS heard_hours, heard[1].1 AS begun, heard[i + 1].1 AS heard_next
    FROM (SELECT arraySort(groupArray((hour, address))) AS heard FROM hours GROUP BY who)
    ARRAY JOIN arrayEnumerate(heard) AS i
  ),
  silences AS (
    SELECT src_ip, heard_at, heard_hours, begun, arrayJoin(range(1, 25)) AS silent, heard_at + toIntervalHour(silent) AS silent_at
    FROM gaps
    WHERE heard_hours >= 12 AND (heard_next = toDateTime(0) OR dateDiff('hour', heard_at, heard_next) > 1)
      AND (heard_next = toDateTime(0) OR silent < dateDiff('hour', heard_at, heard_next))
  )
SELECT
  silences.silent_at AS window_at,
  src_ip,
  0 AS connections,
  heard_hours AS active_hours,
  silent AS silent_hours,
  heard_hours / dateDiff('hour', begun, silences.silent_at) AS usual_share,
  network.heard AS network_hosts,
  network.usual AS usual_hosts,
  toDateTime64(silences.silent_at, 6) AS first_at,
  toDateTime64(silences.silent_at, 6) + toIntervalSecond(3599) AS last_at
FROM silences INNER JOIN network ON network.hour = silences.silent_at
WHERE silences.silent_at >= {from:DateTime64(6)} AND silences.silent_at < {to:DateTime64(6)}
  AND silences.silent_at < toStartOfHour({ended:DateTime64(6)})
