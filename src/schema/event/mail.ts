import { bool, type RecordOf, table, text, texts } from '../table.ts';
import { flow, placed, when } from './shared.ts';

export const mail = table('mail', 'One SMTP message envelope.', {
  ...when,
  ...flow,
  ...placed,
  helo: text('name the client gave'),
  mail_from: text('envelope sender'),
  rcpt_to: texts('envelope recipients'),
  from: text('From header'),
  to: texts('To header'),
  subject: text('Subject header'),
  last_reply: text('last answer of the server'),
  user_agent: text('client software'),
  tls: bool('the session was encrypted'),
});
export type Mail = RecordOf<typeof mail>;
