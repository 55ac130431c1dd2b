import { WeirError } from '../base/error.ts';
import { parseIpv4, parseIpv6 } from '../base/ip.ts';
import { ownCopy } from '../base/text.ts';

/**
 * Networks that are local when the operator says nothing: private (RFC 1918, RFC 4193), shared (RFC 6598), link-local,
 * loopback, and what never leaves a network: this host, multicast and broadcast. Addresses of the latter kinds are never
 * "outside destinations".
 */
export const defaultLocalNetworks: readonly string[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '127.0.0.0/8',
  '0.0.0.0/8',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
];

/** Always local, whatever the operator's networks are: they cannot be routed outside. */
const never_outside = [
  '127.0.0.0/8',
  '0.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  '::1/128',
  'fe80::/10',
  'ff00::/8',
];

interface Network {
  readonly base: readonly number[]; // one 32-bit number, or eight groups of 16 bits
  readonly bits: number;
}

/** Answers remembered; beyond that the memory starts anew. */
const most_remembered = 200_000;

/** Tells whether an address (canonical text) lies in one of the networks. Throws `usage` for a network that is none. */
export function localNetworks(networks: readonly string[]): (ip: string) => boolean {
  const parsed = [...networks, ...never_outside].map(parseNetwork);
  const v4 = parsed.filter((one) => one.base.length === 1);
  const v6 = parsed.filter((one) => one.base.length === 8);
  let known = new Map<string, boolean>();
  return (ip) => {
    const before = known.get(ip);
    if (before !== undefined) return before;
    const found = ip.includes(':') ? inside6(ip, v6) : inside4(ip, v4);
    if (known.size >= most_remembered) known = new Map();
    known.set(ownCopy(ip), found);
    return found;
  };
}

function parseNetwork(text: string): Network {
  const [address = '', length] = text.split('/');
  const v4 = parseIpv4(address);
  const base = v4 >= 0 ? [v4] : parseIpv6(address);
  const most = v4 >= 0 ? 32 : 128;
  const bits = length === undefined ? most : Number(length);
  if (base === null || !Number.isInteger(bits) || bits < 0 || bits > most) {
    throw new WeirError('usage', `not a network (such as 10.0.0.0/8 or 2001:db8::/32): ${text}`);
  }
  return { base, bits };
}

function inside4(ip: string, networks: readonly Network[]): boolean {
  const value = parseIpv4(ip);
  if (value < 0) return false;
  return networks.some(({ base, bits }) => bits === 0 || value >>> (32 - bits) === base[0]! >>> (32 - bits));
}

function inside6(ip: string, networks: readonly Network[]): boolean {
  const groups = parseIpv6(ip);
  if (groups === null) return false;
  return networks.some(({ base, bits }) => {
    const whole = bits >> 4;
    for (let i = 0; i < whole; i++) if (groups[i] !== base[i]) return false;
    const rest = bits & 15;
    return rest === 0 || groups[whole]! >> (16 - rest) === base[whole]! >> (16 - rest);
  });
}

/**
 * Which networks are probably the operator's, from a sample of who called whom, when none of them is private: the /24
 * (IPv6: /64) networks whose hosts open connections to at least a quarter of all the peers that anyone called, and at
 * least a fifth of all connections, at most three. Empty when private addresses open connections, or nothing stands out.
 */
export function suggestLocalNetworks(pairs: readonly { src_ip: string; dst_ip: string }[]): string[] {
  const is_private = localNetworks(defaultLocalNetworks);
  const opened = new Map<string, { connections: number; peers: Set<string> }>();
  const peers = new Set<string>();
  let total = 0;
  for (const { src_ip, dst_ip } of pairs) {
    if (src_ip === '' || dst_ip === '' || src_ip === '0.0.0.0' || src_ip === '::') continue;
    if (is_private(src_ip)) {
      if (/^(fe80|ff)/.test(src_ip) || src_ip.startsWith('169.254.')) continue;
      return [];
    }
    if (is_private(dst_ip)) {
      if (/^(fe80|ff)/.test(dst_ip) || /^(22[4-9]|23\d|255|169\.254)\./.test(dst_ip)) continue;
      return [];
    }
    total++;
    const network = around(src_ip);
    let of = opened.get(network);
    if (!of) {
      of = { connections: 0, peers: new Set() };
      opened.set(network, of);
    }
    of.connections++;
    of.peers.add(dst_ip);
    peers.add(dst_ip);
  }
  return [...opened]
    .filter(([, of]) => of.connections >= total / 5 && of.peers.size >= peers.size / 4 && of.peers.size >= 3)
    .sort((a, b) => b[1].peers.size - a[1].peers.size)
    .slice(0, 3)
    .map(([network]) => network);
}

/** The /24 or /64 an address lies in. */
function around(ip: string): string {
  if (!ip.includes(':')) return `${ip.slice(0, ip.lastIndexOf('.'))}.0/24`;
  const groups = parseIpv6(ip) ?? [];
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}
