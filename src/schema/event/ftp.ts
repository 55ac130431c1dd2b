import { type RecordOf, table, text, u16, u64, word } from '../table.ts';
import { flow, placed, when } from './shared.ts';

export const ftp = table('ftp', 'One FTP command and its reply; the password is never kept.', {
  ...when,
  ...flow,
  ...placed,
  username: text('user of the session'),
  command: word('RETR, STOR, ...'),
  argument: text('file or argument'),
  reply_code: u16('0: none seen'),
  reply: text('text of the reply'),
  file_bytes: u64('size of the file, 0 when not known'),
});
export type Ftp = RecordOf<typeof ftp>;
