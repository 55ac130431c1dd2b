/*
about: Calls that create a service, a task or a process on another Windows host, or copy its directory database.
grain: [src_ip, dst_ip]
reads: [remote_call]
columns:
  calls: {unit: count, says: such calls}
  operations: {unit: text, says: operations}
  past_calls: {unit: count, says: such calls on earlier days}
  targets: {unit: count, says: hosts it did this to}
  replication: {unit: count, says: requests to copy the directory}
*/
SELECT
  window_at, src_ip, dst_ip, calls, operations, past_calls,
  count() OVER (PARTITION BY window_at, src_ip) AS targets, replication, first_at, last_at
FROM (
  SELECT
    window_of(time) AS window_at, src_ip, dst_ip,
    count() AS calls,
    $(listed(6, concat(endpoint, '::', operation))) AS operations,
    0 AS past_calls,
    countIf(lower(endpoint) = 'drsuapi') AS replication,
    min(time) AS first_at,
    max(time) AS last_at
  FROM remote_call
  WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)} AND protocol = 'dce_rpc'
    AND match(concat(lower(endpoint), '::', lower(operation)),
      '(svcctl|winreg|atsvc|itaskschedulerservice|iwbemservices|wbem|idispatch|drsuapi)::.*(createservice|startservice|jobadd|register|execmethod|execquery|run|getncchanges|netrjobadd|createwow|schrpcregistertask|schrpcrun|basereg(create|set))')
  GROUP BY window_at, src_ip, dst_ip
)
