/*
about: Outside destinations that nobody here had called until a day before, by each host that calls them for the first time.
grain: [src_ip, dst_ip, dst_name]
reads: [connection]
columns:
  new_destinations: {unit: count, says: new destination}
  connections: {unit: count, says: connections to it}
  sent_bytes: {unit: bytes, says: sent to it}
  received_bytes: {unit: bytes, says: received from it}
  as_a_call: {unit: count, says: "1: all of it has the shape of calls and shared screens"}
  clients: {unit: count, says: local hosts that called it for the first time in the same window}
  host_new_destinations: {unit: count, says: new destinations of the same host in the window}
  known_destinations: {unit: count, says: destinations the network knew before}
  network_age_h: {unit: count, says: earlier hours in which the network was seen}
  direction: {unit: text, says: direction}
  destination: {unit: text, says: its name or address}
  dst_port: {unit: port, says: port}
  service: {unit: text, says: protocol}
*/
SELECT
  window_at, src_ip, dst_ip, dst_name, if(dst_name = '', dst_ip, dst_name) AS destination, 1 AS new_destinations, connections, sent_bytes, received_bytes, as_a_call,
  count() OVER (PARTITION BY window_at, dst_ip, dst_name) AS clients,
  count() OVER (PARTITION BY window_at, src_ip) AS host_new_destinations,
  known_destinations, network_age_h, 'outbound' AS direction, dst_port, service, first_at, last_at
FROM (
  SELECT
    window_of(told_at) AS window_at,
    src_ip,
    c.dst_ip AS dst_ip,
    c.dst_name AS dst_name,
    count() AS connections,
    sum(sent) AS sent_bytes,
    sum(received) AS received_bytes,
    min(toUInt8($(left_out_upload))) AS as_a_call,
    $(most_frequent(dst_port)) AS dst_port,
    max(service) AS service,
    min(rank_of_destination) AS known_destinations,
    $(watched_h(min(told_at))) AS network_age_h,
    min(told_at) AS first_at,
    max(told_at) AS last_at
  FROM $(calls({from:DateTime64(6)})) AS c
  INNER JOIN (
    SELECT dst_ip, dst_name, min(answered_at) AS destination_first,
      rank() OVER (ORDER BY min(answered_at)) - 1 AS rank_of_destination
    FROM $(called)
    WHERE direction = 'outbound' AND answered_at != toDateTime64(0, 6) AND $(calls_another)
    GROUP BY dst_ip, dst_name
  ) AS destinations USING (dst_ip, dst_name)
  INNER JOIN (
    -- whoever is new at a place that is a day old at most was not there before that day
    SELECT src_ip, dst_ip, dst_name, min(answered_at) AS pair_first
    FROM $(called)
    WHERE direction = 'outbound' AND answered_at != toDateTime64(0, 6)
    GROUP BY src_ip, dst_ip, dst_name
  ) AS pairs USING (src_ip, dst_ip, dst_name)
  WHERE direction = 'outbound' AND $(answered)
    AND destination_first >= window_of(told_at) - toIntervalDay(1) AND pair_first >= window_of(told_at)
  GROUP BY window_at, src_ip, dst_ip, dst_name
  HAVING NOT $(mail_relayed(min(dst_port), max(dst_port)))
)
