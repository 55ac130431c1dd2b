/*
about: Since when one host fetches programs from one place over plain HTTP.
key: [place, src_ip]
reads: [http]
*/
SELECT if(host = '', dst_ip, host) AS place, src_ip, min(told_at) AS first_at
FROM http
WHERE direction != 'inbound' AND $(program_fetched(uri))
GROUP BY place, src_ip
