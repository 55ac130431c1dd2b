import type { WeirEvent } from '../../../schema/event/index.ts';
import type { FlowPlace } from '../flow-place.ts';

/**
 * Names of application protocols as Zeek writes them in `service`. A flow keeps a bit for each, by place in this list,
 * so there are at most 32.
 */
export const services = [
  'dns',
  'ayiya',
  'dhcp',
  'dtls',
  'ftp',
  'geneve',
  'gtpv1',
  'http',
  'imap',
  'irc',
  'krb',
  'krb_tcp',
  'ldap_tcp',
  'modbus',
  'mysql',
  'ntp',
  'pop3',
  'quic',
  'rdp',
  'redis',
  'rfb',
  'sip',
  'smb',
  'smtp',
  'snmp',
  'socks',
  'ssh',
  'ssl',
  'syslog',
  'teredo',
  'vxlan',
  'xmpp',
] as const;
export type Service = (typeof services)[number];

const bits = new Map<string, number>(services.map((name, i) => [name, 1 << i]));
export function serviceBit(name: Service): number {
  return bits.get(name)!;
}

const joined = new Map<number, string>();
/** The names of a set of bits, comma-separated. */
export function serviceNames(set: number): string {
  let text = joined.get(set);
  if (text === undefined) {
    text = services.filter((_, i) => (set & (1 << i)) !== 0).join(',');
    joined.set(set, text);
  }
  return text;
}

/** What an analyzer knows of its flow, and where it puts what it reads. */
export interface Flow {
  readonly place: FlowPlace;
  /** of the packet at hand, µs */
  readonly time: number;
  /** the protocol is sure */
  confirm(service: Service): void;
  emit(event: WeirEvent): void;
}

/**
 * Whether an analyzer wants more: yes; no; or another protocol begins here, as after CONNECT. 'idle', for datagrams
 * only: yes, but nothing has to be remembered until then.
 */
export type Wants = 'more' | 'nothing' | 'detect' | 'idle';

/** One application protocol on one flow. State lives as long as more is wanted. */
export interface App {
  /** Payload of one side in order; for UDP one datagram. */
  data(flow: Flow, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants;
  /** Payload that was lost; 0: an unknown number of bytes. */
  gap(flow: Flow, fromOrig: boolean, length: number): Wants;
  /** That side has closed. */
  ended(flow: Flow, fromOrig: boolean): void;
  /** The flow is over, or nothing more is wanted: last chance to emit. */
  close(flow: Flow): void;
  /** With 'detect': where in the bytes given the other protocol begins; absent: after them. */
  readonly rest?: number;
}

/** The columns of an event that say which connection it belongs to. */
export function columns(flow: Flow): {
  uid: string;
  src_ip: string;
  src_port: number;
  dst_ip: string;
  dst_port: number;
  transport: string;
  src_local: boolean;
  dst_local: boolean;
  direction: string;
} {
  const { place } = flow;
  return {
    uid: place.uid,
    src_ip: place.src_ip,
    src_port: place.src_port,
    dst_ip: place.dst_ip,
    dst_port: place.dst_port,
    transport: place.transport,
    src_local: false,
    dst_local: false,
    direction: '',
  };
}

/** What waits of the two sides, made when something has to wait. */
export class PendingPair {
  private orig: Pending | null = null;
  private resp: Pending | null = null;

  of(fromOrig: boolean): Pending {
    if (fromOrig) {
      this.orig ??= new Pending();
      return this.orig;
    }
    this.resp ??= new Pending();
    return this.resp;
  }
}

/** Bytes of one side that wait for the rest of a message. */
export class Pending {
  bytes: Uint8Array = none;
  from = 0;
  upTo = 0;
  private held: Uint8Array = none;

  /** What is held and the new bytes as one range: read bytes[from, upTo). Without anything held no copy is made. */
  join(b: Uint8Array, from: number, upTo: number): void {
    if (this.held.length === 0) {
      this.bytes = b;
      this.from = from;
      this.upTo = upTo;
      return;
    }
    const whole = new Uint8Array(this.held.length + upTo - from);
    whole.set(this.held);
    whole.set(b.subarray(from, upTo), this.held.length);
    this.bytes = whole;
    this.from = 0;
    this.upTo = whole.length;
  }

  /** Keeps a copy of what was not read. */
  keep(from: number): void {
    this.held = from >= this.upTo ? none : new Uint8Array(this.bytes.subarray(from, this.upTo));
    this.bytes = none;
  }

  get length(): number {
    return this.held.length;
  }
}
const none = new Uint8Array(0);
