/*
about: In which hours each local host was heard.
key: [hour, src_ip]
reads: [connection]
*/
SELECT toStartOfHour(told_at) AS hour, src_ip, count() AS connections
FROM connection
WHERE src_local AND NOT $(wide)
GROUP BY hour, src_ip
