import type { Certificate } from '../schema/event/certificate.ts';
import type { Http } from '../schema/event/http.ts';
import type { Tls } from '../schema/event/tls.ts';
import { dnsName, hostName, unplaced } from './checked.ts';
import type { JsonObject } from './json.ts';
import type { SuricataLog, SuricataRecord } from './suricata-record.ts';

/** https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-http */
export const http: SuricataLog = {
  event_type: 'http',
  map(r): Http {
    const of = r.section('http');
    return {
      kind: 'http',
      time: r.time(),
      ...r.flow(),
      ...unplaced,
      method: r.text(of, 'http_method'),
      host: hostName(r.text(of, 'hostname')),
      host_domain: '',
      uri: r.text(of, 'url'),
      version: r.text(of, 'protocol').replace(/^HTTP\//i, ''),
      user_agent: r.text(of, 'http_user_agent'),
      referrer: r.text(of, 'http_refer'),
      status_code: statusOf(r, of),
      request_bytes: 0,
      response_bytes: r.count0(of, 'length'),
      request_mime: '',
      response_mime: mimeOf(r.text(of, 'http_content_type')),
      username: '',
      authorization: '',
      proxied: r.text(of, 'xff'),
    };
  },
};

/** Suricata writes a status it cannot read as status_string. */
function statusOf(r: SuricataRecord, of: JsonObject): number {
  return r.code(of, 'status', 65_535);
}

function mimeOf(content_type: string): string {
  return content_type.split(';', 1)[0]!.trim().toLowerCase();
}

/**
 * tls: one handshake, with the server's certificate as an event of its own when it was seen. Suricata writes the record
 * when the handshake is through or the flow ends: established when a version was agreed on.
 * https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-tls
 */
export const tls: SuricataLog = {
  event_type: 'tls',
  map(r): Tls | [Tls, Certificate] {
    const of = r.section('tls');
    const version = versionOf(r.text(of, 'version'));
    const subject = r.text(of, 'subject');
    const issuer = r.text(of, 'issuerdn');
    const fingerprint = r.text(of, 'fingerprint').replaceAll(':', '').toLowerCase();
    const event: Tls = {
      kind: 'tls',
      time: r.time(),
      ...r.flow(),
      ...unplaced,
      version,
      cipher: '',
      server_name: dnsName(r.text(of, 'sni')),
      server_domain: '',
      alpn: r.texts(of, 'server_alpns')[0] ?? r.texts(of, 'client_alpns')[0] ?? '',
      established: version !== '',
      resumed: of.session_resumed === true,
      ja3: r.text(r.section('ja3', of), 'hash'),
      ja3s: r.text(r.section('ja3s', of), 'hash'),
      ja4: r.text(of, 'ja4'),
      subject,
      issuer,
      self_signed: subject !== '' && subject === issuer,
      validation_status: '',
      cert_fingerprints: fingerprint === '' ? [] : [fingerprint],
    };
    if (subject === '' || fingerprint === '') return event;
    return [event, certificateOf(r, of, event, fingerprint)];
  },
};

function certificateOf(r: SuricataRecord, of: JsonObject, event: Tls, fingerprint: string): Certificate {
  return {
    kind: 'certificate',
    time: event.time,
    fingerprint,
    subject: event.subject,
    issuer: event.issuer,
    serial: r.text(of, 'serial').replaceAll(':', '').toUpperCase(),
    not_before: r.toDate('notbefore', of.notbefore),
    not_after: r.toDate('notafter', of.notafter),
    key_type: '',
    key_bits: 0,
    signature_algorithm: '',
    names: r.texts(of, 'subjectaltname').map((name) => name.toLowerCase()),
    self_signed: event.self_signed,
    is_ca: false,
  };
}

/** 'TLS 1.2' and 'TLSv1' as Zeek writes them. */
function versionOf(version: string): string {
  if (version === '' || version.startsWith('UNDETERMINED')) return '';
  if (version === 'TLSv1') return 'TLSv10';
  return version.replace(/^TLS (\d)\.(\d)/, 'TLSv$1$2').replace(/^0x/, 'unknown-0x');
}
