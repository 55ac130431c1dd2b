/*
about: In which hours anything was seen, by any of the logs that tell what names hosts call.
key: [hour]
reads: [connection, tls, http, dns]
*/
SELECT toStartOfHour(time) AS hour, count() AS events
FROM (
  SELECT time FROM connection
  UNION ALL SELECT time FROM tls
  UNION ALL SELECT time FROM http
  UNION ALL SELECT time FROM dns
)
GROUP BY hour
