/*
about: Calls that create a service, a task or a process on another Windows host, write into its registry, query it or copy its directory database.
grain: [src_ip, dst_ip]
reads: [remote_call]
columns:
  calls: {unit: count, says: such calls}
  operations: {unit: text, says: operations}
  targets: {unit: count, says: hosts it did this to}
  started: {unit: count, says: "calls that make or start a service, a task or a process"}
  registry: {unit: count, says: calls that write into the registry}
  techniques: {unit: text, says: techniques by the calls}
  replication: {unit: count, says: requests to copy the directory}
  work: {unit: text, says: why such calls are its work}
*/
SELECT
  window_at, src_ip, dst_ip, calls, operations,
  if(replication = calls AND $(has_role(src_ip, directory_server)) AND $(has_role(dst_ip, directory_server)), 'both are directory servers, which copy the directory from each other', '') AS work,
  count() OVER (PARTITION BY window_at, src_ip) AS targets, started, registry, replication, techniques, first_at, last_at
FROM (
  SELECT
    window_of(told_at) AS window_at, src_ip, dst_ip,
    count() AS calls,
    $(listed(6, concat(endpoint, '::', operation))) AS operations,
    countIf($(starts_code)) AS started,
    countIf($(writes_registry)) AS registry,
    countIf($(copies_directory)) AS replication,
    arrayStringConcat(arraySort(groupUniqArray(multiIf(
      $(copies_directory), 'T1003.006', $(writes_registry), 'T1112', startsWith(lower(endpoint), 'svcctl'), 'T1569.002',
      lower(endpoint) IN ('atsvc', 'itaskschedulerservice'), 'T1053.005', 'T1047'))), ', ') AS techniques,
    min(told_at) AS first_at,
    max(told_at) AS last_at
  FROM remote_call
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND protocol = 'dce_rpc'
    AND $(acts_on_host)
  GROUP BY window_at, src_ip, dst_ip
)
