/*
about: Which addresses were given for names of which domains.
key: [address, query_domain]
reads: [dns]
*/
SELECT arrayJoin(answers) AS address, query_domain, min(told_at) AS first_at
FROM dns
WHERE query_domain != ''
GROUP BY address, query_domain
