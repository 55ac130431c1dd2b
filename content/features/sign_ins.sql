/*
about: Sign-in attempts from one host to one service of another, from the sign-in logs and from the shape of connections.
grain: [src_ip, dst_ip, protocol]
reads: [authentication, http, ftp, connection]
columns:
  attempts: {unit: count, says: sign-in attempts}
  failures: {unit: count, says: refused sign-ins}
  told_by: {unit: text, says: what tells that they were refused}
  successes: {unit: count, says: accepted sign-ins}
  users: {unit: count, says: account names tried}
  names_told: {unit: text, says: "how many account names were tried, '' when none is seen"}
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
  -- of those by whom the refusals are told
  if(max(alike_refusals) > sum(refused), sumIf(n, NOT told), sumIf(n, told)) AS attempts,
  greatest(toFloat64(sum(refused)), max(alike_refusals)) AS failures,
  multiIf(max(alike_refusals) > sum(refused), 'told by connections of the size and length that a refused sign-in has; what was accepted is not seen',
    protocol = 'http_form', 'told by answers that are all the same',
    protocol = 'http' AND max(names) = 0, 'told by answers 401 and 403; no account name is seen in the requests',
    -- Zeek guesses it from packet sizes: https://docs.zeek.org/en/master/scripts/base/protocols/ssh/main.zeek.html
    protocol = 'ssh', 'guessed from the sizes of packets by the sensor, as SSH hides the answer',
    'refused by the server itself') AS told_by,
  sum(accepted) AS successes,
  max(names) AS users,
  multiIf(users = 0, '', users = 1, '1 account name', toString(users) || ' account names') AS names_told,
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
    0. AS alike, 0. AS typical_s, 0. AS alike_refusals, min(direction) AS way, min(dst_port) AS port, min(time) AS seen_first, max(time) AS seen_last
  FROM authentication
  WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)} AND protocol NOT IN ('ftp')
  GROUP BY window_at, src_ip, dst_ip, protocol
  UNION ALL
  SELECT window_of(time) AS window_at, src_ip, dst_ip, 'http' AS protocol, true AS told,
    toUInt64(greatest(0, toInt64(countIf(status_code = 401 OR status_code = 403 AND (method = 'POST' OR username != ''))) - 2 * toInt64(countIf(status_code BETWEEN 200 AND 399)))) AS n, n AS refused,
    toUInt64(n >= 20 AND countIf(status_code BETWEEN 200 AND 399) > 0) AS accepted, uniqExactIf(username, username != '') AS names,
    0. AS alike, 0. AS typical_s, 0. AS alike_refusals, min(direction) AS way, min(dst_port) AS port, min(time) AS seen_first, max(time) AS seen_last
  FROM http
  WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)} 
  GROUP BY window_at, src_ip, dst_ip
  HAVING n > 0
  UNION ALL
  SELECT window_of(time) AS window_at, src_ip, dst_ip, 'http_form' AS protocol, true AS told,
    toUInt64(count()) AS n, toUInt64(arrayMax(mapValues(sumMap(map(answer, 1))))) AS refused,
    toUInt64(0) AS accepted, toUInt64(0) AS names,
    0. AS alike, 0. AS typical_s, 0. AS alike_refusals, min(direction) AS way, min(dst_port) AS port, min(time) AS seen_first, max(time) AS seen_last
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
    0. AS alike, 0. AS typical_s, 0. AS alike_refusals, min(direction) AS way, min(dst_port) AS port, min(time) AS seen_first, max(time) AS seen_last
  FROM ftp
  WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)}
  GROUP BY window_at, src_ip, dst_ip
  UNION ALL
  SELECT window_at, src_ip, dst_ip, protocol, false AS told, n, toUInt64(0) AS refused, toUInt64(0) AS accepted, toUInt64(0) AS names,
    if(typical_bytes > 0, arrayCount(one -> abs(one - typical_bytes) <= 0.25 * typical_bytes, sizes) / length(sizes), 0.) AS alike,
    typical_s, if(n >= 20 AND like_refused, n * alike, 0.) AS alike_refusals, way, port, seen_first, seen_last
  FROM (
    SELECT window_of(time) AS window_at, src_ip, dst_ip,
      multiIf(dst_port IN (22, 2222), 'ssh', dst_port = 3389, 'rdp', dst_port = 21, 'ftp', dst_port = 23, 'telnet',
        dst_port = 445, 'smb', dst_port IN (5985, 5986), 'winrm', dst_port = 389, 'ldap', dst_port = 110, 'pop3', dst_port = 143, 'imap',
        dst_port = 587, 'submission', dst_port IN (993, 995), 'mail over TLS', dst_port = 1433, 'mssql', dst_port = 1521, 'oracle',
        dst_port = 3306, 'mysql', dst_port = 5432, 'postgresql', dst_port = 5900, 'vnc', dst_port = 6379, 'redis',
        service != '', service, toString(dst_port)) AS protocol,
      count() AS n,
      $(sample_of_events(5000, $(received))) AS sizes,
      arraySort(sizes)[intDiv(length(sizes) + 1, 2)] AS typical_bytes,
      toFloat64(quantileExact(ifNull(duration_s, 0))) AS typical_s,
      -- What a server answers to a wrong password, and how long that takes: a banner, keys and a refusal or two.
      multiIf(
        protocol = 'ssh', typical_bytes BETWEEN 900 AND 9000 AND typical_s <= 40,
        protocol = 'rdp', typical_bytes BETWEEN 200 AND 9000 AND typical_s <= 30,
        protocol IN ('smb', 'winrm'), typical_bytes BETWEEN 200 AND 9000 AND typical_s <= 15,
        protocol IN ('ftp', 'telnet', 'pop3', 'imap', 'submission'), typical_bytes BETWEEN 30 AND 3000 AND typical_s <= 60,
        protocol = 'mail over TLS', typical_bytes BETWEEN 1500 AND 9000 AND typical_s <= 30,
        -- a refused bind with the reason that directory servers add (RFC 4511, 4.2.2); a search gives more
        protocol = 'ldap', typical_bytes BETWEEN 60 AND 260 AND typical_s <= 10,
        protocol IN ('mysql', 'postgresql', 'redis', 'vnc'), typical_bytes BETWEEN 5 AND 700 AND typical_s <= 15,
        protocol IN ('mssql', 'oracle'), typical_bytes BETWEEN 60 AND 5000 AND typical_s <= 15,
        false) AS like_refused,
      min(direction) AS way, min(dst_port) AS port, min(time) AS seen_first, max(time) AS seen_last
    FROM connection
    WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)}
      AND transport = 'tcp' AND $(login_port) AND $(answered) AND $(received) > 0
    GROUP BY window_at, src_ip, dst_ip, protocol
    HAVING n >= 3
  )
)
GROUP BY window_at, src_ip, dst_ip, protocol
