import type { Connection } from '../schema/event/connection.ts';
import { transportOf, type ZeekLog, type ZeekRecord } from './zeek.ts';

/** https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html */
export const conn: ZeekLog = {
  path: 'conn',
  share: 'whole',
  map(r): Connection {
    const src_ip = r.ip('id.orig_h');
    const dst_ip = r.ip('id.resp_h');
    if (src_ip === '') r.lacks('id.orig_h');
    if (dst_ip === '') r.lacks('id.resp_h');
    return {
      kind: 'connection',
      time: r.time(),
      uid: r.text('uid'),
      src_ip,
      src_port: r.port('id.orig_p'),
      dst_ip,
      dst_port: r.port('id.resp_p'),
      transport: transport(r),
      src_local: false,
      dst_local: false,
      direction: '',
      community_id: r.text('community_id'),
      service: r.text('service'),
      duration_s: r.seconds('duration'),
      src_bytes: r.count('orig_bytes'),
      dst_bytes: r.count('resp_bytes'),
      src_packets: r.count0('orig_pkts'),
      dst_packets: r.count0('resp_pkts'),
      src_ip_bytes: r.count0('orig_ip_bytes'),
      dst_ip_bytes: r.count0('resp_ip_bytes'),
      missed_bytes: r.count0('missed_bytes'),
      conn_state: r.text('conn_state'),
      history: r.text('history'),
      vlan: r.code('vlan', 65_535),
      src_mac: r.text('orig_l2_addr').toLowerCase(),
      dst_mac: r.text('resp_l2_addr').toLowerCase(),
      outcome: '',
      orientation: '',
      dst_name: '',
    };
  },
};

function transport(r: ZeekRecord): string {
  const proto = r.text('proto');
  return proto === 'tcp' || proto === 'udp' ? proto : transportOf(proto, r.count('ip_proto'));
}
