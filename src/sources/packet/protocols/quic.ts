import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { copy, u24, u32 } from './bytes.ts';
import { type ClientHello, parseClientHello, parseServerHello, type ServerHello } from './tls.ts';

/**
 * QUIC Initial packets (RFC 9000, RFC 9001, version 2 RFC 9369): their keys follow from the first destination
 * connection id, so anyone on the path can read the hellos. Nothing else of QUIC can be read, nor is it tried.
 */

export interface QuicSession {
  /** start: nothing read; handshake: a hello was read; done: both hellos were read, or enough was tried; no: not QUIC */
  state: 'start' | 'handshake' | 'done' | 'no';
  /** QUIC version as a number, 0 until known */
  version: number;
  client_hello: ClientHello | null;
  server_hello: ServerHello | null;
  /** the client did not open the flow */
  flipped: boolean;
  /** a packet of the 1-RTT or Handshake kind was seen from the client after a server hello */
  established: boolean;
  /** working state */
  keys: QuicKeys | null;
  readonly client: CryptoStream;
  readonly server: CryptoStream;
  packets: number;
}

interface QuicKeys {
  /** connection id the keys were made from */
  readonly id: Uint8Array;
  readonly version: number;
  readonly client: PacketKeys;
  readonly server: PacketKeys;
}
export interface PacketKeys {
  readonly key: Buffer;
  readonly iv: Buffer;
  readonly hp: Buffer;
}

interface CryptoStream {
  bytes: Uint8Array;
  /** ranges that are filled, in order and apart: from, to, from, to, ... */
  ranges: number[];
}

const maxCrypto = 16 * 1024;
const maxRanges = 64;
/** Initial packets that are decrypted for one connection. */
const maxPackets = 24;

interface Version {
  readonly salt: Buffer;
  readonly prefix: string;
  /** long header types of Initial, 0-RTT, Handshake, Retry */
  readonly initial: number;
  readonly handshake: number;
}

const salt = (hex: string): Buffer => Buffer.from(hex, 'hex');
const v1: Version = {
  salt: salt('38762cf7f55934b34d179ae6a4c80cadccbb7f0a'),
  prefix: 'quic',
  initial: 0,
  handshake: 2,
};
const v2: Version = {
  salt: salt('0dede3def700a6db819381be6e269dcbf9bd2ed9'),
  prefix: 'quicv2',
  initial: 1,
  handshake: 3,
};
const draft29: Version = { ...v1, salt: salt('afbfec289993d24c9e9786f19c6111e04390a899') };
const draft23: Version = { ...v1, salt: salt('c3eef712c72ebb5a11a7d2432bb46365bef9f502') };

const draft22: Version = { ...v1, salt: salt('7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a') };

function versionOf(version: number): Version | null {
  if (version === 1) return v1;
  if (version === 0x6b3343cf) return v2;
  if (version >>> 8 === 0xff0000) {
    const draft = version & 0xff;
    if (draft >= 33 && draft <= 34) return v1;
    if (draft >= 29 && draft <= 32) return draft29;
    if (draft >= 23 && draft <= 28) return draft23;
    if (draft === 22) return draft22;
  }
  // Meta's mvfst
  switch (version) {
    case 0xfaceb001:
      return draft22;
    case 0xfaceb002:
    case 0xfaceb00e:
      return draft23;
  }
  return null;
}

/** Cheap first look at a datagram: a long header with a version we can read and connection ids that fit. */
export function looksLikeQuic(b: Uint8Array, start: number, end: number): boolean {
  if (end - start < 21 || (b[start]! & 0xc0) !== 0xc0) return false;
  const version = u32(b, start + 1);
  if (versionOf(version) === null && !isForcing(version)) return false;
  const idLength = b[start + 5]!;
  if (idLength > 20 || start + 7 + idLength > end) return false;
  return b[start + 6 + idLength]! <= 20;
}

/** RFC 9000, 15: 0x?a?a?a?a asks the server to say its versions; 0 is that answer. The real hello follows. */
function isForcing(version: number): boolean {
  return (version & 0x0f0f0f0f) === 0x0a0a0a0a || version === 0;
}

export function newQuic(): QuicSession {
  return {
    state: 'start',
    version: 0,
    client_hello: null,
    server_hello: null,
    flipped: false,
    established: false,
    keys: null,
    client: { bytes: new Uint8Array(0), ranges: [] },
    server: { bytes: new Uint8Array(0), ranges: [] },
    packets: 0,
  };
}

/** Takes one datagram. Returns whether more are wanted. */
export function feedQuic(
  session: QuicSession,
  from_opener: boolean,
  b: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (session.state === 'done' || session.state === 'no') return false;
  let at = start;
  for (let n = 0; n < 8 && end - at >= 21; n++) {
    const first = b[at]!;
    if ((first & 0x80) === 0) {
      if (from_opener !== session.flipped && session.server_hello !== null) session.established = true;
      break;
    }
    const header = longHeader(b, at, end);
    if (header === null) {
      const forcing = end - at >= 7 && isForcing(u32(b, at + 1));
      if (session.state === 'start' && session.packets === 0 && !forcing) session.state = 'no';
      break;
    }
    if (header.kind === 'initial') {
      if (++session.packets > maxPackets) {
        session.state = 'done';
        return false;
      }
      initial(session, from_opener, b, header);
    } else if (
      header.kind === 'handshake' &&
      from_opener !== session.flipped &&
      session.server_hello !== null
    ) {
      session.established = true;
    }
    at = header.end;
  }
  if (session.client_hello !== null && session.established) session.state = 'done';
  return session.state === 'start' || session.state === 'handshake';
}

interface LongHeader {
  readonly kind: 'initial' | 'handshake' | 'other';
  readonly version: number;
  readonly start: number;
  readonly id: number;
  readonly id_end: number;
  /** where the packet number is */
  readonly number_at: number;
  readonly end: number;
}

/** RFC 9000, 17.2. null: not a packet of a version that can be read. */
function longHeader(b: Uint8Array, start: number, end: number): LongHeader | null {
  // The second bit may be anything once the ends agreed on it (RFC 9287).
  if (end - start < 7 || (b[start]! & 0x80) === 0) return null;
  const version = u32(b, start + 1);
  const layout = versionOf(version);
  if (layout === null) return null;
  const id = start + 6;
  const id_end = id + b[start + 5]!;
  if (id_end - id > 20 || id_end + 1 > end) return null;
  let at = id_end + 1 + b[id_end]!;
  if (b[id_end]! > 20 || at >= end) return null;
  const type = (b[start]! >> 4) & 3;
  const kind = type === layout.initial ? 'initial' : type === layout.handshake ? 'handshake' : 'other';
  // Retry has no length and is alone in its datagram.
  if (type === (layout === v2 ? 0 : 3))
    return { kind: 'other', version, start, id, id_end, number_at: end, end };
  if (kind === 'initial') {
    const tokenSize = varintSize(b[at]!);
    if (at + tokenSize > end) return null;
    at += tokenSize + varint(b, at);
    if (at >= end) return null;
  }
  const size = varintSize(b[at]!);
  if (at + size > end) return null;
  const length = varint(b, at);
  const number_at = at + size;
  // A length past the end is a capture that cut the datagram.
  if (number_at + length > end || length < 20) return null;
  return { kind, version, start, id, id_end, number_at, end: number_at + length };
}

/** RFC 9000, 16. Values of 8 bytes that are too large become Infinity-like large numbers and fail length checks. */
function varintSize(first: number): number {
  return 1 << (first >> 6);
}
function varint(b: Uint8Array, at: number): number {
  let value = b[at]! & 0x3f;
  const size = varintSize(b[at]!);
  for (let i = 1; i < size; i++) value = value * 256 + b[at + i]!;
  return value;
}

function initial(session: QuicSession, from_opener: boolean, b: Uint8Array, header: LongHeader): void {
  const fresh = session.keys === null;
  if (fresh) session.keys = initialKeys(header.version, copy(b, header.id, header.id_end));
  let client = from_opener !== session.flipped;
  let plain = decrypt(client ? session.keys!.client : session.keys!.server, b, header);
  if (plain === null && session.server_hello === null) {
    // After a retry, or when the first packets were missed, the client goes on with another id.
    const keys = initialKeys(header.version, copy(b, header.id, header.id_end));
    plain = decrypt(keys.client, b, header);
    if (plain !== null) {
      session.keys = keys;
      if (!client && session.state === 'start') session.flipped = !session.flipped;
      client = true;
    }
  }
  if (plain === null) {
    if (fresh) session.keys = null;
    return;
  }
  session.version = header.version;
  session.state = 'handshake';
  const stream = client ? session.client : session.server;
  cryptoFrames(stream, plain);
  if (client && session.client_hello === null) session.client_hello = clientHello(stream);
  else if (!client && session.server_hello === null) session.server_hello = serverHello(stream);
}

/** Removes header protection and decrypts (RFC 9001, 5.3 and 5.4); null when the tag does not fit. */
function decrypt(keys: PacketKeys, b: Uint8Array, header: LongHeader): Buffer | null {
  const { number_at, start, end } = header;
  const mask = createCipheriv('aes-128-ecb', keys.hp, null).update(b.subarray(number_at + 4, number_at + 20));
  const first = b[start]! ^ (mask[0]! & 0x0f);
  const numberLength = (first & 3) + 1;
  const payload = number_at + numberLength;
  if (end - payload < 17) return null;
  const associated = Buffer.from(b.subarray(start, payload));
  associated[0] = first;
  const nonce = Buffer.from(keys.iv);
  for (let i = 0; i < numberLength; i++) {
    const byte = b[number_at + i]! ^ mask[1 + i]!;
    associated[number_at - start + i] = byte;
    nonce[12 - numberLength + i]! ^= byte;
  }
  const decipher = createDecipheriv('aes-128-gcm', keys.key, nonce);
  decipher.setAAD(associated);
  decipher.setAuthTag(b.subarray(end - 16, end));
  const plain = decipher.update(b.subarray(payload, end - 16));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return plain;
}

/** RFC 9000, 19: an Initial packet holds PADDING, PING, ACK, CRYPTO and CONNECTION_CLOSE only. */
function cryptoFrames(stream: CryptoStream, b: Uint8Array): void {
  const end = b.length;
  let at = 0;
  for (let n = 0; n < 256 && at < end; n++) {
    while (at < end && b[at] === 0) at++;
    if (at >= end) return;
    const type = b[at++]!;
    if (type === 1) continue;
    if (type === 2 || type === 3) {
      at = behindAck(b, at, type === 3);
      continue;
    }
    if (type !== 6 || at >= end) return;
    const offset = varint(b, at);
    at += varintSize(b[at]!);
    if (at >= end) return;
    const length = varint(b, at);
    at += varintSize(b[at]!);
    if (length > end - at || offset + length > maxCrypto) return;
    fill(stream, offset, b, at, at + length);
    at += length;
  }
}

function behindAck(b: Uint8Array, start: number, counts: boolean): number {
  let at = start;
  const skip = (): number => {
    if (at >= b.length) return 0;
    const value = varint(b, at);
    at += varintSize(b[at]!);
    return value;
  };
  skip();
  skip();
  const ranges = skip();
  skip();
  if (ranges > 256) return b.length;
  for (let n = 0; n < ranges * 2 && at < b.length; n++) skip();
  if (counts) for (let n = 0; n < 3; n++) skip();
  return at;
}

function fill(stream: CryptoStream, offset: number, b: Uint8Array, start: number, end: number): void {
  const to = offset + end - start;
  if (to > stream.bytes.length) {
    const larger = new Uint8Array(Math.min(maxCrypto, Math.max(to, stream.bytes.length * 2, 2048)));
    larger.set(stream.bytes);
    stream.bytes = larger;
  }
  stream.bytes.set(b.subarray(start, end), offset);
  // Merge [offset, to) into the ordered ranges.
  const merged: number[] = [];
  let from = offset;
  let until = to;
  let placed = false;
  for (let i = 0; i < stream.ranges.length; i += 2) {
    const a = stream.ranges[i]!;
    const z = stream.ranges[i + 1]!;
    if (z < from) merged.push(a, z);
    else if (a > until) {
      if (!placed) merged.push(from, until);
      placed = true;
      merged.push(a, z);
    } else {
      from = Math.min(from, a);
      until = Math.max(until, z);
    }
  }
  if (!placed) merged.push(from, until);
  if (merged.length <= maxRanges * 2) stream.ranges = merged;
}

/** End of the message at offset 0 when it is whole, else 0. */
function wholeMessage(stream: CryptoStream, type: number): number {
  const have = stream.ranges[0] === 0 ? stream.ranges[1]! : 0;
  if (have < 4 || stream.bytes[0] !== type) return 0;
  const end = 4 + u24(stream.bytes, 1);
  return end <= have ? end : 0;
}

function clientHello(stream: CryptoStream): ClientHello | null {
  const end = wholeMessage(stream, 1);
  return end === 0 ? null : parseClientHello(stream.bytes, 4, end, false);
}

function serverHello(stream: CryptoStream): ServerHello | null {
  const end = wholeMessage(stream, 2);
  return end === 0 ? null : parseServerHello(stream.bytes, 4, end);
}

/** Keys of Initial packets from the client's first destination connection id (RFC 9001, 5.2; RFC 9369, 3.3). */
export function initialKeys(version: number, id: Uint8Array): QuicKeys {
  const layout = versionOf(version) ?? v1;
  const secret = hmac(layout.salt, id);
  return {
    id,
    version,
    client: packetKeys(expandLabel(secret, 'client in', 32), layout.prefix),
    server: packetKeys(expandLabel(secret, 'server in', 32), layout.prefix),
  };
}

function packetKeys(secret: Buffer, prefix: string): PacketKeys {
  return {
    key: expandLabel(secret, `${prefix} key`, 16),
    iv: expandLabel(secret, `${prefix} iv`, 12),
    hp: expandLabel(secret, `${prefix} hp`, 16),
  };
}

/** HKDF-Expand-Label of TLS 1.3 (RFC 8446, 7.1) for at most 32 bytes: one block of HMAC. */
function expandLabel(secret: Buffer, label: string, length: number): Buffer {
  const name = `tls13 ${label}`;
  const info = Buffer.alloc(2 + 1 + name.length + 1 + 1);
  info.writeUInt16BE(length, 0);
  info[2] = name.length;
  info.write(name, 3, 'latin1');
  info[info.length - 1] = 1; // counter of the block; the byte before it is the empty context
  return hmac(secret, info).subarray(0, length);
}

function hmac(key: Uint8Array, data: Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
