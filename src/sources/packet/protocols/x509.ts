import { createHash } from 'node:crypto';
import { escaped, hex, ipv4Text, ipv6Text, latin1, utf8 } from './bytes.ts';
import { type Element, firstObject, is, newElement, objectText, readElement } from './der.ts';

/** The fields of an X.509 certificate (RFC 5280) that people and detectors ask for, read from its DER. */
export interface ParsedCertificate {
  /** SHA-256 of the DER, hexadecimal: the fingerprint */
  readonly sha256: string;
  readonly sha1: string;
  /** distinguished names in the order of RFC 2253, as Zeek writes them: CN=a.example,O=Example,C=CH */
  readonly subject: string;
  readonly issuer: string;
  /** upper-case hexadecimal */
  readonly serial: string;
  /** µs since 1970; 0 when before that or not readable */
  readonly not_before: number;
  readonly not_after: number;
  /** rsa, ecdsa, dsa, ed25519, ... */
  readonly key_type: string;
  readonly key_bits: number;
  /** as OpenSSL and Zeek name it: sha256WithRSAEncryption */
  readonly signature_algorithm: string;
  /** DNS names (lower case) and addresses of the subject alternative name; at most 256 */
  readonly names: readonly string[];
  readonly self_signed: boolean;
  readonly is_ca: boolean;
}

const maxNames = 256;

/** null when the bytes are not a certificate. */
export function parseCertificate(der: Uint8Array): ParsedCertificate | null {
  const e = newElement();
  if (!readElement(der, 0, der.length, e) || !is(e, 0x30)) return null;
  const whole = e.end;
  if (!readElement(der, e.start, whole, e) || !is(e, 0x30)) return null;
  const end = e.end;
  let at = e.start;
  const next = (): boolean => {
    const ok = readElement(der, at, end, e);
    at = e.end;
    return ok;
  };
  if (!next()) return null;
  if (is(e, 0xa0) && !next()) return null; // version
  if (!is(e, 0x02)) return null;
  const serial = hex(der, e.start, Math.min(e.end, e.start + 64))
    .toUpperCase()
    .replace(/^00(?=.)/, '');
  if (!next()) return null;
  const signature_algorithm = objectName(firstObject(der, e.start, e.end));
  if (!next()) return null;
  const issuerAt = e.start;
  const issuerEnd = e.end;
  if (!next()) return null;
  const validity = readValidity(der, e.start, e.end);
  if (!next()) return null;
  const subjectAt = e.start;
  const subjectEnd = e.end;
  if (!next()) return null;
  const key = readKey(der, e.start, e.end);
  const names: string[] = [];
  let is_ca = false;
  for (let n = 0; n < 3 && at < end && next(); n++) {
    if (is(e, 0xa3)) is_ca = readExtensions(der, e.start, e.end, names);
  }
  const subject = distinguishedName(der, subjectAt, subjectEnd);
  const issuer = distinguishedName(der, issuerAt, issuerEnd);
  return {
    sha256: createHash('sha256').update(der).digest('hex'),
    sha1: createHash('sha1').update(der).digest('hex'),
    subject,
    issuer,
    serial,
    not_before: validity.from,
    not_after: validity.until,
    key_type: key.type,
    key_bits: key.bits,
    signature_algorithm,
    names,
    self_signed: subject === issuer,
    is_ca,
  };
}

function objectName(oid: string): string {
  return algorithms[oid] ?? oid;
}

const algorithms: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.1': 'rsaEncryption',
  '1.2.840.113549.1.1.2': 'md2WithRSAEncryption',
  '1.2.840.113549.1.1.4': 'md5WithRSAEncryption',
  '1.2.840.113549.1.1.5': 'sha1WithRSAEncryption',
  '1.2.840.113549.1.1.10': 'rsassaPss',
  '1.2.840.113549.1.1.11': 'sha256WithRSAEncryption',
  '1.2.840.113549.1.1.12': 'sha384WithRSAEncryption',
  '1.2.840.113549.1.1.13': 'sha512WithRSAEncryption',
  '1.2.840.113549.1.1.14': 'sha224WithRSAEncryption',
  '1.3.14.3.2.29': 'sha1WithRSA',
  '1.2.840.10040.4.3': 'dsaWithSHA1',
  '2.16.840.1.101.3.4.3.2': 'dsa_with_SHA256',
  '1.2.840.10045.4.1': 'ecdsa-with-SHA1',
  '1.2.840.10045.4.3.2': 'ecdsa-with-SHA256',
  '1.2.840.10045.4.3.3': 'ecdsa-with-SHA384',
  '1.2.840.10045.4.3.4': 'ecdsa-with-SHA512',
  '1.3.101.112': 'ED25519',
  '1.3.101.113': 'ED448',
  '2.16.840.1.101.3.4.3.17': 'ML-DSA-44',
  '2.16.840.1.101.3.4.3.18': 'ML-DSA-65',
  '2.16.840.1.101.3.4.3.19': 'ML-DSA-87',
};

const keyTypes: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.1': 'rsa',
  '1.2.840.113549.1.1.10': 'rsa',
  '1.2.840.10040.4.1': 'dsa',
  '1.2.840.10045.2.1': 'ecdsa',
  '1.3.101.112': 'ed25519',
  '1.3.101.113': 'ed448',
  '2.16.840.1.101.3.4.3.17': 'ML-DSA-44',
  '2.16.840.1.101.3.4.3.18': 'ML-DSA-65',
  '2.16.840.1.101.3.4.3.19': 'ML-DSA-87',
};

const curveBits: Readonly<Record<string, number>> = {
  '1.2.840.10045.3.1.1': 192,
  '1.2.840.10045.3.1.7': 256,
  '1.3.132.0.10': 256,
  '1.3.132.0.33': 224,
  '1.3.132.0.34': 384,
  '1.3.132.0.35': 521,
  '1.3.36.3.3.2.8.1.1.7': 256,
  '1.3.36.3.3.2.8.1.1.11': 384,
  '1.3.36.3.3.2.8.1.1.13': 512,
};

/** SubjectPublicKeyInfo: algorithm with parameters, then the key as a bit string. */
function readKey(b: Uint8Array, start: number, end: number): { type: string; bits: number } {
  const e = newElement();
  if (!readElement(b, start, end, e)) return { type: '', bits: 0 };
  const after = e.end;
  const algorithmEnd = e.end;
  if (!readElement(b, e.start, algorithmEnd, e) || !is(e, 0x06)) return { type: '', bits: 0 };
  const oid = objectText(b, e.start, e.end);
  const type = keyTypes[oid] ?? oid;
  if (type === 'ed25519') return { type, bits: 256 };
  if (type === 'ed448') return { type, bits: 456 };
  if (type === 'ecdsa') {
    const curve = readElement(b, e.end, algorithmEnd, e) && is(e, 0x06) ? objectText(b, e.start, e.end) : '';
    return { type, bits: curveBits[curve] ?? 0 };
  }
  if (type === 'dsa') {
    // parameters: sequence whose first integer is p
    if (!readElement(b, e.end, algorithmEnd, e) || !readElement(b, e.start, e.end, e))
      return { type, bits: 0 };
    return { type, bits: integerBits(b, e) };
  }
  if (!readElement(b, after, end, e) || !is(e, 0x03)) return { type, bits: 0 };
  if (type !== 'rsa') return { type, bits: keyTypes[oid] === undefined ? 0 : (e.end - e.start - 1) * 8 };
  // bit string: one byte of unused bits, then sequence { modulus, exponent }
  if (!readElement(b, e.start + 1, e.end, e) || !readElement(b, e.start, e.end, e)) return { type, bits: 0 };
  return { type, bits: integerBits(b, e) };
}

function integerBits(b: Uint8Array, e: Element): number {
  if (!is(e, 0x02)) return 0;
  let at = e.start;
  while (at < e.end && b[at] === 0) at++;
  return at === e.end ? 0 : (e.end - at) * 8 - (Math.clz32(b[at]!) - 24);
}

function readValidity(b: Uint8Array, start: number, end: number): { from: number; until: number } {
  const e = newElement();
  if (!readElement(b, start, end, e)) return { from: 0, until: 0 };
  const from = timeOf(b, e);
  return { from, until: readElement(b, e.end, end, e) ? timeOf(b, e) : 0 };
}

/** UTCTime (17: two-digit year, RFC 5280, 4.1.2.5.1) or GeneralizedTime (18). */
function timeOf(b: Uint8Array, e: Element): number {
  const text = latin1(b, e.start, Math.min(e.end, e.start + 24));
  const m = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(?:\.\d+)?(Z|[+-]\d{4})?$/.exec(
    is(e, 0x17) ? text : text.padStart(4, ' '),
  );
  if (m === null || (!is(e, 0x17) && !is(e, 0x18))) return 0;
  let year = Number(m[1]);
  if (is(e, 0x17)) year += year < 50 ? 2000 : 1900;
  let ms = Date.UTC(year, Number(m[2]) - 1, Number(m[3]), Number(m[4]), Number(m[5]), Number(m[6] ?? 0));
  const zone = m[7] ?? 'Z';
  if (zone !== 'Z') {
    const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3));
    ms -= (zone[0] === '-' ? -minutes : minutes) * 60000;
  }
  return Number.isFinite(ms) && ms > 0 ? ms * 1000 : 0;
}

/** Extensions: subject alternative names go into `names`; returns whether basic constraints say CA. */
function readExtensions(b: Uint8Array, start: number, end: number, names: string[]): boolean {
  const e = newElement();
  if (!readElement(b, start, end, e)) return false;
  const listEnd = e.end;
  let at = e.start;
  let ca = false;
  for (let n = 0; n < 64 && readElement(b, at, listEnd, e); n++) {
    at = e.end;
    const extensionEnd = e.end;
    if (!readElement(b, e.start, extensionEnd, e) || !is(e, 0x06)) continue;
    const oid = objectText(b, e.start, e.end);
    if (oid !== '2.5.29.17' && oid !== '2.5.29.19') continue;
    if (!readElement(b, e.end, extensionEnd, e)) continue;
    if (is(e, 0x01) && !readElement(b, e.end, extensionEnd, e)) continue; // critical
    if (!is(e, 0x04) || !readElement(b, e.start, e.end, e) || !is(e, 0x30)) continue;
    if (oid === '2.5.29.17') alternativeNames(b, e.start, e.end, names);
    else ca = readElement(b, e.start, e.end, e) && is(e, 0x01) && b[e.start] !== 0;
  }
  return ca;
}

function alternativeNames(b: Uint8Array, start: number, end: number, names: string[]): void {
  const e = newElement();
  let at = start;
  while (names.length < maxNames && readElement(b, at, end, e)) {
    at = e.end;
    const size = e.end - e.start;
    if (is(e, 0x82)) names.push(escaped(b, e.start, e.end).toLowerCase());
    else if (is(e, 0x87) && size === 4) names.push(ipv4Text(b, e.start));
    else if (is(e, 0x87) && size === 16) names.push(ipv6Text(b, e.start));
  }
}

/** RFC 2253: last part first, parts joined by commas, special characters escaped. */
function distinguishedName(b: Uint8Array, start: number, end: number): string {
  const parts: string[] = [];
  const set = newElement();
  const pair = newElement();
  const e = newElement();
  let at = start;
  for (let n = 0; n < 64 && readElement(b, at, end, set); n++) {
    at = set.end;
    const values: string[] = [];
    let inner = set.start;
    for (let k = 0; k < 8 && readElement(b, inner, set.end, pair); k++) {
      inner = pair.end;
      if (!readElement(b, pair.start, pair.end, e) || !is(e, 0x06)) continue;
      const oid = objectText(b, e.start, e.end);
      if (!readElement(b, e.end, pair.end, e)) continue;
      values.push(`${attributeNames[oid] ?? oid}=${attributeValue(b, e)}`);
    }
    parts.push(values.join('+'));
  }
  return parts.reverse().join(',');
}

const attributeNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'title',
  '2.5.4.13': 'description',
  '2.5.4.15': 'businessCategory',
  '2.5.4.17': 'postalCode',
  '2.5.4.18': 'postOfficeBox',
  '2.5.4.20': 'telephoneNumber',
  '2.5.4.41': 'name',
  '2.5.4.42': 'GN',
  '2.5.4.43': 'initials',
  '2.5.4.46': 'dnQualifier',
  '2.5.4.65': 'pseudonym',
  '2.5.4.97': 'organizationIdentifier',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
  '1.2.840.113549.1.9.2': 'unstructuredName',
  '1.3.6.1.4.1.311.60.2.1.1': 'jurisdictionL',
  '1.3.6.1.4.1.311.60.2.1.2': 'jurisdictionST',
  '1.3.6.1.4.1.311.60.2.1.3': 'jurisdictionC',
};

function attributeValue(b: Uint8Array, e: Element): string {
  const end = Math.min(e.end, e.start + 1024);
  let text: string;
  if (is(e, 0x1e)) text = bigEndian16(b, e.start, end);
  else if (is(e, 0x0c)) text = utf8(b, e.start, end);
  else text = latin1(b, e.start, end);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const safe = text.replace(/[,+"\\<>;]/g, '\\$&').replace(/[\x00-\x1f\x7f]/g, controlEscape);
  return safe.replace(/^[# ]/, '\\$&').replace(/ $/, '\\ ');
}

function controlEscape(c: string): string {
  return `\\${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function bigEndian16(b: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i + 1 < end; i += 2) text += String.fromCharCode((b[i]! << 8) | b[i + 1]!);
  return text;
}
