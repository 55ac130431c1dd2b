import type { Connection } from '../schema/event/connection.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import type { End } from './place.ts';
import { hash, Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** How a TCP connection went, in Zeek's words (conn_state). */
export type TcpState = 'SF' | 'S0' | 'S1' | 'S2' | 'S3' | 'REJ' | 'RSTO' | 'RSTR' | 'RSTOS0' | 'SH' | 'OTH';

export interface Talk {
  readonly duration_s: number;
  /** Payload bytes from src. */
  readonly up: number;
  /** Payload bytes from dst. */
  readonly down: number;
  readonly state?: TcpState;
  /** Name the client asked for (SNI, HTTP host). */
  readonly name?: string;
  readonly src_port?: number;
}

export interface Datagrams extends Talk {
  readonly up_packets?: number;
  readonly down_packets?: number;
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const pairs = Array.from({ length: 62 * 62 }, (_, i) => `${letters[Math.floor(i / 62)]}${letters[i % 62]}`);

/** Histories seen on ordinary finished connections, most common first. Letters: Zeek's conn.log documentation. */
const finished = ['ShADadFf', 'ShADadFf', 'ShADadfF', 'ShADadfF', 'ShADdaFf', 'ShADadFfR', 'ShADadfFr'];
const cut: Record<TcpState, readonly string[]> = {
  SF: finished,
  S0: ['S'],
  S1: ['ShADad'],
  S2: ['ShADadF'],
  S3: ['ShADadf'],
  REJ: ['Sr'],
  RSTO: ['ShADadR', 'ShADadfR'],
  RSTR: ['ShADadr', 'ShADadFr'],
  RSTOS0: ['SR'],
  SH: ['SF'],
  OTH: ['DadA'],
};
const empty: Record<TcpState, string> = {
  SF: 'ShAFf',
  S0: 'S',
  S1: 'ShA',
  S2: 'ShAF',
  S3: 'ShAf',
  REJ: 'Sr',
  RSTO: 'ShAR',
  RSTR: 'ShAr',
  RSTOS0: 'SR',
  SH: 'SF',
  OTH: 'A',
};

/** Makes complete events for one scenario: unique ids, ports, header bytes, histories. */
export class Wire {
  readonly random: Random;
  readonly timeline: Timeline;
  readonly emit: (event: WeirEvent) => void;
  private readonly prefix: string;
  private made = 0;
  private port = 0;

  /** `label` must differ between scenarios that are merged, else their connection ids collide. */
  constructor(label: string, seed: number, timeline: Timeline) {
    this.random = new Random(seed, label);
    this.timeline = timeline;
    this.emit = timeline.emit;
    const digest = (n: number) => hash(label, n ^ seed);
    this.prefix = `C${[1, 2, 3, 4, 5].map((n) => pairs[digest(n) % pairs.length]).join('')}`;
    this.port = this.random.int(0, 11_000);
  }

  /** Looks like Zeek's: C and letters and digits. */
  uid(): string {
    const n = this.made++;
    return `${this.prefix}${pairs[Math.floor(n / 14_776_336) % 3844]}${pairs[Math.floor(n / 3844) % 3844]}${pairs[n % 3844]}`;
  }

  /** Next ephemeral port, 49152 .. 65535 (RFC 6335). */
  ephemeral(): number {
    this.port = (this.port + 1 + (this.random.u32() & 7)) % 16_384;
    return 49_152 + this.port;
  }

  /** A TCP connection from its SYN on. Packets: segments of 1,460, an ACK for every second segment of the other side. */
  tcp(time: number, src: End, dst: End, dst_port: number, service: string, talk: Talk): Connection {
    const { random } = this;
    const state = talk.state ?? 'SF';
    if (state === 'S0' || state === 'REJ' || state === 'SH' || state === 'RSTOS0')
      return this.failed(time, src, dst, dst_port, state, talk.src_port);
    const head = src.ip.includes(':') ? 60 : 40;
    const up = Math.round(talk.up);
    const down = Math.round(talk.down);
    const sent = Math.ceil(up / 1460);
    const got = Math.ceil(down / 1460);
    const closing = state === 'S1' ? 0 : 1;
    let src_packets = 2 + sent + ((got + 1) >> 1) + closing;
    let dst_packets = 1 + got + ((sent + 1) >> 1) + closing;
    const histories = up + down === 0 ? undefined : cut[state];
    let history = histories === undefined ? empty[state] : random.pick(histories);
    let missed_bytes = 0;
    let again_up = 0;
    let again_down = 0;
    if (got > 60 && random.chance(0.12)) {
      history = `${history.slice(0, 6)}t${history.slice(6)}`;
      const lost = 1 + Math.floor(got * random.unit() * 0.01);
      dst_packets += lost;
      again_down = lost * 1460;
    } else if (sent > 60 && random.chance(0.12)) {
      history = `${history.slice(0, 6)}T${history.slice(6)}`;
      const lost = 1 + Math.floor(sent * random.unit() * 0.01);
      src_packets += lost;
      again_up = lost * 1460;
    } else if (got > 100 && random.chance(0.01)) {
      history = `${history.slice(0, 6)}g${history.slice(6)}`;
      const unseen = Math.min(got, 1 + random.int(0, 20));
      missed_bytes = Math.min(down, unseen * 1460);
      dst_packets -= unseen;
      again_down = -missed_bytes;
    }
    const connection = record(
      this.uid(),
      time,
      src,
      talk.src_port ?? this.ephemeral(),
      dst,
      dst_port,
      'tcp',
      service,
      Math.round(talk.duration_s * 1e6) / 1e6,
      up,
      down,
      src_packets,
      dst_packets,
      up + again_up + src_packets * head + 12,
      down + again_down + dst_packets * head + 12,
      missed_bytes,
      state,
      history,
      talk.name ?? '',
    );
    this.emit(connection);
    return connection;
  }

  private failed(
    time: number,
    src: End,
    dst: End,
    dst_port: number,
    state: TcpState,
    src_port: number | undefined,
  ): Connection {
    const { random } = this;
    const head = src.ip.includes(':') ? 60 : 40;
    const answered = state === 'REJ';
    // Windows and Linux send a lost SYN again after 1, 2 and 4 s; one packet alone has no duration and no counts.
    const syns = state === 'S0' ? random.int(1, 3) : state === 'SH' || state === 'RSTOS0' ? 2 : 1;
    const lasts = answered
      ? random.lognormal(0.002, 3)
      : syns === 1
        ? null
        : (2 ** (syns - 1) - 1) * random.between(1, 1.03);
    const connection = record(
      this.uid(),
      time,
      src,
      src_port ?? this.ephemeral(),
      dst,
      dst_port,
      'tcp',
      '',
      lasts === null ? null : Math.round(lasts * 1e6) / 1e6,
      lasts === null ? null : 0,
      lasts === null ? null : 0,
      syns,
      answered ? 1 : 0,
      syns * (head + 12),
      answered ? head : 0,
      0,
      state,
      empty[state],
      '',
    );
    this.emit(connection);
    return connection;
  }

  /** One TCP packet that opens nothing and carries nothing, and the reset that it may get. `history`: Zeek's letters of it. */
  lone(time: number, src: End, dst: End, dst_port: number, history: string, reset: boolean): Connection {
    const head = src.ip.includes(':') ? 60 : 40;
    const unanswered = history === 'F' ? 'SH' : 'OTH';
    const connection = record(
      this.uid(),
      time,
      src,
      this.ephemeral(),
      dst,
      dst_port,
      'tcp',
      '',
      reset ? Math.round(this.random.lognormal(0.002, 3) * 1e6) / 1e6 : null,
      reset ? 0 : null,
      reset ? 0 : null,
      1,
      reset ? 1 : 0,
      head,
      reset ? head : 0,
      0,
      reset ? 'RSTRH' : unanswered,
      reset ? `${history}r` : history,
      '',
    );
    this.emit(connection);
    return connection;
  }

  /** A piece of a TCP session that began before the capture: `src` is who is seen first. */
  middle(time: number, src: End, src_port: number, dst: End, dst_port: number, talk: Talk): Connection {
    const [sent, got] = [Math.ceil(talk.up / 1460), Math.ceil(talk.down / 1460)];
    const connection = record(
      this.uid(),
      time,
      src,
      src_port,
      dst,
      dst_port,
      'tcp',
      '',
      talk.duration_s,
      talk.up,
      talk.down,
      sent,
      got,
      talk.up + sent * 40,
      talk.down + got * 40,
      0,
      'OTH',
      'Dd',
      '',
    );
    this.emit(connection);
    return connection;
  }

  /** A UDP exchange; without an answer the state is S0. */
  udp(time: number, src: End, dst: End, dst_port: number, service: string, talk: Datagrams): Connection {
    const head = src.ip.includes(':') ? 48 : 28;
    const up = Math.round(talk.up);
    const down = Math.round(talk.down);
    const src_packets = talk.up_packets ?? (up > 0 ? Math.ceil(up / 1200) : 0);
    const dst_packets = talk.down_packets ?? (down > 0 ? Math.ceil(down / 1200) : 0);
    const alone = src_packets + dst_packets === 1;
    const connection = record(
      this.uid(),
      time,
      src,
      talk.src_port ?? this.ephemeral(),
      dst,
      dst_port,
      'udp',
      service,
      alone ? null : Math.round(talk.duration_s * 1e6) / 1e6,
      alone ? null : up,
      alone ? null : down,
      src_packets,
      dst_packets,
      up + src_packets * head,
      down + dst_packets * head,
      0,
      dst_packets === 0 ? 'S0' : src_packets === 0 ? 'SHR' : 'SF',
      dst_packets === 0 ? 'D' : src_packets === 0 ? 'd' : 'Dd',
      talk.name ?? '',
    );
    this.emit(connection);
    return connection;
  }

  /** ICMP echo: `count` requests of `size` payload bytes, one a second unless `duration_s` says otherwise. */
  ping(
    time: number,
    src: End,
    dst: End,
    count: number,
    size = 56,
    answered = true,
    duration_s = count - 1,
  ): Connection {
    const six = src.ip.includes(':');
    const packet = size + 8 + (six ? 40 : 20);
    const rtt = this.random.lognormal(dst.local ? 0.0006 : 0.018, 1.6);
    const alone = count === 1 && !answered;
    const connection = record(
      this.uid(),
      time,
      src,
      six ? 128 : 8,
      dst,
      six ? 129 : 0,
      'icmp',
      '',
      alone ? null : Math.round((duration_s + (answered ? rtt : 0)) * 1e6) / 1e6,
      alone ? null : count * size,
      alone ? null : answered ? count * size : 0,
      count,
      answered ? count : 0,
      count * packet,
      answered ? count * packet : 0,
      0,
      'OTH',
      '',
      '',
    );
    this.emit(connection);
    return connection;
  }
}

/** The fields every event of a connection repeats. */
export function flowOf(c: Connection) {
  return {
    uid: c.uid,
    src_ip: c.src_ip,
    src_port: c.src_port,
    dst_ip: c.dst_ip,
    dst_port: c.dst_port,
    transport: c.transport,
    src_local: c.src_local,
    dst_local: c.dst_local,
    direction: c.direction,
  };
}

/** The part of a name that somebody registers; made-up names have one label before the top level. */
export function registered(name: string): string {
  const last = name.lastIndexOf('.');
  if (last <= 0) return '';
  return name.slice(name.lastIndexOf('.', last - 1) + 1);
}

function direction(src: boolean, dst: boolean): string {
  if (src) return dst ? 'internal' : 'outbound';
  return dst ? 'inbound' : 'external';
}

/** One literal for every connection, so that all have one hidden class. */
function record(
  uid: string,
  time: number,
  src: End,
  src_port: number,
  dst: End,
  dst_port: number,
  transport: string,
  service: string,
  duration_s: number | null,
  src_bytes: number | null,
  dst_bytes: number | null,
  src_packets: number,
  dst_packets: number,
  src_ip_bytes: number,
  dst_ip_bytes: number,
  missed_bytes: number,
  conn_state: string,
  history: string,
  dst_name: string,
): Connection {
  return {
    kind: 'connection',
    time: Math.floor(time),
    uid,
    src_ip: src.ip,
    src_port,
    dst_ip: dst.ip,
    dst_port,
    transport,
    src_local: src.local,
    dst_local: dst.local,
    direction: direction(src.local, dst.local),
    community_id: '',
    service,
    duration_s,
    src_bytes,
    dst_bytes,
    src_packets,
    dst_packets,
    src_ip_bytes,
    dst_ip_bytes,
    missed_bytes,
    conn_state,
    history,
    vlan: 0,
    src_mac: src.mac,
    dst_mac: dst.mac,
    outcome: '',
    orientation: '',
    dst_name,
  };
}
