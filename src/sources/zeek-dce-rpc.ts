import type { RemoteCall } from '../schema/event/remote-call.ts';
import { unplaced } from './checked.ts';
import { flowOf, type ZeekLog } from './zeek.ts';

/** https://docs.zeek.org/en/master/scripts/base/protocols/dce-rpc/main.zeek.html */
export const dce_rpc: ZeekLog = {
  path: 'dce_rpc',
  map(r): RemoteCall {
    return {
      kind: 'remote_call',
      time: r.time(),
      ...flowOf(r, ''),
      ...unplaced,
      protocol: 'dce_rpc',
      endpoint: r.text('endpoint'),
      operation: r.text('operation'),
      path: r.text('named_pipe'),
      rtt_s: r.seconds('rtt'),
    };
  },
};
