/*
about: What one local host sent outside in a window, and where most of it went.
grain: [src_ip]
reads: [connection]
columns:
  sent_bytes: {unit: bytes, says: sent outside}
  received_bytes: {unit: bytes, says: "received from outside, nothing where no answer is seen"}
  net_bytes: {unit: bytes, says: "sent beyond what came back, summed over destinations; less than 100 kB counts as that"}
  sent_share: {unit: share, says: of its outside traffic was upload}
  destinations: {unit: count, says: outside addresses}
  top_bytes: {unit: bytes, says: sent to the destination that got most}
  top_share: {unit: share, says: of it went to that destination}
  destination: {unit: text, says: the destination that got most}
  dst_ip: {unit: text, says: "its address, '' when a proxy lies between"}
  dst_name: {unit: text, says: "its name, when a proxy lies between"}
  dst_port: {unit: port, says: its port}
  destination_age_h: {unit: count, says: hours in which the network was seen since anyone here first called that destination}
  earlier_clients: {unit: count, says: "local hosts that called that destination before the window began, itself included; more than 50 count as that"}
  network_age_h: {unit: count, says: earlier hours in which the network was seen}
*/
SELECT
  window_at, src_ip, sent_bytes, received_bytes, net_bytes, sent_share, destinations, top_bytes, top_share,
  destination, dst_ip, dst_name, dst_port,
  $(watched_between(place_first, last_at)) AS destination_age_h,
  arrayCount(one -> one < window_at, place_clients) AS earlier_clients,
  $(watched_h(first_at)) AS network_age_h,
  first_at, last_at
FROM (
  SELECT
    window_at,
    src_ip,
    sum(sent) AS sent_bytes,
    $(heard_back(received, sent, unheard)) AS received_bytes,
    greatest(100000, sum(greatest(0, sent - received))) AS net_bytes,
    if(sent_bytes + sum(received) = 0, 0, sent_bytes / (sent_bytes + sum(received))) AS sent_share,
    count() AS destinations,
    max(sent) AS top_bytes,
    if(sent_bytes = 0, 0, top_bytes / sent_bytes) AS top_share,
    argMax(place, (sent, place)) AS destination,
    argMax(address, (sent, place, address)) AS dst_ip,
    if(dst_ip = '', destination, '') AS dst_name,
    argMax(port, (sent, place, port)) AS dst_port,
    min(seen_first) AS first_at,
    max(seen_last) AS last_at
  FROM (
    SELECT
      window_of(told_at) AS window_at,
      src_ip,
      destination AS place,
      max(dst_ip) AS address,
      $(most_frequent(dst_port)) AS port,
      sum(sent) AS sent,
      sum(received) AS received,
      sumIf(sent, outcome = 'one_sided') AS unheard,
      min(told_at) AS seen_first,
      max(told_at) AS seen_last
    FROM $(calls({from:DateTime64(6)}))
    WHERE direction IN ('outbound', 'external') AND NOT $(wide)
      AND NOT $(left_out_upload)
    GROUP BY window_at, src_ip, place
  )
  GROUP BY window_at, src_ip
) AS hosts
INNER JOIN (
  SELECT place, min(client_first) AS place_first, groupArraySorted(50)(client_first) AS place_clients
  FROM (
    SELECT destination AS place, src_ip, min(first_at) AS client_first FROM $(called) GROUP BY place, src_ip
  )
  GROUP BY place
) AS places ON places.place = hosts.destination
