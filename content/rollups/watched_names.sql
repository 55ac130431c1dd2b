/*
about: In which hours anything was seen, by any of the logs that tell what names hosts call.
key: [hour]
reads: [connection, tls, http, dns]
*/
SELECT toStartOfHour(told_at) AS hour, count() AS events
FROM (
  SELECT told_at FROM connection
  UNION ALL SELECT told_at FROM tls
  UNION ALL SELECT told_at FROM http
  UNION ALL SELECT told_at FROM dns
)
GROUP BY hour
