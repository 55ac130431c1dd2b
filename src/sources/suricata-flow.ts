import type { Connection } from '../schema/event/connection.ts';
import { joinNotes } from '../schema/set-aside.ts';
import type { JsonObject } from './json.ts';
import { type Flow, type SuricataLog, type SuricataRecord, serviceOf } from './suricata-record.ts';

/**
 * flow: one record for both directions. Suricata counts whole frames: the IP-level bytes are its bytes less 14 for the
 * Ethernet header (18 with a VLAN tag) of every packet. It does not count payload: src_bytes and dst_bytes are null.
 * https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-flow
 */
export const flow: SuricataLog = {
  event_type: 'flow',
  map(r): Connection {
    const of = r.section('flow');
    const start = startOf(r, 'flow.start', of.start);
    const end = of.end === undefined ? null : r.toInstant('flow.end', of.end);
    const connection = blank(r, r.flow(), start);
    connection.src_packets = r.count0(of, 'pkts_toserver');
    connection.dst_packets = r.count0(of, 'pkts_toclient');
    connection.src_ip_bytes = ipBytes(
      r.count0(of, 'bytes_toserver'),
      connection.src_packets,
      connection.vlan,
    );
    connection.dst_ip_bytes = ipBytes(
      r.count0(of, 'bytes_toclient'),
      connection.dst_packets,
      connection.vlan,
    );
    connection.duration_s = durationOf(r, start, end, connection);
    const tcp = r.section('tcp');
    note(connection, flagsOf(tcp.tcp_flags_ts), flagsOf(tcp.tcp_flags_tc));
    return connection;
  },
};

/** When the flow began; the time of the record when it does not say, or not well. */
function startOf(r: SuricataRecord, name: string, value: unknown): number {
  const start = r.toInstant(name, value);
  if (start !== null && start >= 0 && start <= r.latest_time) return start;
  if (start !== null) r.aside(name, start < 0 ? 'before 1970' : 'in the future', value);
  return r.time();
}

/** One direction of a flow, from a netflow record. */
export interface OneWay {
  connection: Connection;
  end: number;
  flags: number | null;
}

/**
 * netflow: the same flow as two records, one a direction, each naming the sender as source; the first is the direction
 * of who opened it. They are joined to one connection (joinWays) by suricata.ts.
 */
export function oneWay(r: SuricataRecord): OneWay {
  const of = r.section('netflow');
  const start = startOf(r, 'netflow.start', of.start);
  const end = r.toInstant('netflow.end', of.end) ?? start;
  const connection = blank(r, r.flow(), start);
  connection.src_packets = r.count0(of, 'pkts');
  connection.src_ip_bytes = ipBytes(r.count0(of, 'bytes'), connection.src_packets, connection.vlan);
  connection.duration_s = durationOf(r, start, end, connection);
  const flags = flagsOf(r.section('tcp').tcp_flags);
  note(connection, flags, connection.transport === 'tcp' ? 0 : null);
  return { connection, end, flags };
}

/** Both directions of one flow as one connection. */
export function joinWays(there: OneWay, back: OneWay): Connection {
  const connection = { ...there.connection };
  const end = Math.max(there.end, back.end);
  connection.time = Math.min(there.connection.time, back.connection.time);
  connection.dst_packets = back.connection.src_packets;
  connection.dst_ip_bytes = back.connection.src_ip_bytes;
  connection.duration_s = (end - connection.time) / 1_000_000;
  note(connection, there.flags, back.flags);
  joinNotes(connection, back.connection);
  return connection;
}

function blank(r: SuricataRecord, of: Flow, time: number): Connection {
  const { object } = r;
  const ether = r.section('ether');
  return {
    kind: 'connection',
    time,
    uid: of.uid,
    src_ip: of.src_ip,
    src_port: of.src_port,
    dst_ip: of.dst_ip,
    dst_port: of.dst_port,
    transport: of.transport,
    src_local: false,
    dst_local: false,
    direction: '',
    community_id: r.text(object, 'community_id'),
    service: serviceOf(r.text(object, 'app_proto')),
    duration_s: null,
    src_bytes: null,
    dst_bytes: null,
    src_packets: 0,
    dst_packets: 0,
    src_ip_bytes: 0,
    dst_ip_bytes: 0,
    missed_bytes: 0,
    conn_state: '',
    history: '',
    vlan: r.toCode('vlan', first(object.vlan), 65_535) ?? 0,
    src_mac: macOf(r, ether, 'src'),
    dst_mac: macOf(r, ether, 'dest'),
    outcome: '',
    orientation: '',
    dst_name: '',
  };
}

function macOf(r: SuricataRecord, ether: JsonObject, side: string): string {
  const value = ether[`${side}_mac`] ?? first(ether[`${side}_macs`]);
  return r.toText(`ether.${side}_mac`, value).toLowerCase();
}

function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}

function ipBytes(bytes: number, packets: number, vlan: number): number {
  return Math.max(0, bytes - packets * (vlan === 0 ? 14 : 18));
}

function durationOf(r: SuricataRecord, start: number, end: number | null, of: Connection): number | null {
  if (end === null || of.src_packets + of.dst_packets < 2) return null;
  if (end >= start) return (end - start) / 1_000_000;
  r.aside('duration', 'negative', (end - start) / 1_000_000);
  return null;
}

/** Flags of all packets of one direction, written in hexadecimal; null when not given. */
function flagsOf(value: unknown): number | null {
  return typeof value === 'string' && /^[0-9a-fA-F]{2}$/.test(value) ? Number.parseInt(value, 16) : null;
}

const FIN = 1;
const SYN = 2;
const RST = 4;
const PSH = 8;
const ACK = 16;
/** A packet with all options of TCP and nothing else is 80 bytes at most, over IPv6. */
const longest_empty = 80;

/** Puts in what the flags of both directions tell. */
function note(of: Connection, there: number | null, back: number | null): void {
  of.conn_state = stateOf(of, there, back);
  of.history = historyOf(of, there, back);
}

/**
 * Zeek's letters where Zeek's state does not tell what the flags do: no SYN was seen (packets that belong to no known
 * session, probes without one), or the opener went on after its SYN although nothing is seen of the other end. In no
 * order, since flags have none; '' everywhere else.
 */
function historyOf(of: Connection, there: number | null, back: number | null): string {
  if (of.transport !== 'tcp' || there === null || back === null) return '';
  if (((there | back) & SYN) === 0)
    return (
      letters(there, of.src_packets, of.src_ip_bytes) +
      letters(back, of.dst_packets, of.dst_ip_bytes).toLowerCase()
    );
  if (back !== 0 || of.dst_packets > 0 || (there & (SYN | ACK)) !== (SYN | ACK)) return '';
  // One packet with both is the answer to a SYN that was not seen.
  return (
    (of.src_packets === 1 ? 'H' : 'S') +
    (of.src_packets === 1 ? '' : letters(there, of.src_packets, of.src_ip_bytes))
  );
}

function letters(flags: number, packets: number, bytes: number): string {
  if (packets === 0) return '';
  const carries = bytes > packets * longest_empty || ((flags & PSH) !== 0 && (flags & ACK) !== 0);
  // An ACK of a lone FIN or reset is part of it.
  const acks = (flags & ACK) !== 0 && !(packets === 1 && (flags & (FIN | RST)) !== 0);
  return (acks ? 'A' : '') + (carries ? 'D' : '') + (flags & FIN ? 'F' : '') + (flags & RST ? 'R' : '');
}

/**
 * Zeek's conn_state as far as the flags of each direction tell it: they say what was sent, not in which order, so S1 and
 * SF of a connection that went on after a FIN look alike, and RSTOS0 and RSTRH are told by the missing SYN alone.
 * '' when Suricata wrote no flags of a TCP flow. UDP: SF when both sides sent, S0 or SHR when one did; ICMP: OTH, as Zeek.
 */
function stateOf(of: Connection, there: number | null, back: number | null): string {
  if (of.transport === 'udp')
    return of.src_packets > 0 && of.dst_packets > 0 ? 'SF' : of.dst_packets > 0 ? 'SHR' : 'S0';
  if (of.transport !== 'tcp') return of.transport === 'icmp' ? 'OTH' : '';
  if (there === null || back === null) return '';
  if (there & SYN && back & SYN) return established(there, back);
  if (there & SYN) {
    if (back & RST) return 'REJ';
    if (back !== 0) return 'OTH';
    return there & RST ? 'RSTOS0' : there & FIN ? 'SH' : 'S0';
  }
  if (back & SYN && there === 0) return back & RST ? 'RSTRH' : back & FIN ? 'SHR' : 'OTH';
  return 'OTH';
}

function established(there: number, back: number): string {
  if (there & FIN && back & FIN) return 'SF';
  if (there & RST) return 'RSTO';
  if (back & RST) return 'RSTR';
  return there & FIN ? 'S2' : back & FIN ? 'S3' : 'S1';
}
