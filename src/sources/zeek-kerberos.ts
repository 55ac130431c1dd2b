import type { Authentication } from '../schema/event/authentication.ts';
import { unplaced } from './checked.ts';
import { asSuccess, flowOf, type ZeekLog } from './zeek.ts';

/** https://docs.zeek.org/en/master/scripts/base/protocols/krb/main.zeek.html; client is 'name/REALM'. */
export const kerberos: ZeekLog = {
  path: 'kerberos',
  map(r): Authentication {
    const client = r.text('client');
    const slash = client.lastIndexOf('/');
    const cipher = r.text('cipher');
    return {
      kind: 'authentication',
      time: r.time(),
      ...flowOf(r, ''),
      ...unplaced,
      protocol: 'kerberos',
      username: slash < 0 ? client : client.slice(0, slash),
      domain: slash < 0 ? '' : client.slice(slash + 1),
      host: '',
      target: r.text('service'),
      success: asSuccess(r.bool('success')),
      attempts: 1,
      error: r.text('error_msg'),
      client: '',
      server: '',
      fingerprint: '',
      detail: [r.text('request_type'), cipher].filter((one) => one !== '').join(' '),
    };
  },
};
