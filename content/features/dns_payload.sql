/*
about: How much could be hidden in the names that one host asks for below one registered domain.
grain: [src_ip, query_domain]
reads: [dns]
columns:
  subdomains: {unit: count, says: different names below the domain}
  queries: {unit: count, says: queries}
  hidden_bytes: {unit: bytes, says: carried by the names below the domain}
  name_length: {unit: count, says: characters before the domain on average}
  odd_type_share: {unit: share, says: "queries of types that carry data (TXT, NULL, CNAME, MX, SRV)"}
  alphabet_bits: {unit: bits, says: information per character of the names}
  clients: {unit: count, says: local hosts that ask below this domain}
  place_known: {unit: count, says: "1: more than ten hosts used it before today, or on the first day twenty and more than half of all"}
  first_day: {unit: count, says: "1: what was used on the days before is not known"}
*/
SELECT
  window_at, src_ip, query_domain, subdomains, queries, hidden_bytes, name_length, odd_type_share, alphabet_bits,
  count() OVER (PARTITION BY window_at, query_domain) AS clients, uniqExact(src_ip) OVER (PARTITION BY window_at) AS hosts,
  toUInt8($(place_known(users_since, 10, clients, hosts))) AS place_known, toUInt8($(first_day)) AS first_day, first_at, last_at
FROM (
  SELECT
    window_at,
    src_ip,
    query_domain,
    count() AS subdomains,
    sum(n) AS queries,
    sum(label_length) AS hidden_bytes,
    avg(label_length) AS name_length,
    sum(odd) / sum(n) AS odd_type_share,
    arrayReduce('entropy', splitByString('', substring(replaceAll(arrayStringConcat($(sample(200, label))), '.', ''), 1, 4000))) AS alphabet_bits,
    min(seen_first) AS first_at,
    max(seen_last) AS last_at
  FROM (
    SELECT
      window_at,
      src_ip,
      -- No top-level domain holds a digit: names that end in data (dnscat.<hex>) are taken together by how they begin.
      match(query, '[.][^.]*[0-9][^.]*$') AND NOT match(query, '[.]xn--[^.]*$') AS headed,
      if(headed, concat(splitByChar('.', query)[1], '.*'), query_domain) AS query_domain,
      query,
      if(headed, substring(query, position(query, '.') + 1), substring(query, 1, length(query) - least(length(query), length(query_domain) + 1))) AS label,
      length(replaceAll(label, '.', '')) AS label_length,
      count() AS n,
      countIf(query_type IN ('TXT', 'NULL', 'CNAME', 'MX', 'SRV', 'KEY', 'PRIVATE')) AS odd,
      min(told_at) AS seen_first,
      max(told_at) AS seen_last
    FROM $(asked_dns) AS dns
    WHERE query NOT LIKE '%.arpa' AND NOT $(looked_up_by_mail) AND (headed OR dns.query_domain != '' AND query != dns.query_domain)
    GROUP BY window_at, src_ip, query_domain, query
  )
  GROUP BY window_at, src_ip, query_domain
  HAVING subdomains >= 5
) AS names
LEFT JOIN $(first_users(domain, rollup_domain_clients, 1, first_at)) AS users ON users.place = names.query_domain
