/*
about: Since when one host calls one name over TLS or HTTP.
key: [place, src_ip]
reads: [tls, http]
*/
SELECT place, src_ip, min(time) AS first_at
FROM (
  SELECT server_name AS place, src_ip, time FROM tls WHERE server_name != ''
  UNION ALL SELECT host AS place, src_ip, time FROM http WHERE host != ''
)
GROUP BY place, src_ip
