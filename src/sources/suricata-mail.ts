import type { Ftp } from '../schema/event/ftp.ts';
import type { Mail } from '../schema/event/mail.ts';
import { unplaced } from './checked.ts';
import type { SuricataLog } from './suricata-record.ts';

/** smtp: envelope and headers. https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-smtp */
export const smtp: SuricataLog = {
  event_type: 'smtp',
  map(r): Mail {
    const of = r.section('smtp');
    const email = r.section('email');
    return {
      kind: 'mail',
      time: r.time(),
      ...r.flow(),
      ...unplaced,
      helo: r.text(of, 'helo'),
      mail_from: r.text(of, 'mail_from'),
      rcpt_to: r.texts(of, 'rcpt_to'),
      from: r.text(email, 'from'),
      to: r.texts(email, 'to'),
      subject: r.text(email, 'subject'),
      last_reply: '',
      user_agent: r.text(email, 'x_mailer'),
      tls: of.tls === true,
    };
  },
};

/** ftp: one command with its reply; what follows PASS is not read. */
export const ftp: SuricataLog = {
  event_type: 'ftp',
  map(r): Ftp {
    const of = r.section('ftp');
    const command = r.text(of, 'command').toUpperCase();
    const argument = command === 'PASS' ? '' : r.text(of, 'command_data');
    return {
      kind: 'ftp',
      time: r.time(),
      ...r.flow(),
      ...unplaced,
      username: command === 'USER' ? argument : '',
      command,
      argument,
      reply_code: r.toCode('completion_code', first(of.completion_code), 65_535) ?? 0,
      reply: r.texts(of, 'reply').join(' '),
      file_bytes: 0,
    };
  },
};

function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}
