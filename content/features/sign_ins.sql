/*
about: Sign-in attempts from one host to one service of another, from the sign-in logs and from the shape of connections.
grain: [src_ip, dst_ip, protocol]
reads: [authentication, http, ftp, connection]
columns:
  attempts: {unit: count, says: sign-in attempts}
  failures: {unit: count, says: sign-ins that were or look refused}
  basis: {unit: text, says: "what the refusals rest on: server, guess, shape, answers, asked"}
  told_by: {unit: text, says: the same in words}
  successes: {unit: count, says: "accepted sign-ins, nothing where they cannot be seen"}
  accepted_told: {unit: text, says: "how many were accepted, in words, '' where that cannot be seen"}
  accepted_after: {unit: count, says: "1: one was accepted after the first refusal"}
  unsettled: {unit: count, says: "attempts of which nobody saw how they ended, nothing when there are none"}
  sessions: {unit: count, says: "sessions after the refusals that were longer and larger than those, nothing when there is none"}
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
  if(basis = 'shape', sumIf(n, NOT told), sumIf(n, told)) AS attempts,
  greatest(toFloat64(sum(refused)), max(alike_refusals)) AS failures,
  multiIf(max(alike_refusals) > sum(refused), 'shape', protocol = 'http_form', 'answers', protocol = 'http_401', 'asked', protocol = 'ssh', 'guess', 'server') AS basis,
  multiIf(basis = 'shape', 'told by connections of the size and length that a refused sign-in has; whether one was accepted is not seen',
    basis = 'answers', 'told by answers that are all the same',
    basis = 'asked', 'no account name is seen in the requests',
    -- Zeek guesses it from packet sizes: https://docs.zeek.org/en/master/scripts/base/protocols/ssh/main.zeek.html
    basis = 'guess', 'what was refused or accepted is guessed from the sizes of packets by the sensor, as SSH hides the answer',
    protocol = 'http', if(max(names) = 0, 'told by answers 401 and 403 to forms for a sign-in page', 'told by answers 401 and 403 to requests with an account name'),
    'refused by the server itself') AS told_by,
  if(basis = 'shape', NULL, sum(accepted)) AS successes,
  multiIf(isNull(successes), '', successes = 0, ' and none accepted', concat(' and ', toString(successes), ' accepted')) AS accepted_told,
  toUInt8(ifNull(successes, 0) > 0 AND ifNull(max(accepted_last) > min(refused_first), 0)) AS accepted_after,
  if(basis = 'shape', NULL, nullIf(sum(open), 0)) AS unsettled,
  if(max(later) = 0, NULL, max(later)) AS sessions,
  max(names) AS users,
  multiIf(users = 0, '', users = 1, '1 account name', toString(users) || ' account names') AS names_told,
  max(alike) AS alike_share,
  max(typical_s) AS typical_duration_s,
  min(way) AS direction,
  min(port) AS dst_port,
  min(seen_first) AS first_at,
  max(seen_last) AS last_at
FROM (
  SELECT window_of(told_at) AS window_at, src_ip, dst_ip, protocol, true AS told,
    toUInt64(sum(greatest(attempts, 1))) AS n,
    toUInt64($(refused_tries)) AS refused,
    if(countIf(success IS NOT NULL) = 0, NULL, toNullable(toUInt64(countIf(success = 1)))) AS accepted,
    uniqExactIf(username, username != '') AS names,
    minOrNullIf(told_at, success = 0) AS refused_first, maxOrNullIf(told_at, success = 1) AS accepted_last, toUInt64(sumIf(greatest(attempts, 1), success IS NULL)) AS open,
    0. AS alike, 0. AS typical_s, 0. AS alike_refusals, toUInt64(0) AS later, min(direction) AS way, min(dst_port) AS port, min(told_at) AS seen_first, max(told_at) AS seen_last
  FROM authentication
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND protocol NOT IN ('ftp') AND $(calls_another)
  GROUP BY window_at, src_ip, dst_ip, protocol
  UNION ALL
  -- Whoever is let in after it was asked for a password (Windows sign-in, a digest with an old nonce) guesses nothing.
  SELECT window_of(told_at) AS window_at, src_ip, dst_ip, 'http' AS protocol, true AS told,
    toUInt64(countIf($(http_refused))) AS refused_n, refused_n AS refused,
    if(countIf(username != '') = 0, NULL, toNullable(toUInt64(countIf(status_code BETWEEN 200 AND 399 AND username != '')))) AS accepted,
    uniqExactIf(username, username != '') AS names,
    minOrNullIf(told_at, $(http_refused)) AS refused_first, maxOrNullIf(told_at, status_code BETWEEN 200 AND 399 AND username != '') AS accepted_last, toUInt64(0) AS open,
    0. AS alike, 0. AS typical_s, 0. AS alike_refusals, toUInt64(0) AS later, min(direction) AS way, min(dst_port) AS port, minIf(told_at, $(http_refused)) AS seen_first, maxIf(told_at, $(http_refused)) AS seen_last
  FROM http
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND status_code BETWEEN 200 AND 403
  GROUP BY window_at, src_ip, dst_ip
  HAVING refused_n > ifNull(accepted, 0)
  UNION ALL
  SELECT window_of(told_at) AS window_at, src_ip, dst_ip, 'http_401' AS protocol, true AS told,
    toUInt64(countIf($(http_asked))) AS asked_n, asked_n AS refused, NULL AS accepted, toUInt64(0) AS names,
    NULL AS refused_first, NULL AS accepted_last, toUInt64(0) AS open,
    0. AS alike, 0. AS typical_s, 0. AS alike_refusals, toUInt64(0) AS later, min(direction) AS way, min(dst_port) AS port, minIf(told_at, $(http_asked)) AS seen_first, maxIf(told_at, $(http_asked)) AS seen_last
  FROM http
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND status_code BETWEEN 200 AND 401
  GROUP BY window_at, src_ip, dst_ip
  HAVING asked_n > 2 * countIf(status_code BETWEEN 200 AND 399)
  UNION ALL
  SELECT window_of(told_at) AS window_at, src_ip, dst_ip, 'http_form' AS protocol, true AS told,
    toUInt64(count()) AS n, toUInt64(arrayMax(mapValues(sumMap(map(answer, 1))))) AS refused,
    NULL AS accepted, toUInt64(0) AS names,
    NULL AS refused_first, NULL AS accepted_last, toUInt64(0) AS open,
    0. AS alike, 0. AS typical_s, 0. AS alike_refusals, toUInt64(0) AS later, min(direction) AS way, min(dst_port) AS port, min(told_at) AS seen_first, max(told_at) AS seen_last
  FROM (
    SELECT told_at, src_ip, dst_ip, dst_port, direction, $(form_answer) AS answer
    FROM http
    WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND $(form_sent)
  )
  GROUP BY window_at, src_ip, dst_ip
  HAVING n >= 10
  UNION ALL
  SELECT window_of(told_at) AS window_at, src_ip, dst_ip, 'ftp' AS protocol, true AS told,
    toUInt64(countIf(reply_code IN (230, 430, 530))) AS n, toUInt64(countIf(reply_code IN (430, 530))) AS refused,
    toNullable(toUInt64(countIf(reply_code = 230))) AS accepted, uniqExactIf(username, username NOT IN ('', '<unknown>')) AS names,
    minOrNullIf(told_at, reply_code IN (430, 530)) AS refused_first, maxOrNullIf(told_at, reply_code = 230) AS accepted_last, toUInt64(0) AS open,
    0. AS alike, 0. AS typical_s, 0. AS alike_refusals, toUInt64(0) AS later, min(direction) AS way, min(dst_port) AS port, min(told_at) AS seen_first, max(told_at) AS seen_last
  FROM ftp
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)}
  GROUP BY window_at, src_ip, dst_ip
  UNION ALL
  SELECT window_at, src_ip, dst_ip, protocol, false AS told, n, toUInt64(0) AS refused, NULL AS accepted, toUInt64(0) AS names,
    NULL AS refused_first, NULL AS accepted_last, toUInt64(0) AS open,
    if(typical_bytes > 0, arrayCount(one -> abs(one - typical_bytes) <= 0.25 * typical_bytes, sizes) / length(sizes), 0.) AS alike,
    typical_s, if(n >= 20 AND like_refused, n * alike, 0.) AS alike_refusals, later, way, port, seen_first, seen_last
  FROM (
    SELECT window_of(told_at) AS window_at, src_ip, dst_ip,
      $(login_protocol) AS protocol,
      count() AS n,
      $(sample_of_events(5000, $(received))) AS sizes,
      $(typical_received) AS typical_bytes,
      toFloat64(quantileExact(ifNull(duration_s, 0))) AS typical_s,
      toUInt64($(later_sessions)) AS later,
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
      min(direction) AS way, min(dst_port) AS port, min(told_at) AS seen_first, max(told_at) AS seen_last
    FROM connection
    WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)}
      AND transport = 'tcp' AND $(calls_another) AND $(login_port) AND $(answered) AND $(received) > 0
    GROUP BY window_at, src_ip, dst_ip, protocol
    HAVING n >= 3
  )
)
GROUP BY window_at, src_ip, dst_ip, protocol
