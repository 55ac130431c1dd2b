import { type LineReader, newLines, nextLine } from './lines.ts';

/** SMTP envelopes (RFC 5321) with the few header lines people look for. AUTH arguments are decoded for the user only. */
export interface SmtpMail {
  readonly helo: string;
  readonly mail_from: string;
  readonly rcpt_to: readonly string[];
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly user_agent: string;
  /** last answer of the server: code and text */
  readonly last_reply: string;
  readonly tls: boolean;
}
export interface SmtpSignIn {
  readonly username: string;
  /** PLAIN, LOGIN, NTLM, ... */
  readonly mechanism: string;
  /** 1 signed in, 0 refused, null: no answer seen */
  readonly success: 0 | 1 | null;
}
export interface SmtpTakes {
  mail(mail: SmtpMail): void;
  sign_in(sign_in: SmtpSignIn): void;
}

export interface SmtpSession {
  helo: string;
  greeting: string;
  tls: boolean;
  readonly client: LineReader;
  /** lines inside BDAT chunks */
  readonly chunk: LineReader;
  readonly server: LineReader;
  mail_from: string;
  /** an envelope was begun */
  open: boolean;
  rcpt_to: string[];
  from: string;
  to: string[];
  subject: string;
  user_agent: string;
  last_reply: string;
  /** commands that wait for their reply, oldest first (clients send several at once: RFC 2920); at most 64 */
  readonly waiting: string[];
  /** headers: reading header lines; body: skipping; '' commands */
  content: '' | 'headers' | 'body';
  /** header that a folded line goes on with */
  header: string;
  /** bytes of a BDAT chunk that are to come, and whether it is the last one (RFC 3030) */
  bdat_left: number;
  bdat_last: boolean;
  in_chunks: boolean;
  auth: { mechanism: string; username: string; step: number } | null;
  broken: boolean;
}

const maxRecipients = 100;
const maxWaiting = 64;
const maxValue = 2048;

export function newSmtp(): SmtpSession {
  return {
    helo: '',
    greeting: '',
    tls: false,
    client: newLines(),
    chunk: newLines(),
    server: newLines(),
    mail_from: '',
    open: false,
    rcpt_to: [],
    from: '',
    to: [],
    subject: '',
    user_agent: '',
    last_reply: '',
    waiting: [],
    content: '',
    header: '',
    bdat_left: 0,
    bdat_last: false,
    in_chunks: false,
    auth: null,
    broken: false,
  };
}

export function looksLikeSmtpServer(text: string): boolean {
  return /^220[ -][^\r\n]*\bE?SMTP\b/i.test(text);
}
export function looksLikeSmtpClient(text: string): boolean {
  return /^(?:EHLO|HELO|LHLO) ?[^\r\n]*\r?\n/i.test(text);
}

/** Takes the next bytes of one side. Returns whether more are wanted; false after STARTTLS was accepted. */
export function feedSmtp(
  session: SmtpSession,
  from_client: boolean,
  b: Uint8Array,
  start: number,
  end: number,
  takes: SmtpTakes,
): boolean {
  if (session.tls || session.broken) return false;
  let at = start;
  while (at < end && !session.tls && !session.broken) {
    if (from_client && session.bdat_left > 0) {
      at = chunk(session, b, at, Math.min(end, at + session.bdat_left));
      continue;
    }
    const line = nextLine(from_client ? session.client : session.server, b, at, end);
    if (line === null) break;
    at = line.next;
    if (!from_client) replyLine(session, line.text, takes);
    else if (session.content !== '' && !session.in_chunks) contentLine(session, line.text);
    else commandLine(session, line.text, takes);
  }
  return !session.tls && !session.broken;
}

/** A piece of a BDAT chunk: lines of the header, then the body, which is skipped. */
function chunk(session: SmtpSession, b: Uint8Array, start: number, end: number): number {
  session.bdat_left -= end - start;
  for (let at = start; at < end && session.content === 'headers'; ) {
    const line = nextLine(session.chunk, b, at, end);
    if (line === null) break;
    at = line.next;
    contentLine(session, line.text);
  }
  if (session.bdat_left === 0 && session.bdat_last) endChunks(session);
  return end;
}

function endChunks(session: SmtpSession): void {
  session.content = '';
  session.in_chunks = false;
  session.chunk.open = '';
}

/** The connection is over: an open envelope goes to `takes`. */
export function endSmtp(session: SmtpSession, takes: SmtpTakes): void {
  if (session.open) finish(session, takes);
  if (session.auth !== null) {
    takes.sign_in({ username: session.auth.username, mechanism: session.auth.mechanism, success: null });
    session.auth = null;
  }
}

function commandLine(session: SmtpSession, text: string, takes: SmtpTakes): void {
  if (session.auth !== null) {
    authLine(session, text);
    return;
  }
  const m = /^([A-Za-z]{4,8})(?:\s+(.*))?$/s.exec(text);
  if (m === null) return;
  const command = m[1]!.toUpperCase();
  const argument = m[2] ?? '';
  expect(session, command);
  switch (command) {
    case 'HELO':
    case 'EHLO':
    case 'LHLO':
      session.helo = argument.trim();
      return;
    case 'MAIL':
      if (session.open) finish(session, takes);
      session.open = true;
      session.mail_from = address(argument);
      return;
    case 'RCPT':
      session.open = true;
      if (session.rcpt_to.length < maxRecipients) session.rcpt_to.push(address(argument));
      return;
    case 'DATA':
      // Nothing of the server is seen in a one-sided capture: then it is taken as accepted.
      if (session.greeting === '' && session.last_reply === '') beginContent(session, false);
      return;
    case 'BDAT':
      session.bdat_left = Number(/^\d{1,12}/.exec(argument)?.[0] ?? 0);
      session.bdat_last = /\bLAST\b/i.test(argument);
      if (!session.in_chunks) beginContent(session, true);
      if (session.bdat_last) {
        session.waiting.pop();
        expect(session, 'BDAT LAST');
        if (session.bdat_left === 0) endChunks(session);
      }
      return;
    case 'RSET':
      if (session.open) finish(session, takes);
      return;
    case 'AUTH':
      beginAuth(session, argument);
  }
}

/** FROM:<a@b> SIZE=1 → a@b */
function address(argument: string): string {
  const m = /^(?:FROM|TO)\s*:\s*(?:<([^>]*)>|(\S+))/i.exec(argument);
  return (m?.[1] ?? m?.[2] ?? '').slice(0, 512);
}

function expect(session: SmtpSession, command: string): void {
  if (session.waiting.length >= maxWaiting) session.waiting.shift();
  session.waiting.push(command);
}

function beginContent(session: SmtpSession, in_chunks: boolean): void {
  session.content = 'headers';
  session.header = '';
  session.in_chunks = in_chunks;
}

function replyLine(session: SmtpSession, text: string, takes: SmtpTakes): void {
  const m = /^(\d{3})(?:([ -])(.*))?$/s.exec(text);
  if (m === null || m[2] === '-') return;
  const code = Number(m[1]);
  const said = m[3] ?? '';
  session.last_reply = `${m[1]} ${said}`;
  if (code === 220 && session.greeting === '' && session.waiting.length === 0) {
    session.greeting = said;
    return;
  }
  if (code === 334) return; // AUTH goes on
  switch (session.waiting.shift()) {
    case 'AUTH':
      if (session.auth === null) return;
      takes.sign_in({
        username: session.auth.username,
        mechanism: session.auth.mechanism,
        success: code === 235 ? 1 : 0,
      });
      session.auth = null;
      return;
    case 'STARTTLS':
      if (code !== 220) return;
      session.tls = true;
      if (session.open) finish(session, takes);
      return;
    case 'DATA':
      if (code === 354) beginContent(session, false);
      return;
    case 'CONTENT':
    case 'BDAT LAST':
      if (session.open) finish(session, takes);
  }
}

function finish(session: SmtpSession, takes: SmtpTakes): void {
  takes.mail({
    helo: session.helo,
    mail_from: session.mail_from,
    rcpt_to: session.rcpt_to,
    from: session.from,
    to: session.to,
    subject: session.subject,
    user_agent: session.user_agent,
    last_reply: session.last_reply,
    tls: session.tls,
  });
  session.open = false;
  session.mail_from = '';
  session.rcpt_to = [];
  session.from = '';
  session.to = [];
  session.subject = '';
  session.user_agent = '';
}

function contentLine(session: SmtpSession, text: string): void {
  if (text === '.' && !session.in_chunks) {
    session.content = '';
    expect(session, 'CONTENT');
    return;
  }
  if (session.content === 'body') return;
  if (text === '') {
    session.content = 'body';
    return;
  }
  if (text[0] === ' ' || text[0] === '\t') {
    headerValue(session, ` ${text.trim()}`);
    return;
  }
  const colon = text.indexOf(':');
  session.header = colon > 0 && colon < 40 ? text.slice(0, colon).toLowerCase() : '';
  headerValue(session, text.slice(colon + 1).trim());
}

function headerValue(session: SmtpSession, value: string): void {
  switch (session.header) {
    case 'from':
      session.from = (session.from + value).slice(0, maxValue);
      return;
    case 'to':
      for (const part of value.split(',')) {
        const to = part.trim();
        if (to !== '' && session.to.length < maxRecipients) session.to.push(to.slice(0, 512));
      }
      return;
    case 'subject':
      session.subject = (session.subject + value).slice(0, maxValue);
      return;
    case 'user-agent':
    case 'x-mailer':
      session.user_agent = (session.user_agent + value).slice(0, maxValue);
  }
}

function beginAuth(session: SmtpSession, argument: string): void {
  const [mechanism = '', initial = ''] = argument.split(/\s+/, 2);
  session.auth = { mechanism: mechanism.toUpperCase().slice(0, 32), username: '', step: 0 };
  if (initial !== '') authLine(session, initial);
}

/** PLAIN: authorisation, user and password apart by zero bytes. LOGIN: the first answer is the user. */
function authLine(session: SmtpSession, text: string): void {
  const auth = session.auth!;
  auth.step++;
  if (auth.step > 1 || text.length > 1024) return;
  if (auth.mechanism !== 'PLAIN' && auth.mechanism !== 'LOGIN') return;
  const plain = Buffer.from(text, 'base64').toString('utf8');
  const parts = plain.split('\0');
  auth.username = auth.mechanism === 'LOGIN' ? plain : parts[1] || parts[0] || '';
}
