import { icmp6Counterpart, icmpCounterpart } from '../base/community-id.ts';
import type { Connection } from '../schema/event/connection.ts';
import { isReply } from './icmp.ts';

/** How a connection ended for who opened it; `unknown` where what was seen does not say. */
export type Outcome = 'answered' | 'refused' | 'unanswered' | 'one_sided' | 'unknown';
/** How sure it is who opened a connection. */
export type Orientation = 'seen' | 'inferred' | 'unknown';

/**
 * Says who opened a connection and how it ended, from its own record alone: state, history, packets and bytes of both
 * directions, transport and ports. The one place that does; features look at `outcome` and `orientation`, never at
 * `conn_state` or packet counts. Turns the record round (`turn`) when what was seen first is an answer. Letters and states:
 * https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html
 *
 * - A failure (`refused`, `unanswered`) needs an opening that was seen: a SYN, a datagram, a request of ICMP. A lone FIN,
 *   ACK or reset, data in the middle of a session, and packets with bad checksums are no failures.
 * - What both sides took part in is `answered`, with or without payload.
 * - `one_sided`: one direction only was seen, and it shows that the other one spoke too: who opened it acknowledges or
 *   goes on after its SYN, or only the answers were seen.
 *
 * `src_wide`, `dst_wide`: the address stands for many hosts (broadcast, multicast), so that nobody has to answer what goes
 * there. Says whether the record was turned.
 */
export function settle(event: Connection, src_wide: boolean, dst_wide: boolean): boolean {
  switch (event.transport) {
    case 'tcp':
      return settleTcp(event);
    case 'udp':
    case 'sctp':
      return settleDatagrams(event, src_wide, dst_wide);
    case 'icmp':
      return settleIcmp(event, src_wide, dst_wide);
    default:
      event.orientation = 'unknown';
      event.outcome = spoke(event, 'src') && spoke(event, 'dst') ? 'answered' : 'unknown';
      return false;
  }
}

/** The same connection seen from its other end. Turning twice gives the record again. */
export function turn(event: Connection): void {
  swap(event, 'src_ip', 'dst_ip');
  swap(event, 'src_port', 'dst_port');
  swap(event, 'src_bytes', 'dst_bytes');
  swap(event, 'src_packets', 'dst_packets');
  swap(event, 'src_ip_bytes', 'dst_ip_bytes');
  swap(event, 'src_mac', 'dst_mac');
  event.history = turnHistory(event.history);
  event.conn_state = turnState(event.conn_state, event.transport);
}

function swap<K extends keyof Connection>(event: Connection, one: K, other: K): void {
  const value = event[one];
  event[one] = event[other];
  event[other] = value;
}

/** Letters change case; '^' in front says, as with Zeek, that the ends were exchanged. */
function turnHistory(history: string): string {
  if (history === '') return '';
  const before = history.startsWith('^') ? history.slice(1) : history;
  let after = history.startsWith('^') ? '' : '^';
  for (const letter of before) {
    const upper = letter.toUpperCase();
    after += letter === upper ? letter.toLowerCase() : upper;
  }
  return after;
}

const turned_states: Readonly<Record<string, string>> = {
  S2: 'S3',
  S3: 'S2',
  RSTO: 'RSTR',
  RSTR: 'RSTO',
  RSTOS0: 'RSTRH',
  RSTRH: 'RSTOS0',
};

function turnState(state: string, transport: string): string {
  // Of TCP half a connection is SH or SHR, of others one direction alone is S0 or SHR.
  const half = transport === 'tcp' ? 'SH' : 'S0';
  if (state === half) return 'SHR';
  if (state === 'SHR') return half;
  return turned_states[state] ?? state;
}

// ---- TCP

const bit = (letter: string): number => 1 << (letter.charCodeAt(0) - 65);
const SYN = bit('S');
const SYN_ACK = bit('H');
const RESET = bit('R');
const ACK = bit('A');
const BAD_CHECKSUM = bit('C');
/** payload: new, sent again, or missing from what was seen */
const PAYLOAD = bit('D') | bit('T') | bit('G');
/** what only follows an opening that was answered */
const PROGRESS = ACK | PAYLOAD | bit('F') | bit('W');

// Letters of the history at hand, bit n: the n-th of the alphabet. Not an object, because every connection comes by here.
let own = 0;
let other = 0;

function readHistory(history: string): void {
  own = 0;
  other = 0;
  for (let i = 0; i < history.length; i++) {
    const code = history.charCodeAt(i);
    if (code >= 97) other |= 1 << (code - 97);
    else if (code >= 65 && code <= 90) own |= 1 << (code - 65);
  }
}

function settleTcp(event: Connection): boolean {
  readHistory(event.history);
  if ((own | other) === 0) return settleByState(event);
  const turns = openedByDst(event);
  if (turns) {
    turn(event);
    const letters = own;
    own = other;
    other = letters;
  }
  if ((own & SYN) !== 0) event.orientation = 'seen';
  else event.orientation = (other & SYN_ACK) !== 0 || byPorts(event) !== 0 ? 'inferred' : 'unknown';
  event.outcome = tcpOutcome(event);
  return turns;
}

function openedByDst(event: Connection): boolean {
  if (((own | other) & SYN) !== 0) return (own & SYN) === 0;
  if (((own | other) & SYN_ACK) !== 0) return (other & SYN_ACK) === 0;
  return byPorts(event) < 0;
}

/** From the letters of both ends, `own` being those of who opened it. */
function tcpOutcome(event: Connection): Outcome {
  const opened = (own & SYN) !== 0;
  const src_spoke = own !== 0 || event.src_packets > 0;
  const dst_spoke = other !== 0 || event.dst_packets > 0;
  if (!dst_spoke) {
    if (!opened) return (own & PAYLOAD) !== 0 ? 'one_sided' : 'unknown';
    return (own & PROGRESS) !== 0 ? 'one_sided' : 'unanswered';
  }
  if (!src_spoke) return (other & (SYN_ACK | PAYLOAD)) !== 0 ? 'one_sided' : 'unknown';
  if ((other & (SYN_ACK | (PROGRESS & ~ACK))) !== 0) return 'answered';
  if (!opened) return (other & ACK) !== 0 ? 'answered' : 'unknown';
  if ((own & ACK) !== 0) return 'answered';
  // A reset for the SYN; an ACK alone is what a peer sends that still has an older connection (RFC 9293, 3.5.2).
  const refused = (other & RESET) !== 0 && (own & PROGRESS) === 0 && (other & BAD_CHECKSUM) === 0;
  return refused ? 'refused' : 'unknown';
}

/** Sensors that write no history: Zeek's state, or what packets and ports leave of it. */
function settleByState(event: Connection): boolean {
  const src_spoke = spoke(event, 'src');
  const dst_spoke = spoke(event, 'dst');
  if (event.conn_state === 'OTH' || event.conn_state === '')
    return settleByPackets(event, src_spoke, dst_spoke);
  // Whatever else happened, who is named in an attempt without an answer is who spoke.
  const turns = event.conn_state === 'S0' && dst_spoke && !src_spoke;
  if (turns) turn(event);
  event.orientation = event.conn_state === 'SHR' || event.conn_state === 'RSTRH' ? 'inferred' : 'seen';
  event.outcome = stateOutcome(event.conn_state, src_spoke, dst_spoke);
  return turns;
}

function stateOutcome(state: string, src_spoke: boolean, dst_spoke: boolean): Outcome {
  switch (state) {
    case 'SF':
    case 'S1':
    case 'S2':
    case 'S3':
    case 'RSTO':
    case 'RSTR':
      return src_spoke !== dst_spoke ? 'one_sided' : 'answered';
    case 'REJ':
      return 'refused';
    case 'S0':
      return src_spoke && dst_spoke ? 'unknown' : 'unanswered';
    case 'RSTOS0':
      return dst_spoke ? 'unknown' : 'unanswered';
    case 'SH':
      return dst_spoke ? 'unknown' : 'one_sided';
    case 'SHR':
    case 'RSTRH':
      return src_spoke ? 'unknown' : 'one_sided';
    default:
      return 'unknown';
  }
}

/** A SYN with all its options is 60 bytes over IPv4, 80 over IPv6: larger packets carry something. */
const longest_syn = 80;
/** SYNs sent for one connection at most: 7 by Linux (tcp_syn_retries = 6), fewer by others. */
const most_syns = 7;

function settleByPackets(event: Connection, src_spoke: boolean, dst_spoke: boolean): boolean {
  const ports = byPorts(event);
  // Where the ports do not tell, the only one that spoke began.
  const turns = ports < 0 || (ports === 0 && dst_spoke && !src_spoke);
  if (turns) turn(event);
  const asks = !(src_spoke && dst_spoke) && looksLikeSyns(event);
  event.orientation = ports !== 0 || asks ? 'inferred' : 'unknown';
  if (src_spoke && dst_spoke) event.outcome = carries(event) ? 'answered' : 'unknown';
  else if (asks) event.outcome = 'unanswered';
  else event.outcome = event.src_packets + event.dst_packets >= 2 ? 'one_sided' : 'unknown';
  return turns;
}

function looksLikeSyns({ conn_state, src_packets, src_ip_bytes }: Connection): boolean {
  if (conn_state !== '' || src_packets === 0 || src_packets > most_syns) return false;
  return src_ip_bytes <= src_packets * longest_syn;
}

/** Whether payload went, or dst sent more than resets: those are 40 bytes of IP (46 in a padded frame), over IPv6 60. */
function carries(event: Connection): boolean {
  if ((event.src_bytes ?? 0) + (event.dst_bytes ?? 0) > 0) return true;
  const reset = event.src_ip.includes(':') ? 60 : 46;
  return event.src_packets >= 3 && event.dst_packets >= 2 && event.dst_ip_bytes > event.dst_packets * reset;
}

// ---- UDP, SCTP

function settleDatagrams(event: Connection, src_wide: boolean, dst_wide: boolean): boolean {
  readHistory(event.history);
  const ports = byPorts(event);
  const { conn_state } = event;
  const src_spoke = own !== 0 || spoke(event, 'src') || conn_state === 'SF' || conn_state === 'S0';
  const dst_spoke = other !== 0 || spoke(event, 'dst') || conn_state === 'SF' || conn_state === 'SHR';
  const turns = ports < 0 || (ports === 0 && dst_spoke && !src_spoke);
  if (turns) turn(event);
  event.orientation = orientationOf(event, turns, ports);
  if (src_spoke !== dst_spoke && event.src_port === event.dst_port && isSymmetric(event.src_port)) {
    event.orientation = 'unknown';
    event.outcome = 'unknown';
    return turns;
  }
  const wide = turns ? src_wide : dst_wide;
  event.outcome = exchange(turns ? dst_spoke : src_spoke, turns ? src_spoke : dst_spoke, wide);
  return turns;
}

/**
 * Protocols whose two ends speak from the same port: a packet seen alone may be a question or an answer. NTP (RFC 5905,
 * 7.3), IKE (RFC 7296, 2).
 */
function isSymmetric(port: number): boolean {
  return port === 123 || port === 500 || port === 4500;
}

/** Of a protocol without an opening of its own: who sends first asks. */
function exchange(asked: boolean, answered: boolean, wide: boolean): Outcome {
  if (answered) return asked ? 'answered' : 'one_sided';
  return asked && !wide ? 'unanswered' : 'unknown';
}

/** Who sends first opens it, unless the ports say otherwise. */
function orientationOf(event: Connection, turned: boolean, ports: number): Orientation {
  if (turned) return 'inferred';
  const first = event.history.charCodeAt(0);
  const src_first = event.history === '' || (first >= 65 && first <= 90);
  if (src_first) return 'seen';
  return ports > 0 ? 'inferred' : 'unknown';
}

// ---- ICMP

/** Every record here is a request or an answer: see icmp.ts. */
function settleIcmp(event: Connection, src_wide: boolean, dst_wide: boolean): boolean {
  const v6 = event.src_ip.includes(':');
  const turns = isReply(event.src_port, v6);
  if (turns) {
    // Suricata gives the code, 0, where Zeek and the flow meter give the type of the counterpart.
    event.dst_port = v6 ? icmp6Counterpart(event.src_port) : icmpCounterpart(event.src_port);
    turn(event);
  }
  event.orientation = turns ? 'inferred' : 'seen';
  event.outcome = exchange(spoke(event, 'src'), spoke(event, 'dst'), turns ? src_wide : dst_wide);
  return turns;
}

// ---- what several use

function spoke(event: Connection, end: 'src' | 'dst'): boolean {
  return end === 'src'
    ? event.src_packets > 0 || event.src_ip_bytes > 0 || (event.src_bytes ?? 0) > 0
    : event.dst_packets > 0 || event.dst_ip_bytes > 0 || (event.dst_bytes ?? 0) > 0;
}

/**
 * Ports above 1023 on which services listen (IANA's registry, and what is found in practice). A port that is missing
 * here only leaves it open who opened a connection whose beginning was not seen.
 */
const registered = [
  1080, 1194, 1433, 1434, 1521, 1701, 1723, 1812, 1813, 1883, 1900, 2049, 2083, 2181, 2222, 2375, 2376, 2379,
  2380, 2404, 3000, 3128, 3268, 3269, 3306, 3389, 3478, 3702, 4369, 4500, 4786, 4840, 5000, 5060, 5061, 5222,
  5223, 5228, 5269, 5353, 5355, 5432, 5601, 5671, 5672, 5683, 5684, 5900, 5901, 5938, 5985, 5986, 6379, 6443,
  6514, 6667, 6697, 7680, 8000, 8008, 8009, 8080, 8081, 8088, 8443, 8530, 8531, 8883, 8888, 9000, 9042, 9090,
  9092, 9100, 9200, 9300, 9389, 9418, 9443, 9997, 10_050, 10_051, 10_250, 11_211, 20_000, 25_565, 27_017,
  44_818, 47_001, 47_808,
];
const is_service = new Uint8Array(65_536).fill(1, 1, 1024);
for (const port of registered) is_service[port] = 1;

/** 1: dst has the port of a service and src has none; -1: the other way round; 0: the ports do not tell. */
function byPorts(event: Connection): number {
  return is_service[event.dst_port]! - is_service[event.src_port]!;
}
