import type { WeirEvent } from '../schema/event/index.ts';
import { finish, type Identity, identify } from './identity.ts';
import { Seen } from './seen.ts';

/** Sensors may see the first packet of a flow this much apart, µs: clocks set by NTP and mirror ports differ by less. */
const apart_us = 1e6;

/** Why an event is one that is stored already. */
export type Why = 'same record in another file' | 'same flow from another sensor';

export interface Duplicates {
  /** The halves of the id of the event last checked. */
  readonly id_hi: number;
  readonly id_lo: number;
  /** Events forgotten because memory is bounded: duplicates of them are not noticed. */
  readonly forgotten: number;
  /** null: new. `file` and `sensor` are small numbers; a sensor is a family of logs in one folder. */
  check(event: WeirEvent, file: number, sensor: number): Why | null;
}

/**
 * Finds events that are stored already.
 * - The same record from another file (a file read twice, overlapping rotation, the TSV and the JSON of one log) is a
 *   duplicate. What one file says twice it means twice: the n-th alike record of a file is a duplicate only when
 *   another file had n of them.
 * - A flow, query or handshake that another sensor saw as well (same two ends, started within a second) is a duplicate;
 *   what came first stays. Two events of one sensor are never duplicates of each other this way.
 * Memory: 16 bytes a key and slot, at most `capacity` events (default 4 million) are remembered.
 */
export function createDuplicates({ capacity = 4_000_000 } = {}): Duplicates {
  const records = new Seen(capacity);
  const flows = new Seen(capacity);
  const identity: Identity = { hi: 0, lo: 0 };
  const flow: Identity = { hi: 0, lo: 0 };
  let sensors = 1;
  const state = {
    id_hi: 0,
    id_lo: 0,
    get forgotten() {
      return records.dropped + flows.dropped;
    },
    check(event: WeirEvent, file: number, sensor: number): Why | null {
      identify(event, identity);
      // Alike records of one file get ids of their own: the id is moved on by one step for each before it.
      for (let again = 0; again < 64; again++) {
        const had = records.get(identity.hi, identity.lo);
        if (had < 0) break;
        if (had !== file) {
          // Claimed by this file, so that its next alike record looks one step on.
          records.set(identity.hi, identity.lo, file);
          state.id_hi = identity.hi;
          state.id_lo = identity.lo;
          return 'same record in another file';
        }
        identity.lo = finish(identity.lo + 0x9e3779b9);
        identity.hi = finish(identity.hi ^ identity.lo);
      }
      state.id_hi = identity.hi;
      state.id_lo = identity.lo;
      if (sensor + 1 > sensors) sensors = sensor + 1;
      const other = twin(event, sensor);
      records.set(identity.hi, identity.lo, file);
      return other;
    },
  };

  /** Looks for the event of another sensor, in the second before and after too. */
  function twin(event: WeirEvent, sensor: number): Why | null {
    if (!flowKey(event, flow)) return null;
    const { hi, lo } = flow;
    const second = Math.floor(event.time / apart_us);
    // With a single sensor there is nothing to compare with; the key is still kept for sensors that come later.
    if (sensors > 1) {
      for (let at = second - 1; at <= second + 1; at++) {
        const had = flows.get(finish(hi ^ Math.imul(at | 0, 0x9e3779b1)), lo);
        if (had >= 0 && had !== sensor) return 'same flow from another sensor';
      }
    }
    flows.set(finish(hi ^ Math.imul(second | 0, 0x9e3779b1)), lo, sensor);
    return null;
  }

  return state;
}

/** Hash of what two sensors agree on: both ends in either order, protocol, and what was asked. False: not a flow. */
function flowKey(event: WeirEvent, into: Identity): boolean {
  let asked = '';
  switch (event.kind) {
    case 'connection':
      asked = 'connection';
      break;
    case 'dns':
      asked = `dns ${event.transaction_id} ${event.query}`;
      break;
    case 'http':
      asked = `http ${event.method} ${event.uri}`;
      break;
    case 'tls':
      asked = `tls ${event.server_name}`;
      break;
    default:
      return false;
  }
  if (event.src_ip === '') return false;
  const one = end(event.src_ip, event.src_port);
  const two = end(event.dst_ip, event.dst_port);
  const both = (one + two) >>> 0;
  const mixed = (one ^ two) >>> 0;
  let text = 0x811c9dc5;
  for (let i = 0; i < asked.length; i++) text = Math.imul(text ^ asked.charCodeAt(i), 0x01000193);
  for (let i = 0; i < event.transport.length; i++)
    text = Math.imul(text ^ event.transport.charCodeAt(i), 0x01000193);
  into.hi = finish(both ^ text);
  into.lo = finish(Math.imul(mixed, 0x85ebca6b) + text);
  return true;
}

function end(ip: string, port: number): number {
  let hash = Math.imul(port + 1, 0x9e3779b1);
  for (let i = 0; i < ip.length; i++) hash = Math.imul(hash ^ ip.charCodeAt(i), 0x01000193);
  return finish(hash);
}
