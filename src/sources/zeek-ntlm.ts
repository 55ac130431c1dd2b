import type { Authentication } from '../schema/event/authentication.ts';
import { unplaced } from './checked.ts';
import { asSuccess, flowOf, type ZeekLog } from './zeek.ts';

/** https://docs.zeek.org/en/master/scripts/base/protocols/ntlm/main.zeek.html */
export const ntlm: ZeekLog = {
  path: 'ntlm',
  map(r): Authentication {
    const success = r.bool('success');
    return {
      kind: 'authentication',
      time: r.time(),
      ...flowOf(r, 'tcp'),
      ...unplaced,
      protocol: 'ntlm',
      username: r.text('username'),
      domain: r.text('domainname'),
      host: r.text('hostname'),
      target:
        r.text('server_dns_computer_name') || r.text('server_nb_computer_name') || r.text('server_tree_name'),
      success: asSuccess(success),
      attempts: 1,
      error: r.text('status'),
      client: '',
      server: '',
      fingerprint: '',
      detail: '',
    };
  },
};
