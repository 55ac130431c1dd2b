import { bool, ip, optional, text, texts, time, u16, word } from '../table.ts';

/** Columns that every event has. Where the record came from is kept beside the record: see origin.ts. */
export const when = {
  time: time('when it happened (first packet, or the moment of the log line), UTC'),
  set_aside: optional(
    texts(
      "values of the record that were not usable, each as 'column: reason'; the column says '' or 0, or null where it may",
    ),
  ),
};

/** The connection an event belongs to. `src` is who opened it (Zeek's originator). */
export const flow = {
  uid: text(
    "the sensor's id of the connection: Zeek uid, Suricata flow_id, or made by the flow meter; '' when unknown",
  ),
  src_ip: ip('address that opened the connection'),
  src_port: u16('its port; for ICMP the type'),
  dst_ip: ip('address it was opened to'),
  dst_port: u16('its port; for ICMP the code'),
  transport: word("tcp, udp, icmp, sctp or the IP protocol's number as text"),
};

/** Filled in by enrich/, false and '' from a parser. */
export const placed = {
  src_local: bool('src_ip is inside the local networks'),
  dst_local: bool('dst_ip is inside the local networks'),
  direction: word('outbound, inbound, internal or external (neither side is local)'),
};
