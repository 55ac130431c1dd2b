/*
about: Since when one host calls one name over TLS or HTTP.
key: [place, src_ip]
reads: [tls, http]
*/
SELECT place, src_ip, min(told_at) AS first_at
FROM (
  SELECT server_name AS place, src_ip, told_at FROM tls WHERE server_name != ''
  UNION ALL SELECT host AS place, src_ip, told_at FROM http WHERE host != ''
)
GROUP BY place, src_ip
