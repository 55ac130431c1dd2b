import { Seen } from '../base/seen.ts';
import type { Connection } from '../schema/event/connection.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import { finish, hashText, type Identity, identify } from './identity.ts';

/**
 * Puts the pieces of a connection together. Sensors tell of a connection that lasts several times: each time with the
 * figures so far (Zeek's conn_long and open_conn), and at its end once more (conn). The record with the largest figures is
 * the connection; the others are told of as pieces of it. Which files hold them, and in which order they come, makes no
 * difference: records of pieces and whole records of connections that lasted are held until the end of the input.
 */

/** Shorter connections have ended before a sensor told of them in pieces: conn_long begins at ten minutes. Seconds. */
const lasting_s = 600;
/** Connections held at most, below 100 MB; beyond, the one that was held longest is given out as it is. */
const most_held = 65_536;
const most_known = 4_000_000;

/** A connection that is held, with whatever leads back to its record. */
export interface Held<From> {
  readonly event: Connection;
  readonly whole: boolean;
  readonly from: From;
}

export interface Pieces<From> {
  /** Whether a record may be a piece or have pieces; of most it is quickly told that they are none. */
  concerns(event: WeirEvent, share: 'part' | 'whole'): boolean;
  /**
   * Takes a record, if it may be a piece or have pieces; false: it is none, and goes its way. `whole`: the sensor told of
   * it at its end. What is dropped or is to be given out is told by `dropped` and `given`.
   */
  take(event: Connection, whole: boolean, from: From): boolean;
  /** Whether the same was told of something else that goes on (a handshake, a request) in another piece. */
  again(event: WeirEvent): boolean;
  /** Gives out all that is held. */
  end(): void;
}

export interface PiecesOptions<From> {
  readonly given: (held: Held<From>) => void;
  /** A record that is a piece of a connection told by another record. */
  readonly dropped: (from: From) => void;
  /**
   * Records come as sensors write them, without an end: what is told at the end of a connection is the connection, at once,
   * and what was told of it before or comes after is a piece. Else everything is held, as files come in any order.
   */
  readonly as_written?: boolean;
  readonly most_held?: number;
}

export function createPieces<From>({
  given,
  dropped,
  as_written = false,
  most_held: most = most_held,
}: PiecesOptions<From>): Pieces<From> {
  const held = new Map<string, Held<From>>();
  /** How many are held by the end of their uid: that most records have none there is told without making a key. */
  const ends = new Uint32Array(1 << 16);
  /** connections that were given out for want of room */
  const gone = new Seen(most_known);
  const told = new Seen(most_known);
  const id: Identity = { hi: 0, lo: 0 };
  let any_gone = false;

  function isGone(key: string): boolean {
    return any_gone && gone.get(hashText(key, 1), hashText(key, 2)) >= 0;
  }

  function hold(key: string, one: Held<From>): void {
    held.set(key, one);
    ends[endOf(one.event.uid)]!++;
  }

  function letGo(key: string, { event: { uid } }: Held<From>): void {
    held.delete(key);
    ends[endOf(uid)]!--;
  }

  function makeRoom(): void {
    if (held.size <= most) return;
    for (const [key, oldest] of held) {
      letGo(key, oldest);
      gone.set(hashText(key, 1), hashText(key, 2), 1);
      any_gone = true;
      given(oldest);
      return;
    }
  }

  return {
    concerns(event, share) {
      if (share === 'part') return true;
      if (event.kind !== 'connection') return false;
      return (event.duration_s ?? 0) >= lasting_s || (any_gone && !as_written) || ends[endOf(event.uid)]! > 0;
    },
    take(event, whole, from) {
      const lasted = !whole || (event.duration_s ?? 0) >= lasting_s;
      if (event.uid === '' || (!lasted && (!any_gone || as_written) && ends[endOf(event.uid)] === 0))
        return false;
      const key = `${event.uid}|${event.src_ip}|${event.src_port}|${event.dst_ip}|${event.dst_port}`;
      const had = held.get(key);
      if (as_written && whole) {
        if (isGone(key)) {
          dropped(from);
          return true;
        }
        if (had !== undefined) {
          letGo(key, had);
          dropped(had.from);
        }
        gone.set(hashText(key, 1), hashText(key, 2), 1);
        any_gone = true;
        return false;
      }
      if (had === undefined) {
        if (isGone(key)) dropped(from);
        else if (!lasted) return false;
        else {
          hold(copy(key), { event: kept(event), whole, from });
          makeRoom();
        }
        return true;
      }
      if (further(event, whole, had)) {
        held.set(key, { event: kept(event), whole, from });
        dropped(had.from);
      } else dropped(from);
      return true;
    },
    again(event) {
      identify(event, id);
      return told.getOrSet(id.hi, finish(id.lo), 1) >= 0;
    },
    end() {
      for (const one of held.values()) given(one);
      held.clear();
      ends.fill(0);
    },
  };
}

/** A number below 65,536 from the last characters of a uid, which sensors draw at random. */
function endOf(uid: string): number {
  const at = uid.length;
  return ((uid.charCodeAt(at - 1) * 31 + uid.charCodeAt(at - 2)) * 31 + uid.charCodeAt(at - 3)) & 0xffff;
}

/** Whether a record goes further than the one that is held: longer, then more bytes and packets, then told at the end. */
function further(event: Connection, whole: boolean, than: Held<unknown>): boolean {
  const there = figures(than.event, than.whole);
  const here = figures(event, whole);
  for (const [at, value] of here.entries()) if (value !== there[at]) return value > there[at]!;
  return event.history > than.event.history;
}

function figures(event: Connection, whole: boolean): number[] {
  return [
    event.duration_s ?? -1,
    (event.src_bytes ?? 0) + (event.dst_bytes ?? 0),
    event.src_packets + event.dst_packets,
    event.src_ip_bytes + event.dst_ip_bytes,
    whole ? 1 : 0,
  ];
}

/** With texts of its own: cut out of the file they would each keep a piece of it in memory. */
function kept(event: Connection): Connection {
  event.uid = copy(event.uid);
  event.community_id = copy(event.community_id);
  return event;
}

/** A text of its own: one cut from a line, or put together with such, would keep all of what was read with it in memory. */
function copy(text: string): string {
  return Buffer.from(text).toString();
}
