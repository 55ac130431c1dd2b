import { f64, nullable, type RecordOf, table, text, texts, u64, word } from '../table.ts';
import { flow, placed, when } from './shared.ts';

export const file = table(
  'file',
  'One file carried by a connection: HTTP and SMTP bodies, FTP data, SMB reads and writes.',
  {
    ...when,
    ...flow,
    ...placed,
    file_id: text("the sensor's id"),
    protocol: word('HTTP, SMB, FTP_DATA, SMTP, SSL, ...'),
    action: word("SMB::FILE_OPEN, read, write, ...; '' when only the content was seen"),
    path: text('share or folder'),
    name: text('file name'),
    mime: word('media type found in the content'),
    size_bytes: u64('bytes of the file as far as known'),
    seen_bytes: u64('bytes the sensor saw'),
    missing_bytes: u64('bytes the sensor missed'),
    duration_s: nullable(f64('seconds the transfer took; null: not known')),
    md5: word("'' when not computed"),
    sha1: word("'' when not computed"),
    sha256: word("'' when not computed"),
    sender_ips: texts('addresses that sent it'),
    receiver_ips: texts('addresses that got it'),
  },
);
export type File = RecordOf<typeof file>;
