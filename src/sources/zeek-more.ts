import type { ExternalAlert } from '../schema/event/alert.ts';
import type { Authentication } from '../schema/event/authentication.ts';
import type { Inventory } from '../schema/event/inventory.ts';
import { unplaced } from './checked.ts';
import { flowOf, looseFlowOf, type ZeekLog } from './zeek.ts';

/** NTP's mode of a packet that a server sends in answer (RFC 5905, figure 10). */
const serverMode = 4;

/**
 * A time server that answered, as something learned of that host; requests alone are no evidence that there is one.
 * https://docs.zeek.org/en/master/scripts/base/protocols/ntp/main.zeek.html
 */
export const ntp: ZeekLog = {
  path: 'ntp',
  map(r): Inventory | string {
    if (r.count('mode') !== serverMode) return 'ntp without an answer';
    const flow = flowOf(r, 'udp');
    return {
      kind: 'inventory',
      time: r.time(),
      host_ip: flow.dst_ip,
      peer_ip: flow.src_ip,
      port: flow.dst_port,
      transport: 'udp',
      type: 'time_server',
      name: 'ntp',
      version: r.label('version'),
      detail: `stratum ${r.code('stratum', 255)}`,
    };
  },
};

/**
 * SIP: who signs in at a telephone server. A first REGISTER is answered with 401 or 407, which asks for the password and
 * refuses nobody (RFC 3261, 22.2); calls and the rest are not used.
 * https://docs.zeek.org/en/master/scripts/base/protocols/sip/main.zeek.html
 */
export const sip: ZeekLog = {
  path: 'sip',
  map(r): Authentication | string {
    if (r.text('method') !== 'REGISTER') return 'sip message that is no sign-in';
    const status = r.code('status_code', 999);
    const asks = status < 200 || status === 401 || status === 407;
    const address = /^[^<]*<?sips?:([^@;>]*)@?([^;:>]*)/i.exec(r.text('request_from'));
    return {
      kind: 'authentication',
      time: r.time(),
      ...flowOf(r, ''),
      ...unplaced,
      protocol: 'sip',
      username: address?.[2] === '' ? '' : (address?.[1] ?? ''),
      domain: address?.[2] || (address?.[1] ?? ''),
      host: '',
      target: r.text('uri'),
      success: asks ? null : status < 300 ? 1 : 0,
      attempts: 1,
      error: asks || status < 300 ? '' : `${status} ${r.text('status_msg')}`.trim(),
      client: r.text('user_agent'),
      server: '',
      fingerprint: '',
      detail: '',
    };
  },
};

/**
 * What an analyzer could not make sense of: an oddity, like those of weird.log, and no alert. Later versions write it to
 * analyzer.log. https://docs.zeek.org/en/master/scripts/base/frameworks/analyzer/dpd.zeek.html
 */
function violation(path: 'dpd' | 'analyzer'): ZeekLog {
  return {
    path,
    map(r): ExternalAlert {
      return {
        kind: 'external_alert',
        time: r.time(),
        ...looseFlowOf(r, r.text('proto')),
        ...unplaced,
        engine: 'zeek',
        type: 'weird',
        signature_id: 0,
        name: 'protocol_violation',
        category: r.text('analyzer') || r.text('analyzer_name'),
        severity: 0,
        message: r.text('failure_reason'),
        action: 'allowed',
        attack: [],
      };
    },
  };
}
export const dpd = violation('dpd');
export const analyzer = violation('analyzer');

/** Suricata's alerts as a Corelight sensor writes them. https://github.com/corelight/Chronicle (log-schemas, suricata_corelight) */
export const suricata_corelight: ZeekLog = {
  path: 'suricata_corelight',
  map(r): ExternalAlert {
    return {
      kind: 'external_alert',
      time: r.time(),
      ...looseFlowOf(r, ''),
      ...unplaced,
      engine: 'suricata',
      type: 'alert',
      signature_id: r.count0('alert.signature_id'),
      name: r.text('alert.signature'),
      category: r.text('alert.category'),
      severity: r.code('alert.severity', 255),
      message: '',
      action: r.text('alert.action'),
      attack: [],
    };
  },
};
