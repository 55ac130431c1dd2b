/*
about: TLS from one host to one outside destination, with what is odd about it.
grain: [src_ip, dst_ip, dst_port]
reads: [tls]
columns:
  handshakes: {unit: count, says: handshakes}
  self_signed: {unit: count, says: with a certificate that signed itself}
  own_authority: {unit: count, says: with certificates that end in an authority of their own}
  clients: {unit: count, says: local hosts that talk TLS to the same destination}
  hosts: {unit: count, says: local hosts that talk TLS at all}
  place_known: {unit: count, says: "1: more than two hosts used it before today, or on the first day twenty and more than half of all"}
  first_day: {unit: count, says: "1: what was used on the days before is not known"}
  unnamed_share: {unit: share, says: of them without a server name}
  server_name: {unit: text, says: name asked for}
  issuer: {unit: text, says: issuer of the certificate}
  direction: {unit: text, says: direction}
*/
SELECT
  window_at, src_ip, dst_ip, dst_port, handshakes, self_signed, own_authority,
  uniqExact(src_ip) OVER (PARTITION BY window_at, dst_ip) AS clients,
  uniqExact(src_ip) OVER (PARTITION BY window_at) AS hosts,
  toUInt8($(place_known(users_since, 2, clients, hosts))) AS place_known, toUInt8($(first_day)) AS first_day,
  unnamed_share, server_name, issuer, direction, first_at, last_at
FROM (
  SELECT
    window_of(told_at) AS window_at, src_ip, dst_ip, dst_port,
    count() AS handshakes,
    countIf($(signed_itself)) AS self_signed,
    countIf($(own_authority)) AS own_authority,
    countIf(server_name = '') / count() AS unnamed_share,
    max(server_name) AS server_name,
    max(issuer) AS issuer,
    min(direction) AS direction,
    min(told_at) AS first_at,
    max(told_at) AS last_at
  FROM tls
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND direction IN ('outbound', 'external')
  GROUP BY window_at, src_ip, dst_ip, dst_port
) AS calls
LEFT JOIN $(first_users(dst_ip, rollup_pairs, transport = 'tcp' AND direction IN ('outbound', 'external'), answered_at)) AS users ON users.place = calls.dst_ip
