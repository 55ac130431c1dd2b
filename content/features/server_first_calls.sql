/*
about: Outside destinations that nobody here had called before and that a server of the house calls, with how seldom it calls any.
grain: [src_ip, dst_ip, dst_name]
reads: [connection, dns]
columns:
  connections: {unit: count, says: connections to it}
  sent_bytes: {unit: bytes, says: sent to it}
  received_bytes: {unit: bytes, says: received from it}
  clients: {unit: count, says: local hosts that the server had answered}
  serves_h: {unit: count, says: hours in which the network was seen since it had answered the third of them}
  earlier_destinations: {unit: count, says: outside destinations that the server had called before}
  known_domain: {unit: count, says: whether a name that led there by the window's end is of a domain that was asked for before}
  network_age_h: {unit: count, says: earlier hours in which the network was seen}
  destination: {unit: text, says: its name or address}
  dst_port: {unit: port, says: port}
  direction: {unit: text, says: direction}
*/
SELECT
  window_at, src_ip, dst_ip, dst_name, destination, connections, sent_bytes, received_bytes,
  arrayCount(one -> one < window_at, client_firsts) AS clients,
  $(watched_between(client_firsts[3], first_at)) AS serves_h,
  earlier_destinations,
  toUInt8(arrayExists(one -> one.1 < window_at AND toUnixTimestamp(one.2) < toUnixTimestamp(window_at) + {window_s:UInt32}, led)) AS known_domain,
  $(watched_h(first_at)) AS network_age_h,
  dst_port, direction, first_at, last_at
FROM (
  SELECT
    window_of(told_at) AS window_at, src_ip, dst_ip, dst_name, if(dst_name = '', dst_ip, dst_name) AS destination,
    count() AS connections, sum(sent) AS sent_bytes, sum(received) AS received_bytes,
    $(most_frequent(dst_port)) AS dst_port, min(direction) AS direction,
    min(told_at) AS first_at, max(told_at) AS last_at
  FROM $(calls({from:DateTime64(6)}))
  WHERE direction = 'outbound' AND $(answered)
  GROUP BY window_at, src_ip, dst_ip, dst_name
) AS called
INNER JOIN (
  SELECT dst_ip AS src_ip, arraySort(groupArray(at)) AS client_firsts
  FROM (
    SELECT dst_ip, src_ip, min(heard_at) AS at
    FROM rollup_pairs
    WHERE direction = 'internal' AND transport = 'tcp' AND heard_at != toDateTime64(0, 6)
    GROUP BY dst_ip, src_ip
  )
  GROUP BY dst_ip
  HAVING count() >= 3
) AS server USING (src_ip)
INNER JOIN (
  SELECT src_ip, dst_ip, dst_name, destination_first,
    rank() OVER (PARTITION BY src_ip ORDER BY host_first) - 1 AS earlier_destinations
  FROM (
    SELECT src_ip, dst_ip, dst_name, min(answered_at) AS host_first,
      min(min(answered_at)) OVER (PARTITION BY dst_ip, dst_name) AS destination_first
    FROM $(called)
    WHERE direction = 'outbound' AND answered_at != toDateTime64(0, 6)
    GROUP BY src_ip, dst_ip, dst_name
  )
) AS firsts USING (src_ip, dst_ip, dst_name)
LEFT JOIN (
  -- since when the domains of names that led there were asked for, and since when each did lead there
  SELECT address AS dst_ip, arraySort(groupArray((domain_first, named.first_at))) AS led
  FROM rollup_address_domains AS named
  INNER JOIN (
    SELECT domain AS query_domain, min(first_at) AS domain_first FROM rollup_asked_domains GROUP BY domain
  ) AS domains USING (query_domain)
  GROUP BY dst_ip
) AS names USING (dst_ip)
WHERE destination_first >= window_at AND client_firsts[3] < window_at
