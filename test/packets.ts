/** Packets and captures for tests, made byte by byte. Checksums are left 0. */
export interface TimedFrame {
  bytes: Buffer;
  /** µs since 1970 */
  time: number;
  interface?: number;
}

const start = 1_700_000_000_000_000;

export function frame(ip: Buffer, at = 0): TimedFrame {
  const type = ip[0]! >>> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00];
  return {
    bytes: Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...type]), ip]),
    time: start + at,
  };
}

/** An ARP answer (RFC 826) of a station for its own address. */
export function arp(mac: string, ip: string, at = 0): TimedFrame {
  const address = Buffer.from(ip.split('.').map(Number)).toString('hex');
  const message = `0001080006040002${mac}${address}02000000000100000000`;
  return { bytes: Buffer.from(`020000000001${mac}0806${message}`, 'hex'), time: start + at };
}

export function ipv4(
  src: string,
  dst: string,
  protocol: number,
  payload: Buffer,
  fragment = 0,
  id = 1,
): Buffer {
  const head = Buffer.alloc(20);
  head[0] = 0x45;
  head.writeUInt16BE(20 + payload.length, 2);
  head.writeUInt16BE(id, 4);
  head.writeUInt16BE(fragment, 6);
  head[8] = 64;
  head[9] = protocol;
  head.set(address(src), 12);
  head.set(address(dst), 16);
  return Buffer.concat([head, payload]);
}

function address(text: string): number[] {
  return text.split('.').map(Number);
}

export function udp(src: string, sport: number, dst: string, dport: number, payload: Buffer): Buffer {
  return ipv4(src, dst, 17, datagram(sport, dport, payload));
}

export function datagram(sport: number, dport: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(sport, 0);
  head.writeUInt16BE(dport, 2);
  head.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([head, payload]);
}

export function segment(
  sport: number,
  dport: number,
  seq: number,
  ack: number,
  flags: number,
  payload: Buffer = Buffer.alloc(0),
  window = 64_000,
): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt16BE(sport, 0);
  head.writeUInt16BE(dport, 2);
  head.writeUInt32BE(seq >>> 0, 4);
  head.writeUInt32BE(ack >>> 0, 8);
  head[12] = 0x50;
  head[13] = flags;
  head.writeUInt16BE(window, 14);
  return Buffer.concat([head, payload]);
}

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const ACK = 16;

/** A TCP connection as frames. Each step is 1 ms after the one before. */
export class Conversation {
  readonly frames: TimedFrame[] = [];
  private clock = 0;
  private clientSeq: number;
  private serverSeq: number;
  private readonly clientIp: string;
  private readonly serverIp: string;
  private readonly clientPort: number;
  private readonly serverPort: number;

  constructor(
    clientIp = '10.0.0.1',
    clientPort = 40_000,
    serverIp = '10.0.0.2',
    serverPort = 80,
    sequence = 1000,
  ) {
    this.clientIp = clientIp;
    this.serverIp = serverIp;
    this.clientPort = clientPort;
    this.serverPort = serverPort;
    this.clientSeq = sequence;
    this.serverSeq = sequence + 1_000_000;
  }

  wait(us: number): this {
    this.clock += us;
    return this;
  }

  /** A segment of the client with the numbers as they stand; `shift` moves its sequence number. */
  fromClient(flags: number, payload: Buffer = Buffer.alloc(0), shift = 0, window = 64_000): this {
    const seq = this.clientSeq + shift;
    this.put(
      ipv4(
        this.clientIp,
        this.serverIp,
        6,
        segment(
          this.clientPort,
          this.serverPort,
          seq,
          (flags & ACK) !== 0 ? this.serverSeq : 0,
          flags,
          payload,
          window,
        ),
      ),
    );
    if (shift === 0) this.clientSeq += payload.length + ((flags & (SYN | FIN)) !== 0 ? 1 : 0);
    return this;
  }

  fromServer(flags: number, payload: Buffer = Buffer.alloc(0), shift = 0, window = 64_000): this {
    const seq = this.serverSeq + shift;
    this.put(
      ipv4(
        this.serverIp,
        this.clientIp,
        6,
        segment(
          this.serverPort,
          this.clientPort,
          seq,
          (flags & ACK) !== 0 ? this.clientSeq : 0,
          flags,
          payload,
          window,
        ),
      ),
    );
    if (shift === 0) this.serverSeq += payload.length + ((flags & (SYN | FIN)) !== 0 ? 1 : 0);
    return this;
  }

  private put(ip: Buffer): void {
    this.frames.push(frame(ip, this.clock));
    this.clock += 1000;
  }

  open(): this {
    return this.fromClient(SYN)
      .fromServer(SYN | ACK)
      .fromClient(ACK);
  }
  client(text: string | Buffer): this {
    return this.fromClient(ACK, Buffer.from(text)).fromServer(ACK);
  }
  server(text: string | Buffer): this {
    return this.fromServer(ACK, Buffer.from(text)).fromClient(ACK);
  }
  close(): this {
    return this.fromClient(FIN | ACK)
      .fromServer(FIN | ACK)
      .fromClient(ACK);
  }
  /** Client data that never reached the capture. */
  lose(bytes: number): this {
    this.clientSeq += bytes;
    return this;
  }
  loseServer(bytes: number): this {
    this.serverSeq += bytes;
    return this;
  }
}

export function capture(
  frames: readonly TimedFrame[],
  form: { readonly big?: boolean; readonly nanos?: boolean; readonly link?: number } = {},
): Buffer {
  const big = form.big ?? false;
  const put = (b: Buffer, value: number, at: number): void => {
    if (big) b.writeUInt32BE(value, at);
    else b.writeUInt32LE(value, at);
  };
  const head = Buffer.alloc(24);
  put(head, form.nanos === true ? 0xa1b23c4d : 0xa1b2c3d4, 0);
  put(head, big ? 0x00020004 : 0x00040002, 4);
  put(head, 262144, 16);
  put(head, form.link ?? 1, 20);
  const parts: Uint8Array[] = [head];
  for (const one of frames) {
    const record = Buffer.alloc(16);
    put(record, Math.floor(one.time / 1_000_000), 0);
    put(record, (one.time % 1_000_000) * (form.nanos === true ? 1000 : 1), 4);
    put(record, one.bytes.length, 8);
    put(record, one.bytes.length, 12);
    parts.push(record, one.bytes);
  }
  return Buffer.concat(parts);
}

export function pcapngCapture(
  frames: readonly TimedFrame[],
  form: {
    readonly big?: boolean;
    readonly resolution?: number | undefined;
    readonly offset_s?: number;
    readonly interfaces?: readonly { readonly link: number; readonly resolution: number }[];
  },
): Buffer {
  const big = form.big ?? false;
  const u32 = (value: number): Buffer => {
    const b = Buffer.alloc(4);
    if (big) b.writeUInt32BE(value >>> 0);
    else b.writeUInt32LE(value >>> 0);
    return b;
  };
  const u16 = (value: number): Buffer => {
    const b = Buffer.alloc(2);
    if (big) b.writeUInt16BE(value);
    else b.writeUInt16LE(value);
    return b;
  };
  const block = (type: number, body: Buffer): Buffer => {
    const length = 12 + ((body.length + 3) & ~3);
    return Buffer.concat([
      u32(type),
      u32(length),
      body,
      Buffer.alloc(length - 12 - body.length),
      u32(length),
    ]);
  };
  const interfaces = form.interfaces ?? [{ link: 1, resolution: form.resolution ?? -1 }];
  const parts: Uint8Array[] = [
    block(0x0a0d0d0a, Buffer.concat([u32(0x1a2b3c4d), u16(1), u16(0), u32(-1), u32(-1)])),
  ];
  for (const one of interfaces) {
    const options: Uint8Array[] = [];
    if (one.resolution >= 0) options.push(u16(9), u16(1), Buffer.from([one.resolution, 0, 0, 0]));
    if (form.offset_s !== undefined) {
      const high = u32(Math.floor(form.offset_s / 4294967296));
      const low = u32(form.offset_s);
      options.push(u16(14), u16(8), ...(big ? [high, low] : [low, high]));
    }
    if (options.length > 0) options.push(u16(0), u16(0));
    parts.push(block(1, Buffer.concat([u16(one.link), u16(0), u32(0), ...options])));
  }
  parts.push(block(5, Buffer.alloc(12))); // statistics: passed over
  for (const one of frames) {
    const on = one.interface ?? 0;
    const { link, resolution } = interfaces[on]!;
    const perSecond = resolution < 0 ? 1e6 : resolution >= 0x80 ? 2 ** (resolution & 0x7f) : 10 ** resolution;
    const ticks =
      BigInt(Math.floor(one.time / 1_000_000)) * BigInt(perSecond) +
      BigInt(Math.floor(((one.time % 1_000_000) * perSecond) / 1_000_000));
    const data = link === 101 ? one.bytes.subarray(14) : one.bytes;
    parts.push(
      block(
        6,
        Buffer.concat([
          u32(on),
          u32(Number(ticks >> 32n)),
          u32(Number(ticks & 0xffffffffn)),
          u32(data.length),
          u32(data.length),
          data,
        ]),
      ),
    );
  }
  return Buffer.concat(parts);
}
