import { escaped, ipv4Text, ipv6Text, latin1, u16, u32 } from './bytes.ts';

/** DNS messages (RFC 1035; EDNS RFC 6891; SVCB RFC 9460), mDNS, LLMNR and NetBIOS name service (RFC 1002). */

export interface DnsQuestion {
  /** lower case, no closing dot, '' for the root; other bytes than printable ASCII as \xNN, a dot in a label as \x2e */
  readonly name: string;
  readonly type: number;
  readonly type_name: string;
  /** without the top bit, which mDNS uses for other things */
  readonly class: number;
}

export interface DnsAnswer {
  readonly name: string;
  readonly type: number;
  readonly type_name: string;
  readonly ttl_s: number;
  /** address, name, or text of the record; hexadecimal for types without a text form */
  readonly text: string;
}

export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  /** 0 query, 4 notify, 5 update */
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursion_desired: boolean;
  readonly recursion_available: boolean;
  readonly rcode: number;
  readonly rcode_name: string;
  readonly questions: readonly DnsQuestion[];
  /** the answer section only; at most 256 */
  readonly answers: readonly DnsAnswer[];
  /** smallest time to live among the answers; null without answers */
  readonly min_ttl_s: number | null;
  readonly authority_count: number;
  readonly additional_count: number;
  /** false: the message was cut or broken before the end of its answers */
  readonly complete: boolean;
}

const maxQuestions = 32;
const maxAnswers = 256;
const maxJumps = 32;

/**
 * One DNS message, or null when the bytes are not one. The header must make sense and the first question or record
 * must be readable; what breaks after that gives `complete: false` with what was read.
 */
export function parseDnsMessage(b: Uint8Array, start: number, end: number): DnsMessage | null {
  return parse(b, start, end, false);
}

/** The same for UDP port 137: names are decoded from their 32 letters (`decodeNetbiosName`). */
export function parseNetbiosMessage(b: Uint8Array, start: number, end: number): DnsMessage | null {
  return parse(b, start, end, true);
}

/** Cheap check of the fixed header, before anything is allocated. */
export function looksLikeDns(b: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length < 12) return false;
  const flags = u16(b, start + 2);
  const opcode = (flags >> 11) & 15;
  if (opcode === 3 || opcode > 6) return false;
  const questions = u16(b, start + 4);
  const answers = u16(b, start + 6);
  const rest = u16(b, start + 8) + u16(b, start + 10);
  const response = flags >= 0x8000;
  if (!response && (questions === 0 || (flags & 15) !== 0) && opcode === 0 && answers === 0) return false;
  if (questions > maxQuestions) return false;
  if (questions + answers + rest === 0) return response && length === 12;
  // A question takes 5 bytes at least, a record 11.
  return questions * 5 <= length - 12 && (answers + rest === 0 || length - 12 >= 10);
}

/**
 * DNS over TCP: the length of the first framed message with its two-byte prefix, 0 while the prefix is cut. The
 * message itself is [start + 2, start + length).
 */
export function dnsFrameLength(b: Uint8Array, start: number, end: number): number {
  return end - start < 2 ? 0 : 2 + u16(b, start);
}

function parse(b: Uint8Array, start: number, end: number, netbios: boolean): DnsMessage | null {
  if (!looksLikeDns(b, start, end)) return null;
  const flags = u16(b, start + 2);
  const opcode = (flags >> 11) & 15;
  const walk: Walk = { b, start, end, at: start + 12, netbios };
  const questions: DnsQuestion[] = [];
  const questionCount = u16(b, start + 4);
  const answerCount = u16(b, start + 6);
  let complete = true;
  for (let n = 0; n < questionCount && complete; n++) {
    const question = readQuestion(walk);
    if (question === null) complete = false;
    else questions.push(question);
  }
  // In an update (RFC 2136) the second section holds conditions, not answers.
  const answers: DnsAnswer[] = [];
  let min_ttl_s: number | null = null;
  for (let n = 0; n < answerCount && complete && opcode !== 5; n++) {
    const answer = n < maxAnswers ? readAnswer(walk) : null;
    if (answer === null) complete = false;
    else {
      answers.push(answer);
      if (min_ttl_s === null || answer.ttl_s < min_ttl_s) min_ttl_s = answer.ttl_s;
    }
  }
  if (!complete && questions.length === 0 && answers.length === 0) return null;
  const rcode = flags & 15;
  return {
    id: u16(b, start),
    response: flags >= 0x8000,
    opcode,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursion_desired: (flags & 0x0100) !== 0,
    recursion_available: (flags & 0x0080) !== 0,
    rcode,
    rcode_name: dnsResponseCode(rcode),
    questions,
    answers,
    min_ttl_s,
    authority_count: u16(b, start + 8),
    additional_count: u16(b, start + 10),
    complete,
  };
}

interface Walk {
  readonly b: Uint8Array;
  readonly start: number;
  readonly end: number;
  at: number;
  readonly netbios: boolean;
}

function readQuestion(w: Walk): DnsQuestion | null {
  const name = readName(w, w.end);
  if (name === null || w.end - w.at < 4) return null;
  const type = u16(w.b, w.at);
  const question = {
    name,
    type,
    type_name: w.netbios ? netbiosType(type) : dnsTypeName(type),
    class: u16(w.b, w.at + 2) & 0x7fff,
  };
  w.at += 4;
  return question;
}

function readAnswer(w: Walk): DnsAnswer | null {
  const name = readName(w, w.end);
  if (name === null || w.end - w.at < 10) return null;
  const type = u16(w.b, w.at);
  const ttl_s = u32(w.b, w.at + 4);
  const dataEnd = w.at + 10 + u16(w.b, w.at + 8);
  if (dataEnd > w.end) return null;
  w.at += 10;
  const text = w.netbios ? netbiosData(w, type, dataEnd) : recordText(w, type, dataEnd);
  w.at = dataEnd;
  return { name, type, type_name: w.netbios ? netbiosType(type) : dnsTypeName(type), ttl_s, text };
}

/**
 * A name at w.at, which moves behind it. Compression pointers (RFC 1035, 4.1.4) must point backwards and are
 * counted, so a loop ends. null: cut, or no name.
 */
function readName(w: Walk, limit: number): string | null {
  const { b, start } = w;
  let at = w.at;
  let behind = -1;
  let jumps = 0;
  let length = 0;
  let spelled = 0;
  let stop = limit;
  for (;;) {
    if (at >= stop) return null;
    const size = b[at]!;
    if (size === 0) {
      at++;
      break;
    }
    if (size >= 0xc0) {
      if (at + 2 > stop || ++jumps > maxJumps) return null;
      const target = start + (((size & 0x3f) << 8) | b[at + 1]!);
      if (target >= at || target < start + 12) return null;
      if (behind === -1) behind = at + 2;
      at = target;
      stop = w.end;
      continue;
    }
    if (size >= 0x40 || at + 1 + size > stop) return null;
    length += size + 1;
    if (length > 255) return null;
    if (spelled > 0) spelling[spelled++] = 0x2e;
    if (w.netbios && spelled === 0) {
      const text = netbiosLabel(b, at + 1, size);
      spelled = spelling.latin1Write(text, 0);
    } else spelled = spell(b, at + 1, at + 1 + size, spelled);
    at += 1 + size;
  }
  w.at = behind === -1 ? at : behind;
  return latin1(spelling, 0, spelled);
}

/** A name has at most 255 bytes, each at most four characters. */
const spelling = Buffer.alloc(1100) as Buffer & { latin1Write(text: string, at: number): number };
const hexDigits = Buffer.from('0123456789abcdef', 'latin1');

/** Writes a label in the form of `DnsQuestion.name`; returns where it ends. */
function spell(b: Uint8Array, start: number, end: number, to: number): number {
  let at = to;
  for (let i = start; i < end; i++) {
    const c = b[i]!;
    if (c >= 0x41 && c <= 0x5a) spelling[at++] = c + 32;
    else if (c > 0x20 && c < 0x7f && c !== 0x5c && c !== 0x2e) spelling[at++] = c;
    else {
      spelling[at++] = 0x5c;
      spelling[at++] = 0x78;
      spelling[at++] = hexDigits[c >>> 4]!;
      spelling[at++] = hexDigits[c & 15]!;
    }
  }
  return at;
}

/** A name in the data of a record. '' when it is broken. */
function dataName(w: Walk, dataEnd: number): string {
  return readName(w, dataEnd) ?? '';
}

function recordText(w: Walk, type: number, end: number): string {
  const { b, at } = w;
  const size = end - at;
  switch (type) {
    case 1:
      return size === 4 ? ipv4Text(b, at) : hexText(b, at, end);
    case 28:
      return size === 16 ? ipv6Text(b, at) : hexText(b, at, end);
    case 2: // NS
    case 5: // CNAME
    case 12: // PTR
    case 39: // DNAME
      return dataName(w, end);
    case 15: // MX, without its preference
    case 36: // KX
    case 18: // AFSDB
    case 21: // RT
      w.at += 2;
      return dataName(w, end);
    case 6: // SOA: the primary server
      return dataName(w, end);
    case 16: // TXT
    case 99: // SPF
      return strings(b, at, end);
    case 13: // HINFO
      return strings(b, at, end);
    case 33: {
      // SRV: target and port
      if (size < 7) return '';
      const port = u16(b, at + 4);
      w.at += 6;
      return `${dataName(w, end)}:${port}`;
    }
    case 35: {
      // NAPTR: service and replacement
      if (size < 7) return '';
      return strings(b, at + 4, end, 3);
    }
    case 64: // SVCB
    case 65: // HTTPS
      return serviceBinding(w, end);
    case 257: {
      // CAA: flags, tag, value (RFC 8659)
      if (size < 2) return '';
      const tagEnd = Math.min(end, at + 2 + b[at + 1]!);
      return `${escaped(b, at + 2, tagEnd)} ${escaped(b, tagEnd, end)}`;
    }
    case 43: // DS: algorithm and digest type, as Zeek writes it
      return size < 4 ? '' : `DS ${b[at + 2]!} ${b[at + 3]!}`;
    case 44: // SSHFP: fingerprint
      return size < 3 ? '' : `SSHFP: ${hexText(b, at + 2, end)}`;
    case 46: // RRSIG: number of the type it covers, signer
      if (size < 19) return '';
      w.at += 18;
      return `RRSIG ${u16(b, at)} ${dataName(w, end)}`;
    case 48: // DNSKEY: algorithm
      return size < 4 ? '' : `DNSKEY ${b[at + 3]!}`;
    case 51:
      return 'NSEC3PARAM';
    case 47: // NSEC: next name
      return dataName(w, end);
    case 41: // OPT
      return '';
  }
  return hexText(b, at, end);
}

/** Character strings: each with a length byte. */
function strings(b: Uint8Array, start: number, end: number, most = 64): string {
  let text = '';
  let at = start;
  for (let n = 0; n < most && at < end; n++) {
    const stop = Math.min(end, at + 1 + b[at]!);
    text += (n === 0 ? '' : ' ') + escaped(b, at + 1, stop);
    at = stop;
  }
  return text;
}

/** RFC 9460: priority, target, parameters; in the form of its own presentation, for the parameters people read. */
function serviceBinding(w: Walk, end: number): string {
  const { b } = w;
  if (end - w.at < 3) return '';
  const priority = u16(b, w.at);
  w.at += 2;
  const target = readName(w, end);
  if (target === null) return '';
  let text = `${priority} ${target === '' ? '.' : target}`;
  let at = w.at;
  for (let n = 0; n < 16 && end - at >= 4; n++) {
    const key = u16(b, at);
    const stop = Math.min(end, at + 4 + u16(b, at + 2));
    const value = serviceParameter(b, key, at + 4, stop);
    if (value !== '') text += ` ${value}`;
    at = stop;
  }
  return text;
}

function serviceParameter(b: Uint8Array, key: number, start: number, end: number): string {
  const list: string[] = [];
  switch (key) {
    case 1:
      return `alpn=${strings(b, start, end, 16).replaceAll(' ', ',')}`;
    case 3:
      return end - start === 2 ? `port=${u16(b, start)}` : '';
    case 4:
      for (let at = start; at + 4 <= end && list.length < 8; at += 4) list.push(ipv4Text(b, at));
      return `ipv4hint=${list.join(',')}`;
    case 5:
      return `ech=${end - start}`;
    case 6:
      for (let at = start; at + 16 <= end && list.length < 8; at += 16) list.push(ipv6Text(b, at));
      return `ipv6hint=${list.join(',')}`;
  }
  return '';
}

function hexText(b: Uint8Array, start: number, end: number): string {
  let text = '';
  const stop = Math.min(end, start + 128);
  for (let i = start; i < stop; i++) text += b[i]!.toString(16).padStart(2, '0');
  return text;
}

// ---- NetBIOS ----

/**
 * First-level encoding of RFC 1001, 14.1: 32 letters A to P are 16 bytes, 15 of name and 1 of suffix. Returns the
 * name without its padding, or null when the text is not in that form.
 */
export function decodeNetbiosName(encoded: string): { name: string; suffix: number } | null {
  if (encoded.length !== 32) return null;
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 32; i++) {
    const nibble = (encoded.charCodeAt(i) & 0xdf) - 0x41;
    if (nibble < 0 || nibble > 15) return null;
    bytes[i >> 1] = (bytes[i >> 1]! << 4) | nibble;
  }
  let end = 15;
  while (end > 0 && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0)) end--;
  return { name: escaped(bytes, 0, end), suffix: bytes[15]! };
}

function netbiosLabel(b: Uint8Array, at: number, size: number): string {
  const text = latin1(spelling, 0, spell(b, at, at + size, 0));
  return decodeNetbiosName(text)?.name.toLowerCase() ?? text;
}

function netbiosType(type: number): string {
  return type === 32 ? 'NB' : type === 33 ? 'NBSTAT' : dnsTypeName(type);
}

/** NB data: flags and address, several times (RFC 1002, 4.2.1.3). NBSTAT: count, names of 16 bytes with flags. */
function netbiosData(w: Walk, type: number, end: number): string {
  const { b, at } = w;
  const found: string[] = [];
  if (type === 32) {
    for (let i = at; i + 6 <= end && found.length < 16; i += 6) found.push(ipv4Text(b, i + 2));
  } else if (type === 33 && end > at) {
    for (let i = at + 1; i + 18 <= end && found.length < Math.min(b[at]!, 32); i += 18) {
      let stop = i + 15;
      while (stop > i && (b[stop - 1] === 0x20 || b[stop - 1] === 0)) stop--;
      found.push(escaped(b, i, stop));
    }
  } else return recordText(w, type, end);
  return found.join(' ');
}

// ---- names of numbers ----

/** IANA name of a record type, as Zeek and dig write it; TYPE65280 for those without one. */
export function dnsTypeName(type: number): string {
  return typeNames[type] ?? `TYPE${type}`;
}

const typeNames: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  3: 'MD',
  4: 'MF',
  5: 'CNAME',
  6: 'SOA',
  7: 'MB',
  8: 'MG',
  9: 'MR',
  10: 'NULL',
  11: 'WKS',
  12: 'PTR',
  13: 'HINFO',
  14: 'MINFO',
  15: 'MX',
  16: 'TXT',
  17: 'RP',
  18: 'AFSDB',
  19: 'X25',
  20: 'ISDN',
  21: 'RT',
  22: 'NSAP',
  23: 'NSAP-PTR',
  24: 'SIG',
  25: 'KEY',
  26: 'PX',
  27: 'GPOS',
  28: 'AAAA',
  29: 'LOC',
  30: 'NXT',
  31: 'EID',
  32: 'NIMLOC',
  33: 'SRV',
  34: 'ATMA',
  35: 'NAPTR',
  36: 'KX',
  37: 'CERT',
  38: 'A6',
  39: 'DNAME',
  40: 'SINK',
  41: 'OPT',
  42: 'APL',
  43: 'DS',
  44: 'SSHFP',
  45: 'IPSECKEY',
  46: 'RRSIG',
  47: 'NSEC',
  48: 'DNSKEY',
  49: 'DHCID',
  50: 'NSEC3',
  51: 'NSEC3PARAM',
  52: 'TLSA',
  53: 'SMIMEA',
  55: 'HIP',
  56: 'NINFO',
  57: 'RKEY',
  58: 'TALINK',
  59: 'CDS',
  60: 'CDNSKEY',
  61: 'OPENPGPKEY',
  62: 'CSYNC',
  63: 'ZONEMD',
  64: 'SVCB',
  65: 'HTTPS',
  99: 'SPF',
  100: 'UINFO',
  101: 'UID',
  102: 'GID',
  103: 'UNSPEC',
  104: 'NID',
  105: 'L32',
  106: 'L64',
  107: 'LP',
  108: 'EUI48',
  109: 'EUI64',
  249: 'TKEY',
  250: 'TSIG',
  251: 'IXFR',
  252: 'AXFR',
  253: 'MAILB',
  254: 'MAILA',
  255: 'ANY',
  256: 'URI',
  257: 'CAA',
  258: 'AVC',
  259: 'DOA',
  260: 'AMTRELAY',
  32768: 'TA',
  32769: 'DLV',
};

/** Name of a response code (IANA, as Zeek writes them). */
export function dnsResponseCode(code: number): string {
  return responseCodes[code] ?? `RCODE${code}`;
}

const responseCodes: readonly (string | undefined)[] = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
];
