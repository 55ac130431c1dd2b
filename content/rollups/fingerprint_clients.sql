/*
about: Since when one host has one TLS client (JA4, or JA3 where the sensor has no JA4).
key: [fingerprint, src_ip]
reads: [tls]
*/
SELECT if(ja4 != '', ja4, ja3) AS fingerprint, src_ip, min(told_at) AS first_at
FROM tls
WHERE direction IN ('outbound', 'external') AND (ja4 != '' OR ja3 != '')
GROUP BY fingerprint, src_ip
