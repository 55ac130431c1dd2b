import type { Dhcp } from '../schema/event/dhcp.ts';
import { clientId } from './packet/protocols/dhcp.ts';
import type { SuricataLog } from './suricata-record.ts';

/** dhcp: one record a message. https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-dhcp */
export const dhcp: SuricataLog = {
  event_type: 'dhcp',
  map(r): Dhcp {
    const of = r.section('dhcp');
    const message = r.text(of, 'dhcp_type').toUpperCase();
    const from_server = r.text(of, 'type') === 'reply';
    const mac = r.text(of, 'client_mac').toLowerCase();
    return {
      kind: 'dhcp',
      time: r.time(),
      uid: r.uid(),
      mac,
      client_id: clientId(r.text(of, 'client_id'), mac),
      client_ip: r.toIp('client_ip', of.client_ip),
      server_ip: from_server ? r.toIp('src_ip', r.object.src_ip) : '',
      assigned_ip: r.toIp('assigned_ip', of.assigned_ip),
      requested_ip: r.toIp('requested_ip', of.requested_ip),
      host_name: r.text(of, 'hostname'),
      domain: '',
      vendor: r.text(of, 'vendor_class_identifier'),
      subnet_mask: r.toIp('subnet_mask', of.subnet_mask),
      lease_s: r.toSeconds('lease_time', of.lease_time),
      messages: message === '' ? [] : [message],
    };
  },
};
