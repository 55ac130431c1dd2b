import { bool, type RecordOf, table, text, texts, time, u32, word } from '../table.ts';
import { when } from './shared.ts';

export const certificate = table('certificate', 'One X.509 certificate seen on the wire.', {
  ...when,
  fingerprint: text("the sensor's fingerprint or file id of it"),
  subject: text('distinguished name'),
  issuer: text('distinguished name'),
  serial: text('serial number, hexadecimal'),
  not_before: time('valid from; 0 when before 1970'),
  not_after: time('valid until; 0 when before 1970'),
  key_type: word('rsa, ecdsa, ...'),
  key_bits: u32('key length in bits'),
  signature_algorithm: word('as the sensor writes it'),
  names: texts('DNS names and addresses it is for'),
  self_signed: bool('subject equals issuer'),
  is_ca: bool('basic constraints say CA'),
});
export type Certificate = RecordOf<typeof certificate>;
