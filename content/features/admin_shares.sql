/*
about: Administrative shares (C$, ADMIN$ and the like) that one host opened on others.
grain: [src_ip, dst_ip]
reads: [remote_call]
columns:
  opened: {unit: count, says: administrative shares opened}
  shares: {unit: text, says: shares}
  targets: {unit: count, says: hosts it did this to}
*/
SELECT
  window_at, src_ip, dst_ip, opened, shares,
  count() OVER (PARTITION BY window_at, src_ip) AS targets, first_at, last_at
FROM (
  SELECT
    window_of(told_at) AS window_at, src_ip, dst_ip,
    count() AS opened,
    $(listed(5, path)) AS shares,
    min(told_at) AS first_at,
    max(told_at) AS last_at
  FROM remote_call
  WHERE told_at >= {from:DateTime64(6)} AND told_at < {to:DateTime64(6)} AND protocol = 'smb'
    AND operation ILIKE '%tree_connect%' AND match(path, '(?i)[\\\\/](admin|[a-z])[$]$')
  GROUP BY window_at, src_ip, dst_ip
)
