import { randomInt } from 'node:crypto';
import { communityId, icmp6Counterpart, icmpCounterpart } from '../../base/community-id.ts';
import type { Connection } from '../../schema/event/connection.ts';
import type { Inventory } from '../../schema/event/inventory.ts';
import type { Sink } from '../../schema/reading.ts';
import { Analyzers } from './analyzers.ts';
import { serviceNames } from './apps/app.ts';
import { internetSum, pseudoHeader } from './checksum.ts';
import { Copies } from './copies.ts';
import { addressText, isDnsPort, transportName } from './flow-place.ts';
import {
  at,
  end,
  endNum,
  endWords,
  FlowTable,
  fileShift,
  flag,
  macBits,
  mostFiles,
  num,
  pageBits,
  stride,
  vlanOf,
} from './flow-table.ts';
import { broken, Frame, found, isTunnelPort, looksLikeTeredo, teredoPort, waiting } from './frame.ts';
import { Neighbours } from './neighbours.ts';
import { type ServerPorts, serverPorts } from './ports.ts';
import { flipRoles, type StreamConsumer, TcpTracker } from './tcp.ts';
import { flowUid, macText } from './text.ts';

export interface MeterOptions {
  /** Latest packet time that is believed, µs since 1970. */
  readonly latest_time: number;
  /**
   * Leave packets with wrong checksums out, as Zeek does by default. Off by default: in a capture made on the sending
   * host the network card had not filled them in yet, and then half of the traffic would be missing.
   */
  readonly verify_checksums?: boolean;
  /** Report a flow that has lasted this long and go on with a new one; 0: never, as Zeek. */
  readonly active_timeout_s?: number;
  /** Flows held at once; beyond it old ones are reported before their time. */
  readonly max_flows?: number;
  readonly ports?: ServerPorts;
  /** Read payloads for dns, http, tls, ... events; true unless said. */
  readonly analyze?: boolean;
  /** Of the flow table's hash; at random unless given. It has no bearing on what comes out. */
  readonly seed?: number;
}

const second = 1_000_000;
/**
 * Packets lie a little out of order in every capture; when one lies further back, the clock was set back, or a part of the
 * capture begins anew, and flows from then on age by the new time.
 */
const backwards = 10 * second;
const copyReason = 'the same packet from another place';
/**
 * A network card that sums for its host (checksum offload) gets TCP and UDP with the sum over the pseudo header alone in
 * their checksum (Linux CHECKSUM_PARTIAL, Documentation/networking/checksum-offloads.rst), and that is what a capture on
 * the sending host shows. By chance one packet in 65,536 has such a sum.
 */
const unsummedNote = 'checksum: left to the network card of the capturing host';
const leastUnsummed = 10;
const leastUnsummedShare = 0.01;

/** A file packets come from. */
interface CaptureFile {
  readonly sink: Sink;
  /** TCP segments and UDP datagrams */
  transports: number;
  /** ... of which the sending host had not made the checksum */
  unsummed: number;
}

function newFile(sink: Sink): CaptureFile {
  return { sink, transports: 0, unsummed: 0 };
}

/** Until the first file is known. */
const nowhere: Sink = { event: () => {}, filtered: () => {}, rejected: () => {} };
const excerptBytes = 64;
const mostTunnelChanges = 5; // Tunnel::max_changes_per_connection
/** Every so many packets a part of the table is looked through for flows that are due. */
const sweepEvery = 64;
const sweepLength = 128;

/**
 * Packets in, events out: connections when they end, and what analyzers read in their payload as it is read.
 * Memory: about 350 bytes a flow, plus what an analyzer holds until its protocol is over: 0 for most, 0.5 to 1 kB while
 * an answer or the rest of a hello is awaited.
 */
export class Meter implements StreamConsumer {
  /** by their numbers */
  private readonly files: CaptureFile[] = [];
  private source_file: CaptureFile = newFile(nowhere);
  private sink: Sink = nowhere;
  private file = 0;
  private readonly copies: Copies;
  private stream = 0;
  private comparing = false;
  private readonly frame = new Frame();
  private readonly table: FlowTable;
  private readonly tcp: TcpTracker;
  private readonly analyzers: Analyzers;
  private readonly neighbours = new Neighbours();
  private readonly latest: number;
  private readonly verify: boolean;
  private readonly active: number;
  private readonly maxFlows: number;
  private readonly ports: ServerPorts;
  private now = 0;
  private untilSweep = sweepEvery;
  private cursor = 0;
  private line = 0;
  private offset = 0;

  /** `sink`: of the only file; null where files are announced by `source`, and their packets by `from`. */
  constructor(sink: Sink | null, options: MeterOptions, copies = new Copies()) {
    this.copies = copies;
    if (sink !== null) {
      this.stream = copies.open();
      this.set(this.source(sink));
    }
    this.latest = options.latest_time;
    this.verify = options.verify_checksums ?? false;
    this.frame.verify = this.verify;
    this.active = (options.active_timeout_s ?? 0) * second;
    this.maxFlows = options.max_flows ?? 4_000_000;
    this.ports = options.ports ?? serverPorts;
    this.table = new FlowTable(options.seed ?? randomInt(0x7fffffff));
    this.tcp = new TcpTracker(this.table, this);
    this.analyzers = new Analyzers(this.table, this.sink, options.analyze ?? true);
  }

  /** A file whose packets will come; its number. */
  source(sink: Sink): number {
    if (this.files.at(-1)?.sink === sink || this.files.length === mostFiles) return this.files.length - 1;
    return this.files.push(newFile(sink)) - 1;
  }

  /**
   * Where the next packets come from: file, stream as `copies` numbers them, interface of the file (0: it has one).
   * `comparing`: other streams may have the same packets.
   */
  from(file: number, stream: number, interface_number: number, comparing: boolean): void {
    this.interface_number = interface_number;
    this.comparing = comparing;
    this.stream = stream;
    if (this.file === file && this.sink !== nowhere) return;
    this.set(file);
    this.analyzers.sink = this.sink;
  }

  private set(file: number): void {
    this.file = file;
    this.source_file = this.files[file]!;
    this.sink = this.source_file.sink;
  }

  interface_number = 0;

  /** Packets taken so far. */
  packets = 0;

  /** Flows held now. */
  get live(): number {
    return this.table.live;
  }

  /**
   * One packet: buf[start, upTo) was captured on a link of `linkType`, where it had `wire` bytes. `line` and `offset`
   * say where it is in the file.
   */
  packet(
    buf: Uint8Array,
    start: number,
    upTo: number,
    wire: number,
    linkType: number,
    time: number,
    line: number,
    offset: number,
  ): void {
    if (!(time >= 0 && time <= this.latest)) {
      this.sink.rejected(timeReason(time), line, offset, excerpt(buf, start, upTo));
      return;
    }
    this.packets++;
    this.line = line;
    this.offset = offset;
    const f = this.frame;
    f.time = time;
    const outcome = f.decode(buf, start, upTo, wire, linkType);
    if (time > this.now || time < this.now - backwards) this.now = time;
    if (--this.untilSweep === 0) this.sweep();
    if (outcome !== found) {
      if (outcome === broken) this.sink.rejected(f.reason, line, offset, excerpt(buf, start, upTo));
      else if (outcome !== waiting && !this.neighbour(f)) this.sink.filtered(f.reason, line, offset);
      return;
    }
    if (
      (this.comparing || f.cooked !== 0 || this.interface_number !== 0) &&
      this.copies.isCopy(f, linkType, this.stream, this.interface_number)
    ) {
      const { sink } = this;
      if (sink.duplicate) sink.duplicate(copyReason, line, offset);
      else sink.filtered(copyReason, line, offset);
      return;
    }
    let outer = true;
    for (;;) {
      let problem: string;
      let port = 0;
      switch (f.protocol) {
        case 6:
          problem = this.tcpPacket(f);
          break;
        case 17:
          problem = this.udpPacket(f);
          port = this.tunnelPort;
          break;
        case 1:
        case 58:
          problem = this.icmpPacket(f);
          if (f.protocol === 58 && problem === '')
            this.saidOf(this.neighbours.icmp6(f.buf, f.l4, f.end, time));
          break;
        default:
          problem = this.otherPacket(f);
      }
      if (problem !== '') {
        if (outer) this.sink.rejected(problem, line, offset, excerpt(buf, start, upTo));
        return;
      }
      // A tunnel in UDP was metered itself; what is inside is metered too. Not a tunnel after all: nothing to say.
      f.tunnel_id = port === 0 ? 0 : this.lastHash;
      if ((port === 0 || f.tunnel(port, f.l4 + 8) !== found) && f.nextSubframe() !== found) return;
      outer = false;
    }
  }

  /** Whether the frame is an ARP message that tells of a station. */
  private neighbour(f: Frame): boolean {
    return f.arp >= 0 && this.saidOf(this.neighbours.arp(f.buf, f.arp, f.end, f.time));
  }

  private saidOf(event: Inventory | null): boolean {
    if (event === null) return false;
    this.sink.event(event, this.line, this.offset, '');
    return true;
  }

  /** The capture is over: reports every flow that is still open. */
  end(): void {
    const { due } = this.table;
    for (let index = 0; index < this.table.used; index++) {
      if (!Number.isNaN(due[index]!)) this.report(index, true);
    }
    this.table.clear();
    this.analyzers.end();
    for (const { sink, transports, unsummed } of this.files) {
      const many = unsummed >= leastUnsummed && unsummed >= transports * leastUnsummedShare;
      if (many) sink.set_aside?.(unsummedNote, unsummed);
    }
  }

  // ---- transports

  private tunnelPort = 0;
  private lastHash = 0;

  private tcpPacket(f: Frame): string {
    const { buf, l4 } = f;
    const room = f.end - l4;
    if (f.l4_bytes < 20 || room < 20) return 'TCP header cut short';
    const header = (buf[l4 + 12]! >>> 4) << 2;
    if (header < 20) return `TCP header of ${header} bytes`;
    if (header > f.l4_bytes || header > room) return 'TCP header cut short';
    f.src_port = (buf[l4]! << 8) | buf[l4 + 1]!;
    f.dst_port = (buf[l4 + 2]! << 8) | buf[l4 + 3]!;
    this.countSum(f, 6, (buf[l4 + 16]! << 8) | buf[l4 + 17]!);
    const flags = buf[l4 + 13]!;
    const { table } = this;
    const hash = table.hashOf(f);
    let index = table.find(f, hash, false);
    let fromOrig = table.direction === 1;
    if (index >= 0 && this.now >= table.due[index]! && this.isOver(index)) index = -1;
    if (index >= 0 && (flags & 2) !== 0) {
      const sequence = (buf[l4 + 4]! << 24) | (buf[l4 + 5]! << 16) | (buf[l4 + 6]! << 8) | buf[l4 + 7]!;
      if (this.tcp.isReuse(index, flags, sequence)) {
        this.report(index);
        index = -1;
      }
    }
    if (index < 0) {
      index = this.add(f, hash, false, 60, 5);
      fromOrig = true;
      // Not begun by a SYN: guess by the ports who opened it.
      if ((flags & 0x12) !== 2 && this.ports.tcp[f.src_port] === 1 && !toEverybody(f)) {
        if (this.ports.tcp[f.dst_port] !== 1 || (flags & 2) !== 0 || f.src_port < f.dst_port) {
          this.tcp.flip(index);
          fromOrig = false;
        }
      }
    }
    const w = table.words[index >>> pageBits]!;
    const b = (index & ((1 << pageBits) - 1)) * stride;
    const e = b + at.ends + (fromOrig ? 0 : endWords);
    if (w[b + at.tunnel] !== f.tunnel_id) this.tunnelChanged(index, w, b, f.tunnel_id);
    if (this.verify && room >= f.l4_bytes && !this.transportSumHolds(f, 6)) {
      this.badChecksum(index, w, b, e, fromOrig);
      return '';
    }
    const d = table.numbers[index >>> pageBits]!;
    w[e + end.packets] = w[e + end.packets]! + 1;
    d[(e + endNum.ip_bytes) >>> 1] = d[(e + endNum.ip_bytes) >>> 1]! + f.ip_bytes;
    this.tcp.segment(f, index, fromOrig, header, f.l4_bytes - header, room - header);
    return '';
  }

  private udpPacket(f: Frame): string {
    const { buf, l4 } = f;
    this.tunnelPort = 0;
    if (f.l4_bytes < 8 || f.end - l4 < 8) return 'UDP header cut short';
    f.src_port = (buf[l4]! << 8) | buf[l4 + 1]!;
    f.dst_port = (buf[l4 + 2]! << 8) | buf[l4 + 3]!;
    this.countSum(f, 17, (buf[l4 + 6]! << 8) | buf[l4 + 7]!);
    const { table } = this;
    const hash = table.hashOf(f);
    let index = table.find(f, hash, false);
    let fromOrig = table.direction === 1;
    if (index >= 0 && this.now >= table.due[index]! && this.isOver(index)) index = -1;
    if (index < 0) {
      const flips = this.ports.udp[f.src_port] === 1 && this.ports.udp[f.dst_port] !== 1 && !toEverybody(f);
      const port = flips ? f.src_port : f.dst_port;
      index = this.add(f, hash, false, 60, isDnsPort(port) ? 10 : 60);
      fromOrig = true;
      if (flips) {
        const w = table.words[index >>> pageBits]!;
        const b = (index & ((1 << pageBits) - 1)) * stride;
        flipRoles(table, index, w, b);
        fromOrig = false;
      }
    }
    const w = table.words[index >>> pageBits]!;
    const d = table.numbers[index >>> pageBits]!;
    const b = (index & ((1 << pageBits) - 1)) * stride;
    const e = b + at.ends + (fromOrig ? 0 : endWords);
    if (w[b + at.tunnel] !== f.tunnel_id) this.tunnelChanged(index, w, b, f.tunnel_id);
    w[e + end.packets] = w[e + end.packets]! + 1;
    d[(e + endNum.ip_bytes) >>> 1] = d[(e + endNum.ip_bytes) >>> 1]! + f.ip_bytes;
    if (
      this.verify &&
      f.end - l4 >= f.l4_bytes &&
      (f.v6 || buf[l4 + 6] !== 0 || buf[l4 + 7] !== 0) &&
      !this.transportSumHolds(f, 17)
    ) {
      this.badChecksum(index, w, b, e, fromOrig);
      return '';
    }
    d[(b + num.last) >>> 1] = f.time;
    const claimed = ((buf[l4 + 4]! << 8) | buf[l4 + 5]!) - 8;
    const length = claimed < 0 ? 0 : claimed;
    d[(e + endNum.bytes) >>> 1] = d[(e + endNum.bytes) >>> 1]! + length;
    const seen = fromOrig ? flag.orig_active : flag.resp_active;
    const flags = w[b + at.flags]!;
    if ((flags & seen) === 0) {
      w[b + at.flags] = flags | seen;
      table.letter(index, w, b, fromOrig ? 0x44 : 0x64);
    }
    if ((flags & flag.app_done) === 0 && length > 0) {
      const upTo = Math.min(f.end, l4 + 8 + length);
      this.analyzers.datagram(index, fromOrig, buf, l4 + 8, upTo, f.time, this.line, this.offset);
    }
    const port = w[b + at.ports]! & 0xffff;
    this.lastHash = hash | 1;
    if (isTunnelPort(port)) this.tunnelPort = port;
    else if ((flags & flag.teredo) !== 0) this.tunnelPort = teredoPort;
    else if ((flags & seen) === 0 && looksLikeTeredo(buf, l4 + 8, f.end)) {
      w[b + at.flags] = w[b + at.flags]! | flag.teredo;
      this.tunnelPort = teredoPort;
    }
    return '';
  }

  private icmpPacket(f: Frame): string {
    const { buf, l4 } = f;
    if (f.l4_bytes < 8 || f.end - l4 < 8) return 'ICMP header cut short';
    const type = buf[l4]!;
    const answer = f.protocol === 1 ? icmpCounterpart(type) : icmp6Counterpart(type);
    f.src_port = type;
    f.dst_port = answer < 0 ? buf[l4 + 1]! : answer;
    return this.plainPacket(f, answer < 0, f.l4_bytes - 8);
  }

  private otherPacket(f: Frame): string {
    f.src_port = 0;
    f.dst_port = 0;
    if (f.protocol === 132 && f.end - f.l4 >= 4) {
      f.src_port = (f.buf[f.l4]! << 8) | f.buf[f.l4 + 1]!;
      f.dst_port = (f.buf[f.l4 + 2]! << 8) | f.buf[f.l4 + 3]!;
    }
    return this.plainPacket(f, false, f.l4_bytes);
  }

  private plainPacket(f: Frame, oneWay: boolean, length: number): string {
    const { table } = this;
    const hash = table.hashOf(f);
    let index = table.find(f, hash, oneWay);
    let fromOrig = table.direction === 1;
    if (index >= 0 && this.now >= table.due[index]! && this.isOver(index)) index = -1;
    if (index < 0) {
      index = this.add(f, hash, oneWay, 60, 60);
      fromOrig = true;
    }
    const w = table.words[index >>> pageBits]!;
    const d = table.numbers[index >>> pageBits]!;
    const b = (index & ((1 << pageBits) - 1)) * stride;
    const e = b + at.ends + (fromOrig ? 0 : endWords);
    if (w[b + at.tunnel] !== f.tunnel_id) this.tunnelChanged(index, w, b, f.tunnel_id);
    w[e + end.packets] = w[e + end.packets]! + 1;
    d[(e + endNum.ip_bytes) >>> 1] = d[(e + endNum.ip_bytes) >>> 1]! + f.ip_bytes;
    if (this.verify && (f.protocol === 1 || f.protocol === 58) && f.end - f.l4 >= f.l4_bytes) {
      const sum = f.protocol === 1 ? 0 : pseudoHeader(f, 58, f.l4_bytes);
      if (internetSum(f.buf, f.l4, f.l4 + f.l4_bytes, sum) !== 0xffff) return '';
    }
    d[(e + endNum.bytes) >>> 1] = d[(e + endNum.bytes) >>> 1]! + length;
    d[(b + num.last) >>> 1] = f.time;
    return '';
  }

  private countSum(f: Frame, protocol: number, checksum: number): void {
    const file = this.source_file;
    file.transports++;
    if (checksum !== 0 && checksum === internetSum(f.buf, 0, 0, pseudoHeader(f, protocol, f.l4_bytes)))
      file.unsummed++;
  }

  private transportSumHolds(f: Frame, protocol: number): boolean {
    return internetSum(f.buf, f.l4, f.l4 + f.l4_bytes, pseudoHeader(f, protocol, f.l4_bytes)) === 0xffff;
  }

  /** Zeek stops following which tunnel a flow comes through after five changes, and says so. */
  private tunnelChanged(index: number, w: Int32Array, b: number, id: number): void {
    w[b + at.tunnel] = id;
    const changes = (w[b + at.idle]! >>> 16) + 1;
    if (changes > mostTunnelChanges + 1) return;
    w[b + at.idle] = (w[b + at.idle]! & 0xffff) | (changes << 16);
    if (changes > mostTunnelChanges) this.table.letter(index, w, b, 0x58);
  }

  private badChecksum(index: number, w: Int32Array, b: number, e: number, fromOrig: boolean): void {
    const count = w[e + end.bad_checksums]! + 1;
    w[e + end.bad_checksums] = count;
    if (/^10*$/.test(String(count))) this.table.letter(index, w, b, fromOrig ? 0x43 : 0x63);
  }

  // ---- flows

  private add(f: Frame, hash: number, oneWay: boolean, idle_s: number, due_s: number): number {
    const { table } = this;
    if (table.live >= this.maxFlows) this.makeRoom();
    const index = table.add(f, hash, oneWay);
    const w = table.words[index >>> pageBits]!;
    const d = table.numbers[index >>> pageBits]!;
    const b = (index & ((1 << pageBits) - 1)) * stride;
    d[(b + num.start) >>> 1] = f.time;
    d[(b + num.last) >>> 1] = f.time;
    d[(b + num.offset) >>> 1] = this.offset;
    w[b + at.line] = this.line;
    w[b + at.idle] = idle_s;
    w[b + at.tunnel] = f.tunnel_id;
    w[b + at.flags] = flag.active | (this.file << fileShift);
    table.due[index] = f.time + Math.min(due_s * second, this.active > 0 ? this.active : Infinity);
    return index;
  }

  private makeRoom(): void {
    const { table } = this;
    for (let looked = 0; looked < table.used; looked++) {
      if (++this.cursor >= table.used) this.cursor = 0;
      if (!Number.isNaN(table.due[this.cursor]!)) {
        this.report(this.cursor);
        return;
      }
    }
  }

  /** Whether a flow's time is up by now; then it is reported. Else its next look is set. */
  private isOver(index: number): boolean {
    const due = this.dueAt(index);
    if (this.now >= due) {
      this.report(index);
      return true;
    }
    this.table.due[index] = due;
    return false;
  }

  private dueAt(index: number): number {
    const { table } = this;
    const w = table.words[index >>> pageBits]!;
    const d = table.numbers[index >>> pageBits]!;
    const b = (index & ((1 << pageBits) - 1)) * stride;
    const protocol = w[b + at.meta]! & 255;
    const start = d[(b + num.start) >>> 1]!;
    let due: number;
    if (protocol === 6) due = this.tcp.dueAt(index);
    else {
      const last = d[(b + num.last) >>> 1]!;
      due = last + (w[b + at.idle]! & 0xffff) * second;
      if (protocol === 17 && (isDnsPort(w[b + at.ports]! & 0xffff) || (w[b + at.services]! & 1) !== 0)) {
        // looked at every 10 s; out after 9 s of quiet
        const turns = Math.max(1, Math.ceil((last + 9 * second - start) / (10 * second)));
        due = Math.min(due, start + turns * 10 * second);
      }
    }
    if (this.active > 0) due = Math.min(due, start + this.active);
    return due;
  }

  private sweep(): void {
    this.untilSweep = sweepEvery;
    const { table, now } = this;
    const { due } = table;
    const { used } = table;
    if (used === 0) return;
    let i = this.cursor;
    for (let n = used < sweepLength ? used : sweepLength; n > 0; n--) {
      if (++i >= used) i = 0;
      if (due[i]! <= now) this.isOver(i);
    }
    this.cursor = i;
  }

  // ---- streams

  data(index: number, fromOrig: boolean, buf: Uint8Array, from: number, upTo: number): void {
    this.analyzers.stream(index, fromOrig, buf, from, upTo, this.frame.time, this.line, this.offset);
  }
  gap(index: number, fromOrig: boolean, length: number): void {
    this.analyzers.gap(index, fromOrig, length);
  }
  ended(index: number, fromOrig: boolean): void {
    this.analyzers.ended(index, fromOrig);
  }
  flipped(index: number): void {
    this.analyzers.flipped(index);
  }

  // ---- what comes out

  /** Emits a flow and takes it out; `last` when the whole table goes after it. */
  private report(index: number, last = false): void {
    const { table } = this;
    const w = table.words[index >>> pageBits]!;
    const d = table.numbers[index >>> pageBits]!;
    const b = (index & ((1 << pageBits) - 1)) * stride;
    const place = this.analyzers.close(index);
    const name = this.analyzers.takeName(index);
    const o = b + at.ends;
    const r = o + endWords;
    const meta = w[b + at.meta]!;
    const protocol = meta & 255;
    const start = d[(b + num.start) >>> 1]!;
    const history = table.history(index, w, b);
    let srcBytes: number;
    let dstBytes: number;
    let connState = 'OTH';
    if (protocol === 6) {
      srcBytes = this.tcp.sizeOf(index, true);
      dstBytes = this.tcp.sizeOf(index, false);
      connState = this.tcp.connState(index, history);
      this.tcp.forget(index);
    } else {
      srcBytes = d[(o + endNum.bytes) >>> 1]!;
      dstBytes = d[(r + endNum.bytes) >>> 1]!;
      if (protocol === 17) {
        const flags = w[b + at.flags]!;
        const origActive = (flags & flag.orig_active) !== 0;
        const respActive = (flags & flag.resp_active) !== 0;
        connState = origActive ? (respActive ? 'SF' : 'S0') : respActive ? 'SHR' : 'OTH';
      }
    }
    const length = d[(b + num.last) >>> 1]! - start;
    const v6 = (meta & 256) !== 0;
    const packed = w[b + at.packed]!;
    const macs = packed >>> macBits;
    const services = w[b + at.services]!;
    const ports = w[b + at.ports]!;
    const srcPort = ports >>> 16;
    const dstPort = ports & 0xffff;
    const event: Connection = {
      kind: 'connection',
      time: start,
      uid: place === null ? flowUid(start, w, b, ports, protocol) : place.uid,
      src_ip: place === null ? addressText(w, b, v6) : place.src_ip,
      src_port: srcPort,
      dst_ip: place === null ? addressText(w, b + 4, v6) : place.dst_ip,
      dst_port: dstPort,
      transport: transportName(protocol),
      src_local: false,
      dst_local: false,
      direction: '',
      community_id: communityId(w, v6 ? b : b + 3, w, v6 ? b + 4 : b + 7, v6, protocol, srcPort, dstPort),
      service: services === 0 ? '' : serviceNames(services),
      duration_s: length > 0 ? length / second : null,
      src_bytes: srcBytes,
      dst_bytes: dstBytes,
      src_packets: w[o + end.packets]!,
      dst_packets: w[r + end.packets]!,
      src_ip_bytes: d[(o + endNum.ip_bytes) >>> 1]!,
      dst_ip_bytes: d[(r + endNum.ip_bytes) >>> 1]!,
      missed_bytes: d[(b + num.missed) >>> 1]!,
      conn_state: connState,
      history,
      vlan: vlanOf(packed),
      src_mac: (macs & 1) !== 0 ? macText(w[b + at.macs]!, w[b + at.macs + 1]! & 0xffff) : '',
      dst_mac:
        (macs & 2) !== 0
          ? macText((w[b + at.macs + 1]! >>> 16) | (w[b + at.macs + 2]! << 16), w[b + at.macs + 2]! >>> 16)
          : '',
      outcome: '',
      orientation: '',
      dst_name: place === null || place.dst_name === '' ? name : place.dst_name,
    };
    const line = w[b + at.line]!;
    const offset = d[(b + num.offset) >>> 1]!;
    const file = w[b + at.flags]! >>> fileShift;
    if (!last) table.remove(index);
    this.files[file]!.sink.event(event, line, offset, '');
  }
}

function toEverybody(f: Frame): boolean {
  return !f.v6 && f.d3 === -1;
}

function timeReason(time: number): string {
  return time < 0 ? 'time before 1970' : 'time in the future';
}

function excerpt(buf: Uint8Array, from: number, upTo: number): string {
  const piece = buf.subarray(from, Math.min(upTo, from + excerptBytes));
  return Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('hex');
}
