/*
about: Names that one host asked for and that do not exist, and how made-up they look.
grain: [src_ip]
reads: [dns]
columns:
  names: {unit: count, says: different domains that do not exist}
  queries: {unit: count, says: queries without an answer that exists}
  generated_share: {unit: share, says: of them look generated}
  generated_names: {unit: count, says: domains that look generated}
  made_up_names: {unit: count, says: "domains that look made up, one by one or by being alike"}
  alike_share: {unit: share, says: of the domains are equally long (one letter apart at most)}
  failed_share: {unit: share, says: of its queries failed}
  examples: {unit: text, says: for example}
*/
SELECT
  window_at,
  src_ip,
  uniqExactIf(name, missing) AS names,
  countIf(missing) AS queries,
  uniqExactIf(name, missing AND generated_score >= 0.5) AS generated_names,
  if(names = 0, 0, generated_names / names) AS generated_share,
  arrayMap(one -> position(one, '.') - 1, $(sample_if(1000, name, missing AND registered))) AS lengths,
  if(empty(lengths), 0, arrayElement(arraySort(lengths), intDiv(length(lengths) + 1, 2))) AS middle,
  if(empty(lengths), 0, arrayCount(one -> abs(one - middle) <= 1, lengths) / length(lengths)) AS alike_share,
  greatest(toFloat64(generated_names), if(length(lengths) >= 15 AND alike_share >= 0.85, toFloat64(alike_share * length(lengths)), 0.)) AS made_up_names,
  queries / count() AS failed_share,
  $(listed_if(4, name, missing)) AS examples,
  min(told_at) AS first_at,
  max(told_at) AS last_at
FROM (
  SELECT window_at, told_at, src_ip, generated_score, query_domain != '' AS registered, response_code = 'NXDOMAIN' AS missing, if(query_domain = '', query, query_domain) AS name
  FROM $(asked_dns)
  WHERE query NOT LIKE '%.arpa' AND NOT $(looked_up_by_mail)
)
GROUP BY window_at, src_ip
