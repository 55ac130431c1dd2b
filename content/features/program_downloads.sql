/*
about: Programs that came over plain HTTP or another unencrypted protocol from outside.
grain: [src_ip, dst_ip, dst_name]
reads: [http, file]
columns:
  programs: {unit: count, says: programs}
  bytes: {unit: bytes, says: downloaded}
  clients: {unit: count, says: local hosts that fetch programs from the same destination}
  direction: {unit: text, says: direction}
  place_known: {unit: count, says: "1: more than two hosts used it before today, or on the first day twenty and more than half of all"}
  first_day: {unit: count, says: "1: what was used on the days before is not known"}
  bare_address: {unit: count, says: "1: the destination was called by its address, not by a name"}
  address: {unit: text, says: "its address, or the proxy that lies between"}
  uri: {unit: text, says: path}
  dst_port: {unit: port, says: port}
*/
SELECT
  window_at, src_ip, dst_ip, dst_name, programs, bytes,
  uniqExact(src_ip) OVER (PARTITION BY window_at, place) AS clients, uniqExact(src_ip) OVER (PARTITION BY window_at) AS hosts, direction,
  toUInt8($(place_known(users_since, 2, clients, hosts))) AS place_known, toUInt8($(first_day)) AS first_day,
  bare_address, address, uri, dst_port, first_at, last_at
FROM (
  SELECT
    window_of(told_at) AS window_at, src_ip, dst_ip, dst_name,
    if(dst_name = '', dst_ip, dst_name) AS place,
    min(direction) AS direction,
    uniqExact(path) AS programs,
    sum(response_bytes) AS bytes,
    max(dst_name = dst_ip OR dst_name = '' OR match(dst_name, '^[0-9.]+(:[0-9]+)?$') OR dst_name LIKE '[%') AS bare_address,
    max(if(proxy_ip = '', dst_ip, concat('through ', proxy_ip))) AS address,
    argMin(path, (told_at, path, port)) AS uri,
    argMin(port, (told_at, path, port)) AS dst_port,
    min(told_at) AS first_at,
    max(told_at) AS last_at
  FROM (
    SELECT told_at, src_ip, dst_ip, host AS dst_name, uri AS path, dst_port AS port, direction, status_code, response_bytes, response_mime, '' AS proxy_ip
    FROM http
    WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND (NOT $(any_proxy) OR src_ip NOT IN $(proxies) AND dst_ip NOT IN $(proxies))
    UNION ALL
    SELECT told_at, src_ip, '' AS dst_ip, dst_name, uri AS path, dst_port AS port, direction, status_code, response_bytes, response_mime, proxy_ip
    FROM $(proxy_requests({from:DateTime64(6)}))
    WHERE told_at < {to:DateTime64(6)} AND method != 'CONNECT'
  )
  WHERE direction IN ('outbound', 'external')
    AND $(program_fetched(path))
  GROUP BY window_at, src_ip, dst_ip, dst_name
) AS fetched
LEFT JOIN $(first_users(place, rollup_program_clients, 1, first_at)) AS users USING (place)
