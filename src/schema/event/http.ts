import { type RecordOf, table, text, u16, u64, word } from '../table.ts';
import { flow, placed, when } from './shared.ts';

export const http = table('http', 'One HTTP request with its answer.', {
  ...when,
  ...flow,
  ...placed,
  method: word('GET, POST, CONNECT, ...'),
  host: text("Host header without port, lower case; '' when absent"),
  host_domain: text('registered domain of host (filled in by enrich)'),
  uri: text('request target as sent'),
  version: word('1.0, 1.1, 2, ...'),
  user_agent: text('User-Agent header'),
  referrer: text('Referer header'),
  status_code: u16('0: no answer seen'),
  request_bytes: u64('body bytes of the request'),
  response_bytes: u64('body bytes of the answer'),
  request_mime: word('media type of the request body'),
  response_mime: word('media type of the response body'),
  username: text('user of HTTP authentication; passwords are never kept'),
  authorization: word("scheme of HTTP authentication: basic, digest, ntlm, ...; '' when none is seen"),
  proxied: word("Via or X-Forwarded-For headers, '' when none"),
});
export type Http = RecordOf<typeof http>;
