import { latin1, startsWith, u16le, u32le, utf16le } from './bytes.ts';

/** NTLMSSP messages (MS-NLMP 2.2.1), wherever they are carried: SMB, HTTP, LDAP, RDP, DCE/RPC. */
export type NtlmMessage =
  | { readonly type: 'negotiate' }
  | {
      readonly type: 'challenge';
      /** NetBIOS or DNS name of the target */
      readonly target: string;
      readonly nb_computer: string;
      readonly dns_computer: string;
      readonly nb_domain: string;
      readonly dns_domain: string;
    }
  | {
      readonly type: 'authenticate';
      readonly username: string;
      readonly domain: string;
      readonly host: string;
      /** no user and no response: an anonymous sign-in */
      readonly anonymous: boolean;
      /** the response is the older, weaker form of 24 bytes */
      readonly ntlm_v1: boolean;
    };

const signature = Buffer.from('NTLMSSP\0', 'latin1');
const maxName = 512;

/** The first NTLMSSP message inside the bytes, or null. A cut message gives '' for what is missing. */
export function findNtlm(b: Uint8Array, start: number, end: number): NtlmMessage | null {
  let from = start;
  for (let n = 0; n < 8; n++) {
    const at = b.indexOf(0x4e, from);
    if (at === -1 || at + 12 > end) return null;
    if (b[at + 1] === 0x54 && startsWith(b, at, end, 'NTLMSSP\0')) return parseNtlm(b, at, end);
    const next = indexOfSignature(b, at + 1, end);
    if (next === -1) return null;
    from = next;
  }
  return null;
}

function indexOfSignature(b: Uint8Array, start: number, end: number): number {
  const at = Buffer.from(b.buffer, b.byteOffset, b.byteLength).indexOf(signature, start);
  return at === -1 || at + 12 > end ? -1 : at;
}

function parseNtlm(b: Uint8Array, at: number, end: number): NtlmMessage | null {
  switch (u32le(b, at + 8)) {
    case 1:
      return { type: 'negotiate' };
    case 2:
      return challenge(b, at, end);
    case 3:
      return authenticate(b, at, end);
  }
  return null;
}

/** A field is length, space and offset from the start of the message. */
function fieldText(b: Uint8Array, message: number, field: number, end: number, unicode: boolean): string {
  if (field + 8 > end) return '';
  const length = Math.min(u16le(b, field), maxName);
  const from = message + u32le(b, field + 4);
  if (length === 0 || from + length > end) return '';
  return unicode ? utf16le(b, from, from + (length & ~1)) : latin1(b, from, from + length);
}

function authenticate(b: Uint8Array, at: number, end: number): NtlmMessage | null {
  if (end - at < 44) return null;
  const unicode = end - at < 64 || (u32le(b, at + 60) & 1) !== 0;
  const username = fieldText(b, at, at + 36, end, unicode);
  const responseLength = u16le(b, at + 20);
  return {
    type: 'authenticate',
    username,
    domain: fieldText(b, at, at + 28, end, unicode),
    host: fieldText(b, at, at + 44, end, unicode),
    anonymous: username === '' && responseLength === 0,
    ntlm_v1: responseLength === 24,
  };
}

function challenge(b: Uint8Array, at: number, end: number): NtlmMessage | null {
  if (end - at < 24) return null;
  const flags = u32le(b, at + 20);
  const names = ['', '', '', '', ''];
  if (end - at >= 48) {
    const length = u16le(b, at + 40);
    let pair = at + u32le(b, at + 44);
    const stop = Math.min(end, pair + length);
    for (let n = 0; n < 16 && stop - pair >= 4; n++) {
      const id = u16le(b, pair);
      const size = u16le(b, pair + 2);
      if (id === 0 || pair + 4 + size > stop) break;
      if (id <= 4) names[id] = utf16le(b, pair + 4, pair + 4 + Math.min(size & ~1, maxName));
      pair += 4 + size;
    }
  }
  return {
    type: 'challenge',
    target: fieldText(b, at, at + 12, end, (flags & 1) !== 0),
    nb_computer: names[1]!,
    nb_domain: names[2]!,
    dns_computer: names[3]!,
    dns_domain: names[4]!,
  };
}
