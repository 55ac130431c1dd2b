import { createHash } from 'node:crypto';
import { indexOfByte, latin1, type Parsed, startsWith, u32 } from './bytes.ts';

/** SSH banner (RFC 4253, 4.2), KEXINIT (7.1) and HASSH (https://github.com/salesforce/hassh). */

export interface SshSide {
  /** identification line without its end: SSH-2.0-OpenSSH_9.6 */
  readonly banner: string;
  /** 2.0, 1.99, 1.5 */
  readonly version: string;
  /** software and comment: OpenSSH_9.6 Debian-1 */
  readonly software: string;
  /** null when KEXINIT was not seen, or the protocol is older than 2 */
  readonly kex: SshKexInit | null;
}

/** Name lists as sent, comma-separated. */
export interface SshKexInit {
  readonly kex_algorithms: string;
  readonly host_key_algorithms: string;
  readonly encryption_client_to_server: string;
  readonly encryption_server_to_client: string;
  readonly mac_client_to_server: string;
  readonly mac_server_to_client: string;
  readonly compression_client_to_server: string;
  readonly compression_server_to_client: string;
}

const maxBannerLines = 64;
const maxPacket = 35000;

export function looksLikeSsh(b: Uint8Array, start: number, end: number): boolean {
  return startsWith(b, start, end, 'SSH-');
}

/**
 * What one side said at the start of its stream. 'more' until its KEXINIT is whole; `parseSshBanner` gives the first
 * line sooner.
 */
export function parseSsh(b: Uint8Array, start: number, end: number): Parsed<SshSide> {
  const banner = parseSshBanner(b, start, end);
  if (typeof banner === 'string') return banner;
  if (banner.version !== '2.0' && banner.version !== '1.99') return banner;
  const at = banner.next;
  if (end - at < 6) return 'more';
  const length = u32(b, at);
  if (length < 12 || length > maxPacket || b[at + 5] !== 20) return banner;
  if (end - at < 4 + length) return 'more';
  const kex = parseKexInit(b, at + 5, at + 4 + length - b[at + 4]!);
  return { banner: banner.banner, version: banner.version, software: banner.software, kex };
}

/** The identification line alone; `next` is where the binary packets begin. */
export function parseSshBanner(
  b: Uint8Array,
  start: number,
  end: number,
): Parsed<SshSide & { readonly next: number }> {
  let at = start;
  for (let n = 0; n < maxBannerLines; n++) {
    const stop = indexOfByte(b, 10, at, Math.min(end, at + 1024));
    if (startsWith(b, at, end, 'SSH-')) {
      if (stop === -1) return end - at > 512 ? 'no' : 'more';
      const line = latin1(b, at, b[stop - 1] === 13 ? stop - 1 : stop);
      const dash = line.indexOf('-', 4);
      if (dash === -1) return 'no';
      return {
        banner: line,
        version: line.slice(4, dash),
        software: line.slice(dash + 1),
        kex: null,
        next: stop + 1,
      };
    }
    // A server may send lines of text first. They count only once the banner is there too, or every text
    // protocol would ask for more.
    if (n === 0 && end - at < 4) return startsWith(b, at, end, 'SSH-'.slice(0, end - at)) ? 'more' : 'no';
    if (stop === -1) return 'no';
    if (n === 0 && !isText(b, at, stop)) return 'no';
    at = stop + 1;
  }
  return 'no';
}

function isText(b: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (b[i]! < 9 || (b[i]! > 13 && b[i]! < 32)) return false;
  return true;
}

/** The payload of SSH_MSG_KEXINIT: type, 16 bytes of cookie, ten name lists. null when a list runs over the end. */
export function parseKexInit(b: Uint8Array, start: number, end: number): SshKexInit | null {
  if (b[start] !== 20 || end - start < 57) return null;
  const lists: string[] = [];
  let at = start + 17;
  for (let n = 0; n < 10; n++) {
    if (end - at < 4) return null;
    const length = u32(b, at);
    if (length > end - at - 4) return null;
    lists.push(latin1(b, at + 4, at + 4 + length));
    at += 4 + length;
  }
  return {
    kex_algorithms: lists[0]!,
    host_key_algorithms: lists[1]!,
    encryption_client_to_server: lists[2]!,
    encryption_server_to_client: lists[3]!,
    mac_client_to_server: lists[4]!,
    mac_server_to_client: lists[5]!,
    compression_client_to_server: lists[6]!,
    compression_server_to_client: lists[7]!,
  };
}

/** HASSH of a client: MD5 of key exchange; encryption; MAC; compression, from client to server. */
export function hassh(kex: SshKexInit): string {
  return md5(
    `${kex.kex_algorithms};${kex.encryption_client_to_server};${kex.mac_client_to_server};${kex.compression_client_to_server}`,
  );
}

/** HASSH of a server: the same lists from server to client. */
export function hasshServer(kex: SshKexInit): string {
  return md5(
    `${kex.kex_algorithms};${kex.encryption_server_to_client};${kex.mac_server_to_client};${kex.compression_server_to_client}`,
  );
}

function md5(text: string): string {
  return createHash('md5').update(text, 'latin1').digest('hex');
}
