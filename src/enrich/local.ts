import { remembered } from '../base/bounded.ts';
import { WeirError } from '../base/error.ts';
import { formatIpv4, formatIpv6, ipWords, parseIpv4, parseIpv6 } from '../base/ip.ts';

/** Never "outside", whatever the operator's networks are: they cannot be routed there. */
const never_outside = [
  '0.0.0.0/8', // this host, RFC 1122
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local, RFC 3927
  '224.0.0.0/4', // multicast
  '255.255.255.255/32',
  '::/128',
  '::1/128',
  'fe80::/10',
  'ff00::/8',
];

/** Private (RFC 1918, RFC 4193) and shared by a carrier's customers (RFC 6598). */
const private_networks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'];

/**
 * Networks that are local when the operator says nothing: the private ones, and those that never leave a network
 * (link-local, loopback, this host, multicast, broadcast), so that a broadcast is never an outside destination.
 */
export const defaultLocalNetworks: readonly string[] = [...private_networks, ...never_outside];

interface Network {
  /** the address as four 32-bit words, IPv4 as one */
  readonly words: readonly number[];
  readonly bits: number;
}

/** What is known of an address once it was seen. */
export interface Address {
  readonly local: boolean;
  /** stands for many hosts: multicast (RFC 5771, RFC 4291) or the limited broadcast */
  readonly wide: boolean;
  /** 0: no address; 1: IPv4, in w0; 4: IPv6, in w0..w3. Big-endian signed 32-bit words, as base/community-id.ts takes them. */
  readonly words: 0 | 1 | 4;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
}

/** Addresses remembered: some 10 MB. */
const most_addresses = 65_536;

/** Tells of an address (canonical text) whether it lies in one of the networks. Throws `usage` for a network that is none. */
export function addressBook(networks: readonly string[]): (ip: string) => Address {
  const all = [...networks, ...never_outside].map(parseNetwork);
  const by_words = {
    1: all.filter((one) => one.words.length === 1),
    4: all.filter((one) => one.words.length === 4),
  };
  return remembered((ip) => {
    const found = ipWords(ip);
    const words = (found?.length ?? 0) as Address['words'];
    const local = found !== null && words !== 0 && by_words[words].some((network) => inside(found, network));
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = found ?? [];
    return { local, wide: isWide(words, w0), words, w0, w1, w2, w3 };
  }, most_addresses);
}

/** A predicate on canonical addresses. Throws `usage` for a network that is none. */
export function localNetworks(networks: readonly string[]): (ip: string) => boolean {
  const book = addressBook(networks);
  return (ip) => book(ip).local;
}

function isWide(words: Address['words'], w0: number): boolean {
  if (words === 1) return w0 >>> 28 === 0xe || w0 === -1;
  return words === 4 && w0 >>> 24 === 0xff;
}

function parseNetwork(text: string): Network {
  const found = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text.trim());
  const words = found ? ipWords(found[1]!) : null;
  const most = (words?.length ?? 0) * 32;
  // ::ffff:10.0.0.0/104 is 10.0.0.0/8
  const left_out = most === 32 && found![1]!.includes(':') ? 96 : 0;
  const bits = found?.[2] === undefined ? most : Number(found[2]) - left_out;
  if (words === null || bits > most || bits < 0)
    throw new WeirError('usage', `not a network (such as 10.0.0.0/8 or 2001:db8::/32): ${text}`);
  return { words, bits };
}

function inside(words: readonly number[], { words: base, bits }: Network): boolean {
  for (let i = 0, left = bits; left > 0; i++, left -= 32) {
    const shift = left >= 32 ? 0 : 32 - left;
    if (words[i]! >>> shift !== base[i]! >>> shift) return false;
  }
  return true;
}

/** A capture is taken at a network: its own addresses are at one end of (nearly) every connection. */
const least_covered = 0.8;
/** Stray private addresses (leaks, misconfigured hosts) up to this share do not make a network a private one. */
const most_private = 0.05;
/** Fewer connections say nothing. */
const least_connections = 5;
const most_networks = 4;

/**
 * Which networks are probably the operator's, from a sample of who called whom, when none of it is private. Every
 * connection that a sensor sees has an end in the networks it stands at, so: the fewest /24 (IPv6: /64) networks, at most
 * four, else /16 (/48), that together are at an end of 80 % of the connections. An end that opens connections counts
 * twice, because busy servers are outside more often than not. Empty when the sample is small or nothing stands out, or
 * when more than 5 % of the connections have a private end.
 */
export function suggestLocalNetworks(pairs: readonly { src_ip: string; dst_ip: string }[]): string[] {
  const is_private = localNetworks(private_networks);
  const cannot_route = localNetworks([]);
  const routed = pairs.filter(
    ({ src_ip, dst_ip }) => src_ip !== '' && dst_ip !== '' && !cannot_route(src_ip) && !cannot_route(dst_ip),
  );
  const outside = routed.filter(({ src_ip, dst_ip }) => !is_private(src_ip) && !is_private(dst_ip));
  if (outside.length < least_connections || outside.length < routed.length * (1 - most_private)) return [];
  for (const [v4_bits, v6_bits] of [
    [24, 64],
    [16, 48],
  ] as const) {
    const ends = outside.map(
      ({ src_ip, dst_ip }) => [around(src_ip, v4_bits, v6_bits), around(dst_ip, v4_bits, v6_bits)] as const,
    );
    const chosen = cover(ends);
    if (chosen.length > 0) return chosen;
  }
  return [];
}

/** Greedy cover: the network that explains most of what is left, until enough is explained. */
function cover(ends: readonly (readonly [string, string])[]): string[] {
  const chosen: string[] = [];
  let left = ends;
  while (chosen.length < most_networks) {
    const score = new Map<string, number>();
    const peers = new Map<string, Set<string>>();
    for (const [src, dst] of left) {
      score.set(src, (score.get(src) ?? 0) + 2);
      if (dst !== src) score.set(dst, (score.get(dst) ?? 0) + 1);
      for (const [one, other] of [
        [src, dst],
        [dst, src],
      ] as const) {
        const of = peers.get(one);
        if (of) of.add(other);
        else peers.set(one, new Set([other]));
      }
    }
    const [best] = [...score].sort((a, b) => b[1] - a[1] || peers.get(b[0])!.size - peers.get(a[0])!.size);
    if (!best) break;
    chosen.push(best[0]);
    left = left.filter(([src, dst]) => src !== best[0] && dst !== best[0]);
    if (left.length <= ends.length * (1 - least_covered)) return chosen;
  }
  return [];
}

/** The network of so many bits an address lies in. */
function around(ip: string, v4_bits: number, v6_bits: number): string {
  const v4 = parseIpv4(ip);
  if (v4 >= 0) return `${formatIpv4((v4 >>> (32 - v4_bits)) * 2 ** (32 - v4_bits))}/${v4_bits}`;
  const groups = parseIpv6(ip) ?? [0, 0, 0, 0, 0, 0, 0, 0];
  return `${formatIpv6(groups.map((group, i) => (i < v6_bits / 16 ? group : 0)))}/${v6_bits}`;
}
