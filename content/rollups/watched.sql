/*
about: In which hours anything was seen.
key: [hour]
reads: [connection]
*/
SELECT toStartOfHour(told_at) AS hour, count() AS connections
FROM connection
GROUP BY hour
