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
  window_of(time) AS window_at,
  src_ip,
  dst_ip,
  uniqExact(target) AS services,
  uniqExactIf(username, username != '') AS accounts,
  count() AS tickets,
  arrayStringConcat(arraySlice(arraySort(groupUniqArray(target)), 1, 3), ', ') AS examples,
  $(most_frequent(direction)) AS direction,
  min(time) AS first_at,
  max(time) AS last_at
FROM authentication
WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)}
  AND protocol = 'kerberos' AND match(lower(detail), 'tgs.*(rc4|arcfour|des-|des3-)') AND target NOT LIKE 'krbtgt%' AND target != ''
GROUP BY window_at, src_ip, dst_ip
