/*
about: Since when one host speaks one protocol on one port of others.
key: [dst_port, service, src_ip]
reads: [connection]
*/
SELECT dst_port, service, src_ip, min(told_at) AS first_at
FROM connection
WHERE direction != 'inbound' AND $(answered) AND service != ''
GROUP BY dst_port, service, src_ip
