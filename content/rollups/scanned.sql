/*
about: On which days a scanner that was learned reached what.
key: [src_ip, day, transport, dst_ip, dst_port]
reads: [connection]
*/
SELECT src_ip, toDate(told_at) AS day, transport, dst_ip, dst_port, count() AS connections
FROM connection
WHERE src_ip IN (SELECT host FROM role WHERE role = 'scanner' AND source = 'learned') AND transport IN ('tcp', 'udp', 'icmp')
GROUP BY src_ip, day, transport, dst_ip, dst_port
