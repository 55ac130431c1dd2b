/*
about: Mail servers that one host tried to reach.
grain: [src_ip]
reads: [connection]
columns:
  servers: {unit: count, says: outside mail servers called}
  connections: {unit: count, says: connections to mail servers}
  failed_share: {unit: share, says: of them came to nothing}
  sent_bytes: {unit: bytes, says: sent}
  direction: {unit: text, says: direction}
  work: {unit: text, says: why to send mail is its work}
*/
SELECT
  window_of(told_at) AS window_at, src_ip,
  uniqExact(dst_ip) AS servers,
  count() AS connections,
  countIf($(failed)) / count() AS failed_share,
  sum($(sent)) AS sent_bytes,
  $(most_frequent(direction)) AS direction,
  $(known_as(src_ip, mail_server, 'other hosts hand their mail to it')) AS work,
  min(told_at) AS first_at,
  max(told_at) AS last_at
FROM connection
WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND transport = 'tcp' AND dst_port IN (25, 465, 587) AND direction IN ('outbound', 'external')
GROUP BY window_at, src_ip
HAVING NOT $(mail_relayed(min(dst_port), max(dst_port)))
