import type { Authentication } from '../schema/event/authentication.ts';
import { unplaced } from './checked.ts';
import { asSuccess, flowOf, type ZeekLog } from './zeek.ts';

/** https://docs.zeek.org/en/master/scripts/base/protocols/ssh/main.zeek.html; hassh is of a package. */
export const ssh: ZeekLog = {
  path: 'ssh',
  map(r): Authentication {
    return {
      kind: 'authentication',
      time: r.time(),
      ...flowOf(r, 'tcp'),
      ...unplaced,
      protocol: 'ssh',
      username: '',
      domain: '',
      host: '',
      target: '',
      success: asSuccess(r.bool('auth_success')),
      attempts: r.code('auth_attempts', 2 ** 32 - 1),
      error: '',
      client: r.text('client'),
      server: r.text('server'),
      fingerprint: r.text('hassh') || r.text('host_key') || r.text('host_key_fingerprint'),
      detail: r.text('cipher_alg'),
    };
  },
};
