/*
about: Since when one host asks for names below one domain.
key: [domain, src_ip]
reads: [dns]
*/
SELECT query_domain AS domain, src_ip, min(told_at) AS first_at
FROM dns
WHERE query_domain != ''
GROUP BY domain, src_ip
