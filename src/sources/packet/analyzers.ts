import type { WeirEvent } from '../../schema/event/index.ts';
import type { Sink } from '../../schema/reading.ts';
import { type App, type Flow, type Service, serviceBit, type Wants } from './apps/app.ts';
import { DhcpApp, DhcpExchanges } from './apps/dhcp.ts';
import { DnsApp } from './apps/dns.ts';
import { FtpApp } from './apps/ftp.ts';
import { HttpApp } from './apps/http.ts';
import { KerberosApp } from './apps/kerberos.ts';
import { QuicApp } from './apps/quic.ts';
import { RdpApp } from './apps/rdp.ts';
import { SmbApp } from './apps/smb.ts';
import { SmtpApp } from './apps/smtp.ts';
import { SocksApp } from './apps/socks.ts';
import { SshApp } from './apps/ssh.ts';
import { StartTlsApp } from './apps/start-tls.ts';
import { SeenCertificates, TlsApp } from './apps/tls.ts';
import { type FlowPlace, flowPlace, isDnsPort } from './flow-place.ts';
import { at, type FlowTable, flag, pageBits, setIdle, stride } from './flow-table.ts';
import { linuxVxlanPort } from './frame.ts';
import { latin1 } from './protocols/bytes.ts';
import { looksLikeDns } from './protocols/dns.ts';
import { looksLikeFtpClient, looksLikeFtpServer } from './protocols/ftp.ts';
import { looksLikeHttpRequest, looksLikeHttpResponse } from './protocols/http.ts';
import { looksLikeKerberos } from './protocols/kerberos.ts';
import { looksLikeQuic } from './protocols/quic.ts';
import { looksLikeRdp } from './protocols/rdp.ts';
import { looksLikeSmb } from './protocols/smb.ts';
import { looksLikeSmtpClient, looksLikeSmtpServer } from './protocols/smtp.ts';
import { looksLikeSocks } from './protocols/socks.ts';
import { looksLikeSsh } from './protocols/ssh.ts';
import { looksLikeDtls, looksLikeTls } from './protocols/tls.ts';

/** Bytes of a flow's start that are kept while its protocol is not known, as Zeek's dpd_buffer_size. */
const startBytes = 1024;

/** A flow that something is read of. */
class LiveFlow implements Flow, FlowPlace {
  readonly uid: string;
  src_ip: string;
  src_port: number;
  dst_ip: string;
  dst_port: number;
  readonly transport: string;
  dst_name = '';
  app: App | null = null;
  /** pieces that came before the protocol was known */
  held: { fromOrig: boolean; bytes: Uint8Array }[] | null = null;
  heldBytes = 0;
  /** 1: the originator has closed, 2: the responder has */
  ends = 0;
  private readonly owner: Analyzers;
  private readonly index: number;

  constructor(owner: Analyzers, index: number, place: FlowPlace) {
    this.owner = owner;
    this.index = index;
    this.uid = place.uid;
    this.src_ip = place.src_ip;
    this.src_port = place.src_port;
    this.dst_ip = place.dst_ip;
    this.dst_port = place.dst_port;
    this.transport = place.transport;
  }
  /** Itself: one object less that lives as long as the flow is read. */
  get place(): FlowPlace {
    return this;
  }
  get time(): number {
    return this.owner.time;
  }
  confirm(service: Service): void {
    this.owner.confirm(this.index, service);
  }
  emit(event: WeirEvent): void {
    this.owner.emit(event);
  }
}

/**
 * Drives the protocol parsers: finds out from the first bytes what a flow speaks, whatever its port, feeds it, and
 * forgets it as soon as nothing more is wanted.
 */
export class Analyzers {
  private readonly table: FlowTable;
  /** of the file that the packet at hand lies in */
  sink: Sink;
  private told: Sink;
  private readonly on: boolean;
  private readonly flows: (LiveFlow | undefined)[] = [];
  /** names of flows whose analyzer is gone, by index */
  private readonly names: string[] = [];
  private readonly exchanges = new DhcpExchanges();
  private readonly certificates = new SeenCertificates();
  /** of the packet at hand, µs */
  time = 0;
  private line = 0;
  private offset = 0;

  constructor(table: FlowTable, sink: Sink, on: boolean) {
    this.table = table;
    this.sink = sink;
    this.told = sink;
    this.on = on;
  }

  /** Reading behind the end of an array would keep the callers from being compiled well. */
  private flowAt(index: number): LiveFlow | undefined {
    return index < this.flows.length ? this.flows[index] : undefined;
  }

  // ---- what flows do

  confirm(index: number, service: Service): void {
    const w = this.table.words[index >>> pageBits]!;
    const b = (index & ((1 << pageBits) - 1)) * stride;
    w[b + at.services] = w[b + at.services]! | serviceBit(service);
    if (service === 'ssh' || service === 'ftp') setIdle(w, b, 3600);
  }

  emit(event: WeirEvent): void {
    this.told.event(event, this.line, this.offset, '');
  }

  // ---- what comes in

  /** A UDP datagram's payload. */
  datagram(
    index: number,
    fromOrig: boolean,
    buf: Uint8Array,
    from: number,
    upTo: number,
    time: number,
    line: number,
    offset: number,
  ): void {
    this.time = time;
    this.told = this.sink;
    this.line = line;
    this.offset = offset;
    let flow = this.flowAt(index);
    if (flow === undefined) {
      const app = this.on ? this.datagramApp(index, buf, from, upTo) : null;
      if (app === null) {
        if (!this.on || !this.isPassing(index, buf, from, upTo)) this.done(index);
        return;
      }
      flow = this.start(index);
      flow.app = app;
    }
    const wants = flow.app!.data(flow, fromOrig, buf, from, upTo);
    if (wants !== 'more') this.after(index, flow, wants);
  }

  /** A datagram that says nothing against reading the next: STUN before DTLS, or something odd between DNS. */
  private isPassing(index: number, buf: Uint8Array, from: number, upTo: number): boolean {
    if (looksLikeStun(buf, from, upTo)) return true;
    const w = this.table.words[index >>> pageBits]!;
    return (w[(index & ((1 << pageBits) - 1)) * stride + at.services]! & dnsBit) !== 0;
  }

  private datagramApp(index: number, buf: Uint8Array, from: number, upTo: number): App | null {
    const w = this.table.words[index >>> pageBits]!;
    const b = (index & ((1 << pageBits) - 1)) * stride;
    const ports = w[b + at.ports]!;
    const port = ports & 0xffff;
    if (isDnsPort(port)) {
      if (!looksLikeDns(buf, from, upTo)) return null;
      return new DnsApp(port === 137 ? 'netbios' : 'udp');
    }
    if (port === 67 || port === 68 || port === 4011) return new DhcpApp(this.exchanges);
    if (looksLikeQuic(buf, from, upTo)) return new QuicApp();
    if (looksLikeDtls(buf, from, upTo)) return new TlsApp(this.certificates, true);
    if (port === 88 && looksLikeKerberos(buf, from, upTo)) return new KerberosApp(false);
    const service = datagramService(port, buf, from, upTo);
    if (service !== null) this.confirm(index, service);
    return null;
  }

  /** The next payload of one side of a TCP connection. */
  stream(
    index: number,
    fromOrig: boolean,
    buf: Uint8Array,
    from: number,
    upTo: number,
    time: number,
    line: number,
    offset: number,
  ): void {
    this.time = time;
    this.told = this.sink;
    this.line = line;
    this.offset = offset;
    let flow = this.flowAt(index);
    if (flow === undefined) {
      if (!this.on) {
        this.done(index);
        return;
      }
      // Most flows show what they are in their first piece; nothing is kept of those that are of no interest.
      const app = this.streamApp(index, fromOrig, buf, from, upTo);
      if (app === null && upTo - from >= startBytes) {
        this.done(index);
        return;
      }
      flow = this.start(index);
      flow.app = app;
    }
    if (flow.app === null) this.detect(index, flow, fromOrig, buf, from, upTo);
    else {
      const { app } = flow;
      const wants = app.data(flow, fromOrig, buf, from, upTo);
      if (wants === 'more') return;
      this.after(index, flow, wants);
      const rest = app.rest ?? upTo;
      if (wants === 'detect' && rest < upTo) this.detect(index, flow, fromOrig, buf, rest, upTo);
    }
  }

  private detect(
    index: number,
    flow: LiveFlow,
    fromOrig: boolean,
    buf: Uint8Array,
    from: number,
    upTo: number,
  ): void {
    flow.held ??= [];
    const { held } = flow;
    let bytes = buf;
    let start = from;
    let end = upTo;
    const before = held.filter((piece) => piece.fromOrig === fromOrig);
    if (before.length > 0) {
      bytes = Buffer.concat([...before.map((piece) => piece.bytes), buf.subarray(from, upTo)]);
      start = 0;
      end = bytes.length;
    }
    const app = this.streamApp(index, fromOrig, bytes, start, end);
    held.push({ fromOrig, bytes: new Uint8Array(buf.subarray(from, upTo)) });
    flow.heldBytes += upTo - from;
    if (app === null) {
      const bothSpoke = held.some((piece) => piece.fromOrig !== fromOrig);
      const enough = bothSpoke ? end - start >= 16 && held.length >= 4 : held.length >= 16;
      if (flow.heldBytes >= startBytes || enough) this.finish(index, flow);
      return;
    }
    flow.app = app;
    flow.held = null;
    flow.heldBytes = 0;
    let wants: Wants = 'more';
    for (const piece of held) {
      wants = app.data(flow, piece.fromOrig, piece.bytes, 0, piece.bytes.length);
      if (wants !== 'more') break;
    }
    if (wants !== 'more') this.after(index, flow, wants);
  }

  private streamApp(index: number, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): App | null {
    if (upTo - from < 3) return null;
    const first = b[from]!;
    if (first === 0x16 || first === 0x15 || (first & 0x80) !== 0) {
      if (looksLikeTls(b, from, upTo)) return new TlsApp(this.certificates);
    }
    if (first === 0x03 && looksLikeRdp(b, from, upTo)) return new RdpApp();
    if (looksLikeHttpRequest(b, from, upTo)) return new HttpApp(fromOrig);
    if (first === 0x48 && looksLikeHttpResponse(b, from, upTo)) return new HttpApp(!fromOrig);
    if (first === 0x53 && looksLikeSsh(b, from, upTo)) return new SshApp(true);
    if (first === 0 && looksLikeSmb(b, from, upTo)) return new SmbApp();
    if (fromOrig && (first === 4 || first === 5) && looksLikeSocks(b, from, upTo)) return new SocksApp();
    const w = this.table.words[index >>> pageBits]!;
    const record = (index & ((1 << pageBits) - 1)) * stride;
    const port = w[record + at.ports]! & 0xffff;
    if (port === 53 && upTo - from >= 14 && looksLikeDns(b, from + 2, upTo)) return new DnsApp('tcp');
    if (port === 88 && upTo - from >= 14 && looksLikeKerberos(b, from + 4, upTo)) {
      return new KerberosApp(true);
    }
    if (isLetterOrDigit(first)) {
      const text = latin1(b, from, Math.min(upTo, from + 256));
      if (looksLikeSmtpServer(text) || looksLikeSmtpClient(text)) return new SmtpApp();
      if (port === 25 || port === 587) {
        if (/^220[ -]/.test(text)) return new SmtpApp();
      } else if (looksLikeFtpServer(text) || looksLikeFtpClient(text)) return new FtpApp();
    }
    const service = streamService(b, from, upTo, fromOrig);
    if (service !== null) {
      this.confirm(index, service);
      return mayStartTls.has(service) ? new StartTlsApp(this.certificates) : nothing;
    }
    return null;
  }

  gap(index: number, fromOrig: boolean, length: number): void {
    const flow = this.flowAt(index);
    if (flow === undefined) return;
    if (flow.app === null) this.finish(index, flow);
    else this.after(index, flow, flow.app.gap(flow, fromOrig, length));
  }

  ended(index: number, fromOrig: boolean): void {
    const flow = this.flowAt(index);
    if (flow === undefined) return;
    flow.app?.ended(flow, fromOrig);
    flow.ends |= fromOrig ? 1 : 2;
    // Nothing can come any more: what was read is told now, and forgotten.
    if (flow.ends === 3) this.finish(index, flow);
  }

  /** Originator and responder were exchanged: the columns of the flow change with them. */
  flipped(index: number): void {
    const flow = this.flowAt(index);
    if (flow === undefined) return;
    [flow.src_ip, flow.dst_ip] = [flow.dst_ip, flow.src_ip];
    [flow.src_port, flow.dst_port] = [flow.dst_port, flow.src_port];
  }

  /** The flow is over. Returns its columns if they were made. */
  close(index: number): FlowPlace | null {
    const flow = this.flowAt(index);
    if (flow === undefined) return null;
    flow.app?.close(flow);
    this.flows[index] = undefined;
    return flow;
  }

  /** The name a flow's client asked for, when its analyzer is gone already. */
  takeName(index: number): string {
    if (index >= this.names.length) return '';
    const name = this.names[index]!;
    if (name !== '') this.names[index] = '';
    return name;
  }

  /** The capture is over: what waited for more. */
  end(): void {
    this.exchanges.end((event) => this.emit(event));
  }

  private start(index: number): LiveFlow {
    const flow = new LiveFlow(this, index, flowPlace(this.table, index));
    while (this.flows.length <= index) this.flows.push(undefined);
    this.flows[index] = flow;
    const w = this.table.words[index >>> pageBits]!;
    const k = (index & ((1 << pageBits) - 1)) * stride + at.flags;
    w[k] = w[k]! | flag.app;
    return flow;
  }

  private after(index: number, flow: LiveFlow, wants: Wants): void {
    if (wants === 'more') return;
    if (wants === 'nothing') {
      this.finish(index, flow);
      return;
    }
    if (wants === 'idle') {
      this.drop(index, flow);
      return;
    }
    flow.app?.close(flow);
    flow.app = null;
    flow.held = null;
    flow.heldBytes = 0;
  }

  private finish(index: number, flow: LiveFlow): void {
    flow.app?.close(flow);
    this.drop(index, flow);
    this.done(index);
  }

  /** Forgets what is known of a flow; if more comes for it, that begins anew. */
  private drop(index: number, flow: LiveFlow): void {
    if (flow.dst_name !== '') {
      while (this.names.length <= index) this.names.push('');
      this.names[index] = flow.dst_name;
    }
    this.flows[index] = undefined;
    const w = this.table.words[index >>> pageBits]!;
    const k = (index & ((1 << pageBits) - 1)) * stride + at.flags;
    w[k] = w[k]! & ~flag.app;
  }

  private done(index: number): void {
    const w = this.table.words[index >>> pageBits]!;
    const k = (index & ((1 << pageBits) - 1)) * stride + at.flags;
    w[k] = (w[k]! & ~flag.app) | flag.app_done;
  }
}

const dnsBit = serviceBit('dns');

/** STUN (RFC 8489, 5): two zero bits, a length that is a multiple of four, the magic cookie. */
function looksLikeStun(b: Uint8Array, from: number, upTo: number): boolean {
  return (
    upTo - from >= 20 &&
    b[from]! < 4 &&
    (b[from + 3]! & 3) === 0 &&
    b[from + 4] === 0x21 &&
    b[from + 5] === 0x12 &&
    b[from + 6] === 0xa4 &&
    b[from + 7] === 0x42
  );
}

const mayStartTls: ReadonlySet<Service> = new Set<Service>(['imap', 'irc', 'mysql', 'pop3', 'xmpp']);

/** A protocol that is named and no more. */
const nothing: App = {
  data: () => 'nothing',
  gap: () => 'nothing',
  ended: () => {},
  close: () => {},
};

function isLetterOrDigit(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a);
}

/** Services over UDP that are told by port and shape, without being read. */
function datagramService(port: number, b: Uint8Array, from: number, upTo: number): Service | null {
  const length = upTo - from;
  const first = b[from]!;
  switch (port) {
    case 123:
      return length >= 48 && (first & 7) !== 0 && ((first >>> 3) & 7) >= 1 && ((first >>> 3) & 7) <= 4
        ? 'ntp'
        : null;
    case 161:
    case 162:
      return first === 0x30 && length > 10 ? 'snmp' : null;
    case 514:
      return first === 0x3c ? 'syslog' : null;
    case 4789:
    case linuxVxlanPort:
      return length >= 8 && (first & 8) !== 0 ? 'vxlan' : null;
    case 6081:
      return length >= 8 && (first & 0xc0) === 0 ? 'geneve' : null;
    case 2152:
    case 2123:
      return first >>> 5 === 1 && length >= 8 ? 'gtpv1' : null;
    case 3544:
      return 'teredo';
    case 5072:
      return 'ayiya';
    case 5060:
      return isLetterOrDigit(first) &&
        /^(?:[A-Z]{3,10} sip|SIP\/2\.0)/.test(latin1(b, from, Math.min(upTo, from + 16)))
        ? 'sip'
        : null;
    default:
      return null;
  }
}

/** Services over TCP that are told by their first bytes, without being read. */
function streamService(b: Uint8Array, from: number, upTo: number, fromOrig: boolean): Service | null {
  const length = upTo - from;
  const first = b[from]!;
  if (!fromOrig) {
    const text = latin1(b, from, Math.min(upTo, from + 32));
    if (/^\+OK/.test(text)) return 'pop3';
    if (/^\* (?:OK|PREAUTH|BYE) /.test(text)) return 'imap';
    if (/^RFB \d{3}\.\d{3}\n/.test(text)) return 'rfb';
    if (
      length > 10 &&
      b[from + 3] === 0 &&
      b[from + 4] === 10 &&
      b[from + 5]! >= 0x33 &&
      b[from + 5]! <= 0x39
    ) {
      return 'mysql';
    }
    return null;
  }
  const text = latin1(b, from, Math.min(upTo, from + 16));
  if (/^(?:NICK|USER|CAP) [^\r\n]+/.test(text)) return 'irc';
  if (first === 0x3c && /<stream:stream/.test(latin1(b, from, Math.min(upTo, from + 200)))) return 'xmpp';
  if (length >= 8 && first === 0 && b[from + 2] === 0 && b[from + 3] === 0 && b[from + 5] === length - 6) {
    return 'modbus';
  }
  return null;
}
