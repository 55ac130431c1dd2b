import { ip, type RecordOf, table, text, u16, u64 } from '../table.ts';
import { placed, when } from './shared.ts';

/** ICMP (RFC 792) and ICMPv6 (RFC 4443, 4861, 3810) beside requests and their answers, which are connections. */
export const icmp_message = table(
  'icmp_message',
  'ICMP messages that are no connection of anyone: errors (unreachable, time exceeded, too big), redirects, discovery of routers and neighbours, group membership.',
  {
    ...when,
    uid: text("the sensor's id of the flow; '' when unknown"),
    src_ip: ip('address that sent them'),
    dst_ip: ip('address they were sent to'),
    icmp_type: u16('type, as IANA registers it'),
    icmp_code: u16('code; of discovery and membership the type of their counterpart, as Zeek gives it'),
    ...placed,
    packets: u64('messages, of both directions where a sensor takes them together'),
    ip_bytes: u64('their IP-level bytes, headers included'),
  },
);
export type IcmpMessage = RecordOf<typeof icmp_message>;
