import { Seen } from '../base/seen.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import { halfOf } from './halves.ts';
import { finish, hashText, type Identity, identify } from './identity.ts';

/** Why an event is one that is stored already. */
export type Why = 'same record in another file' | 'same flow from another sensor';

export interface Duplicates {
  /** The halves of the id of the event last checked, unsigned 32 bits. */
  readonly id_hi: number;
  readonly id_lo: number;
  /** Events forgotten because memory is bounded: duplicates of them are not noticed. */
  readonly forgotten: number;
  /**
   * null: new. `file` is the number of the input (one input read twice has two), `sensor` that of a family of logs in one
   * folder; both 0 or more.
   */
  check(event: WeirEvent, file: number, sensor: number): Why | null;
  /** Whether another sensor told of all that this event tells, and of more: of both directions, or of the answer. */
  covered(event: WeirEvent, sensor: number): boolean;
}

export interface DuplicateOptions {
  /** Events remembered at most, 8 million by default; six million at least are. */
  readonly capacity?: number;
  /** How many sensors the run reads, when that is known; with one, flows need not be compared and take no memory. */
  readonly sensors?: number;
}

/** Files are told apart by their number modulo 2^19; alike records of one file are counted up to 63. */
const file_mask = 0x7ffff;
const most_alike = 63;
/** Sensors share a flow when its start differs by less than this for certain, and by twice this at most, µs. */
const apart_us = 1e6;

/**
 * Finds events that are stored already.
 *
 * 1. The same record from another file: a file read twice, overlapping rotation, the TSV and the JSON copy of one log. What
 *    one file says twice it means twice: of n alike records in a file all are kept, and of m in a later file those beyond
 *    the n. Files are read one after the other. An alike record gets an id of its own, the same in every run.
 * 2. The same flow from another sensor (Zeek and Suricata side by side, or logs and the capture they were made from):
 *    connections with the same ends and transport, DNS messages with the same id and name, HTTP requests with the same
 *    target, TLS handshakes with the same name, sign-ins by the same protocol as the same user, which start within a second
 *    (never two seconds or more) of each other. What came first stays, unless it tells of one direction only and the other
 *    tells of the other direction (or of the answer to a query): both are kept then, for halves.ts to put together. Two
 *    events of one sensor are never duplicates of each other in this way.
 *
 * Memory: 14 to 18 bytes an event, so 15 MB for a million, 90 MB for five and never more than 150 MB. With several sensors
 * as much again for flows, of which half as many are remembered. When it is full the oldest quarter is dropped and counted
 * in `forgotten`: later copies of what was in it would be stored twice.
 */
export function createDuplicates({ capacity = 8_000_000, sensors = 2 }: DuplicateOptions = {}): Duplicates {
  const records = new Seen(capacity);
  const flows = new Seen(capacity / 2);
  const identity: Identity = { hi: 0, lo: 0 };
  const flow: Identity = { hi: 0, lo: 0 };
  let several = sensors > 1;
  let first_sensor = -1;
  let beyond = 0;

  /** Sets the identity to that of the n-th alike record; true when the record is one too many. */
  function repeated(file: number): boolean {
    const { hi, lo } = identity;
    const tag = file & file_mask;
    // seen for the first time, once here: what nearly every event is
    const had = records.getOrSet(hi, lo, (tag << 12) | (1 << 6) | 1);
    if (had < 0) return false;
    // value: file last seen in (19 bits), how often there (6 bits), how often at most in any one file (6 bits)
    const same_file = had >>> 12 === tag;
    const here = same_file ? Math.min(most_alike, ((had >>> 6) & 63) + 1) : 1;
    const most = had & 63;
    const saturated = same_file && here === most_alike && most === most_alike;
    const surplus = here > most || saturated;
    records.set(hi, lo, (tag << 12) | (here << 6) | Math.max(here, most));
    const step = saturated ? most_alike + ++beyond : here - 1;
    if (step > 0) {
      identity.lo = finish(lo + Math.imul(step, 0x9e3779b9));
      identity.hi = finish(hi ^ identity.lo);
    }
    return !surplus;
  }

  /**
   * Looks for the event of another sensor, in the second before and after too; remembers what was told of it. Value of a
   * flow: the sensor that told first, whether others did (bit 2), and which directions are told (bits 0 and 1).
   */
  function twin(event: WeirEvent, sensor: number): boolean {
    if (!flowKey(event, flow)) return false;
    const sides = sidesOf(event);
    const second = Math.floor(event.time / apart_us) | 0;
    for (let at = second - 1; at <= second + 1; at++) {
      keyAt(flow, at);
      const had = flows.get(key_hi, key_lo);
      if (had < 0 || had >>> 3 === sensor) continue;
      if ((had & sides) === sides) return true;
      flows.set(key_hi, key_lo, had | told_by_several | sides);
      return false;
    }
    keyAt(flow, second);
    const own = flows.get(key_hi, key_lo);
    flows.set(key_hi, key_lo, own < 0 ? (sensor << 3) | sides : own | sides);
    return false;
  }

  const state = {
    id_hi: 0,
    id_lo: 0,
    get forgotten() {
      return records.dropped + flows.dropped;
    },
    check(event: WeirEvent, file: number, sensor: number): Why | null {
      identify(event, identity);
      const too_many = repeated(file);
      state.id_hi = identity.hi;
      state.id_lo = identity.lo;
      if (too_many) return 'same record in another file';
      if (first_sensor < 0) first_sensor = sensor;
      else if (sensor !== first_sensor) several = true;
      return several && twin(event, sensor) ? 'same flow from another sensor' : null;
    },
    covered(event: WeirEvent, sensor: number): boolean {
      if (sidesOf(event) === both || !flowKey(event, flow)) return false;
      const second = Math.floor(event.time / apart_us) | 0;
      for (let at = second - 1; at <= second + 1; at++) {
        keyAt(flow, at);
        const had = flows.get(key_hi, key_lo);
        if (had < 0 || (had & both) !== both) continue;
        if ((had & told_by_several) !== 0 || had >>> 3 !== sensor) return true;
      }
      return false;
    },
  };
  return state;
}

let key_hi = 0;
let key_lo = 0;

/** The key of a flow at a second. Neighbouring seconds share the high half, so that they lie side by side in memory. */
function keyAt(flow: Identity, second: number): void {
  key_hi = finish(flow.hi ^ Math.imul(second >> 3, 0x9e3779b1));
  key_lo = finish(flow.lo ^ Math.imul(second, 0x85ebca6b));
}

/** What an event tells: bit 0 and 1, of each direction (which is which does not depend on who is named first). */
const both = 3;
const told_by_several = 4;

function sidesOf(event: WeirEvent): number {
  if (event.kind === 'dns') return event.response_code === '' ? 1 : both;
  if (event.kind !== 'connection') return both;
  const side = halfOf(event);
  return side === null ? both : side === 'low' ? 1 : 2;
}

const connection_seed = hashText('connection', 0);

/** Hash of what two sensors agree on: both ends in either order, transport, and what was asked. False: not a flow. */
function flowKey(event: WeirEvent, into: Identity): boolean {
  let asked = 0;
  switch (event.kind) {
    case 'connection':
      asked = connection_seed;
      break;
    case 'dns':
      asked = hashText(event.query, event.transaction_id + 1);
      break;
    case 'http':
      asked = hashText(event.uri, hashText(event.method, 2));
      break;
    case 'tls':
      asked = hashText(event.server_name, 3);
      break;
    case 'authentication':
      asked = hashText(event.username, hashText(event.protocol, 4));
      break;
    default:
      return false;
  }
  if (event.src_ip === '') return false;
  const one = hashText(event.src_ip, Math.imul(event.src_port + 1, 0x9e3779b1));
  const two = hashText(event.dst_ip, Math.imul(event.dst_port + 1, 0x9e3779b1));
  asked ^= hashText(event.transport, 5);
  // Sums and products stay the same when the ends change places.
  into.hi = finish((one + two) ^ asked);
  into.lo = finish(Math.imul(one | 1, two | 1) + Math.imul(asked, 0x85ebca6b));
  return true;
}
