import type { ExternalAlert } from '../schema/event/alert.ts';
import { unplaced } from './checked.ts';
import { looseFlowOf, type ZeekLog } from './zeek.ts';

/** https://docs.zeek.org/en/master/scripts/base/frameworks/notice/weird.zeek.html */
export const weird: ZeekLog = {
  path: 'weird',
  map(r): ExternalAlert {
    return {
      kind: 'external_alert',
      time: r.time(),
      ...looseFlowOf(r, ''),
      ...unplaced,
      engine: 'zeek',
      type: 'weird',
      signature_id: 0,
      name: r.text('name'),
      category: r.text('source'),
      severity: 0,
      message: r.text('addl'),
      action: 'allowed',
      attack: [],
    };
  },
};
