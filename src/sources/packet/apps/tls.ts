import { hash } from 'node:crypto';
import { OldestOut, OldestOutSet, remembered } from '../../../base/bounded.ts';
import type { Certificate } from '../../../schema/event/certificate.ts';
import type { Tls } from '../../../schema/event/tls.ts';
import { ja3sText, ja3Text } from '../protocols/ja3.ts';
import { ja4 } from '../protocols/ja4.ts';
import {
  type ClientHello,
  cipherName,
  feedDtls,
  feedTls,
  newTls,
  type ServerHello,
  skipTls,
  type TlsSession,
  tlsVersionName,
} from '../protocols/tls.ts';
import { type ParsedCertificate, parseCertificate } from '../protocols/x509.ts';
import { type App, columns, type Flow, type Wants } from './app.ts';

/** Fingerprints of certificates that were reported in this capture: each is one event. */
export class SeenCertificates {
  private readonly seen = new OldestOutSet<string>(65_536);

  isNew(fingerprint: string): boolean {
    return this.seen.add(fingerprint);
  }
}

export class TlsApp implements App {
  private readonly session: TlsSession;
  private readonly seen: SeenCertificates;
  private time = 0;
  private done = false;

  constructor(seen: SeenCertificates, dtls = false) {
    this.seen = seen;
    this.session = newTls(dtls);
  }

  data(flow: Flow, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants {
    const { session } = this;
    if (this.time === 0) this.time = flow.time;
    const more = session.dtls
      ? feedDtls(session, fromOrig, b, from, upTo)
      : feedTls(session, fromOrig, b, from, upTo);
    const hello = session.client_hello;
    if (hello !== null && flow.place.dst_name === '') flow.place.dst_name = hello.server_name;
    return more ? 'more' : 'nothing';
  }

  gap(_flow: Flow, fromOrig: boolean, length: number): Wants {
    if (length === 0) return 'nothing';
    skipTls(this.session, fromOrig, length);
    const { state } = this.session;
    return state === 'start' || state === 'handshake' ? 'more' : 'nothing';
  }

  ended(): void {}

  close(flow: Flow): void {
    const { session } = this;
    if (this.done || session.state === 'no') return;
    this.done = true;
    const hello = session.first_client_hello;
    if (hello === null && session.server_hello === null) return;
    flow.confirm(session.dtls ? 'dtls' : 'ssl');
    const chain: ParsedCertificate[] = [];
    for (const der of session.certificates) {
      const certificate = parseCertificate(der);
      if (certificate !== null) chain.push(certificate);
    }
    flow.emit(
      tlsEvent(flow, this.time, hello, session.server_hello, {
        protocol: session.dtls ? 'd' : 't',
        established: session.state === 'established',
        resumed: session.resumed,
        chain,
      }),
    );
    for (const certificate of chain) {
      if (this.seen.isNew(certificate.sha256)) flow.emit(certificateEvent(this.time, certificate));
    }
  }
}

/** Clients of one make say the same: most fingerprints were made before. */
const limit = 4096;
const md5 = remembered((text) => hash('md5', text, 'hex'), limit);

const fingerprints = new OldestOut<string, string>(limit);
/** JA4 depends on what JA3 does and on versions, signature algorithms, protocols and the presence of a name. */
function ja4Of(hello: ClientHello, protocol: 't' | 'q' | 'd', ja3Of: string): string {
  const key = `${ja3Of}|${protocol}|${hello.version}|${hello.supported_versions}|${hello.signature_algorithms}|${hello.alpn[0]}`;
  let print = fingerprints.get(key);
  if (print === undefined) {
    print = ja4(hello, protocol);
    fingerprints.set(key, print);
  }
  return print;
}

export function tlsEvent(
  flow: Flow,
  time: number,
  client: ClientHello | null,
  server: ServerHello | null,
  more: {
    readonly protocol: 't' | 'q' | 'd';
    readonly established: boolean;
    readonly resumed: boolean;
    readonly chain: readonly ParsedCertificate[];
  },
): Tls {
  const first = more.chain[0];
  let ja3_ = '';
  let ja4_ = '';
  if (client !== null) {
    const text = ja3Text(client);
    ja3_ = md5(text);
    ja4_ = ja4Of(client, more.protocol, text);
  }
  return {
    kind: 'tls',
    time,
    ...columns(flow),
    version: server === null ? '' : tlsVersionName(server.chosen_version),
    cipher: server === null ? '' : cipherName(server.cipher),
    server_name: client?.server_name ?? '',
    server_domain: '',
    alpn: server !== null && server.alpn !== '' ? server.alpn : (client?.alpn[0] ?? ''),
    established: more.established,
    resumed: more.resumed,
    ja3: ja3_,
    ja3s: server === null ? '' : md5(ja3sText(server)),
    ja4: ja4_,
    subject: first?.subject ?? '',
    issuer: first?.issuer ?? '',
    self_signed: first?.self_signed ?? false,
    validation_status: '',
    cert_fingerprints: more.chain.map((certificate) => certificate.sha256),
  };
}

function certificateEvent(time: number, c: ParsedCertificate): Certificate {
  return {
    kind: 'certificate',
    time,
    fingerprint: c.sha256,
    subject: c.subject,
    issuer: c.issuer,
    serial: c.serial,
    not_before: c.not_before,
    not_after: c.not_after,
    key_type: c.key_type,
    key_bits: c.key_bits,
    signature_algorithm: c.signature_algorithm,
    names: c.names,
    self_signed: c.self_signed,
    is_ca: c.is_ca,
  };
}
