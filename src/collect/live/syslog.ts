import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { WeirError } from '../../base/error.ts';
import { FrameReader } from './framing.ts';
import type { Deliver, InputState, LiveInput } from './input.ts';
import { type LaneLimits, Lanes } from './lanes.ts';
import { socketDrops } from './udp-drops.ts';

/** Where to listen; loopback unless told. Port 0 takes any that is free. */
export interface Listen {
  readonly host?: string;
  readonly port: number;
}

/** Certificate and key as PEM text; with `ca` only senders are taken that show a certificate signed by it. */
export interface ListenTls extends Listen {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

export interface SyslogLimits extends LaneLimits {
  /** a longer record is lost and counted */
  readonly record_bytes: number;
  readonly connections: number;
  readonly connections_of_one: number;
  /** a connection over which nothing came for so long is closed */
  readonly idle_ms: number;
  /** a record that has begun must be whole after so long */
  readonly record_ms: number;
  readonly handshake_ms: number;
  /** asked of the kernel for UDP; it gives at most net.core.rmem_max */
  readonly receive_buffer_bytes: number;
}

export const syslogLimits: SyslogLimits = {
  record_bytes: 64 * 1024,
  connections: 1000,
  connections_of_one: 100,
  idle_ms: 3_600_000,
  record_ms: 30_000,
  handshake_ms: 10_000,
  receive_buffer_bytes: 16 * 1024 * 1024,
  lane_bytes: 1024 * 1024,
  total_bytes: 64 * 1024 * 1024,
  lanes: 4096,
  gather_ms: 5,
  gather_bytes: 64 * 1024,
};

export interface SyslogOptions {
  readonly source: string;
  readonly udp?: Listen;
  readonly tcp?: Listen;
  readonly tls?: ListenTls;
  readonly limits?: Partial<SyslogLimits>;
}

export interface SyslogInput extends LiveInput {
  /** Where it listens, known when it has started. */
  readonly addresses: Readonly<Partial<Record<'udp' | 'tcp' | 'tls', AddressInfo>>>;
}

/**
 * Syslog over UDP (RFC 5426: a datagram is a record), TCP (RFC 6587, both framings) and TLS (RFC 5425). A record is
 * delivered as one line as it was sent, its header included; a line feed inside it becomes a blank. Blank records are
 * none. Its origin is 'syslog ADDRESS'.
 *
 * Syslog has no acknowledgement. Over TCP and TLS a sender is stopped (its socket is not read) while what it sent waits
 * or is refused, so it keeps the rest; what this process holds then, at most `lane_bytes` a sender and `total_bytes` in
 * all, is lost when it is killed. Over UDP what there is no room for is lost. All that is known to be lost is in
 * `dropped` by reason; 'receive buffer full' are datagrams that the kernel threw away before they reached
 * `received_records` (Linux).
 */
export function syslogInput(options: SyslogOptions): SyslogInput {
  return new Syslog(options);
}

interface Connection {
  readonly socket: Socket;
  readonly key: string;
  /** when its present record began, ms; 0 between records */
  record_since: number;
}

class Syslog implements SyslogInput {
  readonly source: string;
  readonly addresses: Partial<Record<'udp' | 'tcp' | 'tls', AddressInfo>> = {};
  private readonly options: SyslogOptions;
  private readonly limits: SyslogLimits;
  private readonly lanes: Lanes;
  private readonly servers: Server[] = [];
  private readonly connections = new Set<Connection>();
  /** those that are not read for now */
  private readonly paused = new Set<Connection>();
  /** all sockets, those of a TLS handshake too, by address */
  private readonly sockets = new Map<Socket, string>();
  private readonly dropped = new Map<string, number>();
  private readonly noticed = new Map<string, number>();
  private udp: UdpSocket | null = null;
  private watch: NodeJS.Timeout | null = null;
  private received_bytes = 0;
  private received_records = 0;
  private stopping = false;

  constructor(options: SyslogOptions) {
    this.source = options.source;
    this.options = options;
    this.limits = { ...syslogLimits, ...options.limits };
    this.lanes = new Lanes(
      options.source,
      this.limits,
      (reason, records) => this.lose(reason, records),
      () => this.resume(),
    );
  }

  /** @throws WeirError config_invalid when a port cannot be bound or the certificate cannot be read */
  async start(deliver: Deliver): Promise<void> {
    this.lanes.start(deliver);
    const { udp, tcp, tls } = this.options;
    try {
      if (udp) await this.listenUdp(udp);
      if (tcp) await this.listen('tcp', tcp, createServer({ noDelay: true }));
      if (tls) await this.listen('tls', tls, this.tlsServer(tls));
    } catch (error) {
      await this.stop(0);
      throw new WeirError('config_invalid', `${this.source}: ${(error as Error).message}`, { cause: error });
    }
    this.watch = setInterval(() => this.look(), Math.min(1000, this.limits.record_ms));
    this.watch.unref();
  }

  async stop(timeout_ms: number): Promise<void> {
    this.stopping = true;
    if (this.watch !== null) clearInterval(this.watch);
    this.countKernelDrops();
    this.udp?.close();
    this.udp = null;
    for (const server of this.servers) server.close();
    for (const { socket } of this.connections) socket.pause();
    await this.lanes.stop(timeout_ms);
    for (const socket of this.sockets.keys()) socket.destroy();
  }

  state(): InputState {
    this.countKernelDrops();
    const { received_bytes, received_records } = this;
    const [dropped, noticed] = [this.dropped, this.noticed].map((counts) => Object.fromEntries(counts));
    const { problem } = this.lanes;
    return {
      received_bytes,
      received_records,
      dropped: dropped!,
      noticed: noticed!,
      problem,
      quiet_since: null,
    };
  }

  private async listenUdp({ host = '127.0.0.1', port }: Listen): Promise<void> {
    const type = host.includes(':') ? 'udp6' : 'udp4';
    const socket = createSocket({ type, recvBufferSize: this.limits.receive_buffer_bytes });
    socket.on('message', (message, { address }) => this.datagram(message, address));
    const ready = once(socket, 'listening');
    socket.bind(port, host);
    await ready;
    socket.on('error', () => {});
    this.udp = socket;
    this.addresses.udp = socket.address();
  }

  private datagram(message: Buffer, address: string): void {
    this.received_bytes += message.length;
    let end = message.length;
    while (end > 0 && message[end - 1]! <= 0x20) end--;
    if (end === 0) return;
    this.received_records++;
    if (end > this.limits.record_bytes) this.lose('too long', 1);
    else this.lanes.add(`udp ${address}`, originOf(address), true, message, 0, end);
  }

  private tlsServer({ cert, key, ca }: ListenTls): Server {
    const clients = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true };
    const server = createTlsServer({
      ...{ cert, key, minVersion: 'TLSv1.2', handshakeTimeout: this.limits.handshake_ms, noDelay: true },
      ...clients,
    });
    server.on('tlsClientError', (_error, socket) => {
      count(this.noticed, 'connection refused: no TLS, or no certificate that is known');
      socket.destroy();
    });
    return server;
  }

  private async listen(
    kind: 'tcp' | 'tls',
    { host = '127.0.0.1', port }: Listen,
    server: Server,
  ): Promise<void> {
    server.on('connection', (socket: Socket) => {
      if (this.admit(socket) && kind === 'tcp') this.converse(socket);
    });
    server.on('secureConnection', (socket: TLSSocket) => this.converse(socket));
    const ready = once(server, 'listening');
    server.listen(port, host);
    await ready;
    server.on('error', () => {});
    this.servers.push(server);
    this.addresses[kind] = server.address() as AddressInfo;
  }

  /** Whether there is room for one more connection; else it is closed at once. */
  private admit(socket: Socket): boolean {
    const address = socket.remoteAddress ?? '';
    socket.on('error', () => {});
    let same = 0;
    for (const other of this.sockets.values()) if (other === address) same++;
    const { connections, connections_of_one } = this.limits;
    if (this.stopping || this.sockets.size >= connections || same >= connections_of_one) {
      count(this.noticed, 'connection refused: too many at once');
      socket.destroy();
      return false;
    }
    this.sockets.set(socket, address);
    socket.once('close', () => this.sockets.delete(socket));
    return true;
  }

  private converse(socket: Socket): void {
    const address = socket.remoteAddress;
    if (address === undefined) return;
    const origin = originOf(address);
    const connection: Connection = { socket, key: `tcp ${address}`, record_since: 0 };
    const { key } = connection;
    const reader = new FrameReader(this.limits.record_bytes, {
      record: (bytes, from, to) => {
        this.received_records++;
        connection.record_since = 0;
        this.lanes.add(key, origin, false, bytes, from, to);
      },
      lost: (reason) => {
        this.received_records++;
        this.lose(reason, 1);
      },
    });
    this.connections.add(connection);
    socket.on('error', () => {});
    socket.setTimeout(this.limits.idle_ms, () => {
      // A sender that is not read is not idle.
      if (this.paused.has(connection)) {
        socket.setTimeout(this.limits.idle_ms);
        return;
      }
      count(this.noticed, 'connection closed: idle');
      socket.destroy();
    });
    socket.on('data', (chunk: Buffer) => {
      this.received_bytes += chunk.length;
      if (!reader.push(chunk)) {
        this.received_records++;
        this.lose('not framed', 1);
        socket.destroy();
        return;
      }
      if (!reader.inside) connection.record_since = 0;
      else if (connection.record_since === 0) connection.record_since = performance.now();
      if (this.lanes.isFullInAll()) for (const one of this.connections) this.pause(one);
      else if (this.lanes.isFull(key)) this.pause(connection);
    });
    socket.once('end', () => socket.end());
    socket.once('close', () => {
      reader.end();
      this.connections.delete(connection);
      this.paused.delete(connection);
    });
    if (this.lanes.isFull(key)) this.pause(connection);
  }

  private pause(connection: Connection): void {
    this.paused.add(connection);
    connection.socket.pause();
  }

  private resume(): void {
    if (this.stopping) return;
    for (const connection of this.paused) {
      if (!this.lanes.hasRoom(connection.key)) continue;
      this.paused.delete(connection);
      // Time in which it was not read is not the sender's.
      if (connection.record_since > 0) connection.record_since = performance.now();
      connection.socket.resume();
    }
  }

  /** Every second: senders that are too slow are closed, what the kernel dropped is read. */
  private look(): void {
    const latest = performance.now() - this.limits.record_ms;
    for (const connection of this.connections) {
      const { record_since, socket } = connection;
      if (record_since === 0 || record_since > latest || this.paused.has(connection)) continue;
      count(this.noticed, 'connection closed: a record did not end');
      socket.destroy();
    }
    this.countKernelDrops();
  }

  private countKernelDrops(): void {
    const { udp } = this.addresses;
    if (this.udp === null || udp === undefined) return;
    const drops = socketDrops(udp.address, udp.port);
    if (drops !== null && drops > 0) this.dropped.set('receive buffer full', drops);
  }

  private lose(reason: string, records: number): void {
    count(this.dropped, reason, records);
  }
}

function count(counts: Map<string, number>, what: string, more = 1): void {
  counts.set(what, (counts.get(what) ?? 0) + more);
}

/** ::ffff:10.1.2.3 is 10.1.2.3. */
const originOf = (address: string): string => `syslog ${address.replace(/^::ffff:(?=\d+\.)/i, '')}`;
