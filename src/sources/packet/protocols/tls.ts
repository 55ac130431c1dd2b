import { copy, hex, latin1, u16, u24 } from './bytes.ts';
import { cipherName } from './tls-ciphers.ts';

/**
 * TLS (RFC 5246, RFC 8446), SSLv3, the SSLv2-compatible hello (RFC 5246 E.2) and DTLS (RFC 6347, RFC 9147) as seen
 * from outside: hellos, the certificate chain while it is in clear, and whether the handshake ended well.
 *
 * `newTls()` makes the state of one connection, `feedTls` takes the payload of both sides in order as it comes.
 * Nothing has to be kept by the caller: partial records and messages are kept here, at most 128 KiB a side.
 */

export interface ClientHello {
  /** legacy_version of the hello: 0x0303; 0xfefd for DTLS 1.2 */
  readonly version: number;
  /** the hello had the old SSLv2 form: no extensions, and cipher codes of three bytes are possible */
  readonly ssl2: boolean;
  /** hexadecimal */
  readonly session_id: string;
  /** in order, GREASE kept */
  readonly ciphers: readonly number[];
  /** types in order, GREASE kept */
  readonly extensions: readonly number[];
  readonly groups: readonly number[];
  readonly point_formats: readonly number[];
  readonly signature_algorithms: readonly number[];
  /** empty when the extension is absent */
  readonly supported_versions: readonly number[];
  /** SNI, lower case; '' when absent */
  readonly server_name: string;
  /** protocols offered, each byte one character */
  readonly alpn: readonly string[];
  readonly has_ticket: boolean;
  readonly has_psk: boolean;
}

export interface ServerHello {
  /** legacy_version */
  readonly version: number;
  /** version agreed on: supported_versions when present, else legacy_version */
  readonly chosen_version: number;
  readonly session_id: string;
  readonly cipher: number;
  readonly extensions: readonly number[];
  /** protocol agreed on when it is in clear (TLS 1.2 and older), else '' */
  readonly alpn: string;
  readonly has_psk: boolean;
  readonly hello_retry: boolean;
}

/** Everything known of one TLS connection. Read the fields, feed the bytes. */
export interface TlsSession {
  /**
   * start: nothing seen; handshake: it is TLS and goes on; established: the handshake ended well, no need to feed
   * more; failed: a fatal alert or broken bytes ended it; no: not TLS
   */
  state: 'start' | 'handshake' | 'established' | 'failed' | 'no';
  readonly dtls: boolean;
  /** the last one; a second one follows a hello retry request */
  client_hello: ClientHello | null;
  /** the first one, which is the one that fingerprints are made of */
  first_client_hello: ClientHello | null;
  server_hello: ServerHello | null;
  /** DER, server first; at most 10 */
  certificates: Uint8Array[];
  client_certificates: number;
  resumed: boolean;
  /** the fatal alert that ended it, as a number; -1 none */
  alert: number;
  /** the TLS client is the side that did not open the connection */
  flipped: boolean;
  /** working state of the two directions */
  readonly opener: TlsSide;
  readonly other: TlsSide;
  client_key_exchange: boolean;
  /** all bytes of client hellos, certificates and others that were dropped for being too large */
  dropped_bytes: number;
}

interface TlsSide {
  /** bytes of a record header that was cut */
  header: Uint8Array;
  header_length: number;
  /** content type of the record that is open, and how much of it is to come */
  record_type: number;
  record_left: number;
  /** first bytes of an open alert record */
  alert_bytes: number;
  alert_level: number;
  /** handshake bytes of a message that was cut */
  pending: Uint8Array | null;
  pending_length: number;
  /** change_cipher_spec was sent, or TLS 1.3 protected records began */
  protected: boolean;
  broken: boolean;
  /** DTLS: the message that is being put together */
  message_type: number;
  message_seq: number;
  message_length: number;
  message_have: number;
}

const maxMessage = 128 * 1024;
const maxCertificates = 10;
const maxList = 512;

const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;

/** RFC 8701: values that mean nothing, sent to keep servers tolerant. */
export function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

/** Name of a protocol version as Zeek writes it. */
export function tlsVersionName(version: number): string {
  switch (version) {
    case 0x0002:
      return 'SSLv2';
    case 0x0300:
      return 'SSLv3';
    case 0x0301:
      return 'TLSv10';
    case 0x0302:
      return 'TLSv11';
    case 0x0303:
      return 'TLSv12';
    case 0x0304:
      return 'TLSv13';
    case 0xfeff:
      return 'DTLSv10';
    case 0xfefd:
      return 'DTLSv12';
    case 0xfefc:
      return 'DTLSv13';
  }
  if (version >> 8 === 0x7f) return `TLSv13-draft${version & 0xff}`;
  return `unknown-${version}`;
}

export { cipherName };

/** Cheap first look, before any state is made. Takes the first payload bytes of either side. */
export function looksLikeTls(b: Uint8Array, start: number, end: number): boolean {
  if (end - start < 6) return false;
  const type = b[start]!;
  if (type === HANDSHAKE) {
    const message = b[start + 5]!;
    return b[start + 1] === 3 && b[start + 2]! <= 4 && (message === 1 || message === 2 || message === 0);
  }
  if (type === ALERT) {
    return b[start + 1] === 3 && b[start + 2]! <= 4 && u16(b, start + 3) === 2 && b[start + 5]! <= 2;
  }
  return isSsl2Hello(b, start, end);
}

/** SSLv2 record (two-byte header), CLIENT-HELLO, version 2.0 or 3.x, with lengths that add up. */
function isSsl2Hello(b: Uint8Array, start: number, end: number): boolean {
  if (end - start < 11 || (b[start]! & 0x80) === 0 || b[start + 2] !== 1) return false;
  const major = b[start + 3]!;
  const minor = b[start + 4]!;
  if (!((major === 3 && minor <= 4) || (major === 0 && minor === 2))) return false;
  const length = u16(b, start) & 0x7fff;
  const ciphers = u16(b, start + 5);
  return ciphers > 0 && ciphers % 3 === 0 && length === 9 + ciphers + u16(b, start + 7) + u16(b, start + 9);
}

export function newTls(dtls = false): TlsSession {
  return {
    state: 'start',
    dtls,
    client_hello: null,
    first_client_hello: null,
    server_hello: null,
    certificates: [],
    client_certificates: 0,
    resumed: false,
    alert: -1,
    flipped: false,
    opener: newSide(),
    other: newSide(),
    client_key_exchange: false,
    dropped_bytes: 0,
  };
}

const noBytes = new Uint8Array(0);

function newSide(): TlsSide {
  return {
    header: noBytes,
    header_length: 0,
    record_type: 0,
    record_left: 0,
    alert_bytes: 0,
    alert_level: 0,
    pending: null,
    pending_length: 0,
    protected: false,
    broken: false,
    message_type: -1,
    message_seq: -1,
    message_length: 0,
    message_have: 0,
  };
}

/**
 * Takes the next payload bytes of one side of a TCP connection. `from_opener`: from the side that opened the
 * connection; a hello that comes the other way turns the roles (`flipped`). Returns whether more bytes are wanted.
 */
export function feedTls(
  session: TlsSession,
  from_opener: boolean,
  b: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (!wantsMore(session)) return false;
  const side = from_opener ? session.opener : session.other;
  if (side.broken) return true;
  let at = start;
  while (at < end) {
    if (side.record_left > 0) {
      const take = Math.min(side.record_left, end - at);
      side.record_left -= take;
      recordBody(session, side, from_opener, b, at, at + take);
      at += take;
      if (!wantsMore(session)) return false;
      if (side.broken) return true;
      continue;
    }
    if (side.header_length === 0 && session.state === 'start' && isSsl2Hello(b, at, end)) {
      return ssl2Hello(session, from_opener, b, at, end);
    }
    if (side.header_length === 0 && end - at >= 5) {
      at += 5;
      if (!openRecord(session, side, from_opener, b, at - 5)) return wantsMore(session);
      continue;
    }
    if (side.header.length === 0) side.header = new Uint8Array(5);
    while (side.header_length < 5 && at < end) side.header[side.header_length++] = b[at++]!;
    if (side.header_length < 5) return plausibleHeader(session, side);
    side.header_length = 0;
    if (!openRecord(session, side, from_opener, side.header, 0)) return wantsMore(session);
  }
  return true;
}

function wantsMore(session: TlsSession): boolean {
  return session.state === 'start' || session.state === 'handshake';
}

/**
 * Payload bytes that were lost. True: they fell inside a record that is skipped anyway, go on; false: this side
 * cannot be followed any more.
 */
export function skipTls(session: TlsSession, from_opener: boolean, lost: number): boolean {
  const side = from_opener ? session.opener : session.other;
  const opaque = side.record_type === APPLICATION_DATA || (side.record_type === HANDSHAKE && side.protected);
  if (side.header_length === 0 && opaque && lost <= side.record_left) {
    side.record_left -= lost;
    return true;
  }
  side.broken = true;
  side.pending = null;
  if (session.opener.broken && session.other.broken)
    session.state = session.state === 'start' ? 'no' : 'failed';
  return false;
}

/** Cut header: what is there must fit, or this is not TLS. */
function plausibleHeader(session: TlsSession, side: TlsSide): boolean {
  const type = side.header[0]!;
  const fits =
    (type >= CHANGE_CIPHER_SPEC && type <= 26 && (side.header_length < 2 || side.header[1] === 3)) ||
    (session.state === 'start' && (type & 0x80) !== 0 && side.header_length < 4);
  if (!fits) giveUpSide(session, side);
  return wantsMore(session);
}

function openRecord(
  session: TlsSession,
  side: TlsSide,
  from_opener: boolean,
  header: Uint8Array,
  at: number,
): boolean {
  const type = header[at]!;
  const length = u16(header, at + 3);
  const fits =
    type >= CHANGE_CIPHER_SPEC &&
    type <= 26 &&
    header[at + 1] === 3 &&
    header[at + 2]! <= 4 &&
    length > 0 &&
    length <= 16384 + 2048;
  if (!fits || (session.state === 'start' && type !== HANDSHAKE && type !== ALERT)) {
    giveUpSide(session, side);
    return false;
  }
  side.record_type = type;
  side.record_left = length;
  side.alert_bytes = 0;
  if (type === APPLICATION_DATA) protectedRecord(session, side, from_opener, length);
  else if (type === HANDSHAKE && side.protected) protectedRecord(session, side, from_opener, length);
  return wantsMore(session);
}

/** Broken bytes before anything was understood: not TLS. After that only this side is lost. */
function giveUpSide(session: TlsSession, side: TlsSide): void {
  side.broken = true;
  side.pending = null;
  if (session.state === 'start') session.state = 'no';
  else if (session.opener.broken && session.other.broken) session.state = 'failed';
}

/**
 * A record under new keys. Both sides must have sent one; a TLS 1.3 record of the client that is too short for a
 * Finished message is an alert in disguise (2 bytes of alert, 1 of type, 16 of tag: RFC 8446, 5.2).
 */
function protectedRecord(session: TlsSession, side: TlsSide, from_opener: boolean, length: number): void {
  const server = session.server_hello;
  if (server !== null && isTls13(server.chosen_version)) {
    if (length < 36 && from_opener !== session.flipped) return;
    side.protected = true;
  }
  if (session.opener.protected && session.other.protected) session.state = 'established';
}

function isTls13(version: number): boolean {
  return version === 0x0304 || version === 0xfefc || version >> 8 === 0x7f;
}

function recordBody(
  session: TlsSession,
  side: TlsSide,
  from_opener: boolean,
  b: Uint8Array,
  start: number,
  end: number,
): void {
  switch (side.record_type) {
    case HANDSHAKE:
      if (!side.protected) handshakeBytes(session, side, from_opener, b, start, end);
      return;
    case CHANGE_CIPHER_SPEC:
      changeCipherSpec(session, side, from_opener);
      return;
    case ALERT:
      for (let i = start; i < end && !side.protected; i++) alertByte(session, side, b[i]!);
  }
}

function changeCipherSpec(session: TlsSession, side: TlsSide, from_opener: boolean): void {
  const server = session.server_hello;
  // In TLS 1.3 it means nothing (RFC 8446, D.4) and protection shows by the record type.
  if (server !== null && isTls13(server.chosen_version)) return;
  if (server === null && session.first_client_hello?.supported_versions.some(isTls13)) return;
  side.protected = true;
  side.pending = null;
  const hello = session.client_hello;
  if (
    from_opener !== session.flipped &&
    !session.client_key_exchange &&
    hello?.has_ticket &&
    hello.session_id === ''
  ) {
    session.resumed = true;
  }
}

function alertByte(session: TlsSession, side: TlsSide, byte: number): void {
  if (side.alert_bytes === 0) side.alert_level = byte;
  else if (side.alert_bytes === 1 && side.alert_level === 2) {
    session.alert = byte;
    session.state = 'failed';
  } else if (side.alert_bytes === 1 && session.state === 'start') session.state = 'handshake';
  side.alert_bytes++;
}

/** Handshake messages may span records, and records may hold several messages. */
function handshakeBytes(
  session: TlsSession,
  side: TlsSide,
  from_opener: boolean,
  b: Uint8Array,
  start: number,
  end: number,
): void {
  if (side.pending === null) {
    const used = wholeMessages(session, side, from_opener, b, start, end);
    if (side.broken || used === end) return;
    side.pending = new Uint8Array(Math.max(1024, end - used));
    side.pending_length = 0;
    keep(side, b, used, end);
    return;
  }
  if (side.pending_length + end - start > maxMessage) {
    session.dropped_bytes += side.pending_length;
    giveUpSide(session, side);
    return;
  }
  keep(side, b, start, end);
  const pending: Uint8Array = side.pending;
  const length = side.pending_length;
  if (length < 4 || length < 4 + u24(pending, 1)) return;
  const used = wholeMessages(session, side, from_opener, pending, 0, length);
  if (side.broken) return;
  if (used === length) side.pending = null;
  else pending.copyWithin(0, used, length);
  side.pending_length = length - used;
}

function keep(side: TlsSide, b: Uint8Array, start: number, end: number): void {
  let pending = side.pending!;
  const need = side.pending_length + end - start;
  if (need > pending.length) {
    const larger = new Uint8Array(Math.min(maxMessage, Math.max(need, pending.length * 2)));
    larger.set(pending.subarray(0, side.pending_length));
    side.pending = larger;
    pending = larger;
  }
  pending.set(b.subarray(start, end), side.pending_length);
  side.pending_length = need;
}

/** Reads the whole messages in [start, end) and returns where the first cut one begins. */
function wholeMessages(
  session: TlsSession,
  side: TlsSide,
  from_opener: boolean,
  b: Uint8Array,
  start: number,
  end: number,
): number {
  let at = start;
  while (end - at >= 4) {
    const length = u24(b, at + 1);
    if (length > maxMessage - 4 || (session.state === 'start' && b[at]! > 2)) {
      giveUpSide(session, side);
      return at;
    }
    if (end - at < 4 + length) return at;
    handshakeMessage(session, side, from_opener, b[at]!, b, at + 4, at + 4 + length);
    if (side.broken) return at;
    at += 4 + length;
  }
  return at;
}

function handshakeMessage(
  session: TlsSession,
  side: TlsSide,
  from_opener: boolean,
  type: number,
  b: Uint8Array,
  start: number,
  end: number,
): void {
  switch (type) {
    case 0:
      if (session.state === 'start') session.state = 'handshake';
      return;
    case 1: {
      const hello = parseClientHello(b, start, end, session.dtls);
      if (hello === null) giveUpSide(session, side);
      else {
        if (session.state === 'start') session.flipped = !from_opener;
        takeClientHello(session, hello);
      }
      return;
    }
    case 2: {
      const hello = parseServerHello(b, start, end);
      if (hello === null) giveUpSide(session, side);
      else {
        if (session.state === 'start') session.flipped = from_opener;
        takeServerHello(session, hello);
      }
      return;
    }
    case 11:
      certificateMessage(session, from_opener, b, start, end);
      return;
    case 16:
      session.client_key_exchange = true;
  }
}

function takeClientHello(session: TlsSession, hello: ClientHello): void {
  session.state = 'handshake';
  // A second hello while nothing was answered is a repetition in a renegotiation or after a retry request.
  session.first_client_hello ??= hello;
  session.client_hello = hello;
}

function takeServerHello(session: TlsSession, hello: ServerHello): void {
  session.state = 'handshake';
  session.server_hello = hello;
  const client = session.client_hello;
  if (hello.hello_retry || client === null) return;
  const same =
    client.session_id !== '' && client.session_id === hello.session_id && !/^0*$/.test(client.session_id);
  if (same && !isTls13(hello.chosen_version)) session.resumed = true;
  if (hello.has_psk && client.has_psk) session.resumed = true;
}

/** RFC 5246, 7.4.2: a list of certificates, each with its length. */
function certificateMessage(
  session: TlsSession,
  from_opener: boolean,
  b: Uint8Array,
  start: number,
  end: number,
): void {
  if (end - start < 3) return;
  const listEnd = Math.min(end, start + 3 + u24(b, start));
  let at = start + 3;
  for (let n = 0; n < maxCertificates && listEnd - at >= 3; n++) {
    const length = u24(b, at);
    at += 3;
    if (length === 0 || at + length > listEnd) return;
    if (from_opener !== session.flipped) session.client_certificates++;
    else if (session.certificates.length < maxCertificates) {
      session.certificates.push(copy(b, at, at + length));
    }
    at += length;
  }
}

/** The body of a client_hello message (after its type and length); null when it is malformed. */
export function parseClientHello(
  b: Uint8Array,
  start: number,
  end: number,
  dtls: boolean,
): ClientHello | null {
  if (end - start < 38) return null;
  const version = u16(b, start);
  if (dtls ? !isDtlsVersion(version) : version >> 8 !== 3 && version >> 8 !== 0x7f && version !== 2)
    return null;
  let at = start + 34;
  const idLength = b[at]!;
  at++;
  if (idLength > 32 || at + idLength + 3 > end) return null;
  const session_id = idLength === 0 ? '' : hex(b, at, at + idLength);
  at += idLength;
  if (dtls) {
    at += 1 + b[at]!; // cookie of hello_verify_request
    if (at + 2 > end) return null;
  }
  const cipherBytes = u16(b, at);
  at += 2;
  if (cipherBytes % 2 !== 0 || at + cipherBytes + 1 > end) return null;
  const ciphers = numbers16(b, at, at + cipherBytes);
  at += cipherBytes;
  at += 1 + b[at]!; // compression methods
  if (at > end) return null;
  const hello = {
    version,
    ssl2: false,
    session_id,
    ciphers,
    extensions: [] as number[],
    groups: [] as number[],
    point_formats: [] as number[],
    signature_algorithms: [] as number[],
    supported_versions: [] as number[],
    server_name: '',
    alpn: [] as string[],
    has_ticket: false,
    has_psk: false,
  };
  if (end - at < 2) return hello;
  const extensionsEnd = at + 2 + u16(b, at);
  if (extensionsEnd > end) return null;
  at += 2;
  while (extensionsEnd - at >= 4 && hello.extensions.length < maxList) {
    const type = u16(b, at);
    const bodyEnd = at + 4 + u16(b, at + 2);
    if (bodyEnd > extensionsEnd) break;
    hello.extensions.push(type);
    clientExtension(hello, type, b, at + 4, bodyEnd);
    at = bodyEnd;
  }
  return hello;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function clientExtension(
  hello: Writable<ClientHello>,
  type: number,
  b: Uint8Array,
  start: number,
  end: number,
): void {
  switch (type) {
    case 0:
      if (hello.server_name === '') hello.server_name = serverName(b, start, end);
      return;
    case 10:
      hello.groups = list16(b, start, end);
      return;
    case 11:
      hello.point_formats = list8(b, start, end);
      return;
    case 13:
      hello.signature_algorithms = list16(b, start, end);
      return;
    case 16:
      hello.alpn = protocolNames(b, start, end);
      return;
    case 35:
      hello.has_ticket = end > start;
      return;
    case 41:
      hello.has_psk = true;
      return;
    case 43:
      // length in one byte, versions in two
      if (end > start)
        hello.supported_versions = numbers16(b, start + 1, Math.min(end, start + 1 + b[start]!));
  }
}

/** RFC 6066, 3: list of names; the first host_name counts. */
function serverName(b: Uint8Array, start: number, end: number): string {
  let at = start + 2;
  for (let n = 0; n < 8 && end - at >= 3; n++) {
    const nameEnd = at + 3 + u16(b, at + 1);
    if (nameEnd > end) return '';
    if (b[at] === 0) return latin1(b, at + 3, nameEnd).toLowerCase();
    at = nameEnd;
  }
  return '';
}

/** RFC 7301: list of names, each with a length byte. */
function protocolNames(b: Uint8Array, start: number, end: number): string[] {
  const names: string[] = [];
  let at = start + 2;
  while (at < end && names.length < 32) {
    const nameEnd = at + 1 + b[at]!;
    if (nameEnd > end) break;
    names.push(latin1(b, at + 1, nameEnd));
    at = nameEnd;
  }
  return names;
}

function list16(b: Uint8Array, start: number, end: number): number[] {
  return end - start < 2 ? [] : numbers16(b, start + 2, Math.min(end, start + 2 + u16(b, start)));
}

function list8(b: Uint8Array, start: number, end: number): number[] {
  if (end <= start) return [];
  const values: number[] = [];
  const stop = Math.min(end, start + 1 + b[start]!);
  for (let i = start + 1; i < stop; i++) values.push(b[i]!);
  return values;
}

function numbers16(b: Uint8Array, start: number, end: number): number[] {
  const count = Math.min((end - start) >> 1, maxList);
  const values: number[] = new Array(Math.max(count, 0));
  for (let i = 0; i < count; i++) values[i] = u16(b, start + i * 2);
  return values;
}

const retryRandom = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';

/** The body of a server_hello message (after its type and length); null when it is malformed. */
export function parseServerHello(b: Uint8Array, start: number, end: number): ServerHello | null {
  if (end - start < 36) return null;
  const version = u16(b, start);
  const major = version >> 8;
  if (major !== 3 && major !== 0x7f && !isDtlsVersion(version)) return null;
  let at = start + 34;
  let session_id = '';
  // TLS 1.3 before draft 22 had neither session id nor compression.
  if (major !== 0x7f) {
    const idLength = b[at]!;
    at++;
    if (idLength > 32 || at + idLength + 3 > end) return null;
    session_id = idLength === 0 ? '' : hex(b, at, at + idLength);
    at += idLength;
  }
  const cipher = u16(b, at);
  at += major === 0x7f ? 2 : 3;
  const hello = {
    version,
    chosen_version: version,
    session_id,
    cipher,
    extensions: [] as number[],
    alpn: '',
    has_psk: false,
    hello_retry: b[start + 2] === 0xcf && hex(b, start + 2, start + 34) === retryRandom,
  };
  if (end - at < 2) return hello;
  const extensionsEnd = Math.min(end, at + 2 + u16(b, at));
  at += 2;
  while (extensionsEnd - at >= 4 && hello.extensions.length < maxList) {
    const type = u16(b, at);
    const bodyEnd = at + 4 + u16(b, at + 2);
    if (bodyEnd > extensionsEnd) break;
    hello.extensions.push(type);
    if (type === 43 && bodyEnd - at === 6) hello.chosen_version = u16(b, at + 4);
    else if (type === 16) hello.alpn = protocolNames(b, at + 4, bodyEnd)[0] ?? '';
    else if (type === 41) hello.has_psk = true;
    at = bodyEnd;
  }
  return hello;
}

function ssl2Hello(
  session: TlsSession,
  from_opener: boolean,
  b: Uint8Array,
  start: number,
  end: number,
): boolean {
  const recordEnd = start + 2 + (u16(b, start) & 0x7fff);
  const cipherEnd = start + 11 + u16(b, start + 5);
  if (cipherEnd > end) {
    session.state = 'no';
    return false;
  }
  session.flipped = !from_opener;
  const ciphers: number[] = [];
  for (let at = start + 11; at + 3 <= cipherEnd && ciphers.length < maxList; at += 3)
    ciphers.push(u24(b, at));
  takeClientHello(session, {
    version: u16(b, start + 3),
    ssl2: true,
    session_id: '',
    ciphers,
    extensions: [],
    groups: [],
    point_formats: [],
    signature_algorithms: [],
    supported_versions: [],
    server_name: '',
    alpn: [],
    has_ticket: false,
    has_psk: false,
  });
  return recordEnd >= end ? true : feedTls(session, from_opener, b, recordEnd, end);
}

// ---- DTLS ----

/** Cheap first look at a datagram: a DTLS handshake record. */
export function looksLikeDtls(b: Uint8Array, start: number, end: number): boolean {
  if (end - start < 25 || b[start] !== HANDSHAKE || !isDtlsVersion(u16(b, start + 1))) return false;
  const message = b[start + 13]!;
  return (message === 1 || message === 2 || message === 3) && 13 + u16(b, start + 11) <= end - start;
}

/** 1.0, 1.2, 1.3, and the draft of 1.0 that Cisco AnyConnect still speaks. */
function isDtlsVersion(version: number): boolean {
  return version === 0xfeff || version === 0xfefd || version === 0xfefc || version === 0x0100;
}

/** Takes one datagram of a DTLS connection made by `newTls(true)`. Returns whether more are wanted. */
export function feedDtls(
  session: TlsSession,
  from_opener: boolean,
  b: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (!wantsMore(session)) return false;
  const side = from_opener ? session.opener : session.other;
  let at = start;
  for (let n = 0; n < 32 && end - at >= 13; n++) {
    const type = b[at]!;
    // DTLS 1.3 protected records have a header of their own (RFC 9147, 4): 001xxxxx.
    if (type >> 5 === 1 && session.server_hello !== null) {
      protectedRecord(session, side, from_opener, end - at);
      break;
    }
    if (type < CHANGE_CIPHER_SPEC || type > 26 || !isDtlsVersion(u16(b, at + 1))) {
      if (session.state === 'start') session.state = 'no';
      break;
    }
    const bodyEnd = at + 13 + u16(b, at + 11);
    if (bodyEnd > end) break;
    dtlsRecord(session, side, from_opener, type, u16(b, at + 3), b, at + 13, bodyEnd);
    if (!wantsMore(session)) return false;
    at = bodyEnd;
  }
  return wantsMore(session);
}

function dtlsRecord(
  session: TlsSession,
  side: TlsSide,
  from_opener: boolean,
  type: number,
  epoch: number,
  b: Uint8Array,
  start: number,
  end: number,
): void {
  if (epoch > 0) {
    if (type === HANDSHAKE || type === APPLICATION_DATA) {
      side.protected = true;
      protectedRecord(session, side, from_opener, end - start);
    }
    return;
  }
  if (type === CHANGE_CIPHER_SPEC) changeCipherSpec(session, side, from_opener);
  else if (type === ALERT && end - start === 2 && b[start] === 2) {
    session.alert = b[start + 1]!;
    session.state = 'failed';
  } else if (type === HANDSHAKE) dtlsFragments(session, side, from_opener, b, start, end);
}

/** RFC 6347, 4.2.2: type, length 24, message_seq 16, fragment_offset 24, fragment_length 24. */
function dtlsFragments(
  session: TlsSession,
  side: TlsSide,
  from_opener: boolean,
  b: Uint8Array,
  start: number,
  end: number,
): void {
  let at = start;
  for (let n = 0; n < 32 && end - at >= 12; n++) {
    const type = b[at]!;
    const length = u24(b, at + 1);
    const seq = u16(b, at + 4);
    const offset = u24(b, at + 6);
    const size = u24(b, at + 9);
    const body = at + 12;
    if (body + size > end || offset + size > length || length > maxMessage) return;
    at = body + size;
    if (offset === 0 && size === length) {
      handshakeMessage(session, side, from_opener, type, b, body, at);
      continue;
    }
    if (side.message_seq !== seq || side.message_length !== length || side.message_type !== type) {
      if (offset !== 0) continue; // fragments are taken in order only
      side.pending = new Uint8Array(length);
      side.message_seq = seq;
      side.message_length = length;
      side.message_type = type;
      side.message_have = 0;
    }
    if (side.pending === null || offset > side.message_have) continue;
    side.pending.set(b.subarray(body, at), offset);
    side.message_have = Math.max(side.message_have, offset + size);
    if (side.message_have < length) continue;
    const whole = side.pending;
    side.pending = null;
    side.message_seq = -1;
    handshakeMessage(session, side, from_opener, type, whole, 0, length);
  }
}
