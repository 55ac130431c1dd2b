import { type LineReader, newLines, nextLine } from './lines.ts';

/** FTP control connection (RFC 959): commands with their final replies. Passwords are dropped as they are read. */
export interface FtpExchange {
  /** user given so far; '' before USER */
  readonly username: string;
  /** upper case */
  readonly command: string;
  /** '<hidden>' for PASS and ACCT */
  readonly argument: string;
  /** 0: no reply was seen */
  readonly reply_code: number;
  readonly reply: string;
  /** 1 signed in, 0 refused, null: not about signing in */
  readonly signed_in: 0 | 1 | null;
}

export interface FtpSession {
  username: string;
  /** greeting of the server, first line */
  greeting: string;
  /** AUTH TLS or SSL was accepted: the rest is encrypted */
  tls: boolean;
  readonly commands: LineReader;
  readonly replies: LineReader;
  /** commands that wait for a reply, at most 32 */
  readonly waiting: { command: string; argument: string; username: string }[];
  /** code of a reply of several lines that is open, and its first line */
  open_code: number;
  open_text: string;
  broken: boolean;
}

const known = new Set(
  (
    'USER PASS ACCT CWD CDUP SMNT QUIT REIN PORT PASV TYPE STRU MODE RETR STOR STOU APPE ALLO REST RNFR RNTO ABOR ' +
    'DELE RMD MKD PWD LIST NLST SITE SYST STAT HELP NOOP AUTH ADAT PROT PBSZ CCC MIC CONF ENC FEAT OPTS EPRT EPSV ' +
    'LANG MDTM MLSD MLST SIZE MFMT XCUP XCWD XMKD XPWD XRMD CLNT HOST LPRT LPSV XCRC XMD5 XSHA1'
  ).split(' '),
);
const maxWaiting = 32;

export function newFtp(): FtpSession {
  return {
    username: '',
    greeting: '',
    tls: false,
    commands: newLines(),
    replies: newLines(),
    waiting: [],
    open_code: 0,
    open_text: '',
    broken: false,
  };
}

/** The first bytes of a server: 220 greeting that is not SMTP's; of a client: USER, AUTH, FEAT, ... */
export function looksLikeFtpServer(text: string): boolean {
  return /^220[ -]/.test(text) && !/\bE?SMTP\b/i.test(text);
}
export function looksLikeFtpClient(text: string): boolean {
  return /^(?:USER [^\r\n]+|AUTH (?:TLS|SSL|GSSAPI)|FEAT|SYST)\r?\n/i.test(text);
}

/** Takes the next bytes of one side; finished exchanges go to `take`. Returns whether more are wanted. */
export function feedFtp(
  session: FtpSession,
  from_client: boolean,
  b: Uint8Array,
  start: number,
  end: number,
  take: (exchange: FtpExchange) => void,
): boolean {
  if (session.tls || session.broken) return false;
  const reader = from_client ? session.commands : session.replies;
  for (let at = start; at < end && !session.tls && !session.broken; ) {
    const line = nextLine(reader, b, at, end);
    if (line === null) break;
    at = line.next;
    if (from_client) commandLine(session, line.text, take);
    else replyLine(session, line.text, take);
  }
  return !session.tls && !session.broken;
}

/** The connection is over: commands without a reply go to `take`. */
export function endFtp(session: FtpSession, take: (exchange: FtpExchange) => void): void {
  for (const w of session.waiting.splice(0)) take({ ...w, reply_code: 0, reply: '', signed_in: null });
}

function commandLine(session: FtpSession, text: string, take: (exchange: FtpExchange) => void): void {
  const m = /^[^A-Za-z]{0,8}([A-Za-z]{3,8})(?: +(.*))?$/s.exec(text);
  if (m === null) return;
  const command = m[1]!.toUpperCase();
  let argument = m[2] ?? '';
  if (command === 'USER') session.username = argument;
  if (command === 'PASS' || command === 'ACCT' || command === 'ADAT') argument = '<hidden>';
  else if (!known.has(command)) argument = ''; // not understood: it could be anything, a password too
  if (session.waiting.length >= maxWaiting) {
    const oldest = session.waiting.shift()!;
    take({ ...oldest, reply_code: 0, reply: '', signed_in: null });
  }
  session.waiting.push({ command, argument, username: session.username });
}

function replyLine(session: FtpSession, text: string, take: (exchange: FtpExchange) => void): void {
  const m = /^(\d{3})(?:([ -])(.*))?$/s.exec(text);
  if (session.open_code !== 0) {
    if (m === null || Number(m[1]) !== session.open_code || m[2] === '-') return;
    const code = session.open_code;
    session.open_code = 0;
    reply(session, code, session.open_text, take);
    return;
  }
  if (m === null) return;
  if (m[2] === '-') {
    session.open_code = Number(m[1]);
    session.open_text = m[3] ?? '';
    return;
  }
  reply(session, Number(m[1]), m[3] ?? '', take);
}

function reply(session: FtpSession, code: number, text: string, take: (exchange: FtpExchange) => void): void {
  const waiting = session.waiting[0];
  if (waiting === undefined) {
    if (code === 220 && session.greeting === '') session.greeting = text;
    return;
  }
  if (code < 200 && code >= 100) return; // preliminary: the final reply follows
  session.waiting.shift();
  if (waiting.command === 'AUTH' && (code === 234 || code === 334)) session.tls = true;
  take({ ...waiting, reply_code: code, reply: text, signed_in: signedIn(waiting.command, code) });
}

function signedIn(command: string, code: number): 0 | 1 | null {
  if (command !== 'PASS' && command !== 'USER' && command !== 'ACCT') return null;
  if (code === 230 || code === 232) return 1;
  return code === 530 || code === 430 || (command === 'PASS' && code >= 400) ? 0 : null;
}

/** Address and port of a data connection: PORT and PASV (h1,h2,h3,h4,p1,p2), EPRT and EPSV (|1|address|port|). */
export function ftpDataEndpoint(text: string): { readonly ip: string; readonly port: number } | null {
  const six = /(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})/.exec(text);
  if (six !== null) {
    const n = six.slice(1).map(Number);
    if (n.some((v) => v > 255)) return null;
    return { ip: n.slice(0, 4).join('.'), port: n[4]! * 256 + n[5]! };
  }
  const extended = /([!-~])(?:[12]?)\1([0-9a-fA-F:.]{0,45})\1(\d{1,5})\1/.exec(text);
  if (extended === null || Number(extended[3]) > 65535) return null;
  return { ip: extended[2]!.toLowerCase(), port: Number(extended[3]) };
}
