import {
  at,
  end,
  endNum,
  endWords,
  type FlowTable,
  flag,
  lentWord,
  macBits,
  num,
  pageBits,
  setIdle,
  stride,
} from './flow-table.ts';
import type { Frame } from './frame.ts';

/**
 * TCP as Zeek sees it: two ends with a state each, sequence numbers made relative to the first one, a history of one
 * letter an event, and gaps found when data is acknowledged that was never seen. Meaning of states and letters:
 * https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html
 */
export const state = {
  inactive: 0, // nothing seen of this end
  syn_sent: 1, // SYN
  syn_ack_sent: 2, // SYN and ACK without a SYN from the other end
  partial: 3, // data without a SYN
  established: 4,
  closed: 5, // FIN
  reset: 6, // RST
} as const;

/** Flags above the two states in the first word of an end. */
const closed = 0x100; // reported as closing
const ended = 0x200; // all data up to the end was delivered
const skipping = 0x400; // too much data held: no reassembly any more
const finSeen = 0x800;

const seenBit = { syn: 1, fin: 2, rst: 4, fin_rst: 8, data: 16, ack: 32, multi: 64 } as const;

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

const second = 1_000_000;
const trustedDelta = 1_048_576;
const unacknowledgedLimit = 16_384;
const heldLimit = 10 * 1024 * 1024;
/** Segments held per direction behind a hole, and bytes of them kept for analyzers over all flows. */
const maxPieces = 1_024;
const maxPieceBytes = 64 << 20;

const empty = new Uint8Array(0);

/** Data of a direction behind a hole. `data` is empty when no analyzer wants it. */
interface Piece {
  from: number;
  upTo: number;
  data: Uint8Array;
}
interface Held {
  /** in order, apart */
  readonly pieces: Piece[];
  /** of sequence space */
  bytes: number;
}

/** What gets the payload of each direction: in order, once, without overlaps; what came first stays. */
export interface StreamConsumer {
  data(index: number, fromOrig: boolean, buf: Uint8Array, from: number, upTo: number): void;
  /** `length` bytes were acknowledged but never seen. */
  gap(index: number, fromOrig: boolean, length: number): void;
  /** The direction ended, by FIN or RST. */
  ended(index: number, fromOrig: boolean): void;
  /** Roles of the ends were exchanged. */
  flipped(index: number): void;
}

export class TcpTracker {
  private readonly table: FlowTable;
  private readonly consumer: StreamConsumer;
  private readonly pieces = new Map<number, Held>();
  private pieceBytes = 0;
  // the flow at hand
  private index = 0;
  private w: Int32Array = new Int32Array(0);
  private d: Float64Array = new Float64Array(0);
  private b = 0;
  private doClose = false;
  private event = false;

  constructor(table: FlowTable, consumer: StreamConsumer) {
    this.table = table;
    this.consumer = consumer;
  }

  private select(index: number): void {
    this.index = index;
    this.w = this.table.words[index >>> pageBits]!;
    this.d = this.table.numbers[index >>> pageBits]!;
    this.b = (index & ((1 << pageBits) - 1)) * stride;
  }

  /** Whether a SYN with this sequence number begins another connection on the same addresses and ports. */
  isReuse(index: number, flags: number, sequence: number): boolean {
    if ((flags & SYN) === 0) return false;
    this.select(index);
    const { w, b } = this;
    const o = b + at.ends;
    const r = o + endWords;
    const origState = w[o]! & 15;
    let e = o;
    if ((flags & ACK) !== 0) {
      if (origState !== state.inactive) return false;
      e = r;
    }
    if (((w[o]! | w[r]!) & closed) === 0) {
      if (w[e + end.start] === (sequence | 0)) return false;
      // SYN and SYN ACK seen in the wrong order, as when two interfaces are read
      if (
        (flags & ACK) === 0 &&
        (w[e]! & 15) === state.syn_ack_sent &&
        (w[r]! & 15) === state.inactive &&
        w[r + end.start] === (sequence | 0)
      ) {
        return false;
      }
    }
    return true;
  }

  /** The connection's first packet was seen from its likely server, or its SYN ACK came before its SYN. */
  flip(index: number): void {
    this.select(index);
    flipRoles(this.table, index, this.w, this.b);
    const a = this.pieces.get(index * 2);
    const c = this.pieces.get(index * 2 + 1);
    if (a !== undefined || c !== undefined) {
      this.pieces.delete(index * 2);
      this.pieces.delete(index * 2 + 1);
      if (a !== undefined) this.pieces.set(index * 2 + 1, a);
      if (c !== undefined) this.pieces.set(index * 2, c);
    }
    const flags = this.w[this.b + at.flags]!;
    let swapped = flags & ~(flag.orig_seen | flag.resp_seen | flag.partial);
    if ((flags & flag.orig_seen) !== 0) swapped |= flag.resp_seen;
    if ((flags & flag.resp_seen) !== 0) swapped |= flag.orig_seen;
    this.w[this.b + at.flags] = swapped;
    this.consumer.flipped(index);
  }

  /** Forgets what is held of a flow. */
  forget(index: number): void {
    if (this.pieces.size === 0) return;
    this.clear(index * 2);
    this.clear(index * 2 + 1);
  }

  /**
   * One segment. `header` is the length of its TCP header, `length` that of its payload by the IP header, of which
   * `captured` bytes are there.
   */
  segment(
    f: Frame,
    index: number,
    fromOrig: boolean,
    header: number,
    length: number,
    captured: number,
  ): void {
    this.select(index);
    const { w, d, b } = this;
    const { buf, l4 } = f;
    const now = f.time;
    const flags = buf[l4 + 13]!;
    const sequence = (buf[l4 + 4]! << 24) | (buf[l4 + 5]! << 16) | (buf[l4 + 6]! << 8) | buf[l4 + 7]!;
    const acknowledged = (buf[l4 + 8]! << 24) | (buf[l4 + 9]! << 16) | (buf[l4 + 10]! << 8) | buf[l4 + 11]!;
    const o = b + at.ends;
    const r = o + endWords;
    const e = fromOrig ? o : r;
    const p = fromOrig ? r : o;
    const first = fromOrig ? flag.orig_seen : flag.resp_seen;

    if ((w[b + at.flags]! & first) === 0) this.setPartial(flags, fromOrig);

    let span = (flags & RST) !== 0 ? 0 : length;
    if ((flags & SYN) !== 0) span++;
    if ((flags & FIN) !== 0) span++;
    const after = (sequence + span) | 0;

    this.initEnd(e, flags, sequence, after);

    const relative = this.relative(e, sequence, w[e + end.last]!, w[e + end.wraps]! & 0xffff);
    const underflow = relative < 0;

    this.updateHistory(flags, e, fromOrig, relative, length);

    // A window of 0 says nothing with or after a RST, or after the other end's FIN.
    if (
      buf[l4 + 14] === 0 &&
      buf[l4 + 15] === 0 &&
      (flags & RST) === 0 &&
      (w[p]! & 15) !== state.closed &&
      (w[e]! & 15) !== state.reset
    ) {
      this.counted(e + end.zero_windows, fromOrig ? 0x57 : 0x77); // W
    }

    if ((w[o]! & w[r]! & closed) === 0) d[(b + num.last) >>> 1] = now;

    if ((flags & FIN) !== 0) {
      w[e] = w[e]! | finSeen;
      d[(e + endNum.bytes) >>> 1] = relative + span;
    }

    let relativeAck = 0;
    if ((flags & ACK) !== 0) {
      if ((w[p]! & 15) === state.inactive) {
        relativeAck = 1;
        const start = (acknowledged - 1) | 0;
        w[p + end.start] = start;
        w[p + end.ack] = start;
        w[p + end.last] = start;
        this.initStream(p);
      } else {
        relativeAck = this.relative(p, acknowledged, w[p + end.ack]!, w[p + end.wraps]! >>> 16);
        if (relativeAck < 0) relativeAck = 0;
        else if ((flags & RST) === 0) this.updateAck(p, acknowledged);
      }
    }

    this.updateLast(e, after, flags, length, fromOrig);

    this.doClose = false;
    this.event = false;
    this.updateState(e, p, flags, sequence, length, fromOrig, now);
    // Roles may have been exchanged: find the ends again.
    const flipped = (flags & SYN) !== 0 && this.roleChanged;
    this.roleChanged = false;
    const orig = flipped ? !fromOrig : fromOrig;
    const e2 = orig ? o : r;
    const p2 = orig ? r : o;

    if ((flags & ACK) !== 0) this.acknowledge(p2, !orig, relativeAck);

    w[b + at.flags] = w[b + at.flags]! | first;

    if (length > 0 && captured >= length && (flags & RST) === 0 && !underflow) {
      const from = l4 + header;
      const seq = (flags & SYN) !== 0 ? relative + 1 : relative;
      this.payload(e2, orig, seq, length, buf, from);
    }
    if ((w[e2]! & ended) === 0 && ((w[e2]! & finSeen) !== 0 || (w[e2]! & 15) >= state.closed)) {
      this.checkEnd(e2, orig);
    }
    if (this.doClose) this.close(e2, p2, this.event);

    if ((flags & (SYN | FIN | RST)) !== 0 || (w[b + at.flags]! & flag.close_deferred) !== 0) {
      const { due } = this.table;
      if (!(due[index]! < now + 5 * second)) due[index] = now + 5 * second;
    }
  }

  private roleChanged = false;

  private setPartial(flags: number, fromOrig: boolean): void {
    const { w, b } = this;
    const k = b + at.flags;
    if (fromOrig) {
      if ((flags & SYN) === 0 || (flags & ACK) !== 0) w[k] = w[k]! | flag.partial;
      else w[k] = w[k]! & ~flag.partial;
    } else if ((w[k]! & flag.partial) === 0 && (flags & SYN) === 0) w[k] = w[k]! | flag.partial;
  }

  private initStream(e: number): void {
    this.d[(e + endNum.delivered) >>> 1] = 1;
    this.d[(e + endNum.trimmed) >>> 1] = 1;
  }

  private initEnd(e: number, flags: number, sequence: number, after: number): void {
    const { w } = this;
    switch (w[e]! & 15) {
      case state.inactive:
        if ((flags & SYN) !== 0) {
          w[e + end.ack] = sequence;
          w[e + end.start] = sequence;
          w[e + end.last] = after;
        } else {
          // as if a SYN had been seen, so that relative numbers mean the same
          w[e + end.ack] = sequence - 1;
          w[e + end.start] = sequence - 1;
          w[e + end.last] = sequence;
        }
        if (this.d[(e + endNum.delivered) >>> 1] === 0) this.initStream(e);
        return;
      case state.syn_sent:
      case state.syn_ack_sent:
        if ((flags & SYN) === 0 || sequence === w[e + end.start]) return;
        break;
      case state.established:
      case state.partial:
        if ((flags & SYN) === 0) return;
        break;
      case state.reset:
        if ((flags & SYN) === 0 || ((w[e]! >>> 4) & 15) !== state.inactive) return;
        break;
      default:
        return;
    }
    w[e + end.start] = sequence;
    w[e + end.ack] = sequence;
    w[e + end.last] = after;
  }

  /** Sequence number relative to the end's first one, over wraps of the 32-bit space; negative when before it. */
  private relative(e: number, sequence: number, last: number, wraps: number): number {
    const delta = (sequence - last) | 0;
    let turns = wraps;
    if (delta < 0) {
      if (turns > 0 && sequence >>> 0 > last >>> 0) turns--;
    } else if (delta > 0 && sequence >>> 0 < last >>> 0) turns++;
    const start = this.w[e + end.start]!;
    if (turns === 0) return (sequence - start) | 0;
    return turns * 4294967296 + (sequence >>> 0) - (start >>> 0);
  }

  private once(bit: number, code: number, fromOrig: boolean): boolean {
    const { w, b } = this;
    const mask = fromOrig ? bit : bit << 16;
    const seen = w[b + at.seen]!;
    if ((seen & mask) !== 0) return false;
    w[b + at.seen] = seen | mask;
    this.letter(fromOrig ? code : code | 0x20);
    return true;
  }

  private letter(code: number): void {
    this.table.letter(this.index, this.w, this.b, code);
  }

  /** Counts, and puts the letter at 1, 10, 100, ... */
  private counted(word: number, code: number): void {
    const count = this.w[word]! + 1;
    this.w[word] = count;
    if (count === 1 || isPowerOfTen(count)) this.letter(code);
  }

  private updateHistory(flags: number, e: number, fromOrig: boolean, relative: number, length: number): void {
    const { w } = this;
    const kind = flags & (SYN | FIN | RST);
    if (kind === 0) {
      if (length > 0) this.once(seenBit.data, 0x44, fromOrig);
      else if ((flags & ACK) !== 0) this.once(seenBit.ack, 0x41, fromOrig);
      return;
    }
    let bit: number;
    let code: number;
    let place: number;
    let number = relative | 0;
    if (kind === SYN) {
      bit = seenBit.syn;
      code = (flags & ACK) !== 0 ? 0x48 : 0x53;
      place = e + end.syn;
    } else if (kind === FIN) {
      bit = seenBit.fin;
      code = 0x46;
      place = e + end.fin;
      number = (relative + length) | 0;
    } else if (kind === RST) {
      bit = seenBit.rst;
      code = 0x52;
      place = e + end.rst;
    } else {
      if ((kind & (FIN | RST)) === (FIN | RST)) this.once(seenBit.fin_rst, 0x49, fromOrig);
      else this.once(seenBit.multi, 0x51, fromOrig);
      return;
    }
    if (!this.once(bit, code, fromOrig) && w[place] !== number) this.letter(fromOrig ? code : code | 0x20);
    w[place] = number;
  }

  private updateAck(p: number, acknowledged: number): void {
    const { w } = this;
    const old = w[p + end.ack]!;
    const delta = (acknowledged - old) | 0;
    if (acknowledged === 0 && delta > trustedDelta) return;
    if (delta <= 0) return;
    if (acknowledged >>> 0 < old >>> 0) w[p + end.wraps] = w[p + end.wraps]! + 0x10000;
    w[p + end.ack] = acknowledged;
  }

  private setLast(e: number, after: number): void {
    const { w } = this;
    if (after >>> 0 < w[e + end.last]! >>> 0) {
      const wraps = w[e + end.wraps]!;
      w[e + end.wraps] = (wraps & ~0xffff) | ((wraps + 1) & 0xffff);
    }
    w[e + end.last] = after;
  }

  private updateLast(e: number, after: number, flags: number, length: number, fromOrig: boolean): void {
    const { w } = this;
    const delta = (after - w[e + end.last]!) | 0;
    if ((flags & (SYN | RST)) !== 0 && (delta > trustedDelta || delta < -trustedDelta)) return;
    if ((flags & FIN) !== 0 && w[e + end.last] === ((w[e + end.start]! + 1) | 0)) this.setLast(e, after);
    else if ((w[e]! & 15) === state.reset) return;
    else if (delta > 0) this.setLast(e, after);
    else if (length > 0) this.counted(e + end.retransmits, fromOrig ? 0x54 : 0x74); // T
  }

  private setState(e: number, next: number): void {
    const { w, b } = this;
    const now = w[e]! & 15;
    if (now === next) return;
    const p = e === b + at.ends ? e + endWords : e - endWords;
    if (next >= state.partial && now <= state.syn_ack_sent && (w[p]! & 15) <= state.syn_ack_sent) {
      setIdle(w, b, 300);
    }
    w[e] = (w[e]! & ~0xff) | next | (now << 4);
  }

  private updateState(
    e: number,
    p: number,
    flags: number,
    sequence: number,
    length: number,
    fromOrig: boolean,
    now: number,
  ): void {
    const { w, b } = this;
    const peer = w[p]! & 15;
    switch (w[e]! & 15) {
      case state.inactive:
        if ((flags & (SYN | FIN | RST)) === 0 && peer === state.established && (flags & ACK) !== 0) {
          // a SYN that was missed: the connection is whole all the same
          this.setState(e, state.established);
          const k = b + at.flags;
          w[k] = (w[k]! & ~flag.partial) | (fromOrig ? flag.orig_seen : flag.resp_seen);
          return;
        }
        this.fromInactive(e, p, flags, sequence, length, fromOrig, now);
        return;
      case state.syn_sent:
      case state.syn_ack_sent:
        if ((flags & FIN) !== 0) {
          this.setState(e, state.closed);
          this.doClose = true;
          this.event = true;
        }
        if ((flags & RST) !== 0) {
          this.setState(e, state.reset);
          this.finished();
          this.doClose = true;
        }
        return;
      case state.established:
      case state.partial:
        if ((flags & (SYN | ACK)) === SYN && (w[e]! & 15) === state.partial && peer === state.inactive) {
          this.setState(e, state.syn_sent);
        }
        if ((flags & (FIN | RST)) === FIN) {
          this.setState(e, state.closed);
          // a FIN, then a RST of the other end: it did end in the normal way
          if (peer === state.reset && ((w[p]! >>> 4) & 15) === state.closed) this.setState(p, state.closed);
          this.doClose = true;
          this.event = true;
        }
        if ((flags & RST) !== 0) {
          this.setState(e, state.reset);
          this.doClose = true;
          if (peer !== state.reset || ((w[p]! >>> 4) & 15) !== state.established) this.finished();
        }
        return;
      case state.closed:
        if ((flags & RST) !== 0 && peer !== state.closed) {
          this.setState(e, state.reset);
          if ((w[e]! & closed) === 0) this.doClose = true;
        }
        return;
      default:
        return;
    }
  }

  private fromInactive(
    e: number,
    p: number,
    flags: number,
    sequence: number,
    length: number,
    fromOrig: boolean,
    now: number,
  ): void {
    const { w, d, b } = this;
    let own = e;
    let other = p;
    if ((flags & SYN) !== 0) {
      if (fromOrig) {
        this.setState(e, (flags & ACK) !== 0 ? state.syn_ack_sent : state.syn_sent);
        w[b + at.attempt_ms] = (now - d[(b + num.start) >>> 1]!) / 1000 + 5000;
      } else {
        if ((flags & ACK) === 0 && (w[p]! & 15) === state.syn_ack_sent && w[e + end.start] === sequence) {
          // SYN ACK first, then the SYN: exchange the roles
          this.flip(this.index);
          this.roleChanged = true;
          own = p;
          other = e;
          this.setState(other, state.established);
          w[b + at.flags] = w[b + at.flags]! | flag.orig_seen;
        }
        if ((w[other]! & 15) === state.syn_sent) this.setState(other, state.established);
        this.setState(own, state.established);
        if ((w[b + at.ends]! & 15) === state.established) {
          const port = w[b + at.ports]! & 0xffff;
          // people type there: Zeek waits an hour
          if (port === 21 || port === 22 || port === 23 || port === 513) setIdle(w, b, 3600);
        }
      }
    }
    const peer = w[other]! & 15;
    if ((flags & FIN) !== 0) {
      this.setState(own, state.closed);
      this.doClose = true;
      this.event = true;
    }
    if ((flags & RST) !== 0) {
      this.setState(own, state.reset);
      const rejects = fromOrig
        ? peer === state.established
        : peer === state.syn_sent || peer === state.syn_ack_sent;
      this.doClose = true;
      this.event = !rejects;
    }
    if ((w[own]! & 15) === state.inactive) {
      // some answer a SYN with a bare ACK before their SYN ACK
      if (!fromOrig && length === 0 && (w[b + at.ends]! & 15) === state.syn_sent) return;
      this.setState(own, state.partial);
    }
  }

  private finished(): void {
    const k = this.b + at.flags;
    this.w[k] = this.w[k]! & ~flag.active;
  }

  private full(sequence: number, wraps: number): number {
    return wraps * 4294967296 + (sequence >>> 0);
  }

  private unacknowledged(e: number): boolean {
    const { w } = this;
    const ahead = this.full(w[e + end.ack]!, w[e + end.wraps]! >>> 16) - (w[e + end.start]! >>> 0);
    return ahead === 0 || ahead === 1;
  }

  private clean(e: number): boolean {
    const now = this.w[e]! & 0xff;
    return (now & 15) === state.established || now === (state.closed | (state.established << 4));
  }

  private dataPending(e: number): boolean {
    const { w, d, b } = this;
    if ((w[e]! & skipping) !== 0) return false;
    const delivered = (w[e + end.start]! >>> 0) + d[(e + endNum.delivered) >>> 1]!;
    const last = this.full(w[e + end.last]!, w[e + end.wraps]! & 0xffff);
    if (last < delivered) return false;
    if (delivered !== last - 1 && delivered !== last) return true;
    if ((w[e]! & 15) === state.reset) return false;
    const p = e === b + at.ends ? e + endWords : e - endWords;
    return d[(p + endNum.highest) >>> 1]! > d[(p + endNum.trimmed) >>> 1]!;
  }

  private checkEnd(e: number, fromOrig: boolean): void {
    const { w, b } = this;
    if ((w[e]! & ended) !== 0) return;
    const now = w[e]! & 15;
    if ((w[e]! & finSeen) === 0 && now !== state.closed && now !== state.reset) return;
    if (this.dataPending(e)) return;
    w[e] = w[e]! | ended;
    if ((w[b + at.flags]! & flag.app) !== 0) this.consumer.ended(this.index, fromOrig);
    const k = b + at.flags;
    if ((w[k]! & flag.close_deferred) !== 0) {
      const p = e === b + at.ends ? e + endWords : e - endWords;
      this.close(e, p, (w[k]! & flag.deferred_event) !== 0);
      w[k] = w[k]! & ~flag.close_deferred;
    }
  }

  private close(e: number, p: number, event: boolean): void {
    const { w, d, b } = this;
    const k = b + at.flags;
    if (this.dataPending(e)) {
      w[k] = w[k]! | flag.close_deferred | (event ? flag.deferred_event : 0);
      return;
    }
    w[k] = w[k]! & ~flag.close_deferred;
    if ((w[e]! & closed) !== 0) return;
    w[e] = w[e]! | closed;
    const peer = w[p]! & 15;
    if ((w[e]! & 15) !== state.reset && (w[p]! & closed) === 0 && peer !== state.inactive) return;
    if (((w[e]! >>> 4) & 15) !== state.inactive || peer !== state.inactive) {
      if (event || (w[k]! & flag.deferred_event) !== 0) {
        w[k] = w[k]! & ~(flag.deferred_event | flag.active);
      }
    }
    const removeAt = d[(b + num.last) >>> 1]! + 5 * second;
    w[b + at.remove_ms] = Math.max(1, Math.ceil((removeAt - d[(b + num.start) >>> 1]!) / 1000));
    const { due } = this.table;
    if (!(due[this.index]! < removeAt)) due[this.index] = removeAt;
  }

  /** New payload at relative number `seq`: delivered when it is next, held when it lies behind a hole. */
  private payload(
    e: number,
    fromOrig: boolean,
    seq: number,
    length: number,
    buf: Uint8Array,
    from: number,
  ): void {
    const { w, d, b } = this;
    if ((w[e]! & skipping) !== 0) return;
    const upper = seq + length;
    const place = (e + endNum.delivered) >>> 1;
    const trimmed = d[(e + endNum.trimmed) >>> 1]!;
    if (upper <= trimmed) return;
    const highest = (e + endNum.highest) >>> 1;
    if (upper > d[highest]!) d[highest] = upper;
    const delivered = d[place]!;
    if (seq <= delivered) {
      if (upper > delivered) {
        if (this.pieces.size !== 0 && this.pieces.has(this.key(e))) {
          // part of it may be here already: that stays
          this.hold(e, delivered, upper, buf, from + (delivered - seq));
          this.drain(e, fromOrig);
        } else {
          d[place] = upper;
          if ((w[b + at.flags]! & flag.app_done) === 0) {
            this.consumer.data(this.index, fromOrig, buf, from + (delivered - seq), from + length);
          }
        }
        if (this.unacknowledged(e) && this.size(e) > unacknowledgedLimit) {
          d[(e + endNum.trimmed) >>> 1] = d[place]!;
        }
      }
    } else this.hold(e, seq, upper, buf, from);
    const behind = d[highest]! - d[place]!;
    if (behind > unacknowledgedLimit && this.unacknowledged(e)) this.giveUp(e);
    else if (d[place]! - d[(e + endNum.trimmed) >>> 1]! > heldLimit) this.giveUp(e);
  }

  private key(e: number): number {
    return this.index * 2 + (e === this.b + at.ends ? 0 : 1);
  }

  private clear(key: number): void {
    const held = this.pieces.get(key);
    if (held === undefined) return;
    for (const piece of held.pieces) this.pieceBytes -= piece.data.length;
    this.pieces.delete(key);
  }

  private giveUp(e: number): void {
    this.w[e] = this.w[e]! | skipping;
    this.d[(e + endNum.highest) >>> 1] = 0;
    this.clear(this.key(e));
    if ((this.w[this.b + at.flags]! & flag.app_done) === 0) {
      this.consumer.gap(this.index, e === this.b + at.ends, 0);
    }
  }

  private hold(e: number, seq: number, upper: number, buf: Uint8Array, at0: number): void {
    const key = this.key(e);
    let held = this.pieces.get(key);
    if (held === undefined) {
      held = { pieces: [], bytes: 0 };
      this.pieces.set(key, held);
    }
    const { pieces } = held;
    if (pieces.length >= maxPieces || held.bytes > heldLimit) {
      this.giveUp(e);
      return;
    }
    const wanted = (this.w[this.b + at.flags]! & flag.app_done) === 0 && this.pieceBytes < maxPieceBytes;
    let from = seq;
    let i = pieces.length;
    while (i > 0 && pieces[i - 1]!.upTo > from) i--;
    while (from < upper) {
      const next = pieces[i];
      if (next !== undefined && next.from <= from) {
        if (next.upTo > from) from = next.upTo;
        i++;
        continue;
      }
      const upTo = next === undefined ? upper : Math.min(upper, next.from);
      const data = wanted ? buf.slice(at0 + (from - seq), at0 + (upTo - seq)) : empty;
      this.pieceBytes += data.length;
      held.bytes += upTo - from;
      pieces.splice(i, 0, { from, upTo, data });
      i++;
      from = upTo;
    }
  }

  /** Delivers what is held and now next. */
  private drain(e: number, fromOrig: boolean): void {
    const key = this.key(e);
    const held = this.pieces.get(key);
    if (held === undefined) return;
    const { w, d, b } = this;
    const place = (e + endNum.delivered) >>> 1;
    let done = 0;
    for (const piece of held.pieces) {
      const delivered = d[place]!;
      if (piece.from > delivered) break;
      done++;
      this.pieceBytes -= piece.data.length;
      held.bytes -= piece.upTo - piece.from;
      if (piece.upTo <= delivered) continue;
      d[place] = piece.upTo;
      if ((w[b + at.flags]! & flag.app_done) === 0) {
        if (piece.data.length === 0) this.consumer.gap(this.index, fromOrig, piece.upTo - delivered);
        else this.consumer.data(this.index, fromOrig, piece.data, delivered - piece.from, piece.data.length);
      }
    }
    if (done === held.pieces.length) this.pieces.delete(key);
    else held.pieces.splice(0, done);
  }

  /** The other end acknowledged data of end `e` up to a relative number: what is not there by now is a gap. */
  private acknowledge(e: number, fromOrig: boolean, relative: number): void {
    const { w, d } = this;
    let upTo = relative;
    if ((w[e]! & finSeen) !== 0) {
      const fin = d[(e + endNum.bytes) >>> 1]!;
      if (upTo >= fin) upTo = fin - 1;
    }
    const trimmed = (e + endNum.trimmed) >>> 1;
    if (upTo <= d[trimmed]!) return;
    if (upTo > d[(e + endNum.delivered) >>> 1]!) this.undelivered(e, fromOrig, upTo);
    d[trimmed] = upTo;
    if (this.pieces.size !== 0) this.drain(e, fromOrig);
    if ((w[e]! & ended) === 0 && ((w[e]! & finSeen) !== 0 || (w[e]! & 15) >= state.closed)) {
      this.checkEnd(e, fromOrig);
    }
  }

  private undelivered(e: number, fromOrig: boolean, upTo: number): void {
    const { w, d, b } = this;
    if (upTo <= 2 && (w[b + at.flags]! & flag.partial) !== 0) return;
    const place = (e + endNum.delivered) >>> 1;
    if ((w[e]! & skipping) === 0) {
      for (;;) {
        const held = this.pieces.size === 0 ? undefined : this.pieces.get(this.key(e));
        const next = held?.pieces[0];
        if (next === undefined || next.from >= upTo) break;
        if (next.from > d[place]!) {
          this.gap(e, fromOrig, next.from - d[place]!);
          d[place] = next.from;
        }
        this.drain(e, fromOrig);
      }
      if (upTo > d[place]!) this.gap(e, fromOrig, upTo - d[place]!);
    }
    if (upTo > d[place]!) d[place] = upTo;
  }

  private gap(e: number, fromOrig: boolean, length: number): void {
    const { w, d, b } = this;
    const o = b + at.ends;
    if (this.clean(o) && this.clean(o + endWords)) {
      this.counted(e + end.gaps, fromOrig ? 0x47 : 0x67); // G
      d[(b + num.missed) >>> 1] = d[(b + num.missed) >>> 1]! + length;
    }
    if ((w[b + at.flags]! & flag.app_done) === 0) this.consumer.gap(this.index, fromOrig, length);
  }

  /** Payload bytes an end sent, by sequence space. */
  private size(e: number): number {
    const { w, b } = this;
    const p = e === b + at.ends ? e + endWords : e - endWords;
    const now = w[e]!;
    if (
      ((now >>> 4) & 15) === state.syn_sent &&
      (now & 15) === state.reset &&
      (w[p]! & 15) === state.inactive &&
      !this.unacknowledged(e)
    ) {
      return 0;
    }
    const last = this.full(w[e + end.last]!, w[e + end.wraps]! & 0xffff);
    const ack = this.full(w[e + end.ack]!, w[e + end.wraps]! >>> 16);
    let size = Math.max(last, ack) - (w[e + end.start]! >>> 0);
    if (size > 0) size--;
    if ((now & finSeen) !== 0 && size > 0) size--;
    return size > 0 ? size : 0;
  }

  sizeOf(index: number, ofOrig: boolean): number {
    this.select(index);
    return this.size(this.b + at.ends + (ofOrig ? 0 : endWords));
  }

  /** When a flow is taken out if nothing more comes, µs. */
  dueAt(index: number): number {
    this.select(index);
    const { w, d, b } = this;
    const last = d[(b + num.last) >>> 1]!;
    const o = w[b + at.ends]!;
    const r = w[b + at.ends + endWords]!;
    const start = d[(b + num.start) >>> 1]!;
    let due = last + (w[b + at.idle]! & 0xffff) * second;
    const removeMs = w[b + at.remove_ms]!;
    if (removeMs !== 0) return Math.min(due, start + removeMs * 1000);
    if ((w[b + at.flags]! & flag.active) === 0) return due;
    const origState = o & 15;
    const respState = r & 15;
    const attemptMs = w[b + at.attempt_ms]!;
    if (
      attemptMs !== 0 &&
      (origState === state.syn_sent || origState === state.syn_ack_sent) &&
      respState === state.inactive
    ) {
      due = Math.min(due, start + attemptMs * 1000);
    }
    const over =
      ((o | r) & closed) !== 0 &&
      ((o & r & closed) !== 0 ||
        origState === state.reset ||
        respState === state.reset ||
        origState === state.inactive ||
        respState === state.inactive);
    if (over || (origState === state.inactive && respState === state.inactive)) {
      // looked at every 6 s from 5 s after the first packet on; out after 5 s of quiet
      const first = start + 5 * second;
      const turns = Math.max(0, Math.floor((last + 5 * second - first) / (6 * second)) + 1);
      due = Math.min(due, first + turns * 6 * second);
    }
    return due;
  }

  /** conn_state as Zeek's scripts decide it. */
  connState(index: number, history: string): string {
    this.select(index);
    const { w, b } = this;
    const o = w[b + at.ends]! & 15;
    const r = w[b + at.ends + endWords]! & 15;
    const origPassive = o === state.inactive || o === state.partial;
    const respPassive = r === state.inactive || r === state.partial;
    if (r === state.reset) {
      if (
        o === state.syn_sent ||
        o === state.syn_ack_sent ||
        (o === state.reset && this.size(b + at.ends) === 0 && this.size(b + at.ends + endWords) === 0)
      ) {
        return 'REJ';
      }
      return origPassive ? 'RSTRH' : 'RSTR';
    }
    if (o === state.reset) {
      if (!respPassive) return 'RSTO';
      return /^\^?S[^HAFGIQ]*R/.test(history) ? 'RSTOS0' : 'OTH';
    }
    if (r === state.closed && o === state.closed) return 'SF';
    if (o === state.closed) return respPassive ? 'SH' : 'S2';
    if (r === state.closed) return origPassive ? 'SHR' : 'S3';
    if (o === state.syn_sent && r === state.inactive) return 'S0';
    if (o === state.established && r === state.established) return 'S1';
    return 'OTH';
  }
}

function isPowerOfTen(count: number): boolean {
  if (count % 10 !== 0) return false;
  let n = count;
  while (n % 10 === 0) n /= 10;
  return n === 1;
}

/** Exchanges originator and responder of a record and puts '^' into its history. */
export function flipRoles(table: FlowTable, index: number, w: Int32Array, b: number): void {
  for (let i = 0; i < 4; i++) {
    const word = w[b + i]!;
    w[b + i] = w[b + 4 + i]!;
    w[b + 4 + i] = word;
  }
  const ports = w[b + at.ports]!;
  w[b + at.ports] = (ports << 16) | (ports >>> 16);
  const packed = w[b + at.packed]!;
  const has = packed >>> macBits;
  w[b + at.packed] = (packed & ~(3 << macBits)) | ((((has & 1) << 1) | ((has >>> 1) & 1)) << macBits);
  const m0 = w[b + at.macs]!;
  const m1 = w[b + at.macs + 1]!;
  const m2 = w[b + at.macs + 2]!;
  // 12 bytes: second six first
  w[b + at.macs] = (m1 >>> 16) | (m2 << 16);
  w[b + at.macs + 1] = (m2 >>> 16) | (m0 << 16);
  w[b + at.macs + 2] = (m0 >>> 16) | (m1 << 16);
  const o = b + at.ends;
  for (let i = 0; i < endWords; i++) {
    if (i === lentWord) continue;
    const word = w[o + i]!;
    w[o + i] = w[o + endWords + i]!;
    w[o + endWords + i] = word;
  }
  table.letter(index, w, b, 0x5e);
}
