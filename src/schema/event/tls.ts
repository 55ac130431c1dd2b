import { bool, type RecordOf, table, text, texts, word } from '../table.ts';
import { flow, placed, when } from './shared.ts';

export const tls = table('tls', 'One TLS (or QUIC) handshake.', {
  ...when,
  ...flow,
  ...placed,
  version: word('TLSv10, TLSv12, TLSv13, DTLSv12, SSLv3, ... as Zeek writes them'),
  cipher: word("chosen cipher suite, IANA name; '' when no server hello was seen"),
  server_name: text('SNI, lower case'),
  server_domain: text('registered domain of server_name (filled in by enrich)'),
  alpn: word("application protocol agreed on or first offered, '' when none"),
  established: bool('the handshake ended well'),
  resumed: bool('an earlier session was resumed'),
  ja3: text('MD5 of the client hello, Salesforce JA3'),
  ja3s: text('MD5 of the server hello'),
  ja4: text('JA4 of the client hello, FoxIO (BSD-3 part)'),
  subject: text("server certificate's subject"),
  issuer: text("server certificate's issuer"),
  self_signed: bool('subject equals issuer, or the validation status says so'),
  validation_status: word("what the sensor said of the certificate chain, '' when it did not check"),
  cert_fingerprints: texts('fingerprints of the certificate chain, server first'),
});
export type Tls = RecordOf<typeof tls>;
