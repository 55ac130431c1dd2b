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
  /** last command: MAIL, RCPT, DATA, STARTTLS, AUTH, ... */
  command: string;
  /** headers: reading header lines; body: skipping; '' commands */
  content: '' | 'headers' | 'body';
  /** header that a folded line goes on with */
  header: string;
  bdat_left: number;
  auth: { mechanism: string; username: string; step: number } | null;
  broken: boolean;
}

const maxRecipients = 100;
const maxValue = 2048;

export function newSmtp(): SmtpSession {
  return {
    helo: '',
    greeting: '',
    tls: false,
    client: newLines(),
    server: newLines(),
    mail_from: '',
    open: false,
    rcpt_to: [],
    from: '',
    to: [],
    subject: '',
    user_agent: '',
    last_reply: '',
    command: '',
    content: '',
    header: '',
    bdat_left: 0,
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
      const take = Math.min(session.bdat_left, end - at);
      session.bdat_left -= take;
      at += take;
      continue;
    }
    const line = nextLine(from_client ? session.client : session.server, b, at, end);
    if (line === null) break;
    at = line.next;
    if (!from_client) replyLine(session, line.text, takes);
    else if (session.content !== '') contentLine(session, line.text);
    else commandLine(session, line.text, takes);
  }
  return !session.tls && !session.broken;
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
  session.command = command;
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
    case 'BDAT':
      session.bdat_left = Math.min(Number(/^\d{1,12}/.exec(argument)?.[0] ?? 0), Number.MAX_SAFE_INTEGER);
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

function replyLine(session: SmtpSession, text: string, takes: SmtpTakes): void {
  const m = /^(\d{3})([ -]?)(.*)$/s.exec(text);
  if (m === null || m[2] === '-') return;
  const code = Number(m[1]);
  session.last_reply = `${m[1]} ${m[3]}`;
  if (code === 220 && session.greeting === '' && session.command === '') {
    session.greeting = m[3]!;
    return;
  }
  if (session.auth !== null) {
    if (code === 334) return;
    const { username, mechanism } = session.auth;
    session.auth = null;
    takes.sign_in({ username, mechanism, success: code === 235 ? 1 : 0 });
    return;
  }
  if (session.command === 'STARTTLS' && code === 220) {
    session.tls = true;
    if (session.open) finish(session, takes);
    return;
  }
  if (session.command === 'DATA') {
    if (code === 354) {
      session.content = 'headers';
      session.header = '';
    }
    session.command = code === 354 ? 'CONTENT' : '';
  } else if (session.command === 'CONTENT' && session.content === '') {
    session.command = '';
    finish(session, takes);
  } else if (session.command === 'BDAT' && session.bdat_left === 0 && session.open) {
    session.command = '';
    finish(session, takes);
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
  if (text === '.') {
    session.content = '';
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
