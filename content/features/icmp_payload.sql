/*
about: Payload that two hosts exchange in ICMP.
grain: [src_ip, dst_ip]
reads: [connection]
columns:
  carried_bytes: {unit: bytes, says: carried both ways}
  packets: {unit: count, says: packets}
  packet_bytes: {unit: bytes, says: a packet}
  direction: {unit: text, says: direction}
*/
SELECT
  window_of(told_at) AS window_at, src_ip, dst_ip,
  sum($(sent) + $(received)) AS carried_bytes,
  sum(src_packets + dst_packets) AS packets,
  if(packets = 0, 0, carried_bytes / packets) AS packet_bytes,
  min(direction) AS direction,
  min(told_at) AS first_at,
  max(told_at) AS last_at
FROM connection
WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND transport = 'icmp' AND src_port IN (0, 8, 128, 129) AND NOT $(wide)
GROUP BY window_at, src_ip, dst_ip
