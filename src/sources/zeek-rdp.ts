import type { Authentication } from '../schema/event/authentication.ts';
import { unplaced } from './checked.ts';
import { flowOf, type ZeekLog } from './zeek.ts';

/**
 * https://docs.zeek.org/en/master/scripts/base/protocols/rdp/main.zeek.html. The cookie is mostly the account name the
 * client was started with. Whether the sign-in worked cannot be seen: success is null.
 */
export const rdp: ZeekLog = {
  path: 'rdp',
  map(r): Authentication {
    const cookie = r.text('cookie');
    return {
      kind: 'authentication',
      time: r.time(),
      ...flowOf(r, 'tcp'),
      ...unplaced,
      protocol: 'rdp',
      username: cookie,
      domain: '',
      host: r.text('client_name'),
      target: cookie,
      success: null,
      attempts: 1,
      error: '',
      client: r.text('client_build'),
      server: '',
      fingerprint: '',
      detail: [r.text('security_protocol'), r.text('result')].filter((one) => one !== '').join(' '),
    };
  },
};
