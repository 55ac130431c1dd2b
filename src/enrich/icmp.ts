import type { Connection } from '../schema/event/connection.ts';
import type { IcmpMessage } from '../schema/event/icmp-message.ts';

/** Requests that a host answers: echo, timestamp, information and mask (RFC 792, RFC 950), echo of ICMPv6 (RFC 4443). */
const requests: ReadonlySet<number> = new Set([8, 13, 15, 17]);
const requests6: ReadonlySet<number> = new Set([128]);
/** Their answers. */
const replies: ReadonlySet<number> = new Set([0, 14, 16, 18]);
const replies6: ReadonlySet<number> = new Set([129]);

/** Whether an ICMP type is the answer to a request. */
export function isReply(type: number, v6: boolean): boolean {
  return (v6 ? replies6 : replies).has(type);
}

/**
 * Whether what a sensor calls a connection is none: ICMP of a type that is neither a request nor an answer. An error is
 * about somebody's packet, a solicitation about a link; neither opens anything, fails, or has a rhythm of its own.
 */
export function isIcmpMessage({ transport, src_ip, src_port }: Connection): boolean {
  if (transport !== 'icmp') return false;
  const v6 = src_ip.includes(':');
  return !isReply(src_port, v6) && !(v6 ? requests6 : requests).has(src_port);
}

/** The event that such a record is. */
export function icmpMessage(event: Connection): IcmpMessage {
  const message: IcmpMessage = {
    kind: 'icmp_message',
    time: event.time,
    uid: event.uid,
    src_ip: event.src_ip,
    dst_ip: event.dst_ip,
    icmp_type: event.src_port,
    icmp_code: event.dst_port,
    src_local: false,
    dst_local: false,
    direction: '',
    packets: event.src_packets + event.dst_packets,
    ip_bytes: event.src_ip_bytes + event.dst_ip_bytes,
  };
  if (event.set_aside) message.set_aside = event.set_aside;
  return message;
}
