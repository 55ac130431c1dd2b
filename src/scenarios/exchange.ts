import type { Authentication } from '../schema/event/authentication.ts';
import type { Connection } from '../schema/event/connection.ts';
import type { File } from '../schema/event/file.ts';
import type { Http } from '../schema/event/http.ts';
import type { RemoteCall } from '../schema/event/remote-call.ts';
import type { Tls } from '../schema/event/tls.ts';
import type { End } from './place.ts';
import { Random } from './random.ts';
import { ciphers, type Software } from './software.ts';
import { HOUR, SECOND } from './timeline.ts';
import { flowOf, registered, type Talk, type Wire } from './wire.ts';

const DAY_S = 86_400;

export interface Question {
  readonly query: string;
  readonly type?: string;
  readonly answers: readonly string[];
  readonly ttl_s: number;
  readonly response_code?: string;
  /** Payload bytes of the answer when they matter; else reckoned from the answers. */
  readonly answer_bytes?: number;
}

/** One DNS query over UDP and its answer. Returns when the answer was there (µs). */
export function dnsQuery(
  wire: Wire,
  time: number,
  client: End,
  server: End,
  question: Question,
  rtt_s = wire.random.lognormal(server.local ? 0.0008 : 0.016, 1.8),
): number {
  const { query, answers } = question;
  const code = question.response_code ?? 'NOERROR';
  const rtt = Math.round(rtt_s * 1e6) / 1e6;
  const up = query.length + 18;
  const down = question.answer_bytes ?? up + (code === 'NOERROR' ? answerBytes(answers) : 75);
  const c = wire.udp(time, client, server, 53, 'dns', {
    duration_s: rtt,
    up,
    down,
    up_packets: 1,
    down_packets: 1,
  });
  wire.emit({
    kind: 'dns',
    time: c.time,
    uid: c.uid,
    src_ip: c.src_ip,
    src_port: c.src_port,
    dst_ip: c.dst_ip,
    dst_port: 53,
    transport: 'udp',
    src_local: c.src_local,
    dst_local: c.dst_local,
    direction: c.direction,
    transaction_id: wire.random.u32() & 0xffff,
    query,
    query_domain: registered(query),
    generated_score: 0,
    query_type: question.type ?? 'A',
    response_code: code,
    answers,
    answer_ttl_s: answers.length === 0 ? null : question.ttl_s,
    rtt_s: rtt,
    authoritative: false,
    rejected: code === 'REFUSED' || code === 'SERVFAIL',
  });
  return c.time + Math.ceil(rtt * SECOND);
}

function answerBytes(answers: readonly string[]): number {
  let bytes = 0;
  for (const one of answers) bytes += one.includes(':') ? 28 : one.length > 15 ? 12 + one.length : 16;
  return bytes;
}

/** A client's memory of names: asks only when the last answer has run out. */
export class Names {
  private readonly known = new Map<string, number>();
  private readonly client: End;
  private readonly server: End;
  constructor(client: End, server: End) {
    this.client = client;
    this.server = server;
  }
  /** When the name is known (µs): at once, or after a query. */
  resolve(wire: Wire, time: number, name: string, answers: readonly string[], ttl_s: number): number {
    const until = this.known.get(name);
    if (until !== undefined && until > time) return time;
    this.known.set(name, time + ttl_s * SECOND);
    return dnsQuery(wire, time, this.client, this.server, { query: name, answers, ttl_s }) + 300;
  }
  forget(): void {
    this.known.clear();
  }
}

export interface Certificate {
  readonly subject: string;
  readonly issuer: string;
  readonly self_signed: boolean;
  readonly fingerprint: string;
}

/** The certificate a made-up site shows; the same name gives the same one. */
export function certificateOf(name: string, self_signed = false): Certificate {
  const random = new Random(self_signed ? 1 : 0, name);
  const subject = `CN=${name}`;
  const authority = `CN=Example Issuing CA ${random.int(1, 6)},O=Example Trust,C=NL`;
  return { subject, issuer: self_signed ? subject : authority, self_signed, fingerprint: random.hex(64) };
}

export interface TlsTalk extends Talk {
  readonly software: Software;
  readonly server_name: string;
  /** Shown in clear below TLS 1.3. */
  readonly certificate?: Certificate;
  readonly resumed?: boolean;
  readonly dst_port?: number;
  /** Over QUIC: UDP. */
  readonly quic?: boolean;
  readonly ja4?: string;
  readonly ja3?: string;
}

/** A TLS connection with its handshake. Handshake bytes are added to `up` and `down`. */
export function tls(wire: Wire, time: number, src: End, dst: End, talk: TlsTalk): Connection {
  const { server_name } = talk;
  const resumed = talk.resumed ?? wire.random.chance(0.3);
  const established = talk.state === undefined || (talk.state !== 'S0' && talk.state !== 'REJ');
  const whole = {
    duration_s: talk.duration_s,
    up: talk.up + (resumed ? 750 : 780),
    down: talk.down + (resumed ? 420 : 3900),
    name: server_name,
    ...(talk.state === undefined ? {} : { state: talk.state }),
    ...(talk.src_port === undefined ? {} : { src_port: talk.src_port }),
  };
  const port = talk.dst_port ?? 443;
  const c =
    talk.quic === true
      ? wire.udp(time, src, dst, port, 'quic,ssl', whole)
      : wire.tcp(time, src, dst, port, established ? 'ssl' : '', whole);
  if (established) handshake(wire, c, dst, { ...talk, resumed });
  return c;
}

/** The handshake on a connection that is there already (a proxy's tunnel); `dst` is who answers it. */
export function handshake(wire: Wire, c: Connection, dst: End, talk: TlsTalk): void {
  const { software, server_name } = talk;
  const version = talk.quic === true ? 'TLSv13' : software.tls;
  const resumed = talk.resumed ?? false;
  const shown = version === 'TLSv13' || resumed ? undefined : talk.certificate;
  const bad = talk.certificate?.self_signed === true;
  const event: Tls = {
    kind: 'tls',
    time: c.time + Math.floor(Math.min(0.03, (talk.duration_s || 0.01) * 0.3) * SECOND),
    uid: c.uid,
    src_ip: c.src_ip,
    src_port: c.src_port,
    dst_ip: c.dst_ip,
    dst_port: c.dst_port,
    transport: c.transport,
    src_local: c.src_local,
    dst_local: c.dst_local,
    direction: c.direction,
    version,
    cipher: ciphers[version],
    server_name,
    server_domain: domainOf(server_name),
    alpn: talk.quic === true ? 'h3' : software.alpn,
    established: true,
    resumed,
    ja3: talk.ja3 ?? software.ja3,
    ja3s: talk.quic === true ? '' : ja3s(dst),
    ja4: talk.ja4 ?? (talk.quic === true ? `q${software.ja4.slice(1)}` : software.ja4),
    subject: shown?.subject ?? '',
    issuer: shown?.issuer ?? '',
    self_signed: shown !== undefined && bad,
    validation_status: shown === undefined ? '' : bad ? 'self signed certificate' : 'ok',
    cert_fingerprints: shown === undefined ? [] : [shown.fingerprint],
  };
  wire.emit(event);
  if (shown !== undefined) showCertificate(wire, event.time, shown);
}

/** '' for an address. */
function domainOf(name: string): string {
  return /^[0-9.]*$|:/.test(name) ? '' : registered(name);
}

const servers = new Map<string, string>();
function ja3s(dst: End): string {
  const net = dst.ip.slice(0, dst.ip.lastIndexOf('.'));
  let known = servers.get(net);
  if (known === undefined) {
    known = new Random(3, net).hex(32);
    servers.set(net, known);
  }
  return known;
}

function showCertificate(wire: Wire, time: number, of: Certificate): void {
  const random = new Random(5, of.fingerprint);
  const issued = Math.floor(time / HOUR / 24) * DAY_S * SECOND - random.int(5, 80) * DAY_S * SECOND;
  wire.emit({
    kind: 'certificate',
    time,
    fingerprint: of.fingerprint,
    subject: of.subject,
    issuer: of.issuer,
    serial: random.hex(20).toUpperCase(),
    not_before: Math.max(0, issued),
    not_after: Math.max(0, issued) + (of.self_signed ? 3650 : 90) * DAY_S * SECOND,
    key_type: 'rsa',
    key_bits: 2048,
    signature_algorithm: 'sha256WithRSAEncryption',
    names: of.self_signed ? [] : [of.subject.slice(3)],
    self_signed: of.self_signed,
    is_ca: false,
  });
}

export interface Request {
  readonly method?: string;
  readonly host: string;
  readonly uri: string;
  readonly user_agent: string;
  readonly referrer?: string;
  readonly status_code?: number;
  readonly request_bytes?: number;
  readonly response_bytes: number;
  readonly response_mime?: string;
  readonly request_mime?: string;
  readonly username?: string;
}

export interface HttpTalk {
  readonly dst_port?: number;
  /** Seconds between the requests. */
  readonly gap_s?: number;
  readonly duration_s?: number;
}

/** An HTTP connection in clear with its requests. */
export function http(
  wire: Wire,
  time: number,
  src: End,
  dst: End,
  requests: readonly Request[],
  talk: HttpTalk = {},
): Connection {
  let up = 0;
  let down = 0;
  for (const r of requests) {
    up += 260 + r.uri.length + r.user_agent.length + (r.request_bytes ?? 0);
    down += 280 + r.response_bytes;
  }
  const gap = talk.gap_s ?? 0.08;
  const duration_s = talk.duration_s ?? requests.length * gap + down / 2e6 + 0.05;
  const first = requests[0];
  const c = wire.tcp(time, src, dst, talk.dst_port ?? 80, 'http', {
    duration_s,
    up,
    down,
    ...(first === undefined ? {} : { name: first.host }),
  });
  requests.forEach((r, i) => {
    wire.emit(httpEvent(c, c.time + Math.floor((0.012 + i * gap) * SECOND), r));
  });
  return c;
}

export function httpEvent(c: Connection, time: number, r: Request): Http {
  return {
    kind: 'http',
    time,
    ...flowOf(c),
    method: r.method ?? 'GET',
    host: r.host,
    host_domain: domainOf(r.host),
    uri: r.uri,
    version: '1.1',
    user_agent: r.user_agent,
    referrer: r.referrer ?? '',
    status_code: r.status_code ?? 200,
    request_bytes: r.request_bytes ?? 0,
    response_bytes: r.response_bytes,
    request_mime: r.request_mime ?? '',
    response_mime: r.response_mime ?? 'text/html',
    username: r.username ?? '',
    authorization: (r.username ?? '') === '' ? '' : 'basic',
    proxied: '',
  };
}

export interface Carried {
  readonly protocol: string;
  readonly action?: string;
  readonly path?: string;
  readonly name: string;
  readonly mime: string;
  readonly bytes: number;
  /** From src to dst (an upload) or the other way. */
  readonly up: boolean;
}

const programTypes = new Set(['application/x-dosexec', 'application/x-executable']);

/**
 * A file that a connection carried, as Zeek tells of it: what was done to a file of a share by name (smb_files), and
 * what was in it (files). Of files of a share only programs are told of twice, to keep the stream small.
 */
export function fileEvent(wire: Wire, c: Connection, time: number, of: Carried): void {
  const named = of.action !== undefined;
  const file_id = `F${wire.uid().slice(1)}`;
  const bytes = Math.round(of.bytes);
  if (named) wire.emit(fileRecord(c, Math.floor(time), of, file_id, bytes));
  if (named && !programTypes.has(of.mime)) return;
  wire.emit({
    ...fileRecord(c, Math.floor(time) + 1500, of, file_id, bytes),
    action: '',
    path: '',
    name: named ? '' : of.name,
    mime: of.mime,
    duration_s: Math.round((of.bytes / 2e6) * 1e6) / 1e6,
    sha256: wire.random.hex(64),
    sender_ips: [of.up ? c.src_ip : c.dst_ip],
    receiver_ips: [of.up ? c.dst_ip : c.src_ip],
  });
}

function fileRecord(c: Connection, time: number, of: Carried, file_id: string, bytes: number): File {
  return {
    kind: 'file',
    time,
    ...flowOf(c),
    file_id,
    protocol: of.protocol,
    action: of.action ?? '',
    path: of.path ?? '',
    name: of.name,
    mime: '',
    size_bytes: bytes,
    seen_bytes: bytes,
    missing_bytes: 0,
    duration_s: null,
    md5: '',
    sha1: '',
    sha256: '',
    sender_ips: [],
    receiver_ips: [],
  };
}

/** CONNECT to a proxy, TLS inside; the proxy carries the bytes on over a connection of its own. Gives the client's. */
export function tunnel(
  wire: Wire,
  time: number,
  client: End,
  proxy: End,
  dst: End,
  talk: TlsTalk,
): Connection {
  const { server_name: host, dst_port = 443, software } = talk;
  const inside = {
    duration_s: talk.duration_s + 0.02,
    up: talk.up + 1000,
    down: talk.down + 4000,
    name: host,
  };
  const c = wire.tcp(time, client, proxy, 3128, 'http,ssl', inside);
  const request = { method: 'CONNECT', host, uri: `${host}:${dst_port}`, user_agent: software.user_agent };
  wire.emit(httpEvent(c, c.time + 900, { ...request, response_bytes: 0, response_mime: '' }));
  handshake(wire, c, dst, talk);
  wire.tcp(time + 4000, proxy, dst, dst_port, 'ssl', inside);
  return c;
}

export interface SignIn {
  readonly protocol: string;
  readonly username: string;
  readonly success: boolean | null;
  readonly domain?: string;
  readonly host?: string;
  readonly target?: string;
  readonly attempts?: number;
  readonly error?: string;
  readonly client?: string;
  readonly server?: string;
  readonly fingerprint?: string;
  readonly detail?: string;
}

export function signIn(wire: Wire, c: Connection, time: number, of: SignIn): void {
  const event: Authentication = {
    kind: 'authentication',
    time: Math.floor(time),
    ...flowOf(c),
    protocol: of.protocol,
    username: of.username,
    domain: of.domain ?? '',
    host: of.host ?? '',
    target: of.target ?? '',
    success: of.success === null ? null : of.success ? 1 : 0,
    attempts: of.attempts ?? 0,
    error: of.error ?? '',
    client: of.client ?? '',
    server: of.server ?? '',
    fingerprint: of.fingerprint ?? '',
    detail: of.detail ?? '',
  };
  wire.emit(event);
}

export interface SshTalk extends Talk {
  readonly success: boolean | null;
  readonly attempts?: number;
  readonly dst_port?: number;
  readonly client?: string;
}

/** An SSH session; the protocol hides the user's name. */
export function ssh(wire: Wire, time: number, src: End, dst: End, talk: SshTalk): Connection {
  const c = wire.tcp(time, src, dst, talk.dst_port ?? 22, 'ssh', talk);
  signIn(wire, c, c.time + Math.min(0.4, talk.duration_s * 0.5) * SECOND, {
    protocol: 'ssh',
    username: '',
    success: talk.success,
    attempts: talk.attempts ?? 1,
    client: talk.client ?? 'SSH-2.0-OpenSSH_9.6',
    server: 'SSH-2.0-OpenSSH_9.2p1',
    fingerprint: new Random(9, talk.client ?? 'SSH-2.0-OpenSSH_9.6').hex(32),
    detail: 'chacha20-poly1305@openssh.com',
  });
  return c;
}

export const realm = 'CORP.TEST';

/** A Kerberos request to the domain controller: AS for signing in, TGS for a ticket to a service. */
export function kerberos(
  wire: Wire,
  time: number,
  src: End,
  controller: End,
  of: {
    readonly username: string;
    readonly request: 'AS' | 'TGS';
    readonly service: string;
    readonly success?: boolean;
    readonly error?: string;
    readonly cipher?: string;
  },
): Connection {
  const success = of.success ?? true;
  const c = wire.tcp(time, src, controller, 88, 'krb_tcp', {
    duration_s: wire.random.lognormal(0.003, 1.5),
    up: of.request === 'AS' ? 280 : 1650,
    down: success ? 1600 : 210,
  });
  signIn(wire, c, c.time + 900, {
    protocol: 'kerberos',
    username: of.username,
    domain: realm,
    target: of.service,
    success,
    attempts: 1,
    error: success ? '' : (of.error ?? 'KDC_ERR_PREAUTH_FAILED'),
    detail: `${of.request} ${of.cipher ?? 'aes256-cts-hmac-sha1-96'}`,
  });
  return c;
}

export interface SmbTalk extends Talk {
  /** DNS name or NetBIOS name of the server. */
  readonly server: string;
  readonly share: string;
  /** Signed in by NTLM as this user; '' when Kerberos did it already. */
  readonly ntlm_user?: string;
  readonly client_host?: string;
  readonly success?: boolean;
  readonly error?: string;
  readonly calls?: readonly (readonly [endpoint: string, operation: string])[];
  readonly pipe?: string;
}

/** An SMB connection: sign-in, a share, and calls through a named pipe. Files are added with fileEvent. */
export function smb(wire: Wire, time: number, src: End, dst: End, talk: SmbTalk): Connection {
  const ntlm = talk.ntlm_user !== undefined;
  const success = talk.success ?? true;
  const services = [
    'gssapi',
    'smb',
    ...(ntlm ? ['ntlm'] : []),
    ...(talk.calls === undefined ? [] : ['dce_rpc']),
  ];
  const c = wire.tcp(time, src, dst, 445, services.join(','), talk);
  const step = Math.min(4000, Math.floor(((talk.duration_s || 0.02) * SECOND) / 8));
  let now = c.time + step;
  if (ntlm) {
    signIn(wire, c, now, {
      protocol: 'ntlm',
      username: talk.ntlm_user ?? '',
      domain: 'CORP',
      host: talk.client_host ?? '',
      target: talk.server,
      success,
      attempts: 1,
      error: success ? '' : (talk.error ?? 'STATUS_LOGON_FAILURE'),
    });
  }
  if (!success) return c;
  now += step;
  if (talk.share !== '') {
    wire.emit(
      remoteCall(
        c,
        now,
        'smb',
        talk.share === 'IPC$' ? 'PIPE' : 'DISK',
        'tree_connect',
        `\\\\${talk.server}\\${talk.share}`,
      ),
    );
  }
  for (const [endpoint, operation] of talk.calls ?? []) {
    now += step;
    wire.emit(remoteCall(c, now, 'dce_rpc', endpoint, operation, `\\PIPE\\${talk.pipe ?? endpoint}`));
  }
  return c;
}

export function remoteCall(
  c: Connection,
  time: number,
  protocol: string,
  endpoint: string,
  operation: string,
  path: string,
): RemoteCall {
  const rtt_s = protocol === 'smb' ? null : 0.0012;
  return { kind: 'remote_call', time, ...flowOf(c), protocol, endpoint, operation, path, rtt_s };
}

/** An RDP session; the cookie shows the user's name, whether it got in stays hidden. */
export function rdp(
  wire: Wire,
  time: number,
  src: End,
  dst: End,
  talk: Talk & { readonly cookie: string; readonly host?: string },
): Connection {
  const c = wire.tcp(time, src, dst, 3389, 'rdp,ssl', talk);
  signIn(wire, c, c.time + Math.min(0.2, talk.duration_s * 0.5) * SECOND, {
    protocol: 'rdp',
    username: talk.cookie,
    host: talk.host ?? '',
    target: talk.cookie,
    success: null,
    attempts: 1,
    client: 'RDP 10.12',
    detail: 'HYBRID_EX Success',
  });
  return c;
}

/** One message handed over by SMTP. */
export function mailTransfer(
  wire: Wire,
  time: number,
  src: End,
  dst: End,
  of: {
    readonly helo: string;
    readonly mail_from: string;
    readonly rcpt_to: readonly string[];
    readonly subject: string;
    readonly bytes: number;
    readonly encrypted: boolean;
    readonly port?: number;
  },
): Connection {
  const c = wire.tcp(time, src, dst, of.port ?? 25, of.encrypted ? 'smtp,ssl' : 'smtp', {
    duration_s: wire.random.lognormal(0.9, 1.8) + of.bytes / 1e6,
    up: of.bytes + 700,
    down: 900,
  });
  wire.emit({
    kind: 'mail',
    time: c.time + 60_000,
    ...flowOf(c),
    helo: of.helo,
    mail_from: of.encrypted ? '' : of.mail_from,
    rcpt_to: of.encrypted ? [] : of.rcpt_to,
    from: of.encrypted ? '' : of.mail_from,
    to: of.encrypted ? [] : of.rcpt_to,
    subject: of.encrypted ? '' : of.subject,
    last_reply: of.encrypted ? '220 2.0.0 ready' : '250 2.0.0 queued',
    user_agent: '',
    tls: of.encrypted,
  });
  return c;
}

/** DHCP lease (four messages), with the connection a sensor logs for it. */
export function lease(
  wire: Wire,
  time: number,
  client: End,
  server: End,
  of: {
    readonly host_name: string;
    readonly vendor: string;
    readonly lease_s: number;
    readonly renew: boolean;
    readonly client_id?: string;
  },
): void {
  const c = wire.udp(time, client, server, 67, 'dhcp', {
    duration_s: 0.012,
    up: of.renew ? 310 : 620,
    down: of.renew ? 310 : 620,
    up_packets: of.renew ? 1 : 2,
    down_packets: of.renew ? 1 : 2,
    src_port: 68,
  });
  wire.emit({
    kind: 'dhcp',
    time: c.time,
    uid: c.uid,
    mac: client.mac,
    client_id: of.client_id ?? '',
    client_ip: of.renew ? client.ip : '',
    server_ip: server.ip,
    assigned_ip: client.ip,
    requested_ip: client.ip,
    host_name: of.host_name,
    domain: 'corp.test',
    vendor: of.vendor,
    subnet_mask: '',
    lease_s: of.lease_s,
    messages: of.renew ? ['REQUEST', 'ACK'] : ['DISCOVER', 'OFFER', 'REQUEST', 'ACK'],
  });
}
