/*
about: Programs that came over plain HTTP or another unencrypted protocol from outside.
grain: [src_ip, dst_ip]
reads: [http, file]
columns:
  programs: {unit: count, says: programs}
  bytes: {unit: bytes, says: downloaded}
  clients: {unit: count, says: local hosts that fetch programs from the same destination}
  bare_address: {unit: count, says: "1: the destination was called by its address, not by a name"}
  dst_name: {unit: text, says: name of the destination}
  uri: {unit: text, says: path}
  dst_port: {unit: port, says: port}
*/
SELECT
  window_at, src_ip, dst_ip, programs, bytes,
  count() OVER (PARTITION BY window_at, dst_name) AS clients,
  bare_address, dst_name, uri, dst_port, first_at, last_at
FROM (
  SELECT
    window_of(time) AS window_at, src_ip, dst_ip,
    count() AS programs,
    sum(response_bytes) AS bytes,
    max(host = dst_ip OR host = '' OR match(host, '^[0-9.]+(:[0-9]+)?$') OR host LIKE '[%') AS bare_address,
    argMin(host, (time, host, uri, dst_port)) AS dst_name,
    argMin(uri, (time, host, uri, dst_port)) AS uri,
    argMin(dst_port, (time, host, uri, dst_port)) AS dst_port,
    min(time) AS first_at,
    max(time) AS last_at
  FROM http
  WHERE time >= {from:DateTime64(6)} AND time < {to:DateTime64(6)} AND direction IN ('outbound', 'external')
    AND (response_mime IN ('application/x-dosexec', 'application/x-executable', 'application/x-msdownload', 'application/x-elf', 'application/x-sharedlib', 'application/vnd.microsoft.portable-executable', 'application/x-mach-o-executable')
      OR match(lower(uri), '[.](exe|dll|scr|ps1|hta|vbs|jar|elf)([?]|$)')) AND status_code IN (0, 200, 206)
  GROUP BY window_at, src_ip, dst_ip
)
