/*
about: Since when each server is asked for each domain, or for a name below what ends a domain - a resolver that hides the rest of a name asks for these ends first (RFC 9156).
key: [dst_ip, domain]
reads: [dns]
*/
SELECT dst_ip, arrayJoin(arrayPushFront(arrayMap(n -> arrayStringConcat(arraySlice(labels, -n), '.'), range(1, least(length(labels), 4))), whole)) AS domain,
  min(first_at) AS first_at
FROM (
  SELECT dst_ip, if(query_domain = '', query, query_domain) AS whole, splitByChar('.', whole) AS labels, min(told_at) AS first_at
  FROM dns
  WHERE query != ''
  GROUP BY dst_ip, whole
)
GROUP BY dst_ip, domain
