/*
about: TLS client fingerprints (JA4, or JA3 where the sensor has no JA4) that hardly any local host uses.
grain: [src_ip, fingerprint]
reads: [tls]
columns:
  handshakes: {unit: count, says: handshakes with this fingerprint}
  clients: {unit: count, says: local hosts that use it}
  hosts: {unit: count, says: local hosts that talk TLS}
  place_known: {unit: count, says: "1: more than two hosts used it before today, or on the first day twenty and more than half of all"}
  fingerprint_share: {unit: share, says: of all handshakes are this host's with it}
  destinations: {unit: count, says: destinations it was used for}
  dst_ip: {unit: text, says: address}
  dst_name: {unit: text, says: name asked for}
  dst_port: {unit: port, says: port}
*/
SELECT
  window_at, src_ip, fingerprint, handshakes,
  count() OVER (PARTITION BY window_at, fingerprint) AS clients,
  uniqExact(src_ip) OVER (PARTITION BY window_at) AS hosts,
  toUInt8($(place_known(users_since, 2, clients, hosts))) AS place_known,
  handshakes / sum(handshakes) OVER (PARTITION BY window_at) AS fingerprint_share,
  destinations, dst_ip, dst_name, dst_port, first_at, last_at
FROM (
  SELECT
    window_of(told_at) AS window_at, src_ip, if(ja4 != '', ja4, ja3) AS fingerprint,
    count() AS handshakes,
    uniqExact(dst_ip) AS destinations,
    argMax(dst_ip, (told_at, dst_ip, server_name)) AS dst_ip,
    argMax(server_name, (told_at, dst_ip, server_name)) AS dst_name,
    $(most_frequent(dst_port)) AS dst_port,
    min(told_at) AS first_at,
    max(told_at) AS last_at
  FROM tls
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND direction IN ('outbound', 'external') AND (ja4 != '' OR ja3 != '')
  GROUP BY window_at, src_ip, fingerprint
) AS prints
LEFT JOIN $(first_users(fingerprint, rollup_fingerprint_clients, 1, first_at)) AS users ON users.place = prints.fingerprint
