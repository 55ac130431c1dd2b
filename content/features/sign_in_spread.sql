/*
about: How many accounts and hosts one host failed to sign in to.
grain: [src_ip, protocol]
reads: [authentication]
columns:
  failed_users: {unit: count, says: account names refused}
  failed_hosts: {unit: count, says: hosts that refused it}
  failures: {unit: count, says: refused sign-ins}
  tries_per_user: {unit: ratio, says: attempts per account name}
  successes: {unit: count, says: "accepted sign-ins, nothing where they cannot be seen"}
  told_by: {unit: text, says: what tells what was refused}
  direction: {unit: text, says: direction}
*/
SELECT
  window_of(told_at) AS window_at,
  src_ip,
  protocol,
  uniqExactIf(username, refused AND username != '') AS failed_users,
  uniqExactIf(dst_ip, refused) AS failed_hosts,
  sumIf(greatest(attempts, 1), refused) AS failures,
  if(failed_users = 0, 0, failures / failed_users) AS tries_per_user,
  countIf(success = 1) AS successes,
  if(protocol = 'ssh', 'guessed from the sizes of packets by the sensor, as SSH hides the answer', 'told by the servers') AS told_by,
  $(most_frequent(direction)) AS direction,
  min(told_at) AS first_at,
  max(told_at) AS last_at
FROM (SELECT *, told_at, (success = 0) = 1 AS refused FROM authentication
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)})
GROUP BY window_at, src_ip, protocol
HAVING failures >= 1
