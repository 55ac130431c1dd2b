import { escaped, ipv4Text, latin1, macText, u16, u24, u32 } from './bytes.ts';

/** DHCPv4 (RFC 2131, RFC 2132) and the few fields of DHCPv6 (RFC 8415) that name a host. */
export interface DhcpMessage {
  /** DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM, ...; BOOTP without a message type */
  readonly type: string;
  readonly from_client: boolean;
  readonly transaction_id: number;
  /** lower case with colons; '' when the hardware is not Ethernet */
  readonly mac: string;
  /** option 61, as `clientId` gives it */
  readonly client_id: string;
  /** '' when all zero */
  readonly client_ip: string;
  readonly assigned_ip: string;
  readonly next_server_ip: string;
  readonly relay_ip: string;
  /** option 54; '' when absent */
  readonly server_ip: string;
  readonly requested_ip: string;
  readonly host_name: string;
  /** option 81 */
  readonly client_fqdn: string;
  readonly domain: string;
  readonly vendor: string;
  /** option 1; '' when absent */
  readonly subnet_mask: string;
  readonly lease_s: number | null;
  /** options 55, in order: a fingerprint of the client */
  readonly parameter_list: readonly number[];
}

const types: readonly string[] = [
  'BOOTP',
  'DISCOVER',
  'OFFER',
  'REQUEST',
  'DECLINE',
  'ACK',
  'NAK',
  'RELEASE',
  'INFORM',
  'FORCERENEW',
  'LEASEQUERY',
  'LEASEUNASSIGNED',
  'LEASEUNKNOWN',
  'LEASEACTIVE',
  'BULKLEASEQUERY',
  'LEASEQUERYDONE',
  'ACTIVELEASEQUERY',
  'LEASEQUERYSTATUS',
  'TLS',
];

/** null when the datagram is not DHCP: operation 1 or 2 and the magic cookie of RFC 2131. */
export function parseDhcp(b: Uint8Array, start: number, end: number): DhcpMessage | null {
  if (end - start < 240 || (b[start] !== 1 && b[start] !== 2)) return null;
  if (u32(b, start + 236) !== 0x63825363) return null;
  const message = {
    type: 'BOOTP',
    from_client: b[start] === 1,
    transaction_id: u32(b, start + 4),
    mac: b[start + 1] === 1 && b[start + 2] === 6 ? macText(b, start + 28) : '',
    client_id: '',
    client_ip: address(b, start + 12),
    assigned_ip: address(b, start + 16),
    next_server_ip: address(b, start + 20),
    relay_ip: address(b, start + 24),
    server_ip: '',
    requested_ip: '',
    host_name: '',
    client_fqdn: '',
    domain: '',
    vendor: '',
    subnet_mask: '',
    lease_s: null as number | null,
    parameter_list: [] as number[],
  };
  let at = start + 240;
  for (let n = 0; n < 256 && at < end; n++) {
    const code = b[at]!;
    if (code === 255) break;
    if (code === 0) {
      at++;
      continue;
    }
    const from = at + 2;
    const until = from + (b[at + 1] ?? 0);
    if (until > end) break;
    option(message, code, b, from, until);
    at = until;
  }
  return message;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function option(m: Writable<DhcpMessage>, code: number, b: Uint8Array, start: number, end: number): void {
  const size = end - start;
  switch (code) {
    case 1:
      if (size === 4) m.subnet_mask = address(b, start);
      return;
    case 12:
      m.host_name = textOf(b, start, end);
      return;
    case 15:
      m.domain = textOf(b, start, end);
      return;
    case 50:
      if (size === 4) m.requested_ip = address(b, start);
      return;
    case 51:
      if (size === 4) m.lease_s = u32(b, start);
      return;
    case 53:
      if (size === 1) m.type = types[b[start]!] ?? `TYPE${b[start]!}`;
      return;
    case 54:
      if (size === 4) m.server_ip = address(b, start);
      return;
    case 55:
      m.parameter_list = Array.from(b.subarray(start, end));
      return;
    case 60:
      m.vendor = textOf(b, start, end);
      return;
    case 61:
      m.client_id = clientId(Buffer.from(b.subarray(start, end)).toString('hex'), m.mac);
      return;
    case 81:
      // RFC 4702: flags, two result codes, then a name: in DNS form when the E flag is set
      if (size > 3)
        m.client_fqdn = (b[start]! & 4) !== 0 ? wireName(b, start + 3, end) : textOf(b, start + 3, end);
  }
}

/**
 * A client identifier (option 61: RFC 2132, 9.14; RFC 4361) in hexadecimal, type first; '' for one that is the hardware address,
 * which says nothing more, and for one that is no identifier (a type alone).
 */
export function clientId(hex: string, mac: string): string {
  const digits = hex.toLowerCase().replaceAll(':', '');
  const hardware = mac.replaceAll(':', '');
  return digits.length <= 2 || digits === hardware || digits === `01${hardware}` ? '' : digits;
}

function address(b: Uint8Array, at: number): string {
  return u32(b, at) === 0 ? '' : ipv4Text(b, at);
}

/** Text that some clients end with zero bytes. */
function textOf(b: Uint8Array, start: number, end: number): string {
  let stop = end;
  while (stop > start && b[stop - 1] === 0) stop--;
  return escaped(b, start, stop);
}

function wireName(b: Uint8Array, start: number, end: number): string {
  let name = '';
  let at = start;
  for (let n = 0; n < 64 && at < end && b[at] !== 0; n++) {
    const stop = Math.min(end, at + 1 + b[at]!);
    name += (name === '' ? '' : '.') + escaped(b, at + 1, stop);
    at = stop;
  }
  return name;
}

export interface Dhcpv6Message {
  /** SOLICIT, ADVERTISE, REQUEST, CONFIRM, RENEW, REBIND, REPLY, RELEASE, DECLINE, RECONFIGURE, INFORMATION-REQUEST */
  readonly type: string;
  readonly transaction_id: number;
  /** from the DUID of the client when it holds one */
  readonly mac: string;
  /** option 39 */
  readonly client_fqdn: string;
  readonly vendor: string;
}

const types6: readonly string[] = [
  '',
  'SOLICIT',
  'ADVERTISE',
  'REQUEST',
  'CONFIRM',
  'RENEW',
  'REBIND',
  'REPLY',
  'RELEASE',
  'DECLINE',
  'RECONFIGURE',
  'INFORMATION-REQUEST',
];

/** Messages of clients and servers on ports 546 and 547; null for relayed ones and anything else. */
export function parseDhcpv6(b: Uint8Array, start: number, end: number): Dhcpv6Message | null {
  if (end - start < 8) return null;
  const type = types6[b[start]!];
  if (type === undefined || type === '') return null;
  let mac = '';
  let client_fqdn = '';
  let vendor = '';
  let at = start + 4;
  for (let n = 0; n < 128 && end - at >= 4; n++) {
    const code = u16(b, at);
    const from = at + 4;
    const until = from + u16(b, at + 2);
    if (until > end)
      return n === 0 ? null : { type, transaction_id: u24(b, start + 1), mac, client_fqdn, vendor };
    // DUID-LLT has 8 bytes before the address, DUID-LL 4 (RFC 8415, 11)
    if (code === 1 && until - from === 14 && u16(b, from) === 1 && u16(b, from + 2) === 1)
      mac = macText(b, from + 8);
    else if (code === 1 && until - from === 10 && u16(b, from) === 3) mac = macText(b, from + 4);
    else if (code === 39 && until > from) client_fqdn = wireName(b, from + 1, until);
    else if (code === 16 && until - from > 6)
      vendor = latin1(b, from + 6, Math.min(until, from + 6 + u16(b, from + 4)));
    at = until;
  }
  return { type, transaction_id: u24(b, start + 1), mac, client_fqdn, vendor };
}
