import { indexOfByte, latin1, u16, u16le, u32le } from './bytes.ts';

/** The start of RDP: X.224 connection request and confirm in TPKT (MS-RDPBCGR 2.2.1.1, 2.2.1.2). */
export interface RdpRequest {
  /** mstshash cookie (the user, cut to 9 letters by clients) or routing token; '' when absent */
  readonly cookie: string;
  /** protocols asked for: rdp (standard security), tls, hybrid (CredSSP), rdstls, hybrid_ex */
  readonly requested: readonly string[];
}
export interface RdpConfirm {
  /** RDP, SSL, HYBRID, RDSTLS, HYBRID_EX; '' when the server refused */
  readonly security: string;
  /** reason of a refusal, '' when none */
  readonly failure: string;
}

/** TPKT version 3, length, and an X.224 connection request or confirm. */
export function looksLikeRdp(b: Uint8Array, start: number, end: number): boolean {
  if (end - start < 11 || b[start] !== 3 || b[start + 1] !== 0) return false;
  const length = u16(b, start + 2);
  const type = b[start + 5]! & 0xf0;
  return length >= 11 && length <= 1024 && (type === 0xe0 || type === 0xd0) && b[start + 4]! <= length - 5;
}

/** The connection request of a client; null when it is not one, or cut. */
export function parseRdpRequest(b: Uint8Array, start: number, end: number): RdpRequest | null {
  if (!looksLikeRdp(b, start, end) || (b[start + 5]! & 0xf0) !== 0xe0) return null;
  const stop = start + u16(b, start + 2);
  if (stop > end) return null;
  let at = start + 11;
  let cookie = '';
  const lineEnd = indexOfByte(b, 10, at, stop);
  if (b[at] === 0x43 && lineEnd !== -1) {
    // Cookie: mstshash=user CR LF, or Cookie: msts=token
    const line = latin1(b, at, b[lineEnd - 1] === 13 ? lineEnd - 1 : lineEnd);
    const equals = line.indexOf('=');
    if (line.startsWith('Cookie: ') && equals !== -1) cookie = line.slice(equals + 1, equals + 257);
    at = lineEnd + 1;
  }
  const requested: string[] = [];
  if (stop - at >= 8 && b[at] === 1 && u16le(b, at + 2) === 8) {
    const bits = u32le(b, at + 4);
    if ((bits & 1) !== 0) requested.push('tls');
    if ((bits & 2) !== 0) requested.push('hybrid');
    if ((bits & 4) !== 0) requested.push('rdstls');
    if ((bits & 8) !== 0) requested.push('hybrid_ex');
  }
  if (requested.length === 0) requested.push('rdp');
  return { cookie, requested };
}

/** The connection confirm of a server; null when it is not one, or cut. */
export function parseRdpConfirm(b: Uint8Array, start: number, end: number): RdpConfirm | null {
  if (!looksLikeRdp(b, start, end) || (b[start + 5]! & 0xf0) !== 0xd0) return null;
  const stop = start + u16(b, start + 2);
  if (stop > end) return null;
  const at = start + 11;
  if (stop - at < 8) return { security: 'RDP', failure: '' };
  const value = u32le(b, at + 4);
  if (b[at] === 2) return { security: securityNames[value] ?? `unknown-${value}`, failure: '' };
  if (b[at] === 3) return { security: '', failure: failureNames[value] ?? `unknown-${value}` };
  return { security: 'RDP', failure: '' };
}

const securityNames: Readonly<Record<number, string>> = {
  0: 'RDP',
  1: 'SSL',
  2: 'HYBRID',
  4: 'RDSTLS',
  8: 'HYBRID_EX',
};

const failureNames: Readonly<Record<number, string>> = {
  1: 'SSL_REQUIRED_BY_SERVER',
  2: 'SSL_NOT_ALLOWED_BY_SERVER',
  3: 'SSL_CERT_NOT_ON_SERVER',
  4: 'INCONSISTENT_FLAGS',
  5: 'HYBRID_REQUIRED_BY_SERVER',
  6: 'SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER',
};
