import { indexOfByte, ipv4Text, ipv6Text, latin1, u16 } from './bytes.ts';

/**
 * The opening of SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): where the client wants to go, and where its own protocol
 * begins. Passwords are passed over, never kept.
 */
export interface SocksSession {
  /** open: the opening goes on; tunnel: what follows is the client's own protocol; failed: refused; no: not SOCKS */
  state: 'open' | 'tunnel' | 'failed' | 'no';
  /** 4, 5; 0 until known */
  version: number;
  /** connect, bind, udp_associate; '' until known */
  command: string;
  /** name or address asked for */
  host: string;
  port: number;
  username: string;
  /** code of the server's answer, -1 until it came; 0 (SOCKS 5) and 90 (SOCKS 4) mean granted */
  reply: number;
  /** working state: what the next message of each side is, and bytes of one that was cut (at most 600) */
  step: 'methods' | 'password' | 'request';
  answer: 'method' | 'status' | 'reply';
  client_bytes: Uint8Array;
  server_bytes: Uint8Array;
}

const none = new Uint8Array(0);
const maxHeld = 600;
const commands: readonly string[] = ['', 'connect', 'bind', 'udp_associate'];

/** First bytes of a client: SOCKS 5 with its list of methods whole, or a SOCKS 4 request whose user ends. */
export function looksLikeSocks(b: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length < 3) return false;
  if (b[start] === 5) return b[start + 1]! > 0 && b[start + 1]! <= 16 && length === 2 + b[start + 1]!;
  if (b[start] !== 4 || length < 9 || b[start + 1] === 0 || b[start + 1]! > 2) return false;
  return b[end - 1] === 0 && length < 520;
}

export function newSocks(): SocksSession {
  return {
    state: 'open',
    version: 0,
    command: '',
    host: '',
    port: 0,
    username: '',
    reply: -1,
    step: 'methods',
    answer: 'method',
    client_bytes: none,
    server_bytes: none,
  };
}

/**
 * Takes the next bytes of one side and returns where they stop belonging to the opening: `end` while it goes on, an
 * earlier index when `state` became 'tunnel' within them.
 */
export function feedSocks(
  session: SocksSession,
  from_client: boolean,
  b: Uint8Array,
  start: number,
  end: number,
): number {
  if (session.state !== 'open') return start;
  const held = from_client ? session.client_bytes : session.server_bytes;
  if (held.length + end - start > maxHeld + 65536) {
    session.state = 'no';
    return start;
  }
  let bytes = b;
  let at = start;
  let stop = end;
  if (held.length > 0) {
    bytes = new Uint8Array(held.length + end - start);
    bytes.set(held);
    bytes.set(b.subarray(start, end), held.length);
    at = 0;
    stop = bytes.length;
  }
  for (let n = 0; n < 4 && at < stop && session.state === 'open'; n++) {
    const size = from_client
      ? clientMessage(session, bytes, at, stop)
      : serverMessage(session, bytes, at, stop);
    if (size === 0) break;
    at += size;
  }
  const rest = session.state === 'open' ? bytes.subarray(at, stop) : none;
  if (rest.length > maxHeld) session.state = 'no';
  const keep = rest.length === 0 ? none : new Uint8Array(rest);
  if (from_client) session.client_bytes = keep;
  else session.server_bytes = keep;
  return session.state === 'open' ? end : end - (stop - at);
}

/** Bytes of the message that was read; 0 when it is cut (or nothing of SOCKS: `state` says so). */
function clientMessage(s: SocksSession, b: Uint8Array, at: number, end: number): number {
  if (s.step === 'methods') {
    if (b[at] === 4) return request4(s, b, at, end);
    if (b[at] !== 5) return fail(s, 'no');
    if (end - at < 2 || end - at < 2 + b[at + 1]!) return 0;
    s.version = 5;
    s.step = 'request';
    return 2 + b[at + 1]!;
  }
  if (s.step === 'password') {
    // RFC 1929: version 1, user, password
    if (b[at] !== 1) return fail(s, 'no');
    const userEnd = at + 2 + (b[at + 1] ?? 0);
    if (end - at < 2 || end <= userEnd || end < userEnd + 1 + b[userEnd]!) return 0;
    s.username = latin1(b, at + 2, userEnd);
    s.step = 'request';
    return userEnd + 1 + b[userEnd]! - at;
  }
  return request5(s, b, at, end);
}

function request4(s: SocksSession, b: Uint8Array, at: number, end: number): number {
  if (end - at < 9) return 0;
  const userEnd = indexOfByte(b, 0, at + 8, end);
  if (userEnd === -1) return 0;
  let size = userEnd + 1 - at;
  s.host = ipv4Text(b, at + 4);
  // 4a: an address of 0.0.0.x means that a name follows
  if (b[at + 4] === 0 && b[at + 5] === 0 && b[at + 6] === 0 && b[at + 7] !== 0) {
    const nameEnd = indexOfByte(b, 0, userEnd + 1, end);
    if (nameEnd === -1) return 0;
    s.host = latin1(b, userEnd + 1, nameEnd).toLowerCase();
    size = nameEnd + 1 - at;
  }
  s.version = 4;
  s.command = commands[b[at + 1]!] ?? '';
  s.port = u16(b, at + 2);
  s.username = latin1(b, at + 8, userEnd);
  s.answer = 'reply';
  return size;
}

function request5(s: SocksSession, b: Uint8Array, at: number, end: number): number {
  if (b[at] !== 5) return fail(s, 'no');
  if (end - at < 4) return 0;
  const size = addressSize(b, at + 3, end);
  if (size < 0) return fail(s, 'no');
  if (size === 0 || end - at < 3 + size + 2) return 0;
  const kind = b[at + 3]!;
  if (kind === 1) s.host = ipv4Text(b, at + 4);
  else if (kind === 4) s.host = ipv6Text(b, at + 4);
  else s.host = latin1(b, at + 5, at + 3 + size).toLowerCase();
  s.command = commands[b[at + 1]!] ?? '';
  s.port = u16(b, at + 3 + size);
  return 3 + size + 2;
}

/** Type byte and address; 0 when cut, -1 for an unknown type. */
function addressSize(b: Uint8Array, at: number, end: number): number {
  switch (b[at]) {
    case 1:
      return 5;
    case 4:
      return 17;
    case 3:
      return end - at < 2 ? 0 : 2 + b[at + 1]!;
    default:
      return -1;
  }
}

function serverMessage(s: SocksSession, b: Uint8Array, at: number, end: number): number {
  if (s.answer === 'method') {
    if (b[at] !== 5) return fail(s, 'no');
    if (end - at < 2) return 0;
    const method = b[at + 1]!;
    if (method === 0xff) return fail(s, 'failed');
    if (method === 2) s.step = 'password';
    s.answer = method === 2 ? 'status' : 'reply';
    return 2;
  }
  if (s.answer === 'status') {
    if (end - at < 2) return 0;
    if (b[at + 1] !== 0) return fail(s, 'failed');
    s.answer = 'reply';
    return 2;
  }
  if (s.version === 4) {
    if (end - at < 8) return 0;
    s.reply = b[at + 1]!;
    s.state = s.reply === 90 ? 'tunnel' : 'failed';
    return 8;
  }
  if (b[at] !== 5) return fail(s, 'no');
  if (end - at < 4) return 0;
  const size = addressSize(b, at + 3, end);
  if (size < 0) return fail(s, 'no');
  if (size === 0 || end - at < 3 + size + 2) return 0;
  s.reply = b[at + 1]!;
  s.state = s.reply === 0 ? 'tunnel' : 'failed';
  return 3 + size + 2;
}

function fail(s: SocksSession, state: 'no' | 'failed'): 0 {
  s.state = state;
  return 0;
}
