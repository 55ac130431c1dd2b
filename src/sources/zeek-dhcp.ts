import type { Dhcp } from '../schema/event/dhcp.ts';
import type { ZeekLog } from './zeek.ts';

/** https://docs.zeek.org/en/master/scripts/base/protocols/dhcp/main.zeek.html; Zeek before 2.6 wrote uid, id and assigned_ip. */
export const dhcp: ZeekLog = {
  path: 'dhcp',
  map(r): Dhcp {
    return {
      kind: 'dhcp',
      time: r.time(),
      uid: r.texts('uids')[0] ?? r.text('uid'),
      mac: r.text('mac').toLowerCase(),
      client_id: '', // not in the log
      client_ip: r.ip('client_addr') || r.ip('id.orig_h'),
      server_ip: r.ip('server_addr') || r.ip('id.resp_h'),
      assigned_ip: r.ip('assigned_addr') || r.ip('assigned_ip'),
      requested_ip: r.ip('requested_addr'),
      host_name: r.text('host_name') || r.text('client_fqdn'),
      domain: r.text('domain'),
      vendor: r.text('vendor_class') || r.text('client_software'),
      // not in Zeek's own log; site scripts add it under this name
      subnet_mask: r.ip('subnet_mask'),
      lease_s: r.seconds('lease_time'),
      messages: r.texts('msg_types'),
    };
  },
};
