import { nullable, type RecordOf, table, text, u8, u32, word } from '../table.ts';
import { flow, placed, when } from './shared.ts';

/** SSH, NTLM, Kerberos, RDP and FTP sign-ins in one table: the questions asked of them are the same. */
export const authentication = table(
  'authentication',
  'One sign-in attempt (or one connection of a sign-in protocol).',
  {
    ...when,
    ...flow,
    ...placed,
    protocol: word('ssh, ntlm, kerberos, rdp, ftp, http, smtp'),
    username: text("account name; '' when the protocol hides it"),
    domain: text('Windows domain or Kerberos realm'),
    host: text('name of the client as it says'),
    target: text('service or server asked for (Kerberos service, RDP cookie, NTLM server name)'),
    success: nullable(u8('1 signed in, 0 refused; null: cannot be seen')),
    attempts: u32('attempts within the connection, at least 1 when known, else 0'),
    error: word('why it was refused, in the words of the protocol'),
    client: text('client software'),
    server: text('server software'),
    fingerprint: text("client fingerprint (HASSH) or host key, '' when none"),
    detail: text('request type, cipher, security protocol: what else the protocol says'),
  },
);
export type Authentication = RecordOf<typeof authentication>;
