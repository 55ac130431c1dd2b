/*
about: Sign-in attempts from one host to one service of another, from the sign-in logs and from the shape of connections.
grain: [src_ip, dst_ip, protocol]
reads: [authentication, http, ftp, connection]
columns:
  attempts: {unit: count, says: sign-in attempts}
  failures: {unit: count, says: refused sign-ins}
  successes: {unit: count, says: accepted sign-ins}
  users: {unit: count, says: account names tried}
  alike_share: {unit: share, says: connections of nearly the same size}
  typical_duration_s: {unit: seconds, says: typical length of such a connection}
  direction: {unit: text, says: direction}
  dst_port: {unit: port, says: port}
*/
SELECT
  window_at,
  src_ip,
  dst_ip,
  protocol,
  greatest(sumIf(n, told), sumIf(n, NOT told)) AS attempts,
  greatest(toFloat64(sum(refused)), maxIf(n * alike, NOT told AND n >= 20 AND typical_s < 60)) AS failures,
  sum(accepted) AS successes,
  max(names) AS users,
  max(alike) AS alike_share,
  max(typical_s) AS typical_duration_s,
  min(way) AS direction,
  min(port) AS dst_port,
  min(seen_first) AS first_at,
  max(seen_last) AS last_at
FROM (
  SELECT window_of(time) AS window_at, src_ip, dst_ip, protocol, true AS told,
    toUInt64(sum(greatest(attempts, 1))) AS n,
    toUInt64(sumIf(greatest(attempts, 1), success = 0)) AS refused,
    toUInt64(countIf(success = 1)) AS accepted,
    uniqExactIf(username, username != '') AS names,
    0. AS alike, 0. AS typical_s, min(direction) AS way, min(dst_port) AS port, min(time) AS seen_first, max(time) AS seen_last
  FROM authentication
  WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)} AND protocol NOT IN ('ftp')
  GROUP BY window_at, src_ip, dst_ip, protocol
  UNION ALL
  SELECT window_of(time) AS window_at, src_ip, dst_ip, 'http' AS protocol, true AS told,
    toUInt64(greatest(0, toInt64(countIf(status_code = 401 OR status_code = 403 AND (method = 'POST' OR username != ''))) - 2 * toInt64(countIf(status_code BETWEEN 200 AND 399)))) AS n, n AS refused,
    toUInt64(n >= 20 AND countIf(status_code BETWEEN 200 AND 399) > 0) AS accepted, uniqExactIf(username, username != '') AS names,
    0. AS alike, 0. AS typical_s, min(direction) AS way, min(dst_port) AS port, min(time) AS seen_first, max(time) AS seen_last
  FROM http
  WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)} 
  GROUP BY window_at, src_ip, dst_ip
  HAVING n > 0
  UNION ALL
  SELECT window_of(time) AS window_at, src_ip, dst_ip, 'http_form' AS protocol, true AS told,
    toUInt64(count()) AS n, toUInt64(arrayMax(mapValues(sumMap(map(answer, 1))))) AS refused,
    toUInt64(0) AS accepted, toUInt64(0) AS names,
    0. AS alike, 0. AS typical_s, min(direction) AS way, min(dst_port) AS port, min(time) AS seen_first, max(time) AS seen_last
  FROM (
    SELECT time, src_ip, dst_ip, dst_port, direction, toString(status_code) || ' ' || toString(round(log2(1 + ifNull(response_bytes, 0)) * 4)) AS answer
    FROM http
    WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)} AND method IN ('POST', 'GET')
      AND match(lower(uri), '(log-?in|sign-?in|log-?on|/auth|wp-admin|xmlrpc[.]php|j_security_check|/session|/token|password=|passwd=|pwd=)')
      AND status_code NOT IN (401, 403) AND (method = 'POST' OR match(lower(uri), '(password|passwd|pwd)='))
  )
  GROUP BY window_at, src_ip, dst_ip
  HAVING n >= 10
  UNION ALL
  SELECT window_of(time) AS window_at, src_ip, dst_ip, 'ftp' AS protocol, true AS told,
    toUInt64(countIf(reply_code IN (230, 430, 530))) AS n, toUInt64(countIf(reply_code IN (430, 530))) AS refused,
    toUInt64(countIf(reply_code = 230)) AS accepted, uniqExactIf(username, username NOT IN ('', '<unknown>')) AS names,
    0. AS alike, 0. AS typical_s, min(direction) AS way, min(dst_port) AS port, min(time) AS seen_first, max(time) AS seen_last
  FROM ftp
  WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)}
  GROUP BY window_at, src_ip, dst_ip
  UNION ALL
  SELECT window_at, src_ip, dst_ip, protocol, false AS told, n, toUInt64(0) AS refused, toUInt64(0) AS accepted, toUInt64(0) AS names,
    if(typical_bytes > 0, arrayCount(one -> abs(one - typical_bytes) <= 0.25 * typical_bytes, sizes) / length(sizes), 0.) AS alike,
    typical_s, way, port, seen_first, seen_last
  FROM (
    SELECT window_of(time) AS window_at, src_ip, dst_ip,
      multiIf(dst_port IN (22, 2222), 'ssh', dst_port = 3389, 'rdp', dst_port = 21, 'ftp', dst_port = 23, 'telnet',
        dst_port = 445, 'smb', dst_port IN (5985, 5986), 'winrm', service != '', service, toString(dst_port)) AS protocol,
      count() AS n,
      $(sample_of_events(5000, $(received))) AS sizes,
      arraySort(sizes)[intDiv(length(sizes) + 1, 2)] AS typical_bytes,
      toFloat64(quantileExact(ifNull(duration_s, 0))) AS typical_s,
      min(direction) AS way, min(dst_port) AS port, min(time) AS seen_first, max(time) AS seen_last
    FROM connection
    WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)}
      AND transport = 'tcp' AND $(login_port) AND $(answered) AND $(received) > 0
    GROUP BY window_at, src_ip, dst_ip, protocol
    HAVING n >= 3
  )
)
GROUP BY window_at, src_ip, dst_ip, protocol
