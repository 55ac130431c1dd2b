/*
about: Passwords that crossed the network in the clear.
grain: [src_ip, dst_ip, protocol]
reads: [ftp, http, connection]
columns:
  sign_ins: {unit: count, says: sessions or requests with a sign-in in the clear}
  users: {unit: text, says: account names}
  direction: {unit: text, says: direction}
  dst_port: {unit: port, says: port}
*/
SELECT
  window_of(told_at) AS window_at, src_ip, dst_ip, protocol,
  uniqExact(what) AS sign_ins,
  $(listed_if(5, username, username != '')) AS users,
  min(direction) AS direction,
  min(dst_port) AS dst_port,
  min(told_at) AS first_at,
  max(told_at) AS last_at
FROM (
  SELECT told_at, uid AS what, src_ip, dst_ip, 'ftp' AS protocol, username, direction, dst_port FROM ftp
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)}
    AND username NOT IN ('', '<unknown>', 'anonymous', 'ftp', 'guest') AND reply_code NOT IN (530, 430)
  UNION ALL
  SELECT told_at, toString(event_id) AS what, src_ip, dst_ip, 'http' AS protocol, username, direction, dst_port FROM http
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND username != '' AND authorization = 'basic'
  UNION ALL
  SELECT told_at, toString(event_id) AS what, src_ip, dst_ip, if(dst_port = 23, 'telnet', service) AS protocol, '' AS username, direction, dst_port FROM connection
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)}
    AND transport = 'tcp' AND (dst_port = 23 OR service IN ('telnet', 'pop3', 'imap') AND dst_port NOT IN (993, 995))
    AND $(answered) AND $(sent) > 20 AND $(received) > 40
)
GROUP BY window_at, src_ip, dst_ip, protocol
