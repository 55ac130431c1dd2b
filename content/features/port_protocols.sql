/*
about: Protocols found on ports where they do not belong.
grain: [src_ip, dst_ip, dst_port, service]
reads: [connection]
columns:
  connections: {unit: count, says: connections}
  sent_bytes: {unit: bytes, says: sent}
  received_bytes: {unit: bytes, says: received}
  clients: {unit: count, says: local hosts that use this protocol on this port}
  place_known: {unit: count, says: "1: more than three hosts spoke it there before today, or on the first day twenty and more than half of all"}
  first_day: {unit: count, says: "1: what was used on the days before is not known"}
  usual: {unit: text, says: usual protocol of the port}
  direction: {unit: text, says: direction}
*/
SELECT
  window_at, src_ip, dst_ip, dst_port, service, connections, sent_bytes, received_bytes,
  uniqExact(src_ip) OVER (PARTITION BY window_at, dst_port, service) AS clients, uniqExact(src_ip) OVER (PARTITION BY window_at) AS hosts,
  toUInt8($(place_known(users_since, 3, clients, hosts))) AS place_known, toUInt8($(first_day)) AS first_day,
  usual, direction, first_at, last_at
FROM (
  SELECT
    window_of(told_at) AS window_at, src_ip, dst_ip, dst_port, c.service AS service,
    count() AS connections,
    sum($(sent)) AS sent_bytes,
    sum($(received)) AS received_bytes,
    min(multiIf(dst_port IN (80, 8080, 8000, 8888), 'http', dst_port IN (443, 8443, 993, 995, 465), 'ssl', dst_port = 22, 'ssh',
      dst_port = 53, 'dns', dst_port = 25, 'smtp', dst_port = 21, 'ftp', dst_port = 3389, 'rdp', dst_port = 445, 'smb',
      dst_port = 123, 'ntp', '')) AS usual,
    min(direction) AS direction,
    min(told_at) AS first_at,
    max(told_at) AS last_at
  FROM connection AS c
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND direction != 'inbound' AND $(answered) AND src_ip != dst_ip AND service != ''
  GROUP BY window_at, src_ip, dst_ip, dst_port, service
) AS spoken
LEFT JOIN $(first_users(cityHash64(dst_port, service), rollup_protocol_clients, 1, first_at)) AS users ON users.place = cityHash64(spoken.dst_port, spoken.service)
WHERE (usual != '' AND NOT hasAny(splitByChar(',', service), [usual, 'ssl', 'quic', 'gssapi', 'ntlm', 'krb', 'http2', 'websocket']))
   OR (usual IN ('http', 'ssh', 'dns', 'ftp', 'smb', 'rdp') AND has(splitByChar(',', service), 'ssl') AND usual NOT IN ('http', 'rdp', 'ftp'))
   OR (has(splitByChar(',', service), 'ssh') AND dst_port NOT IN (22, 2222, 830))
   OR (has(splitByChar(',', service), 'dns') AND dst_port NOT IN (53, 137, 853, 5353, 5355))
   OR (has(splitByChar(',', service), 'irc') AND dst_port NOT BETWEEN 6660 AND 7000)
   OR (service = 'http' AND dst_port NOT IN (80, 81, 82, 88, 591, 631, 1900, 2375, 2869, 3000, 3128, 5000, 5357, 5601, 5985, 7547, 8000, 8001, 8008, 8080, 8081, 8082, 8088, 8089, 8123, 8443, 8530, 8888, 9000, 9090, 9200) AND dst_port < 1024)
