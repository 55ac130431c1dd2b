/*
about: Connections and packets that hit one host in a short window.
grain: [dst_ip, transport]
reads: [connection]
columns:
  connections: {unit: count, says: connections}
  packets: {unit: count, says: packets}
  sources: {unit: count, says: sources}
  per_second: {unit: ratio, says: connections a second}
  failed: {unit: count, says: connections that came to nothing}
  failed_share: {unit: share, says: of them came to nothing}
  dst_port: {unit: port, says: port hit most}
  src_ip: {unit: text, says: source that sent most}
  port_share: {unit: share, says: of them hit that port}
  direction: {unit: text, says: direction}
  work: {unit: text, says: why so many calls are its work}
*/
SELECT *,
  if(failed_share < 0.1 AND connections <= 200 * sources AND ($(has_role(dst_ip, directory_server)) AND dst_port IN (53, 88, 135, 389, 445, 464, 636, 3268, 3269)
    OR $(has_role(dst_ip, resolver)) AND dst_port = 53), 'it answers hosts of the network as a directory server or resolver', '') AS work
FROM (
SELECT
  window_of(told_at) AS window_at, dst_ip, transport,
  count() AS connections,
  sum(src_packets) AS packets,
  uniq(src_ip) AS sources,
  connections / greatest(1, dateDiff('second', min(told_at), max(told_at))) AS per_second,
  countIf($(failed)) AS failed,
  failed / connections AS failed_share,
  $(most_frequent(dst_port)) AS dst_port,
  $(most_frequent(src_ip)) AS src_ip,
  arrayMax(mapValues(sumMap(map(if(dst_port < 1024, dst_port, 0), 1)))) / connections AS port_share,
  $(most_frequent(direction)) AS direction,
  min(told_at) AS first_at,
  max(told_at) AS last_at
FROM connection
WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND transport IN ('tcp', 'udp', 'icmp') AND $(opener_known)
  -- the dear figures only of what is busy
  AND (window_of(told_at), dst_ip, transport) IN (
    SELECT window_of(told_at) AS window_at, dst_ip, transport
    FROM connection
    WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND transport IN ('tcp', 'udp', 'icmp') AND $(opener_known) AND NOT $(wide)
    GROUP BY window_at, dst_ip, transport
    HAVING count() >= 50
  )
GROUP BY window_at, dst_ip, transport
)
