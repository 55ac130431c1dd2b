/*
about: Since when a host that asks for names itself was asked for each name, and answered, before it was known to be a resolver.
key: [dst_ip, query]
reads: [dns]
*/
SELECT dst_ip, query, min(told_at) AS first_at
FROM dns
WHERE query != '' AND src_ip != dst_ip AND response_code != ''
  AND dst_ip IN (SELECT src_ip FROM dns WHERE query != '')
  AND NOT $(had_role(dst_ip, resolver, toUnixTimestamp(told_at)))
GROUP BY dst_ip, query
