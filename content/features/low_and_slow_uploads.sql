/*
about: Steady small uploads from one host to one outside destination over a long window.
grain: [src_ip, dst_ip, dst_name]
reads: [connection]
columns:
  sent_bytes: {unit: bytes, says: sent to it}
  received_bytes: {unit: bytes, says: "received from it, nothing where no answer is seen"}
  hours: {unit: count, says: hours with uploads}
  peak_share: {unit: share, says: of it in the busiest hour}
  clients: {unit: count, says: local hosts that send to the same destination}
  direction: {unit: text, says: direction}
  place_known: {unit: count, says: "1: more than two hosts used it before today, or on the first day twenty and more than half of all"}
  first_day: {unit: count, says: "1: what was used on the days before is not known"}
  destination: {unit: text, says: its name or address}
  dst_port: {unit: port, says: port}
*/
SELECT
  window_at, src_ip, dst_ip, dst_name, if(dst_name = '', dst_ip, dst_name) AS destination, sent_bytes, received_bytes, hours, peak_share,
  count() OVER (PARTITION BY window_at, dst_ip, dst_name) AS clients, uniqExact(src_ip) OVER (PARTITION BY window_at) AS hosts,
  'outbound' AS direction, toUInt8($(place_known(users_since, 2, clients, hosts))) AS place_known, toUInt8($(first_day)) AS first_day, dst_port, first_at, last_at
FROM (
  SELECT
    window_of(hour) AS window_at,
    src_ip,
    dst_ip,
    dst_name,
    sum(sent) AS sent_bytes,
    $(heard_back(received, sent, unheard)) AS received_bytes,
    countIf(sent > 2000) AS hours,
    if(sent_bytes = 0, 0, max(sent) / sent_bytes) AS peak_share,
    $(most_frequent(port)) AS dst_port,
    $(mail_relayed(min(least_port), max(most_port))) AS relayed,
    min(seen_first) AS first_at,
    max(seen_last) AS last_at
  FROM (
    -- hours first, windows of whole hours from them
    SELECT
      toStartOfHour(told_at) AS hour,
      src_ip,
      dst_ip,
      dst_name,
      $(most_frequent(dst_port)) AS port,
      min(dst_port) AS least_port,
      max(dst_port) AS most_port,
      sum(sent) AS sent,
      sum(received) AS received,
      sumIf(sent, outcome = 'one_sided') AS unheard,
      min(told_at) AS seen_first,
      max(told_at) AS seen_last
    FROM $(calls({from:DateTime64(6)}))
    WHERE direction = 'outbound'
    GROUP BY hour, src_ip, dst_ip, dst_name
  )
  GROUP BY window_at, src_ip, dst_ip, dst_name
) AS uploads
LEFT JOIN $(first_users(cityHash64(dst_ip, dst_name), $(called), direction = 'outbound', first_at)) AS users
  ON users.place = cityHash64(uploads.dst_ip, uploads.dst_name)
WHERE hours >= 2 AND NOT relayed
