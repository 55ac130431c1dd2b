import type { Connection } from '../schema/event/connection.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import { settle } from './outcome.ts';

/**
 * Two sensors that each see one direction of the same traffic (asymmetric routing, a mirror of each side) tell of one
 * connection twice, each with half of its packets. These are put together to one connection; what has no other half stays
 * as it is.
 */

/** An end of a connection, the same whichever way it is told: that whose address and port come first as text. */
export type End = 'low' | 'high';

/** The end whose packets alone were seen; null: both were, or packets are not told. */
export function halfOf({
  src_ip,
  src_port,
  dst_ip,
  dst_port,
  src_packets,
  dst_packets,
}: Connection): End | null {
  if (src_packets > 0 === dst_packets > 0) return null;
  const src_low = src_ip === dst_ip ? src_port < dst_port : src_ip < dst_ip;
  return src_packets > 0 === src_low ? 'low' : 'high';
}

/** Whether another sensor may tell the rest of it: one direction of a connection, a query without its answer. */
export function isHalf(event: WeirEvent): boolean {
  if (event.kind === 'dns') return event.response_code === '';
  return event.kind === 'connection' && halfOf(event) !== null;
}

/** Halves begin this much apart at most, µs: the way there and back, and clocks. As for copies of whole connections. */
const apart_us = 2e6;

/** A half, and the sensor that told it. */
export interface Half<From> {
  readonly event: Connection;
  readonly sensor: number;
  readonly from: From;
}

/** One connection: of two halves (`from` is that of the opener's, `rest` that of the other), or a half without another. */
export interface Joined<From> {
  readonly event: Connection;
  readonly sensor: number;
  readonly from: From;
  readonly rest: From | null;
}

/**
 * Halves in order of their ends, then of time → those that may be of one connection: between the same two ends, none two
 * seconds after the one before. What an unanswered host sends for weeks from one port is never held as a whole.
 */
export async function* halvesTogether<From>(halves: AsyncIterable<Half<From>>): AsyncGenerator<Half<From>[]> {
  let group: Half<From>[] = [];
  let ends = '';
  let last = 0;
  for await (const half of halves) {
    const its = endsOf(half.event);
    if (group.length > 0 && (its !== ends || half.event.time - last >= apart_us)) {
      yield group;
      group = [];
    }
    ends = its;
    last = half.event.time;
    group.push(half);
  }
  if (group.length > 0) yield group;
}

function endsOf({ src_ip, src_port, dst_ip, dst_port, transport }: Connection): string {
  const [src, dst] = [`${src_ip} ${src_port}`, `${dst_ip} ${dst_port}`];
  return src < dst ? `${src} ${dst} ${transport}` : `${dst} ${src} ${transport}`;
}

/**
 * Halves of connections between the same two ends, in order of time → connections. A half goes with the nearest one of the
 * other end from another sensor that began within two seconds of it. Pure, but that it changes the events given.
 */
export function joinHalves<From>(halves: readonly Half<From>[]): Joined<From>[] {
  const joined: Joined<From>[] = [];
  const waiting: Half<From>[] = [];
  const alone = (one: Half<From>): void => {
    joined.push({ ...one, rest: null });
  };
  for (const half of halves) {
    while (waiting.length > 0 && half.event.time - waiting[0]!.event.time >= apart_us)
      alone(waiting.shift()!);
    const end = halfOf(half.event);
    const at = waiting.findLastIndex((one) => one.sensor !== half.sensor && halfOf(one.event) !== end);
    if (at < 0) waiting.push(half);
    else joined.push(together(waiting.splice(at, 1)[0]!, half));
  }
  waiting.forEach(alone);
  return joined;
}

/** `first` began no later. */
function together<From>(first: Half<From>, second: Half<From>): Joined<From> {
  const [opener, other] = openedBy(first, second);
  const event = opener.event;
  const rest = other.event;
  const ends = Math.max(endOf(event), endOf(rest));
  const same_way = event.src_ip === rest.src_ip && event.src_port === rest.src_port;
  const timed = event.duration_s !== null || rest.duration_s !== null;
  Object.assign(event, {
    time: Math.min(event.time, rest.time),
    service: event.service || rest.service,
    dst_name: event.dst_name || rest.dst_name,
    dst_bytes: same_way ? rest.dst_bytes : rest.src_bytes,
    dst_packets: same_way ? rest.dst_packets : rest.src_packets,
    dst_ip_bytes: same_way ? rest.dst_ip_bytes : rest.src_ip_bytes,
    src_mac: event.src_mac || (same_way ? rest.src_mac : rest.dst_mac),
    dst_mac: event.dst_mac || (same_way ? rest.dst_mac : rest.src_mac),
    // What a sensor of one direction misses is mostly the other one.
    missed_bytes: 0,
    history: lettersOf(event.history, false) + lettersOf(rest.history, same_way).toLowerCase(),
  });
  event.duration_s = timed ? (ends - event.time) / 1e6 : null;
  event.conn_state = stateOf(event);
  settle(event, false, false);
  return { event, sensor: opener.sensor, from: opener.from, rest: other.from };
}

/** The half of who opened the connection first. */
function openedBy<From>(first: Half<From>, second: Half<From>): [Half<From>, Half<From>] {
  const opens = ({ event }: Half<From>): boolean => event.src_packets > 0;
  if (opens(first) === opens(second)) return [first, second];
  return opens(first) ? [first, second] : [second, first];
}

function endOf({ time, duration_s }: Connection): number {
  return time + (duration_s ?? 0) * 1e6;
}

/** Letters of one end: those in lower case are what was not seen, gaps. */
function lettersOf(history: string, lower: boolean): string {
  return history.replace(lower ? /[^a-z]/g : /[^A-Z]/g, '');
}

/** Zeek's state by the letters of both ends; of what is no TCP the one of an exchange. */
function stateOf({ transport, history }: Connection): string {
  if (transport !== 'tcp') return transport === 'icmp' ? 'OTH' : 'SF';
  if (!history.startsWith('S') && !history.includes('h')) return 'OTH';
  if (history.includes('R')) return 'RSTO';
  if (history.includes('r')) return history.includes('h') ? 'RSTR' : 'REJ';
  if (history.includes('F')) return history.includes('f') ? 'SF' : 'S2';
  return history.includes('f') ? 'S3' : 'S1';
}
