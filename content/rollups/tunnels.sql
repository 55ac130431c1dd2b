/*
about: Connections to a web proxy in which it took requests further, and what was asked for in them, however long after they began.
key: [uid, src_ip, dst_ip]
reads: [http]
*/
SELECT uid, src_ip, proxy_ip AS dst_ip, min(dst_name) AS tunnel_name, max(dst_port) AS tunnel_port, min(direction) AS tunnel_direction, max(dst_name) AS last_name
FROM $(proxy_requests(toDateTime64(0, 6)))
GROUP BY uid, src_ip, proxy_ip
