/*
about: Since when each name is called or asked for here.
key: [name]
reads: [tls, http, dns]
*/
SELECT name, min(told_at) AS first_at
FROM (
  SELECT server_name AS name, told_at FROM tls WHERE server_name != ''
  UNION ALL SELECT host AS name, told_at FROM http WHERE host != ''
  UNION ALL SELECT query AS name, told_at FROM dns WHERE query_domain != '' AND response_code IN ('', 'NOERROR')
)
GROUP BY name
