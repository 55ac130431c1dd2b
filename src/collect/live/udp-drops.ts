import { readFileSync } from 'node:fs';
import { parseIpv4, parseIpv6 } from '../../base/ip.ts';

/**
 * Datagrams that the kernel threw away because the receive buffer of the socket bound to `address` and `port` was full,
 * from the text of /proc/net/udp or /proc/net/udp6 (last column); null when there is no such socket.
 */
export function dropsOf(text: string, address: string, port: number): number | null {
  const wanted = `${addressInTable(address)}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of text.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[1] !== wanted) continue;
    const drops = Number(columns.at(-1));
    return Number.isSafeInteger(drops) ? drops : null;
  }
  return null;
}

/** The same of the running system; null where it cannot be known (not Linux, no such socket). */
export function socketDrops(address: string, port: number): number | null {
  try {
    return dropsOf(
      readFileSync(address.includes(':') ? '/proc/net/udp6' : '/proc/net/udp', 'latin1'),
      address,
      port,
    );
  } catch {
    return null;
  }
}

/** An address as the kernel prints it: words of 32 bits in the order of bytes of the machine, which is little-endian. */
function addressInTable(address: string): string {
  const v4 = parseIpv4(address);
  const groups = v4 >= 0 ? [Math.floor(v4 / 65536), v4 % 65536] : (parseIpv6(address) ?? []);
  const bytes = groups.flatMap((group) => [group >> 8, group & 255]);
  const words: string[] = [];
  for (let at = 0; at < bytes.length; at += 4)
    words.push(
      ...bytes
        .slice(at, at + 4)
        .reverse()
        .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')),
    );
  return words.join('');
}
