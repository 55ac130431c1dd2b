/*
about: When one host called one name over TLS or HTTP (through a proxy too), whatever address it had.
grain: [src_ip, dst_name]
reads: [tls, http, dns, connection]
columns:
  calls: {unit: count, says: calls}
  call_times: {unit: list, says: "seconds since 1970 of each call, sorted, at most 20,000"}
  call_bytes: {unit: list, says: "bytes sent in each call, 0 where they are not known"}
  addresses: {unit: count, says: addresses the name had}
  span_seconds: {unit: seconds, says: from first to last call}
  hosts: {unit: count, says: local hosts that call anything}
  clients: {unit: count, says: local hosts that call the same name}
  sister_names: {unit: count, says: names below the same registered domain that were asked for or called here}
  place_known: {unit: count, says: "1: three hosts here called it before yesterday, or on the first day of what was read"}
  destinations: {unit: count, says: names it calls in the same direction as often}
  begun_h: {unit: count, says: "hours from the first traffic of the network to the first of these calls in the window; 0 when there was one in the first hour"}
  bare_address: {unit: count, says: "1: an address, not a name"}
  dst_ip: {unit: text, says: "address, '' when a proxy lies between"}
  dst_port: {unit: port, says: port}
  direction: {unit: text, says: direction}
  service: {unit: text, says: protocol}
  shape: {unit: text, says: what such a name is known for}
  through: {unit: text, says: web proxy that lies between}
*/
SELECT
  -- Lists are unpacked last: what holds a whole window holds them packed.
  *, arrayMap(one -> $(call_time(one)), packed) AS call_times, arrayMap(one -> $(call_bytes(one)), packed) AS call_bytes
FROM (
SELECT
  window_at, src_ip, dst_name, calls, packed, addresses,
  count() OVER (PARTITION BY window_at, dst_name) AS clients,
  uniqExact(src_ip) OVER (PARTITION BY window_at) AS hosts,
  dateDiff('second', first_at, last_at) AS span_seconds,
  countIf(calls >= 6) OVER (PARTITION BY window_at, src_ip, direction) AS destinations,
  if((src_ip, dst_name) IN (
    SELECT src_ip, server_name FROM tls WHERE server_name != '' AND time < {begun:DateTime64(6)} + toIntervalHour(1)
    UNION ALL SELECT src_ip, host FROM http WHERE host != '' AND time < {begun:DateTime64(6)} + toIntervalHour(1)
  ), 0, dateDiff('hour', {begun:DateTime64(6)}, first_at)) AS begun_h,
  arrayCount(at -> at <= pairs.last_at, heard) AS sister_names,
  toUInt8($(place_known(third_client_at))) AS place_known,
  toUInt8(match(dst_name, '^[0-9.]+(:[0-9]+)?$') OR dst_name LIKE '[%') AS bare_address,
  dst_ip, dst_port, direction, service, $(known_name_rhythm(dst_name)) AS shape, through, first_at, last_at
FROM (
  SELECT
    window_at,
    src_ip,
    dst_name,
    count() AS calls,
    groupArraySorted(20000)($(call(time, bytes))) AS packed,
    uniqExactIf(dst_ip, dst_ip != '') AS addresses,
    argMax(dst_ip, (time, dst_ip)) AS dst_ip,
    $(most_frequent(dst_port)) AS dst_port,
    min(direction) AS direction,
    max(service) AS service,
    if(max(proxy_ip) = '', '', concat(' through ', max(proxy_ip))) AS through,
    min(time) AS first_at,
    max(time) AS last_at
  FROM (SELECT window_of(time) AS window_at, * FROM $(named_calls) WHERE direction != 'inbound')
  GROUP BY window_at, src_ip, dst_name
) AS pairs
LEFT JOIN (
  -- when each name of a family was first heard of
  SELECT cutToFirstSignificantSubdomain(name) AS parent, groupArraySorted(100)(heard_at) AS heard
  FROM (
    SELECT name, min(time) AS heard_at
    FROM (
      SELECT server_name AS name, time FROM tls WHERE server_name != '' AND time < {to:DateTime64(6)}
      UNION ALL SELECT host AS name, time FROM http WHERE host != '' AND time < {to:DateTime64(6)}
      UNION ALL SELECT query AS name, time FROM dns WHERE query_domain != '' AND response_code IN ('', 'NOERROR') AND time < {to:DateTime64(6)}
    )
    GROUP BY name
  )
  GROUP BY parent
) AS family ON family.parent = cutToFirstSignificantSubdomain(pairs.dst_name)
LEFT JOIN (
  SELECT place, groupArraySorted(3)(client_first)[3] AS third_client_at
  FROM (
    SELECT place, src_ip, min(time) AS client_first
    FROM (
      SELECT server_name AS place, src_ip, time FROM tls WHERE server_name != '' AND time < {to:DateTime64(6)}
      UNION ALL SELECT host AS place, src_ip, time FROM http WHERE host != '' AND time < {to:DateTime64(6)}
    )
    GROUP BY place, src_ip
  )
  GROUP BY place
  HAVING count() >= 3
) AS places ON places.place = pairs.dst_name
)
WHERE calls >= 6
