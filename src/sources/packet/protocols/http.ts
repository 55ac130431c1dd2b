import { canonicalName } from '../../../base/ip.ts';
import { indexOfByte, latin1, type Parsed, startsWith } from './bytes.ts';

/** HTTP/1 heads (RFC 9112) from a stream prefix, and where the body after each head ends. */

export interface HttpRequestHead {
  readonly method: string;
  /** as sent */
  readonly target: string;
  /** 1.1, 1.0, 0.9 */
  readonly version: string;
  /** lower case, without port; from the target when it is absolute and there is no Host header */
  readonly host: string;
  readonly user_agent: string;
  readonly referrer: string;
  readonly content_length: number | null;
  /** lower case, without parameters */
  readonly content_type: string;
  readonly chunked: boolean;
  /** user of Basic authentication; the password is never kept */
  readonly username: string;
  /** scheme of the Authorization header, lower case: basic, bearer, ntlm, negotiate, digest */
  readonly authorization: string;
  /** Via and X-Forwarded-For headers as 'NAME -> value', joined by ', ' */
  readonly proxied: string;
  /** value of Upgrade, lower case */
  readonly upgrade: string;
  /** bytes of the head with its empty line */
  readonly head_bytes: number;
}

export interface HttpResponseHead {
  readonly version: string;
  readonly status_code: number;
  readonly reason: string;
  readonly content_length: number | null;
  readonly content_type: string;
  readonly chunked: boolean;
  readonly server: string;
  readonly location: string;
  readonly upgrade: string;
  readonly head_bytes: number;
}

/** A head larger than this is given up ('no'). */
const maxHead = 64 * 1024;
const maxHeaders = 200;

const methods = new Set(
  (
    'GET POST PUT HEAD DELETE OPTIONS PATCH CONNECT TRACE PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH ' +
    'REPORT CHECKOUT CHECKIN MERGE MKACTIVITY VERSION-CONTROL UNCHECKOUT LABEL UPDATE MKWORKSPACE BASELINE-CONTROL ' +
    'ACL BIND UNBIND REBIND LINK UNLINK MKCALENDAR NOTIFY SUBSCRIBE UNSUBSCRIBE M-SEARCH PURGE POLL BMOVE BCOPY ' +
    'BDELETE BPROPFIND BPROPPATCH RPC_IN_DATA RPC_OUT_DATA CCM_POST DESCRIBE ANNOUNCE QUERY TRACK DEBUG INDEX BREW ' +
    'SOURCE'
  ).split(' '),
);

/** Cheap first look: a method and a space, or HTTP/1. False with fewer than 4 bytes that could still become one. */
export function looksLikeHttpRequest(b: Uint8Array, start: number, end: number): boolean {
  const c = b[start]!;
  if (end - start < 4 || c < 0x41 || c > 0x5a) return false;
  const stop = Math.min(end, start + 18);
  for (let i = start + 1; i < stop; i++) {
    const d = b[i]!;
    if (d === 0x20) return methods.has(latin1(b, start, i));
    if (!((d >= 0x41 && d <= 0x5a) || d === 0x2d || d === 0x5f)) return false;
  }
  return false;
}

export function looksLikeHttpResponse(b: Uint8Array, start: number, end: number): boolean {
  return startsWith(b, start, end, 'HTTP/1.') || startsWith(b, start, end, 'HTTP/0.9');
}

/** The request head at the start of a stream. A method nobody knows is taken when HTTP/x.y ends the first line. */
export function parseHttpRequest(b: Uint8Array, start: number, end: number): Parsed<HttpRequestHead> {
  let at = start;
  while (at < end && at < start + 4 && (b[at] === 13 || b[at] === 10)) at++; // RFC 9112, 2.2
  if (at >= end) return 'more';
  const firstLine = lineEnd(b, at, end);
  if (firstLine === -1) return cutRequestLine(b, at, end);
  const line = trimmedEnd(b, at, firstLine);
  const methodEnd = indexOfByte(b, 0x20, at, Math.min(line, at + 32));
  if (methodEnd <= at || !isToken(b, at, methodEnd)) return 'no';
  const method = latin1(b, at, methodEnd);
  const known = methods.has(method);
  let versionAt = line;
  while (versionAt > methodEnd && b[versionAt - 1] !== 0x20) versionAt--;
  // 'GET /HTTP/1.1' of careless clients: a version without its blank, which is left in the target
  const glued = line - versionAt > 8 && b[versionAt] === 0x2f && startsWith(b, line - 8, line, 'HTTP/1.');
  if (glued) versionAt = line - 8;
  const versioned = versionAt > methodEnd && startsWith(b, versionAt, line, 'HTTP/');
  if (!versioned && !(known && line > methodEnd + 1 && b[methodEnd + 1] === 0x2f)) return 'no';
  const head = {
    method,
    target: latin1(b, methodEnd + 1, versioned && !glued ? trimmedEnd(b, methodEnd + 1, versionAt) : line),
    version: versioned ? latin1(b, versionAt + 5, Math.min(line, versionAt + 8)) : '0.9',
    host: '',
    user_agent: '',
    referrer: '',
    content_length: null,
    content_type: '',
    chunked: false,
    username: '',
    authorization: '',
    proxied: '',
    upgrade: '',
    head_bytes: firstLine + 1 - start,
  };
  if (!versioned) return head;
  const bodyAt = headers(b, firstLine + 1, end, start, requestHeader, head);
  if (bodyAt < 0) return bodyAt === -1 ? 'more' : 'no';
  head.head_bytes = bodyAt - start;
  if (head.host === '') head.host = targetHost(head.method, head.target);
  return head;
}

/** The response head at the start of a stream. */
export function parseHttpResponse(b: Uint8Array, start: number, end: number): Parsed<HttpResponseHead> {
  const length = end - start;
  if (!startsWith(b, start, end, 'HTTP/'.slice(0, Math.max(0, Math.min(5, length))))) return 'no';
  const firstLine = lineEnd(b, start, end);
  if (firstLine === -1) return length > 4096 ? 'no' : 'more';
  const line = trimmedEnd(b, start, firstLine);
  const space = indexOfByte(b, 0x20, start, Math.min(line, start + 12));
  if (space === -1) return 'no';
  let at = space + 1;
  while (at < line && b[at] === 0x20) at++;
  const status = digits(b, at, Math.min(line, at + 3));
  if (status === null || at + 3 > line || (at + 3 < line && b[at + 3] !== 0x20)) return 'no';
  const head = {
    version: latin1(b, start + 5, space),
    status_code: status,
    reason: latin1(b, Math.min(line, at + 4), line),
    content_length: null,
    content_type: '',
    chunked: false,
    server: '',
    location: '',
    upgrade: '',
    head_bytes: 0,
  };
  const bodyAt = headers(b, firstLine + 1, end, start, responseHeader, head);
  if (bodyAt < 0) return bodyAt === -1 ? 'more' : 'no';
  head.head_bytes = bodyAt - start;
  return head;
}

function cutRequestLine(b: Uint8Array, start: number, end: number): 'more' | 'no' {
  if (end - start > 16384) return 'no';
  const stop = Math.min(end, start + 32);
  for (let i = start; i < stop; i++) {
    if (b[i] === 0x20) return i > start ? 'more' : 'no';
    if (!isTokenByte(b[i]!)) return 'no';
  }
  return end - start < 32 ? 'more' : 'no';
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Take<T> = (head: Writable<T>, name: string, b: Uint8Array, start: number, end: number) => void;

/** Walks header lines; returns where the body begins, -1 when the head is cut, -2 when it is broken or too large. */
function headers<T>(
  b: Uint8Array,
  from: number,
  end: number,
  start: number,
  take: Take<T>,
  head: Writable<T>,
): number {
  let at = from;
  for (let n = 0; n < maxHeaders; n++) {
    const stop = lineEnd(b, at, end);
    if (stop === -1) return end - start > maxHead ? -2 : -1;
    const line = trimmedEnd(b, at, stop);
    if (line <= at) return stop + 1;
    const colon = indexOfByte(b, 0x3a, at, line);
    // Only the names that are used are made into text: by length and first letter.
    if (colon > at && wanted(b[at]! | 0x20, colon - at)) {
      let valueAt = colon + 1;
      while (valueAt < line && (b[valueAt] === 0x20 || b[valueAt] === 9)) valueAt++;
      take(head, latin1(b, at, colon).toLowerCase(), b, valueAt, line);
    }
    at = stop + 1;
  }
  return -2;
}

function wanted(first: number, length: number): boolean {
  switch (length) {
    case 3: // via
      return first === 0x76;
    case 4: // host
      return first === 0x68;
    case 6: // server
      return first === 0x73;
    case 7: // referer, upgrade
      return first === 0x72 || first === 0x75;
    case 8: // location
      return first === 0x6c;
    case 10: // user-agent
      return first === 0x75;
    case 12: // content-type
      return first === 0x63;
    case 13: // authorization
      return first === 0x61;
    case 14: // content-length
      return first === 0x63;
    case 15: // x-forwarded-for
      return first === 0x78;
    case 17: // transfer-encoding
      return first === 0x74;
    case 19: // proxy-authorization
      return first === 0x70;
  }
  return false;
}

function requestHeader(
  head: Writable<HttpRequestHead>,
  name: string,
  b: Uint8Array,
  start: number,
  end: number,
): void {
  switch (name) {
    case 'host':
      if (head.host === '') head.host = withoutPort(latin1(b, start, end));
      return;
    case 'user-agent':
      head.user_agent = latin1(b, start, end);
      return;
    case 'referer':
      head.referrer = latin1(b, start, end);
      return;
    case 'upgrade':
      head.upgrade = latin1(b, start, end).toLowerCase();
      return;
    case 'authorization':
    case 'proxy-authorization':
      authorization(head, latin1(b, start, end));
      return;
    case 'via':
    case 'x-forwarded-for':
      if (head.proxied.length < 4096) {
        head.proxied += `${head.proxied === '' ? '' : ', '}${name.toUpperCase()} -> ${latin1(b, start, end)}`;
      }
      return;
  }
  bodyHeader(head, name, b, start, end);
}

function responseHeader(
  head: Writable<HttpResponseHead>,
  name: string,
  b: Uint8Array,
  start: number,
  end: number,
): void {
  if (name === 'server') head.server = latin1(b, start, end);
  else if (name === 'location') head.location = latin1(b, start, end);
  else if (name === 'upgrade') head.upgrade = latin1(b, start, end).toLowerCase();
  else bodyHeader(head, name, b, start, end);
}

function bodyHeader(
  head: { content_length: number | null; content_type: string; chunked: boolean },
  name: string,
  b: Uint8Array,
  start: number,
  end: number,
): void {
  switch (name) {
    case 'content-length': {
      const length = digits(b, start, end);
      if (length !== null) head.content_length = length;
      return;
    }
    case 'content-type':
      head.content_type = latin1(b, start, end).split(';', 1)[0]!.trim().toLowerCase();
      return;
    case 'transfer-encoding':
      head.chunked = latin1(b, start, end).toLowerCase().includes('chunked');
  }
}

function authorization(head: Writable<HttpRequestHead>, value: string): void {
  const space = value.indexOf(' ');
  const scheme = (space === -1 ? value : value.slice(0, space)).toLowerCase();
  if (head.authorization === '') head.authorization = scheme.slice(0, 32);
  if (scheme !== 'basic' || space === -1) {
    const user = scheme === 'digest' ? /username="([^"]{1,256})"/.exec(value.slice(0, 2048)) : null;
    if (user !== null) head.username = user[1]!;
    return;
  }
  const credentials = Buffer.from(value.slice(space + 1, space + 2048), 'base64').toString('utf8');
  const colon = credentials.indexOf(':');
  if (colon !== -1) head.username = credentials.slice(0, colon);
}

/** Host header or authority: lower case, port off, brackets of IPv6 addresses off. */
function withoutPort(host: string): string {
  const text = host.trim().toLowerCase();
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    return close === -1 ? text : canonicalName(text.slice(1, close));
  }
  const colon = text.indexOf(':');
  // More than one colon: an address without brackets, which has no port.
  return colon === -1 || text.indexOf(':', colon + 1) !== -1 ? canonicalName(text) : text.slice(0, colon);
}

function targetHost(method: string, target: string): string {
  if (method === 'CONNECT') return withoutPort(target);
  const scheme = target.indexOf('://');
  if (scheme < 1 || scheme > 8) return '';
  const authority = target.slice(scheme + 3).split(/[/?#]/, 1)[0]!;
  return withoutPort(authority.slice(authority.lastIndexOf('@') + 1));
}

/** Index of the line feed that ends the line at `start`, or -1. */
function lineEnd(b: Uint8Array, start: number, end: number): number {
  return indexOfByte(b, 10, start, end);
}

/** End of the text without blanks and carriage returns behind it. */
function trimmedEnd(b: Uint8Array, start: number, end: number): number {
  let stop = end;
  while (stop > start && (b[stop - 1] === 13 || b[stop - 1] === 0x20 || b[stop - 1] === 9)) stop--;
  return stop;
}

function isToken(b: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isTokenByte(b[i]!)) return false;
  return true;
}

function isTokenByte(c: number): boolean {
  return (
    (c >= 0x41 && c <= 0x5a) ||
    (c >= 0x61 && c <= 0x7a) ||
    (c >= 0x30 && c <= 0x39) ||
    c === 0x2d ||
    c === 0x5f
  );
}

function digits(b: Uint8Array, start: number, end: number): number | null {
  if (end <= start || end - start > 15) return null;
  let value = 0;
  for (let i = start; i < end; i++) {
    const d = b[i]! - 0x30;
    if (d < 0 || d > 9) return null;
    value = value * 10 + d;
  }
  return value;
}

// ---- bodies ----

/** How the body after a head ends. `left`: bytes to come for 'length'. */
export interface HttpBody {
  /** none: the next head follows; close: ends with the connection; tunnel: no more HTTP on this connection */
  kind: 'none' | 'length' | 'chunked' | 'close' | 'tunnel';
  left: number;
  /** body bytes seen so far (chunk headers not counted) */
  seen_bytes: number;
  /** chunked: where in the coding we are */
  phase: 'size' | 'data' | 'data_end' | 'trailer';
  line_bytes: number;
  done: boolean;
}

/**
 * RFC 9112, 6.3. For a response give the method of its request and the request's Upgrade or CONNECT is known by the
 * status: 101, and 2xx to CONNECT, become a tunnel.
 */
export function bodyLength(head: HttpRequestHead | HttpResponseHead, request_method = ''): HttpBody {
  if ('status_code' in head) {
    if (head.status_code === 101) return newBody('tunnel', 0, false);
    if (request_method === 'CONNECT' && head.status_code >= 200 && head.status_code < 300) {
      return newBody('tunnel', 0, false);
    }
    if (
      request_method === 'HEAD' ||
      head.status_code < 200 ||
      head.status_code === 204 ||
      head.status_code === 304
    ) {
      return noBody;
    }
  }
  if (head.chunked) return newBody('chunked', 0, false);
  if (head.content_length !== null) {
    return newBody('length', head.content_length, head.content_length === 0);
  }
  return 'status_code' in head ? newBody('close', 0, false) : noBody;
}

function newBody(kind: HttpBody['kind'], left: number, done: boolean): HttpBody {
  return { kind, left, seen_bytes: 0, phase: 'size', line_bytes: 0, done };
}
/** Done from the start, so nothing is ever written to it and all heads without a body share it. */
const noBody: HttpBody = Object.freeze(newBody('none', 0, true));

/** Takes body bytes and returns where the next head begins, or `end`. Look at `body.done`. */
export function skipBody(body: HttpBody, b: Uint8Array, start: number, end: number): number {
  switch (body.kind) {
    case 'none':
      return start;
    case 'length': {
      const take = Math.min(body.left, end - start);
      body.left -= take;
      body.seen_bytes += take;
      body.done = body.left === 0;
      return start + take;
    }
    case 'chunked':
      return skipChunks(body, b, start, end);
    default:
      body.seen_bytes += end - start;
      return end;
  }
}

/** Body bytes that were lost: true when the count could be kept, false when this side cannot be followed any more. */
export function skipLostBody(body: HttpBody, lost: number): boolean {
  if (body.done) return false;
  if (body.kind === 'length' || (body.kind === 'chunked' && body.phase === 'data')) {
    if (lost > body.left) return false;
    body.left -= lost;
    body.seen_bytes += lost;
    if (body.left === 0) {
      if (body.kind === 'length') body.done = true;
      else body.phase = 'data_end';
    }
    return true;
  }
  return body.kind === 'close' || body.kind === 'tunnel';
}

function skipChunks(body: HttpBody, b: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    if (body.phase === 'data') {
      const take = Math.min(body.left, end - at);
      body.left -= take;
      body.seen_bytes += take;
      at += take;
      if (body.left === 0) body.phase = 'data_end';
      continue;
    }
    const c = b[at++]!;
    if (c !== 10) {
      if (c === 13) continue;
      body.line_bytes++;
      if (body.phase === 'size' && body.left >= 0) body.left = chunkSize(body.left, c);
      else if (body.phase === 'data_end') return broken(body, at - 1, end);
      if (body.line_bytes > 16384 || (body.line_bytes === 1 && body.left < 0)) return broken(body, at, end);
      continue;
    }
    if (body.phase === 'data_end') {
      body.phase = 'size';
      body.left = 0;
    } else if (body.phase === 'size') {
      if (body.line_bytes === 0) return broken(body, at, end);
      const size = body.left < 0 ? -1 - body.left : body.left;
      body.left = size;
      body.phase = size === 0 ? 'trailer' : 'data';
    } else if (body.line_bytes === 0) {
      body.done = true;
      return at;
    }
    body.line_bytes = 0;
  }
  return at;
}

/** Adds a hexadecimal digit; the first other byte freezes the size as a negative number (-1 - size). */
function chunkSize(size: number, c: number): number {
  const digit =
    c >= 0x30 && c <= 0x39 ? c - 0x30 : (c | 0x20) >= 0x61 && (c | 0x20) <= 0x66 ? (c | 0x20) - 0x57 : -1;
  return digit === -1 || size > 0xffffffffffff / 16 ? -1 - size : size * 16 + digit;
}

/** Not chunked after all: everything up to the end of the connection is body. */
function broken(body: HttpBody, at: number, end: number): number {
  body.kind = 'close';
  body.seen_bytes += end - at;
  return end;
}
