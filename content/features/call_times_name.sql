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
  place_known: {unit: count, says: "1: more than two hosts used it before today, or on the first day twenty and more than half of all"}
  first_day: {unit: count, says: "1: what was used on the days before is not known"}
  destinations: {unit: count, says: names it calls in the same direction as often}
  begun_h: {unit: count, says: "hours in which the network was seen before the first of these calls in the window; 0 when there was one in the first hour"}
  bare_address: {unit: count, says: "1: an address, not a name"}
  dst_ip: {unit: text, says: "address, '' when a proxy lies between"}
  dst_port: {unit: port, says: port}
  direction: {unit: text, says: direction}
  service: {unit: text, says: "http, tls, or both"}
  shape: {unit: text, says: what such a name is known for}
  through: {unit: text, says: web proxy that lies between}
  at_port: {unit: text, says: "the port of all calls as :8081, '' for the usual one (443 for TLS, 80 for HTTP) and through a proxy"}
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
    SELECT src_ip, place FROM rollup_named_clients WHERE first_at < {begun:DateTime64(6)} + toIntervalHour(1)
  ), 0, $(named_h(first_at))) AS begun_h,
  arrayCount(at -> at <= pairs.last_at, heard) AS sister_names,
  toUInt8($(place_known(users_since, 2, clients, hosts))) AS place_known, toUInt8($(first_day)) AS first_day,
  toUInt8(match(dst_name, '^[0-9.]+(:[0-9]+)?$') OR dst_name LIKE '[%') AS bare_address,
  dst_ip, dst_port, direction, service, $(known_name_rhythm(dst_name)) AS shape, through, at_port, first_at, last_at
FROM (
  SELECT
    window_at,
    src_ip,
    dst_name,
    count() AS calls,
    groupArraySorted(20000)($(call(told_at, bytes))) AS packed,
    uniqExactIf(dst_ip, dst_ip != '') AS addresses,
    argMax(dst_ip, (told_at, dst_ip)) AS dst_ip,
    $(most_frequent(dst_port)) AS dst_port,
    min(direction) AS direction,
    arrayStringConcat(arraySort(groupUniqArray(service)), ' and ') AS service,
    if(max(proxy_ip) = '', '', concat(' through ', max(proxy_ip))) AS through,
    if(through != '' OR position(dst_name, ':') > 0 OR uniqExact(dst_port) > 1 OR max(dst_port) IN (0, if(max(service) = 'tls', 443, 80)), '', concat(':', toString(max(dst_port)))) AS at_port,
    min(told_at) AS first_at,
    max(told_at) AS last_at
  FROM (SELECT window_of(told_at) AS window_at, * FROM $(named_calls) WHERE direction != 'inbound')
  GROUP BY window_at, src_ip, dst_name
) AS pairs
LEFT JOIN (
  -- when each name of a family was first heard of
  SELECT cutToFirstSignificantSubdomain(name) AS parent, groupArraySorted(100)(first_at) AS heard
  FROM rollup_names
  GROUP BY parent
) AS family ON family.parent = cutToFirstSignificantSubdomain(pairs.dst_name)
LEFT JOIN $(first_users(place, rollup_named_clients, 1, first_at)) AS users ON users.place = pairs.dst_name
)
WHERE calls >= 6
