import type { Http } from '../schema/event/http.ts';
import { unplaced } from './checked.ts';
import { flowOf, type ZeekLog } from './zeek.ts';

/** https://docs.zeek.org/en/master/scripts/base/protocols/http/main.zeek.html; the password is not read. */
export const http: ZeekLog = {
  path: 'http',
  map(r): Http {
    return {
      kind: 'http',
      time: r.time(),
      ...flowOf(r, 'tcp'),
      ...unplaced,
      method: r.text('method'),
      host: r.host('host'),
      host_domain: '',
      uri: r.text('uri'),
      version: r.text('version'),
      user_agent: r.text('user_agent'),
      referrer: r.text('referrer'),
      status_code: r.code('status_code', 65_535),
      request_bytes: r.count0('request_body_len'),
      response_bytes: r.count0('response_body_len'),
      request_mime: r.texts('orig_mime_types')[0] ?? '',
      response_mime: r.texts('resp_mime_types')[0] ?? '',
      username: r.text('username'),
      // Zeek reads the account of the basic scheme alone.
      authorization: r.text('username') === '' ? '' : 'basic',
      proxied: r.texts('proxied').join(', '),
    };
  },
};
