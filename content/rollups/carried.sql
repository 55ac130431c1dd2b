/*
about: What connections to a web proxy carried, by connection.
key: [uid, src_ip]
reads: [connection]
*/
SELECT uid, src_ip, max(toInt64($(sent))) AS tunnel_sent, max(has(splitByChar(',', service), 'ssl')) AS tunnel_tls
FROM connection
WHERE $(any_proxy) AND dst_ip IN $(proxies)
GROUP BY uid, src_ip
