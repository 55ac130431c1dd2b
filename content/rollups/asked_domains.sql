/*
about: Since when each server is asked for each domain.
key: [dst_ip, domain]
reads: [dns]
*/
SELECT dst_ip, if(query_domain = '', query, query_domain) AS domain, min(time) AS first_at
FROM dns
WHERE query != ''
GROUP BY dst_ip, domain
