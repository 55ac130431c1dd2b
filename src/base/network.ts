import { canonicalIp, parseIpv4 } from './ip.ts';

/** Whether a text is a network in CIDR notation (RFC 4632, RFC 4291): 10.0.0.0/8, 2001:db8::/32, or a single address. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const most = parseIpv4(address) >= 0 ? 32 : canonicalIp(address) === null ? -1 : 128;
  const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  return most >= 0 && fits && more.length === 0;
}
