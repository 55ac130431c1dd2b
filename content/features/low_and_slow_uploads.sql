/*
about: Steady small uploads from one host to one outside destination over a long window.
grain: [src_ip, dst_ip]
reads: [connection]
columns:
  sent_bytes: {unit: bytes, says: sent to it}
  received_bytes: {unit: bytes, says: received from it}
  hours: {unit: count, says: hours with uploads}
  peak_share: {unit: share, says: of it in the busiest hour}
  clients: {unit: count, says: local hosts that send to the same destination}
  dst_port: {unit: port, says: port}
*/
SELECT
  window_at, src_ip, dst_ip, sent_bytes, received_bytes, hours, peak_share,
  count() OVER (PARTITION BY window_at, dst_ip) AS clients, dst_port, first_at, last_at
FROM (
  SELECT
    window_of(hour) AS window_at,
    src_ip,
    dst_ip,
    sum(sent) AS sent_bytes,
    sum(received) AS received_bytes,
    countIf(sent > 2000) AS hours,
    if(sent_bytes = 0, 0, max(sent) / sent_bytes) AS peak_share,
    $(most_frequent(port)) AS dst_port,
    min(seen_first) AS first_at,
    max(seen_last) AS last_at
  FROM (
    -- hours first, windows of whole hours from them
    SELECT
      toStartOfHour(time) AS hour,
      src_ip,
      dst_ip,
      $(most_frequent(dst_port)) AS port,
      sum($(sent)) AS sent,
      sum($(received)) AS received,
      min(time) AS seen_first,
      max(time) AS seen_last
    FROM connection
    WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)} AND direction = 'outbound'
    GROUP BY hour, src_ip, dst_ip
  )
  GROUP BY window_at, src_ip, dst_ip
)
WHERE hours >= 2
