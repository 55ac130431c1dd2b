import type { ExternalAlert } from '../schema/event/alert.ts';
import { unplaced } from './checked.ts';
import { looseFlowOf, type ZeekLog } from './zeek.ts';

/**
 * https://docs.zeek.org/en/master/scripts/base/frameworks/notice/main.zeek.html. A notice need not be of one
 * connection: then src, dst and p say what it is about. Zeek gives no severity: 0.
 */
export const notice: ZeekLog = {
  path: 'notice',
  map(r): ExternalAlert {
    const flow = looseFlowOf(r, r.text('proto'));
    if (flow.src_ip === '') flow.src_ip = r.ip('src');
    if (flow.dst_ip === '') flow.dst_ip = r.ip('dst');
    if (flow.dst_port === 0) flow.dst_port = r.port('p');
    const message = r.text('msg');
    const sub = r.text('sub');
    const name = r.text('note');
    const actions = r.texts('actions');
    return {
      kind: 'external_alert',
      time: r.time(),
      ...flow,
      ...unplaced,
      engine: 'zeek',
      type: 'notice',
      signature_id: 0,
      name,
      category: name.split('::', 1)[0] ?? '',
      severity: 0,
      message: sub === '' ? message : `${message} (${sub})`,
      action: actions.some((one) => one.endsWith('ACTION_DROP')) ? 'blocked' : 'allowed',
      attack: [],
    };
  },
};
