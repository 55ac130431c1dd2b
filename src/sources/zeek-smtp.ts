import type { Mail } from '../schema/event/mail.ts';
import { unplaced } from './checked.ts';
import { flowOf, type ZeekLog } from './zeek.ts';

/** https://docs.zeek.org/en/master/scripts/base/protocols/smtp/main.zeek.html */
export const smtp: ZeekLog = {
  path: 'smtp',
  map(r): Mail {
    return {
      kind: 'mail',
      time: r.time(),
      ...flowOf(r, 'tcp'),
      ...unplaced,
      helo: r.text('helo'),
      mail_from: r.text('mailfrom'),
      rcpt_to: r.texts('rcptto'),
      from: r.text('from'),
      to: r.texts('to'),
      subject: r.text('subject'),
      last_reply: r.text('last_reply'),
      user_agent: r.text('user_agent'),
      tls: r.bool('tls') ?? false,
    };
  },
};
