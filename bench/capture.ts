import { closeSync, openSync, writeSync } from 'node:fs';

/**
 * Makes a capture that looks like an office's traffic, the same for the same numbers: TLS with hellos, HTTP with heads,
 * DNS with answers, scans without answers. Checksums of IP are right, those above are 0.
 */
export interface CaptureSize {
  readonly packets: number;
  readonly flows: number;
  /** seconds the capture spans */
  readonly span_s: number;
  readonly seed: number;
}

/** xorshift32 */
function random(seed: number): () => number {
  let x = seed | 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 4294967296;
  };
}

interface Flow {
  readonly kind: 'tls' | 'http' | 'dns' | 'scan';
  readonly client: number;
  readonly server: number;
  readonly port: number;
  readonly name: string;
  step: number;
  left: number;
  clientSeq: number;
  serverSeq: number;
}

/** Writes the capture; returns what is in it. */
export function writeCapture(
  path: string,
  size: CaptureSize,
): { packets: number; bytes: number; flows: number } {
  const rnd = random(size.seed);
  const file = openSync(path, 'w');
  const out = Buffer.alloc(8 << 20);
  let at = 0;
  let bytes = 0;
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262144, 16);
  header.writeUInt32LE(1, 20);
  out.set(header, 0);
  at = 24;

  const filler = Buffer.alloc(1460);
  for (let i = 0; i < filler.length; i++) filler[i] = Math.floor(rnd() * 256);
  const perFlow = size.packets / size.flows;
  const active: Flow[] = [];
  let opened = 0;
  let written = 0;
  const names = Array.from({ length: 2000 }, (_, i) => `host${i}.example${i % 97}.net`);
  const start = 1_760_000_000;

  function open(): Flow {
    opened++;
    const pick = rnd();
    const kind =
      perFlow < 6
        ? pick < 0.5
          ? 'scan'
          : pick < 0.8
            ? 'dns'
            : 'http'
        : pick < 0.55
          ? 'tls'
          : pick < 0.8
            ? 'http'
            : pick < 0.95
              ? 'dns'
              : 'scan';
    const mean = kind === 'scan' ? 1 : kind === 'dns' ? 2 : perFlow < 6 ? 8 : perFlow * 1.5;
    const server = kind === 'scan' ? (0xc0a80000 + opened) | 0 : (0x5db80000 + Math.floor(rnd() * 4000)) | 0;
    return {
      kind,
      client: (0x0a000000 + Math.floor(rnd() * 3000)) | 0,
      server,
      port: 1024 + (opened % 64000),
      name: names[Math.floor(rnd() * names.length)]!,
      step: 0,
      left: Math.max(kind === 'scan' ? 1 : kind === 'dns' ? 2 : 8, Math.round(mean * (0.5 + rnd()))),
      clientSeq: Math.floor(rnd() * 4294967295),
      serverSeq: Math.floor(rnd() * 4294967295),
    };
  }

  function packet(
    f: Flow,
    fromClient: boolean,
    tcp: boolean,
    flags: number,
    payload: Uint8Array,
    dport: number,
  ): void {
    const l4 = tcp ? 20 : 8;
    const ip = 20 + l4 + payload.length;
    const total = 14 + ip;
    if (at + 16 + total > out.length) {
      writeSync(file, out, 0, at);
      bytes += at;
      at = 0;
    }
    const time = (written / size.packets) * size.span_s;
    const seconds = Math.floor(time);
    out.writeUInt32LE(start + seconds, at);
    out.writeUInt32LE(Math.floor((time - seconds) * 1_000_000), at + 4);
    out.writeUInt32LE(total, at + 8);
    out.writeUInt32LE(total, at + 12);
    const e = at + 16;
    out.writeUInt32BE(0x02000000, e);
    out.writeUInt32BE(0x00010200, e + 4);
    out.writeUInt32BE(0x00000002, e + 8);
    out.writeUInt16BE(0x0800, e + 12);
    const p = e + 14;
    out[p] = 0x45;
    out[p + 1] = 0;
    out.writeUInt16BE(ip, p + 2);
    out.writeUInt16BE(written & 0xffff, p + 4);
    out.writeUInt16BE(0x4000, p + 6);
    out[p + 8] = 64;
    out[p + 9] = tcp ? 6 : 17;
    out.writeUInt16BE(0, p + 10);
    out.writeInt32BE(fromClient ? f.client : f.server, p + 12);
    out.writeInt32BE(fromClient ? f.server : f.client, p + 16);
    let sum = 0;
    for (let i = 0; i < 20; i += 2) sum += out.readUInt16BE(p + i);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    out.writeUInt16BE(~sum & 0xffff, p + 10);
    const t = p + 20;
    out.writeUInt16BE(fromClient ? f.port : dport, t);
    out.writeUInt16BE(fromClient ? dport : f.port, t + 2);
    if (tcp) {
      out.writeUInt32BE((fromClient ? f.clientSeq : f.serverSeq) >>> 0, t + 4);
      out.writeUInt32BE((flags & 16) !== 0 ? (fromClient ? f.serverSeq : f.clientSeq) >>> 0 : 0, t + 8);
      out[t + 12] = 0x50;
      out[t + 13] = flags;
      out.writeUInt16BE(64240, t + 14);
      out.writeUInt32BE(0, t + 16);
      const used = payload.length + ((flags & 3) !== 0 ? 1 : 0);
      if (fromClient) f.clientSeq = (f.clientSeq + used) >>> 0;
      else f.serverSeq = (f.serverSeq + used) >>> 0;
    } else {
      out.writeUInt16BE(8 + payload.length, t + 4);
      out.writeUInt16BE(0, t + 6);
    }
    out.set(payload, t + l4);
    at += 16 + total;
    written++;
  }

  const none = new Uint8Array(0);
  /** Next packet of a flow; false when it was its last. */
  function next(f: Flow): boolean {
    const step = f.step++;
    if (f.kind === 'scan') {
      packet(f, true, true, 2, none, 1 + (f.server & 1023));
      return false;
    }
    if (f.kind === 'dns') {
      if (step === 0) packet(f, true, false, 0, dnsMessage(f, false), 53);
      else packet(f, false, false, 0, dnsMessage(f, true), 53);
      return step === 0;
    }
    const port = f.kind === 'tls' ? 443 : 80;
    const last = f.left;
    if (step === 0) packet(f, true, true, 2, none, port);
    else if (step === 1) packet(f, false, true, 18, none, port);
    else if (step === 2) packet(f, true, true, 16, none, port);
    else if (step === 3)
      packet(f, true, true, 24, f.kind === 'tls' ? clientHello(f.name) : request(f.name), port);
    else if (step === 4) {
      packet(f, false, true, 24, f.kind === 'tls' ? serverHello() : response((last - 8) * 500), port);
    } else if (step === last - 2) packet(f, true, true, 17, none, port);
    else if (step >= last - 1) {
      packet(f, false, true, 17, none, port);
      return false;
    } else {
      const r = rnd();
      if (r < 0.42) packet(f, true, true, 16, none, port);
      else if (f.kind === 'tls') {
        const length = r < 0.5 ? 200 : 700 + Math.floor(rnd() * 760);
        packet(f, r <= 0.6, true, 24, record(filler, length), port);
      } else packet(f, false, true, 24, filler.subarray(0, 500), port);
    }
    return true;
  }

  const width = Math.max(64, Math.min(size.flows, Math.round(size.flows / 10)));
  while (written < size.packets && (active.length > 0 || opened < size.flows)) {
    while (active.length < width && opened < size.flows) active.push(open());
    const i = Math.floor(rnd() * active.length);
    if (!next(active[i]!)) {
      active[i] = active[active.length - 1]!;
      active.pop();
    }
  }
  // top up with data on long-lived flows so that the number of packets is as asked
  let extra: Flow | null = null;
  while (written < size.packets) {
    if (extra === null || extra.step > 5000) {
      extra = open();
      opened--;
      extra.step = 10;
    }
    extra.step++;
    packet(extra, false, true, 16, filler.subarray(0, 700), 443);
  }
  writeSync(file, out, 0, at);
  bytes += at;
  closeSync(file);
  return { packets: written, bytes, flows: opened };
}

function request(host: string): Buffer {
  return Buffer.from(
    `GET /index.html?q=${host.length} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) bench\r\n` +
      'Accept: text/html,application/xhtml+xml\r\nAccept-Language: en\r\nConnection: keep-alive\r\n\r\n',
  );
}
function response(length: number): Buffer {
  return Buffer.from(
    `HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/html\r\nContent-Length: ${Math.max(0, length)}\r\n\r\n`,
  );
}

const hellos = new Map<string, Buffer>();
function clientHello(name: string): Buffer {
  let hello = hellos.get(name);
  if (hello !== undefined) return hello;
  const sni = Buffer.from(name);
  const extension = (type: number, body: Buffer): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(type, 0);
    head.writeUInt16BE(body.length, 2);
    return Buffer.concat([head, body]);
  };
  const list = Buffer.alloc(5);
  list.writeUInt16BE(sni.length + 3, 0);
  list.writeUInt16BE(sni.length, 3);
  const extensions = Buffer.concat([
    extension(0, Buffer.concat([list, sni])),
    extension(10, Buffer.from('0006001d00170018', 'hex')),
    extension(11, Buffer.from('0100', 'hex')),
    extension(13, Buffer.from('000a04030804040105030805', 'hex')),
    extension(16, Buffer.from('000c02683208687474702f312e31', 'hex')),
    extension(43, Buffer.from('0403040303', 'hex')),
  ]);
  const ciphers = Buffer.from('000813011302c02fc030', 'hex');
  const size = Buffer.alloc(2);
  size.writeUInt16BE(extensions.length, 0);
  const body = Buffer.concat([
    Buffer.from('0303', 'hex'),
    Buffer.alloc(32, 7),
    Buffer.from([0]),
    ciphers,
    Buffer.from('0100', 'hex'),
    size,
    extensions,
  ]);
  hello = handshake(1, body);
  hellos.set(name, hello);
  return hello;
}
function serverHello(): Buffer {
  return Buffer.concat([
    handshake(
      2,
      Buffer.concat([
        Buffer.from('0303', 'hex'),
        Buffer.alloc(32, 9),
        Buffer.from('00130100', 'hex'),
        Buffer.from('0006002b00020304', 'hex'),
      ]),
    ),
    Buffer.from('140303000101', 'hex'),
    record(Buffer.alloc(900, 3), 900),
  ]);
}
function handshake(type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head[0] = 22;
  head.writeUInt16BE(0x0303, 1);
  head.writeUInt16BE(body.length + 4, 3);
  head[5] = type;
  head.writeUIntBE(body.length, 6, 3);
  return Buffer.concat([head, body]);
}
/** An application data record of `length` bytes in all. */
function record(filler: Buffer, length: number): Buffer {
  const out = Buffer.from(filler.subarray(0, length));
  out[0] = 23;
  out[1] = 3;
  out[2] = 3;
  out.writeUInt16BE(length - 5, 3);
  return out;
}
function dnsMessage(f: Flow, answer: boolean): Buffer {
  const labels = f.name.split('.');
  const question = Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0, 0, 1, 0, 1]),
  ]);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(f.port, 0);
  head.writeUInt16BE(answer ? 0x8180 : 0x0100, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answer ? 1 : 0, 6);
  return answer
    ? Buffer.concat([head, question, Buffer.from('c00c000100010000012c00045db80101', 'hex')])
    : Buffer.concat([head, question]);
}
