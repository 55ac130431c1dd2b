import type { Ftp } from '../schema/event/ftp.ts';
import { unplaced } from './checked.ts';
import { flowOf, type ZeekLog } from './zeek.ts';

/** https://docs.zeek.org/en/master/scripts/base/protocols/ftp/main.zeek.html; the password is not read. */
export const ftp: ZeekLog = {
  path: 'ftp',
  map(r): Ftp {
    const command = r.text('command');
    return {
      kind: 'ftp',
      time: r.time(),
      ...flowOf(r, 'tcp'),
      ...unplaced,
      username: r.text('user'),
      command,
      argument: command.toUpperCase() === 'PASS' ? '' : r.text('arg'),
      reply_code: r.code('reply_code', 65_535),
      reply: r.text('reply_msg'),
      file_bytes: r.count0('file_size'),
    };
  },
};
