import type { Authentication } from '../schema/event/authentication.ts';
import type { WeirEvent } from '../schema/event/index.ts';

type Flow = Extract<WeirEvent, { uid: string; src_ip: string; src_port: number }>;
type Fields = Record<string, unknown>;

/** Zeek's log of an event; '' when Zeek has none for it (alerts of other engines, sensor figures, SMTP sign-ins). */
export function zeekLogOf(event: WeirEvent): string {
  switch (event.kind) {
    case 'connection':
      return 'conn';
    case 'tls':
      return 'ssl';
    case 'certificate':
      return 'x509';
    case 'mail':
      return 'smtp';
    case 'file':
      return event.action === '' ? 'files' : 'smb_files';
    case 'remote_call':
      return event.protocol === 'smb' ? 'smb_mapping' : 'dce_rpc';
    case 'authentication':
      return ['ssh', 'ntlm', 'kerberos', 'rdp'].includes(event.protocol) ? event.protocol : '';
    case 'external_alert':
      return event.engine === 'zeek' ? (event.type === 'weird' ? 'weird' : 'notice') : '';
    case 'inventory':
      return inventoryLogs[event.type] ?? '';
    case 'dns':
    case 'http':
    case 'ftp':
    case 'dhcp':
      return event.kind;
    case 'icmp_message':
    case 'sensor_stats':
      return '';
  }
}

const inventoryLogs: Readonly<Record<string, string>> = {
  host: 'known_hosts',
  service: 'known_services',
  software: 'software',
};

/**
 * The event as one line of Zeek's JSON log, without the line's end; '' when Zeek has no log for it. Names and units are
 * Zeek's (https://docs.zeek.org/en/master/log-formats.html), `_path` names the log as json-streaming-logs does, and
 * absent fields are left out. Read back it is the same event except for what Zeek does not write: the name asked for on
 * a connection (dst_name), what enrich fills in, and the transport of tls, kerberos, dce_rpc and file records.
 */
export function zeekJson(event: WeirEvent): string {
  const _path = zeekLogOf(event);
  if (_path === '') return '';
  return JSON.stringify({ _path, ts: event.time / 1e6, ...fields(event) });
}

function fields(event: WeirEvent): Fields {
  switch (event.kind) {
    case 'connection':
      return {
        ...flow(event),
        proto: event.transport,
        ip_proto: protocolNumbers[event.transport],
        service: some(event.service),
        duration: some(event.duration_s),
        orig_bytes: some(event.src_bytes),
        resp_bytes: some(event.dst_bytes),
        conn_state: event.conn_state,
        local_orig: event.src_local,
        local_resp: event.dst_local,
        missed_bytes: event.missed_bytes,
        history: some(event.history),
        orig_pkts: event.src_packets,
        orig_ip_bytes: event.src_ip_bytes,
        resp_pkts: event.dst_packets,
        resp_ip_bytes: event.dst_ip_bytes,
        community_id: some(event.community_id),
        vlan: event.vlan === 0 ? undefined : event.vlan,
        orig_l2_addr: some(event.src_mac),
        resp_l2_addr: some(event.dst_mac),
      };
    case 'dns':
      return {
        ...flow(event),
        proto: event.transport,
        trans_id: event.transaction_id,
        rtt: some(event.rtt_s),
        query: event.query,
        qclass: 1,
        qclass_name: 'C_INTERNET',
        qtype: queryTypes[event.query_type],
        qtype_name: some(event.query_type),
        rcode: responseCodes[event.response_code],
        rcode_name: some(event.response_code),
        AA: event.authoritative,
        TC: false,
        RD: true,
        RA: event.response_code !== '',
        Z: 0,
        answers: list(event.answers),
        TTLs: event.answer_ttl_s === null ? undefined : event.answers.map(() => event.answer_ttl_s),
        rejected: event.rejected,
      };
    case 'http':
      return {
        ...flow(event),
        trans_depth: 1,
        method: some(event.method),
        host: some(event.host),
        uri: some(event.uri),
        referrer: some(event.referrer),
        version: some(event.version),
        user_agent: some(event.user_agent),
        request_body_len: event.request_bytes,
        response_body_len: event.response_bytes,
        status_code: event.status_code === 0 ? undefined : event.status_code,
        username: some(event.username),
        proxied: event.proxied === '' ? undefined : event.proxied.split(', '),
        orig_mime_types: list(one(event.request_mime)),
        resp_mime_types: list(one(event.response_mime)),
        tags: [],
      };
    case 'tls':
      return {
        ...flow(event),
        version: some(event.version),
        cipher: some(event.cipher),
        server_name: some(event.server_name),
        resumed: event.resumed,
        next_protocol: some(event.alpn),
        established: event.established,
        cert_chain_fps: list(event.cert_fingerprints),
        subject: some(event.subject),
        issuer: some(event.issuer),
        validation_status: some(event.validation_status),
        ja3: some(event.ja3),
        ja3s: some(event.ja3s),
        ja4: some(event.ja4),
      };
    case 'certificate':
      return {
        fingerprint: event.fingerprint,
        'certificate.version': 3,
        'certificate.serial': event.serial,
        'certificate.subject': event.subject,
        'certificate.issuer': event.issuer,
        'certificate.not_valid_before': event.not_before / 1e6,
        'certificate.not_valid_after': event.not_after / 1e6,
        'certificate.key_type': some(event.key_type),
        'certificate.key_length': event.key_bits,
        'certificate.sig_alg': some(event.signature_algorithm),
        'san.dns': list(event.names),
        'basic_constraints.ca': event.is_ca,
      };
    case 'authentication':
      return { ...flow(event), ...signIn(event) };
    case 'file':
      return event.action === '' ? content(event) : named(event);
    case 'remote_call':
      return event.protocol === 'smb'
        ? { ...flow(event), path: event.path, share_type: event.endpoint }
        : {
            ...flow(event),
            rtt: some(event.rtt_s),
            named_pipe: some(event.path),
            endpoint: event.endpoint,
            operation: event.operation,
          };
    case 'mail':
      return {
        ...flow(event),
        trans_depth: 1,
        helo: some(event.helo),
        mailfrom: some(event.mail_from),
        rcptto: list(event.rcpt_to),
        from: some(event.from),
        to: list(event.to),
        subject: some(event.subject),
        last_reply: some(event.last_reply),
        user_agent: some(event.user_agent),
        tls: event.tls,
        fuids: [],
      };
    case 'ftp':
      return {
        ...flow(event),
        user: some(event.username),
        command: some(event.command),
        arg: some(event.argument),
        reply_code: event.reply_code === 0 ? undefined : event.reply_code,
        reply_msg: some(event.reply),
        file_size: event.file_bytes === 0 ? undefined : event.file_bytes,
      };
    case 'dhcp':
      return {
        uids: list(one(event.uid)),
        client_addr: some(event.client_ip),
        server_addr: some(event.server_ip),
        mac: some(event.mac),
        host_name: some(event.host_name),
        domain: some(event.domain),
        requested_addr: some(event.requested_ip),
        assigned_addr: some(event.assigned_ip),
        lease_time: some(event.lease_s),
        msg_types: event.messages,
        client_software: some(event.vendor),
      };
    case 'external_alert':
      return event.type === 'weird'
        ? {
            ...flow(event),
            name: event.name,
            addl: some(event.message),
            notice: false,
            source: some(event.category),
          }
        : { ...flow(event), proto: some(event.transport), note: event.name, msg: event.message, actions: [] };
    case 'inventory':
      return {
        host: event.host_ip,
        ...(event.type === 'service'
          ? { port_num: event.port, port_proto: event.transport, service: event.name.split(',') }
          : {}),
        ...(event.type === 'software' ? { software_type: event.detail, name: event.name } : {}),
      };
    case 'icmp_message':
    case 'sensor_stats':
      return {};
  }
}

function flow(event: Flow): Fields {
  return {
    uid: some(event.uid),
    'id.orig_h': event.src_ip,
    'id.orig_p': event.src_port,
    'id.resp_h': event.dst_ip,
    'id.resp_p': event.dst_port,
  };
}

function signIn(event: Authentication): Fields {
  const success = event.success === null ? undefined : event.success === 1;
  const [first = '', ...rest] = event.detail.split(' ');
  switch (event.protocol) {
    case 'ssh':
      return {
        version: 2,
        auth_success: success,
        auth_attempts: event.attempts,
        client: some(event.client),
        server: some(event.server),
        cipher_alg: some(event.detail),
        hassh: some(event.fingerprint),
      };
    case 'ntlm':
      return {
        username: some(event.username),
        hostname: some(event.host),
        domainname: some(event.domain),
        server_dns_computer_name: some(event.target),
        success,
        status: some(event.error),
      };
    case 'kerberos':
      return {
        request_type: first,
        client: event.domain === '' ? event.username : `${event.username}/${event.domain}`,
        service: some(event.target),
        success,
        error_msg: some(event.error),
        cipher: some(rest.join(' ')),
      };
    default:
      return {
        cookie: some(event.username),
        result: some(rest.join(' ')),
        security_protocol: some(first),
        client_build: some(event.client),
        client_name: some(event.host),
      };
  }
}

type File = Extract<WeirEvent, { kind: 'file' }>;

function content(event: File): Fields {
  return {
    fuid: event.file_id,
    ...flow(event),
    source: some(event.protocol),
    depth: 0,
    mime_type: some(event.mime),
    filename: some(event.name),
    duration: some(event.duration_s),
    local_orig: event.src_local,
    is_orig: event.sender_ips[0] === event.src_ip,
    seen_bytes: event.seen_bytes,
    total_bytes: event.size_bytes,
    missing_bytes: event.missing_bytes,
    overflow_bytes: 0,
    timedout: false,
    md5: some(event.md5),
    sha1: some(event.sha1),
    sha256: some(event.sha256),
  };
}

function named(event: File): Fields {
  return {
    ...flow(event),
    fuid: some(event.file_id),
    action: event.action,
    path: some(event.path),
    name: some(event.name),
    size: event.size_bytes,
    data_len_rsp: event.seen_bytes === 0 ? undefined : event.seen_bytes,
    'times.modified': event.time / 1e6,
  };
}

/** Absent fields are left out, as Zeek does. */
function some<T>(value: T | null): T | undefined {
  return value === '' || value === null ? undefined : value;
}

function one(text: string): readonly string[] {
  return text === '' ? [] : [text];
}

function list(texts: readonly string[]): readonly string[] | undefined {
  return texts.length === 0 ? undefined : texts;
}

/** https://www.iana.org/assignments/protocol-numbers */
const protocolNumbers: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, sctp: 132 };
/** https://www.iana.org/assignments/dns-parameters */
const queryTypes: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  NULL: 10,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  HTTPS: 65,
};
const responseCodes: Readonly<Record<string, number>> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
};
