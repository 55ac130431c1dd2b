import { latin1, u32 } from './bytes.ts';
import { type Element, newElement, readElement } from './der.ts';

/** Kerberos 5 messages (RFC 4120): who asked for which service, and the answer. */
export interface KerberosMessage {
  readonly type: 'AS_REQ' | 'AS_REP' | 'TGS_REQ' | 'TGS_REP' | 'AP_REQ' | 'KRB_ERROR';
  /** principal without realm: alice, host/pc1; '' when it is not in clear (TGS requests) */
  readonly client: string;
  readonly realm: string;
  /** krbtgt/EXAMPLE.ORG, cifs/server */
  readonly service: string;
  readonly service_realm: string;
  /** 0 unless KRB_ERROR */
  readonly error_code: number;
  /** KDC_ERR_PREAUTH_REQUIRED, ...; '' unless KRB_ERROR */
  readonly error: string;
  /** names of the encryption types the client offers, or of the ticket in a reply */
  readonly ciphers: readonly string[];
  /** the request carries an encrypted time stamp (pre-authentication) */
  readonly preauth: boolean;
}

/** Cheap first look: an application tag of RFC 4120 whose length fits. UDP has the message alone. */
export function looksLikeKerberos(b: Uint8Array, start: number, end: number): boolean {
  if (end - start < 10) return false;
  const tag = b[start]!;
  if (tag !== 0x6a && tag !== 0x6b && tag !== 0x6c && tag !== 0x6d && tag !== 0x6e && tag !== 0x7e)
    return false;
  const e = newElement();
  const outer = e;
  if (!readHeader(b, start, end, outer)) return false;
  return b[outer.start] === 0x30;
}

/** TCP: four bytes of length come first. Total bytes of the first message with them; 0 while they are cut. */
export function kerberosFrameLength(b: Uint8Array, start: number, end: number): number {
  return end - start < 4 ? 0 : 4 + u32(b, start);
}

/** One message (for TCP without its four bytes); null when it is not Kerberos. A cut message gives what is there. */
export function parseKerberos(b: Uint8Array, start: number, end: number): KerberosMessage | null {
  if (!looksLikeKerberos(b, start, end)) return null;
  const e = newElement();
  if (!readHeader(b, start, end, e)) return null;
  const tag = b[start]!;
  if (!readHeader(b, e.start, end, e)) return null;
  if (tag === 0x6a || tag === 0x6c) return request(tag === 0x6a ? 'AS_REQ' : 'TGS_REQ', b, e.start, e.end);
  if (tag === 0x6b || tag === 0x6d) return reply(tag === 0x6b ? 'AS_REP' : 'TGS_REP', b, e.start, e.end);
  if (tag === 0x7e) return failure(b, e.start, e.end);
  return { ...empty, type: 'AP_REQ' };
}

const empty = {
  client: '',
  realm: '',
  service: '',
  service_realm: '',
  error_code: 0,
  error: '',
  ciphers: [] as readonly string[],
  preauth: false,
};

/** Like readElement, but an element that runs over `end` is cut there. */
function readHeader(b: Uint8Array, at: number, end: number, e: Element): boolean {
  if (readElement(b, at, end, e)) return true;
  if (end - at < 3) return false;
  const length = b[at + 1]!;
  const size = length < 0x80 ? 0 : length & 0x7f;
  if (size > 4 || length === 0x80 || at + 2 + size >= end) return false;
  e.tag = b[at]!;
  e.start = at + 2 + size;
  e.end = end;
  return true;
}

/** Walks the tagged fields of a sequence: field number, and where its content is. */
function fields(
  b: Uint8Array,
  start: number,
  end: number,
  take: (field: number, start: number, end: number) => void,
): void {
  const e = newElement();
  let at = start;
  for (let n = 0; n < 32 && at < end && readHeader(b, at, end, e); n++) {
    at = e.end;
    if (e.tag >= 0xa0 && e.tag <= 0xbe) take(e.tag - 0xa0, e.start, e.end);
  }
}

function request(type: 'AS_REQ' | 'TGS_REQ', b: Uint8Array, start: number, end: number): KerberosMessage {
  const m = { ...empty, type };
  fields(b, start, end, (field, from, until) => {
    if (field === 3) m.preauth = hasPreauth(b, from, until);
    else if (field === 4) requestBody(m, b, from, until);
  });
  return m;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function requestBody(m: Writable<KerberosMessage>, b: Uint8Array, start: number, end: number): void {
  const e = newElement();
  if (!readHeader(b, start, end, e)) return;
  fields(b, e.start, e.end, (field, from, until) => {
    if (field === 1) m.client = principal(b, from, until);
    else if (field === 2) {
      m.realm = textAt(b, from, until);
      m.service_realm = m.realm;
    } else if (field === 3) m.service = principal(b, from, until);
    else if (field === 8) m.ciphers = cipherList(b, from, until);
  });
}

/** padata: a sequence of { [1] type, [2] value }; type 2 is the encrypted time stamp, 16 a certificate. */
function hasPreauth(b: Uint8Array, start: number, end: number): boolean {
  const e = newElement();
  if (!readHeader(b, start, end, e)) return false;
  const listEnd = e.end;
  let at = e.start;
  let found = false;
  for (let n = 0; n < 16 && at < listEnd && readHeader(b, at, listEnd, e); n++) {
    at = e.end;
    fields(b, e.start, e.end, (field, from, until) => {
      if (field !== 1) return;
      const kind = integerAt(b, from, until);
      if (kind === 2 || kind === 16 || kind === 138) found = true;
    });
  }
  return found;
}

function reply(type: 'AS_REP' | 'TGS_REP', b: Uint8Array, start: number, end: number): KerberosMessage {
  const m: Writable<KerberosMessage> = { ...empty, type };
  fields(b, start, end, (field, from, until) => {
    if (field === 3) m.realm = textAt(b, from, until);
    else if (field === 4) m.client = principal(b, from, until);
    else if (field === 5) ticket(m, b, from, until);
  });
  return m;
}

function ticket(m: Writable<KerberosMessage>, b: Uint8Array, start: number, end: number): void {
  const e = newElement();
  // [APPLICATION 1] SEQUENCE
  if (!readHeader(b, start, end, e) || !readHeader(b, e.start, e.end, e)) return;
  fields(b, e.start, e.end, (field, from, until) => {
    if (field === 1) m.service_realm = textAt(b, from, until);
    else if (field === 2) m.service = principal(b, from, until);
    else if (field === 3) m.ciphers = encryptedWith(b, from, until);
  });
}

/** EncryptedData: sequence { [0] etype, ... } */
function encryptedWith(b: Uint8Array, start: number, end: number): string[] {
  const e = newElement();
  if (!readHeader(b, start, end, e)) return [];
  const found: string[] = [];
  fields(b, e.start, e.end, (field, from, until) => {
    if (field === 0) found.push(kerberosCipher(integerAt(b, from, until)));
  });
  return found;
}

function failure(b: Uint8Array, start: number, end: number): KerberosMessage {
  const m: Writable<KerberosMessage> = { ...empty, type: 'KRB_ERROR' };
  fields(b, start, end, (field, from, until) => {
    if (field === 6) {
      m.error_code = integerAt(b, from, until);
      m.error = kerberosError(m.error_code);
    } else if (field === 7) m.realm = textAt(b, from, until);
    else if (field === 8) m.client = principal(b, from, until);
    else if (field === 9) m.service_realm = textAt(b, from, until);
    else if (field === 10) m.service = principal(b, from, until);
  });
  return m;
}

/** PrincipalName: sequence { [0] type, [1] sequence of strings }, joined by slashes. */
function principal(b: Uint8Array, start: number, end: number): string {
  const e = newElement();
  if (!readHeader(b, start, end, e)) return '';
  let name = '';
  fields(b, e.start, e.end, (field, from, until) => {
    if (field !== 1) return;
    const list = newElement();
    if (!readHeader(b, from, until, list)) return;
    const listEnd = list.end;
    let at = list.start;
    for (let n = 0; n < 8 && at < listEnd && readHeader(b, at, listEnd, list); n++) {
      at = list.end;
      name += (n === 0 ? '' : '/') + latin1(b, list.start, Math.min(list.end, list.start + 256));
    }
  });
  return name;
}

function textAt(b: Uint8Array, start: number, end: number): string {
  const e = newElement();
  return readHeader(b, start, end, e) ? latin1(b, e.start, Math.min(e.end, e.start + 256)) : '';
}

function integerAt(b: Uint8Array, start: number, end: number): number {
  const e = newElement();
  if (!readHeader(b, start, end, e) || e.tag !== 0x02 || e.end === e.start) return 0;
  let value = b[e.start]! >= 0x80 ? -1 : 0;
  for (let i = e.start; i < e.end && i < e.start + 6; i++) value = value * 256 + b[i]!;
  return value;
}

function cipherList(b: Uint8Array, start: number, end: number): string[] {
  const e = newElement();
  if (!readHeader(b, start, end, e)) return [];
  const listEnd = e.end;
  const found: string[] = [];
  let at = e.start;
  for (let n = 0; n < 32 && at < listEnd && readHeader(b, at, listEnd, e); n++) {
    found.push(kerberosCipher(integerAt(b, at, listEnd)));
    at = e.end;
  }
  return found;
}

/** Encryption types as Zeek names them. */
export function kerberosCipher(etype: number): string {
  return cipherNames[etype] ?? `unknown-${etype}`;
}

const cipherNames: Readonly<Record<number, string>> = {
  1: 'des-cbc-crc',
  2: 'des-cbc-md4',
  3: 'des-cbc-md5',
  5: 'des3-cbc-md5',
  7: 'des3-cbc-sha1',
  16: 'des3-cbc-sha1-kd',
  17: 'aes128-cts-hmac-sha1-96',
  18: 'aes256-cts-hmac-sha1-96',
  19: 'aes128-cts-hmac-sha256-128',
  20: 'aes256-cts-hmac-sha384-192',
  23: 'rc4-hmac',
  24: 'rc4-hmac-exp',
  25: 'camellia128-cts-cmac',
  26: 'camellia256-cts-cmac',
};

/** RFC 4120, 7.5.9. */
export function kerberosError(code: number): string {
  return errorNames[code] ?? `unknown-${code}`;
}

const errorNames: Readonly<Record<number, string>> = {
  0: 'KDC_ERR_NONE',
  1: 'KDC_ERR_NAME_EXP',
  2: 'KDC_ERR_SERVICE_EXP',
  3: 'KDC_ERR_BAD_PVNO',
  4: 'KDC_ERR_C_OLD_MAST_KVNO',
  5: 'KDC_ERR_S_OLD_MAST_KVNO',
  6: 'KDC_ERR_C_PRINCIPAL_UNKNOWN',
  7: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
  8: 'KDC_ERR_PRINCIPAL_NOT_UNIQUE',
  9: 'KDC_ERR_NULL_KEY',
  10: 'KDC_ERR_CANNOT_POSTDATE',
  11: 'KDC_ERR_NEVER_VALID',
  12: 'KDC_ERR_POLICY',
  13: 'KDC_ERR_BADOPTION',
  14: 'KDC_ERR_ETYPE_NOSUPP',
  15: 'KDC_ERR_SUMTYPE_NOSUPP',
  16: 'KDC_ERR_PADATA_TYPE_NOSUPP',
  17: 'KDC_ERR_TRTYPE_NOSUPP',
  18: 'KDC_ERR_CLIENT_REVOKED',
  19: 'KDC_ERR_SERVICE_REVOKED',
  20: 'KDC_ERR_TGT_REVOKED',
  21: 'KDC_ERR_CLIENT_NOTYET',
  22: 'KDC_ERR_SERVICE_NOTYET',
  23: 'KDC_ERR_KEY_EXPIRED',
  24: 'KDC_ERR_PREAUTH_FAILED',
  25: 'KDC_ERR_PREAUTH_REQUIRED',
  26: 'KDC_ERR_SERVER_NOMATCH',
  27: 'KDC_ERR_MUST_USE_USER2USER',
  28: 'KDC_ERR_PATH_NOT_ACCEPTED',
  29: 'KDC_ERR_SVC_UNAVAILABLE',
  31: 'KRB_AP_ERR_BAD_INTEGRITY',
  32: 'KRB_AP_ERR_TKT_EXPIRED',
  33: 'KRB_AP_ERR_TKT_NYV',
  34: 'KRB_AP_ERR_REPEAT',
  35: 'KRB_AP_ERR_NOT_US',
  36: 'KRB_AP_ERR_BADMATCH',
  37: 'KRB_AP_ERR_SKEW',
  38: 'KRB_AP_ERR_BADADDR',
  39: 'KRB_AP_ERR_BADVERSION',
  40: 'KRB_AP_ERR_MSG_TYPE',
  41: 'KRB_AP_ERR_MODIFIED',
  42: 'KRB_AP_ERR_BADORDER',
  44: 'KRB_AP_ERR_BADKEYVER',
  45: 'KRB_AP_ERR_NOKEY',
  46: 'KRB_AP_ERR_MUT_FAIL',
  47: 'KRB_AP_ERR_BADDIRECTION',
  48: 'KRB_AP_ERR_METHOD',
  49: 'KRB_AP_ERR_BADSEQ',
  50: 'KRB_AP_ERR_INAPP_CKSUM',
  51: 'KRB_AP_PATH_NOT_ACCEPTED',
  52: 'KRB_ERR_RESPONSE_TOO_BIG',
  60: 'KRB_ERR_GENERIC',
  61: 'KRB_ERR_FIELD_TOOLONG',
  62: 'KDC_ERROR_CLIENT_NOT_TRUSTED',
  63: 'KDC_ERROR_KDC_NOT_TRUSTED',
  64: 'KDC_ERROR_INVALID_SIG',
  65: 'KDC_ERR_KEY_TOO_WEAK',
  66: 'KDC_ERR_CERTIFICATE_MISMATCH',
  67: 'KRB_AP_ERR_NO_TGT',
  68: 'KDC_ERR_WRONG_REALM',
  69: 'KRB_AP_ERR_USER_TO_USER_REQUIRED',
};
