/*
about: Since when one host calls one destination, seen through web proxies, and since when it was answered.
key: [src_ip, dst_ip, dst_name, destination, direction]
reads: [connection, http, tls, dns]
*/
SELECT
  src_ip, dst_ip, dst_name, destination, direction,
  min(told_at) AS first_at,
  minIf(told_at, $(answered)) AS answered_at
FROM $(calls({begun:DateTime64(6)}))
GROUP BY src_ip, dst_ip, dst_name, destination, direction
