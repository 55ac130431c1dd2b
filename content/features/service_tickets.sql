/*
about: Kerberos service tickets with an old cipher that one host asked for in a window.
grain: [src_ip, dst_ip]
reads: [authentication]
columns:
  services: {unit: count, says: services asked for with an old cipher}
  accounts: {unit: count, says: accounts that asked}
  tickets: {unit: count, says: tickets with an old cipher}
  examples: {unit: text, says: some of the services}
  direction: {unit: text, says: direction}
*/
SELECT
  window_of(told_at) AS window_at,
  src_ip,
  dst_ip,
  uniqExact(target) AS services,
  uniqExactIf(username, username != '') AS accounts,
  count() AS tickets,
  arrayStringConcat(arraySlice(arraySort(groupUniqArray(target)), 1, 3), ', ') AS examples,
  $(most_frequent(direction)) AS direction,
  min(told_at) AS first_at,
  max(told_at) AS last_at
FROM authentication
WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)}
  AND protocol = 'kerberos' AND match(lower(detail), 'tgs.*(rc4|arcfour|des-|des3-)') AND target NOT LIKE 'krbtgt%' AND target != ''
GROUP BY window_at, src_ip, dst_ip
