import type { DeviceAddress, DeviceAt } from '../schema/device.ts';
import type { Finding } from '../schema/finding.ts';
import { type Store, saveDevices } from '../store/index.ts';
import { feature_settings } from './settings.ts';

/** One sign of who had an address. Times are µs since 1970. */
export interface Claim {
  readonly time: number;
  /** what proves who it is: a hardware address, "host:" and a machine's account, "name:" and a name it says is its own */
  readonly key: string;
  /** what also proves it where `key` is new: a client identifier of DHCP; '' for none */
  readonly also: string;
  readonly address: string;
  readonly evidence: DeviceAddress['evidence'];
  readonly name: string;
  /** what was seen of the address before may be the same device: false when its lease had run out since */
  readonly continues: boolean;
  /** the key stands for many addresses at that time (a router, a terminal server): it proves nothing any more */
  readonly shared: boolean;
}

/** Claims kept: some 100 MB; beyond that later ones are not looked at. */
const most_claims = 500_000;

/** Learns from all that was read which device had which address when, and stores it in table `device_address`. */
export async function learnDevices(store: Store): Promise<readonly DeviceAddress[]> {
  const rows = await store.query<Row>(
    claims_sql,
    { most: most_claims },
    { name: 'devices', settings: feature_settings },
  );
  const devices = devicesOf(rows.map(claimOf));
  await saveDevices(store, devices);
  return devices;
}

/** The finding with what the devices at its addresses called themselves then. Pure. */
export function withNames(finding: Finding, deviceAt: DeviceAt): Finding {
  const addresses = [finding.entity.src_ip, finding.entity.dst_ip, finding.values.dst_ip];
  const names: Record<string, string> = {};
  for (const address of addresses) {
    if (typeof address !== 'string' || address === '') continue;
    const { name } = deviceAt(address, finding.figures_end_at);
    if (name !== '') names[address] = name;
  }
  return Object.keys(names).length === 0 ? finding : { ...finding, names };
}

interface Row {
  readonly at_us: number;
  readonly key: string;
  readonly also: string;
  readonly address: string;
  readonly evidence: DeviceAddress['evidence'];
  readonly name: string;
  readonly continues: number;
  readonly shared: number;
}

function claimOf(row: Row): Claim {
  const { key, also, address, evidence } = row;
  return {
    time: Number(row.at_us),
    key,
    also,
    address,
    evidence,
    name: hostName(row.name),
    continues: row.continues === 1,
    shared: row.shared === 1,
  };
}

/** A name that a device may give itself (RFC 1123, and the underscore that Windows allows); '' for anything else. */
export function hostName(text: string): string {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/.test(text) ? text.toLowerCase() : '';
}

interface Known {
  readonly id: string;
  evidence: DeviceAddress['evidence'];
  name: string;
  /** its open entry */
  open: { address: string; from: number } | null;
  shared: boolean;
  /** its hardware addresses, the one of its last sign last */
  macs: string[];
  readonly identifiers: Set<string>;
  /** when it last gave a sign of itself */
  last: number;
}

/** How far a sign goes: a lease and a hardware address are surer than an account, and that than a name anyone may say. */
const sureness = { dhcp: 3, mac: 3, kerberos: 2, mdns: 1, netbios: 1 } as const;

/** A name at an address is another name of the same device, unless that was silent for so long, µs. */
const alias_us = 86_400e6;

/** Hardware addresses of one device; an identifier that more have is not one device's. */
const most_macs = 16;

/**
 * Who had which address when. Claims come in order of time, and each changes only what comes after it. Pure.
 */
export function devicesOf(claims: readonly Claim[]): DeviceAddress[] {
  const known = new Map<string, Known>();
  const owners = new Map<string, Known>();
  const ever_owned = new Set<string>();
  const cloned = new Set<string>();
  const entries: DeviceAddress[] = [];
  const close = (device: Known, time: number): void => {
    if (!device.open) return;
    const { id, evidence, name, open } = device;
    entries.push({ device: id, address: open.address, from: open.from, to: time, evidence, name });
    if (owners.get(open.address) === device) owners.delete(open.address);
    device.open = null;
  };
  for (const claim of claims) {
    const { key, address, time, evidence } = claim;
    const owner = owners.get(address);
    const also = cloned.has(claim.also) ? '' : claim.also;
    let device = known.get(key) ?? known.get(also);
    if (claim.shared) {
      if (device?.evidence === evidence) device.shared = true;
      else known.set(key, { ...heardOf(claim, key), name: '', shared: true });
      continue;
    }
    if (device?.shared) continue;
    if (owner && owner !== device && !unseats(claim, owner)) {
      // A name tells how the device at this address is called, not that it is another one.
      if (owner.name === '') owner.name = claim.name;
      continue;
    }
    // What only says a name moves nothing that is known by more.
    if (device && sureness[evidence] < sureness[device.evidence]) continue;
    if (!device && owner && isSame(claim, owner)) {
      // The same device, known by more from here on.
      owner.evidence = evidence;
      device = owner;
    }
    if (!device) {
      // The first one known at an address goes on with what was learned of the address.
      const id = !ever_owned.has(address) && claim.continues ? address : key;
      device = heardOf(claim, id);
    }
    if (isHardware(evidence) && device.macs.at(-1) !== key) {
      const same_name = claim.name !== '' && firstLabel(claim.name) === firstLabel(device.name);
      if (device.macs.length >= most_macs || (device.macs.includes(key) && !same_name)) {
        // It comes back after another had its identifier, under another name, or there are too many of them: machines that
        // share it, which part here.
        for (const mac of device.macs) if (mac !== key) known.delete(mac);
        for (const one of device.identifiers) cloned.add(one);
        device.macs = [];
      }
      device.macs = [...device.macs.filter((mac) => mac !== key), key];
    }
    known.set(key, device);
    if (also !== '') {
      device.identifiers.add(also);
      known.set(also, device);
    }
    device.last = time;
    if (claim.name !== '') device.name = claim.name;
    if (device.open?.address === address) continue;
    if (owner) close(owner, time);
    close(device, time);
    device.open = { address, from: time };
    owners.set(address, device);
    ever_owned.add(address);
  }
  for (const { id, evidence, name, open } of new Set(known.values()))
    if (open) entries.push({ device: id, address: open.address, from: open.from, to: null, evidence, name });
  return entries.sort((a, b) => a.from - b.from || (a.address < b.address ? -1 : 1));
}

/** A device of which this is the first sign; `id`: what it is called by. */
function heardOf({ evidence, name, time }: Claim, id: string): Known {
  return { id, evidence, name, open: null, shared: false, macs: [], identifiers: new Set(), last: time };
}

const isHardware = (evidence: Claim['evidence']): boolean => sureness[evidence] === sureness.mac;

/** Whether a claim is strong enough to say that another device has the address now (or that its owner is known by more). */
function unseats({ evidence, time }: Claim, owner: Known): boolean {
  if (sureness[evidence] !== sureness[owner.evidence]) return sureness[evidence] > sureness[owner.evidence];
  return sureness[evidence] > sureness.mdns || time - owner.last >= alias_us;
}

/** Whether a surer sign may be of the device that was known at the address: it may, unless it has another name. */
function isSame({ evidence, continues, name }: Claim, owner: Known): boolean {
  const same_name = name === '' || owner.name === '' || firstLabel(name) === firstLabel(owner.name);
  return continues && same_name && sureness[evidence] > sureness[owner.evidence];
}

const firstLabel = (name: string): string => name.split('.', 1)[0]!;

/**
 * Claims in order of time. Leases by hardware address, and by client identifier where that is not it (RFC 4361): a new hardware
 * address with a known identifier is the same device, unless the one known was heard in those ten minutes or the next (cloned
 * machines share theirs); the link-layer addresses of local IPv4 hosts, where one address has had several, or several had
 * one (in every other case they say nothing new): from frames, and from what stations and sensors say (ARP, known_devices)
 * of addresses whose own frames were not seen in that hour; accounts of machines that got a ticket;
 * names that a host said in an answer of its own are at its own address (mDNS, RFC 6762; NetBIOS, RFC 1002). Such a name is
 * believed once the address where it was before was silent for ten minutes, and never again once two had it in an hour.
 */
const claims_sql = `
WITH
  leases AS (
    SELECT time, mac, client_id, assigned_ip AS address, host_name, ifNull(lease_s, 86400) AS lease_s, has(messages, 'DISCOVER') AS asked_anew,
      lagInFrame(address) OVER before AS address_before, lagInFrame(mac) OVER before AS mac_before
    FROM dhcp WHERE mac != '' AND assigned_ip != '' AND assigned_ip NOT LIKE '%:%' AND has(messages, 'ACK')
    WINDOW before AS (PARTITION BY client_id ORDER BY time, mac ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
  ),
  active AS (
    SELECT src_ip AS address, toStartOfHour(time) AS hour FROM connection
    WHERE src_local AND src_ip IN (SELECT address FROM leases) GROUP BY address, hour
  ),
  first_leases AS (SELECT mac, address, min(time) AS first_time FROM leases GROUP BY mac, address),
  active_before AS (
    SELECT mac, address, maxIf(hour, hour < toStartOfHour(first_time)) AS last_hour
    FROM first_leases INNER JOIN active USING (address) GROUP BY mac, address
  ),
  stations AS (
    SELECT time, name AS src_mac, host_ip AS src_ip,
      uniqExact(host_ip) OVER (PARTITION BY name, toStartOfDay(time) ORDER BY time, host_ip ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) > 2 AS many
    FROM inventory
    WHERE type = 'device' AND match(name, '^([0-9a-f]{2}:){5}[0-9a-f]{2}$') AND host_ip NOT LIKE '%:%'
      AND host_ip IN (SELECT src_ip FROM connection WHERE src_local)
      AND (host_ip, toStartOfHour(time)) NOT IN (
        SELECT src_ip, toStartOfHour(time) FROM connection
        WHERE src_mac != '' AND src_ip IN (SELECT host_ip FROM inventory WHERE type = 'device')
      )
  ),
  sent AS (
    SELECT time, src_mac, src_ip, src_local, false AS many FROM connection WHERE src_mac != ''
    UNION ALL
    SELECT time, src_mac, src_ip, true AS src_local, many FROM stations
  ),
  pairs AS (
    SELECT src_mac, src_ip FROM sent
    WHERE src_mac NOT IN ('', '00:00:00:00:00:00') AND src_local AND src_ip NOT LIKE '%:%' AND NOT startsWith(src_ip, '169.254.') AND src_ip != '0.0.0.0'
    GROUP BY src_mac, src_ip
  ),
  telling AS (
    SELECT src_mac FROM pairs GROUP BY src_mac HAVING count() > 1
    UNION DISTINCT
    SELECT src_mac FROM pairs WHERE src_ip IN (SELECT src_ip FROM pairs GROUP BY src_ip HAVING count() > 1)
  )
  , said AS (
    SELECT time, dst_port = 137 AS by_netbios, if(rtt_s IS NULL, src_ip, dst_ip) AS address, replaceRegexpOne(query, '[.]local$', '') AS name
    FROM dns
    WHERE dst_port IN (137, 5353) AND response_code = 'NOERROR' AND query_type IN ('', 'A', 'NB')
      AND has(answers, if(rtt_s IS NULL, src_ip, dst_ip)) AND if(rtt_s IS NULL, src_local, dst_local)
      AND match(query, if(dst_port = 137, '^[a-z0-9_-]{1,15}$', '^[a-z0-9-]{1,63}[.]local$'))
  ),
  named AS (
    SELECT *, uniqExact(address) OVER (PARTITION BY name, toStartOfHour(time)) > 1 AS shared,
      lagInFrame(address) OVER (PARTITION BY name ORDER BY time, address ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before,
      toStartOfTenMinutes(time) + toIntervalMinute(10) AS watched
    FROM (
      SELECT min(time) AS time, name, address, min(by_netbios) AS by_netbios FROM said GROUP BY name, address, toStartOfHour(said.time)
    )
  ),
  heard AS (
    SELECT src_ip AS before, toStartOfTenMinutes(time) AS seen FROM connection
    WHERE src_ip IN (SELECT address FROM said) OR src_ip IN (SELECT address FROM leases WHERE client_id != '') GROUP BY before, seen
  )
SELECT toFloat64(toUnixTimestamp64Micro(time)) AS at_us, key, also, address, evidence, name, continues, shared
FROM (
  SELECT leases.time AS time, leases.mac AS key,
    if(client_id = '' OR mac != mac_before AND ((address_before, toStartOfTenMinutes(leases.time)) IN (SELECT before, seen FROM heard) OR (address_before, toStartOfTenMinutes(leases.time) + toIntervalMinute(10)) IN (SELECT before, seen FROM heard)), '', concat('client:', client_id)) AS also,
    leases.address AS address, 'dhcp' AS evidence, host_name AS name,
    toUInt8(NOT asked_anew OR last_hour = toDateTime(0) OR dateDiff('second', last_hour, leases.time) <= lease_s + 3600) AS continues, 0 AS shared
  FROM leases LEFT JOIN active_before USING (mac, address)
  UNION ALL
  SELECT min(time) AS time, src_mac AS key, '' AS also, src_ip AS address, 'mac' AS evidence, '' AS name, 1 AS continues, toUInt8(max(many)) AS shared
  FROM (
    SELECT time, src_mac, src_ip, src_local,
      max(NOT src_local OR many) OVER (PARTITION BY src_mac, toStartOfHour(time)) OR addresses > 2 AS many
    FROM sent
    INNER JOIN (
      SELECT src_mac, toStartOfHour(time) AS hour, uniqExact(src_ip) AS addresses
      FROM sent WHERE src_mac IN (SELECT src_mac FROM telling) AND src_ip NOT LIKE '%:%' GROUP BY src_mac, hour
    ) AS hours ON hours.src_mac = sent.src_mac AND hours.hour = toStartOfHour(sent.time)
    WHERE src_mac IN (SELECT src_mac FROM telling) AND src_ip NOT LIKE '%:%'
  )
  WHERE src_local AND NOT startsWith(src_ip, '169.254.') AND src_ip != '0.0.0.0'
  GROUP BY src_mac, src_ip, toStartOfHour(time)
  UNION ALL
  SELECT min(time) AS time, concat('host:', lower(trimRight(min(username), '$'))) AS key, '' AS also, src_ip AS address, 'kerberos' AS evidence,
    trimRight(min(username), '$') AS name, 1 AS continues, 0 AS shared
  FROM authentication
  WHERE protocol = 'kerberos' AND src_local AND success = 1 AND endsWith(username, '$')
  GROUP BY src_ip, toStartOfHour(time)
  HAVING uniqExact(lower(username)) = 1
  UNION ALL
  SELECT if(before IN ('', address), time, toDateTime64(watched + toIntervalMinute(10), 6, 'UTC')) AS time, concat('name:', name) AS key, '' AS also, address,
    if(by_netbios, 'netbios', 'mdns') AS evidence, name, 1 AS continues, toUInt8(shared) AS shared
  FROM named
  WHERE shared OR before IN ('', address) OR (before, watched) NOT IN (SELECT before, seen FROM heard)
)
ORDER BY at_us, evidence, key, address LIMIT {most:UInt32}`;
