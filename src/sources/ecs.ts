import { deepest, type JsonObject, objectOf } from './json.ts';

/**
 * Documents of the Elastic Common Schema that Filebeat's and Elastic Agent's Zeek and Suricata integrations make, turned
 * back into the records they were made of. Where the original text is in the document it is read instead.
 * https://www.elastic.co/guide/en/beats/filebeat/current/filebeat-module-zeek.html (connection.yml and its like say which
 * field went where), https://www.elastic.co/guide/en/beats/filebeat/current/filebeat-module-suricata.html
 */

/** 'a.b' in a document, whether it is written { a: { b } } or 'a.b'. */
export function fieldOf(of: JsonObject, path: string): unknown {
  if (of[path] !== undefined) return of[path];
  const names = path.split('.');
  let at: JsonObject | null = of;
  for (let from = 0; at !== null; ) {
    // the longest name first: 'a.b' before 'a'
    let to = names.length;
    while (to > from && at[names.slice(from, to).join('.')] === undefined) to--;
    if (to === from) return undefined;
    const value: unknown = at[names.slice(from, to).join('.')];
    if (to === names.length) return value;
    at = objectOf(value);
    from = to;
  }
  return undefined;
}

/** The object at 'a.b', made of the fields 'a.b.c' where the document is flat; null when there is none. */
function section(of: JsonObject, path: string): JsonObject | null {
  const nested = objectOf(fieldOf(of, path));
  if (nested !== null) return nested;
  // without a prototype: a field may be called __proto__
  const made: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(of))
    if (name.startsWith(`${path}.`)) putAt(made, name.slice(path.length + 1).split('.'), value);
  return Object.keys(made).length > 0 ? made : null;
}

/** Puts a value at { a: { b } }; what lies too deep, or where another value is, is left out. */
function putAt(top: Record<string, unknown>, names: readonly string[], value: unknown): void {
  if (names.length > deepest) return;
  let at = top;
  for (const name of names.slice(0, -1)) {
    at[name] ??= Object.create(null);
    const next = objectOf(at[name]);
    if (next === null) return;
    at = next as Record<string, unknown>;
  }
  at[names.at(-1)!] ??= value;
}

/** Where a document may have a field: a path, or what reads it where its form is another. */
type Place = string | ((document: JsonObject) => unknown);
/** Field of the record → where the document may have it; the first place that has it counts. */
type Moves = Readonly<Record<string, readonly Place[]>>;

/** Link-layer addresses have dashes in the Elastic Common Schema. */
function mac(path: string): Place {
  return (document) => {
    const value = fieldOf(document, path);
    return typeof value === 'string' ? value.replaceAll('-', ':') : undefined;
  };
}

/** Until version 1.6 of the Elastic Common Schema methods were written in small letters. */
function method(document: JsonObject): unknown {
  const value = fieldOf(document, 'http.request.method');
  return typeof value === 'string' && value === value.toLowerCase() ? value.toUpperCase() : value;
}

const everyLog: Moves = {
  uid: ['zeek.session_id'],
  'id.orig_h': ['source.ip', 'source.address'],
  'id.orig_p': ['source.port', 'zeek.connection.icmp.type'],
  'id.resp_h': ['destination.ip', 'destination.address'],
  'id.resp_p': ['destination.port', 'zeek.connection.icmp.code'],
  proto: ['network.transport'],
  community_id: ['network.community_id'],
};
const logs: Readonly<Record<string, Moves>> = {
  conn: {
    service: ['network.application', 'network.protocol'],
    orig_ip_bytes: ['source.bytes'],
    resp_ip_bytes: ['destination.bytes'],
    orig_pkts: ['source.packets'],
    resp_pkts: ['destination.packets'],
    conn_state: ['zeek.connection.state.code', 'zeek.connection.state'],
    orig_l2_addr: [mac('source.mac')],
    resp_l2_addr: [mac('destination.mac')],
    vlan: ['network.vlan.id'],
  },
  dns: {
    query: ['dns.question.name'],
    qtype_name: ['dns.question.type'],
    rcode_name: ['dns.response_code'],
    trans_id: ['dns.id'],
  },
  http: {
    method: [method],
    host: ['url.domain', 'destination.domain'],
    uri: ['url.original'],
    version: ['http.version'],
    user_agent: ['user_agent.original'],
    referrer: ['http.request.referrer'],
    status_code: ['http.response.status_code'],
    request_body_len: ['http.request.body.bytes'],
    response_body_len: ['http.response.body.bytes'],
    username: ['url.username'],
  },
  ssl: {
    server_name: ['tls.client.server_name', 'zeek.ssl.server.name', 'zeek.ssl.server_name'],
    cipher: ['tls.cipher'],
    established: ['tls.established'],
    resumed: ['tls.resumed'],
    next_protocol: ['tls.next_protocol'],
    ja3: ['tls.client.ja3'],
    ja3s: ['tls.server.ja3s'],
    subject: ['tls.server.subject', 'zeek.ssl.server.subject'],
    issuer: ['tls.server.issuer', 'zeek.ssl.server.issuer'],
    cert_chain_fuids: ['zeek.ssl.server.cert_chain_fuids'],
    cert_chain_fps: ['zeek.ssl.server.cert_chain_fps'],
    validation_status: ['zeek.ssl.validation.status'],
  },
  x509: {
    id: ['zeek.session_id'],
    'certificate.subject': ['zeek.x509.certificate.subject', 'file.x509.subject'],
    'certificate.issuer': ['zeek.x509.certificate.issuer', 'file.x509.issuer'],
    'certificate.serial': ['zeek.x509.certificate.serial', 'file.x509.serial_number'],
    'certificate.not_valid_before': ['zeek.x509.certificate.valid.from', 'file.x509.not_before'],
    'certificate.not_valid_after': ['zeek.x509.certificate.valid.until', 'file.x509.not_after'],
    'certificate.key_type': ['zeek.x509.certificate.key.type'],
    'certificate.key_length': ['zeek.x509.certificate.key.length', 'file.x509.public_key_size'],
    'certificate.sig_alg': ['zeek.x509.certificate.signature_algorithm'],
    'basic_constraints.ca': ['zeek.x509.basic_constraints.certificate_authority'],
    'san.dns': ['file.x509.alternative_names'],
  },
  files: {
    tx_hosts: ['zeek.files.tx_host', 'server.ip'],
    rx_hosts: ['zeek.files.rx_host', 'client.ip'],
    conn_uids: ['zeek.files.session_ids'],
    md5: ['file.hash.md5'],
    sha1: ['file.hash.sha1'],
    sha256: ['file.hash.sha256'],
    mime_type: ['file.mime_type'],
    filename: ['file.name'],
    total_bytes: ['file.size'],
  },
  ssh: {
    auth_success: ['zeek.ssh.auth.success'],
    auth_attempts: ['zeek.ssh.auth.attempts'],
    cipher_alg: ['zeek.ssh.algorithm.cipher'],
  },
  kerberos: { error_msg: ['zeek.kerberos.error.msg'] },
  ntlm: {
    domainname: ['zeek.ntlm.domain'],
    server_nb_computer_name: ['zeek.ntlm.server.name.netbios', 'zeek.ntlm.server.nb_name'],
    server_dns_computer_name: ['zeek.ntlm.server.name.dns', 'zeek.ntlm.server.dns_name'],
    server_tree_name: ['zeek.ntlm.server.name.tree', 'zeek.ntlm.server.tree_name'],
  },
  smtp: {
    mailfrom: ['zeek.smtp.mail_from'],
    rcptto: ['zeek.smtp.rcpt_to'],
    trans_depth: ['zeek.smtp.transaction_depth'],
  },
  ftp: {
    user: ['user.name'],
    reply_code: ['zeek.ftp.reply.code'],
    reply_msg: ['zeek.ftp.reply.msg'],
    file_size: ['zeek.ftp.file.size', 'file.size'],
    mime_type: ['zeek.ftp.file.mime_type'],
  },
  rdp: {
    client_build: ['zeek.rdp.client.build'],
    client_name: ['zeek.rdp.client.name'],
    encryption_level: ['zeek.rdp.encryption.level'],
  },
  dhcp: {
    uids: ['zeek.session_id'],
    mac: ['zeek.dhcp.address.mac'],
    client_addr: ['zeek.dhcp.address.client'],
    server_addr: ['zeek.dhcp.address.server'],
    assigned_addr: ['zeek.dhcp.address.assigned'],
    requested_addr: ['zeek.dhcp.address.requested'],
    host_name: ['zeek.dhcp.hostname'],
    client_fqdn: ['zeek.dhcp.client_fqdn'],
    client_software: ['zeek.dhcp.software.client'],
    msg_types: ['zeek.dhcp.msg.types'],
  },
  notice: {
    src: ['source.ip', 'source.address'],
    dst: ['destination.ip', 'destination.address'],
    p: ['destination.port'],
  },
  weird: { addl: ['zeek.weird.additional_info'] },
  tunnel: { tunnel_type: ['zeek.tunnel.type'] },
  sip: {
    method: ['zeek.sip.sequence.method', 'event.action'],
    request_from: ['zeek.sip.request.from'],
    request_to: ['zeek.sip.request.to'],
    status_code: ['zeek.sip.status.code'],
    status_msg: ['zeek.sip.status.msg'],
  },
  known_hosts: { host: ['host.ip', 'source.ip'] },
  known_services: {
    host: ['host.ip', 'server.ip'],
    port_num: ['server.port'],
    port_proto: ['network.transport'],
    service: ['network.application'],
  },
  known_certs: {
    host: ['host.ip', 'server.ip'],
    port_num: ['server.port'],
    subject: ['tls.server.subject'],
    issuer_subject: ['tls.server.issuer'],
    serial: ['tls.server.x509.serial_number'],
  },
  software: {
    host: ['host.ip', 'source.ip', 'server.ip'],
    software_type: ['zeek.software.type'],
    'version.addl': ['zeek.software.version.additional'],
    unparsed_version: ['zeek.software.version.full'],
  },
  stats: {
    mem: ['zeek.stats.memory'],
    pkts_proc: ['zeek.stats.packets.processed'],
    pkts_dropped: ['zeek.stats.packets.dropped'],
    pkts_link: ['zeek.stats.packets.received'],
    pkt_lag: ['zeek.stats.timestamp_lag'],
    bytes_recv: ['zeek.stats.bytes.received'],
    events_proc: ['zeek.stats.events.processed'],
    events_queued: ['zeek.stats.events.queued'],
    tcp_conns: ['zeek.stats.connections.tcp.count'],
    active_tcp_conns: ['zeek.stats.connections.tcp.active'],
    udp_conns: ['zeek.stats.connections.udp.count'],
    active_udp_conns: ['zeek.stats.connections.udp.active'],
    icmp_conns: ['zeek.stats.connections.icmp.count'],
    active_icmp_conns: ['zeek.stats.connections.icmp.active'],
    timers: ['zeek.stats.timers.count'],
    active_timers: ['zeek.stats.timers.active'],
    files: ['zeek.stats.files.count'],
    active_files: ['zeek.stats.files.active'],
    dns_requests: ['zeek.stats.dns_requests.count'],
    active_dns_requests: ['zeek.stats.dns_requests.active'],
    reassem_tcp_size: ['zeek.stats.reassembly_size.tcp'],
    reassem_file_size: ['zeek.stats.reassembly_size.file'],
    reassem_frag_size: ['zeek.stats.reassembly_size.frag'],
    reassem_unknown_size: ['zeek.stats.reassembly_size.unknown'],
  },
};
/** Fields that a document has as a list of one, or as an object of its own, where the record has a text. */
const single = new Set(['host', 'subject', 'issuer', 'certificate.subject', 'certificate.issuer']);

/** A Zeek record with the log it is of. */
export interface ZeekDocument {
  readonly path: string;
  readonly object: JsonObject;
}

/** The Zeek record that a document was made of, or null. */
export function zeekOf(document: JsonObject): ZeekDocument | null {
  const name = dataset(document, 'zeek');
  if (name === '') return null;
  const path = name === 'connection' ? 'conn' : name;
  const own = section(document, `zeek.${name}`) ?? {};
  const object: Record<string, unknown> = { ...own };
  for (const [field, places] of [...Object.entries(everyLog), ...Object.entries(logs[path] ?? {})]) {
    const had = fieldOf(own, field);
    if (had !== undefined && had !== null && objectOf(had) === null) continue;
    const value = firstOf(document, places, single.has(field));
    if (value !== undefined) object[field] = value;
  }
  object.ts ??= zeeksTime(document) ?? document['@timestamp'];
  object._path ??= path;
  object.duration ??= seconds(fieldOf(document, 'event.duration'));
  if (path === 'dns' && object.answers === undefined) object.answers = answers(document);
  return { path, object };
}

/**
 * The first versions of Filebeat's module put Zeek's own time, in seconds, into event.created. Ever since it is when the
 * document was made; exports may write that as a number too, in milliseconds.
 */
function zeeksTime(document: JsonObject): unknown {
  const created = fieldOf(document, 'event.created');
  return typeof created === 'number' && created < mostSeconds ? created : undefined;
}
const mostSeconds = 1e11;

/** 'connection' of a document of zeek.connection. */
function dataset(document: JsonObject, module: string): string {
  const named = fieldOf(document, 'event.dataset') ?? fieldOf(document, 'data_stream.dataset');
  if (typeof named === 'string' && named.startsWith(`${module}.`)) return named.slice(module.length + 1);
  const fileset = fieldOf(document, 'fileset.name');
  if (fieldOf(document, 'event.module') === module && typeof fileset === 'string') return fileset;
  const own = objectOf(document[module]);
  const names = own === null ? [] : Object.keys(own).filter((name) => objectOf(own[name]) !== null);
  return names.length === 1 ? names[0]! : '';
}

/** `single`: what is wanted is one text, whatever form it has. */
function firstOf(document: JsonObject, places: readonly Place[], single = false): unknown {
  for (const place of places) {
    if (typeof place !== 'string') {
      const made = place(document);
      if (made !== undefined && made !== null) return made;
      continue;
    }
    const value = fieldOf(document, place) ?? (single ? section(document, place) : null);
    if (value === undefined || value === null) continue;
    const plain = single ? textOf(value) : objectOf(value) === null ? value : '';
    if (plain !== '') return plain;
  }
  return undefined;
}

/** The one text of a list of one, or a distinguished name put together again (RFC 4514, most specific first); '' for anything else. */
function textOf(value: unknown): string {
  const name = objectOf(value);
  if (name === null) {
    const texts = textsOf(value);
    return texts.length === 1 ? texts[0]! : '';
  }
  const known = Object.keys(nameParts).filter((part) => name[part] !== undefined);
  const others = Object.keys(name).filter((part) => nameParts[part] === undefined);
  return [...known, ...others.sort()]
    .flatMap((part) =>
      textsOf(name[part]).map((one) => `${nameParts[part] ?? part}=${one.replace(/[,\\]/g, '\\$&')}`),
    )
    .join(',');
}
function textsOf(value: unknown): string[] {
  const texts = Array.isArray(value) ? value : [value];
  return texts.filter((one): one is string => typeof one === 'string' && one !== '');
}
const nameParts: Readonly<Record<string, string>> = {
  common_name: 'CN',
  organizational_unit: 'OU',
  organization: 'O',
  locality: 'L',
  state: 'ST',
  state_or_province: 'ST',
  country: 'C',
};

/**
 * event.duration is in nanoseconds once the ingest pipeline was there, before it what Zeek wrote: seconds. Zeek counts
 * microseconds, so that whole numbers from 1,000 on are nanoseconds.
 */
function seconds(value: unknown): unknown {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1000 ? value / 1e9 : value;
}

function answers(document: JsonObject): unknown {
  const list = fieldOf(document, 'dns.answers');
  if (Array.isArray(list)) return list.map((one) => objectOf(one)?.data).filter((one) => one !== undefined);
  return fieldOf(document, 'dns.resolved_ip');
}

/** The eve.json record that a document was made of, or null. */
export function suricataOf(document: JsonObject): JsonObject | null {
  const own = section(document, 'suricata.eve');
  if (own === null || typeof own.event_type !== 'string') return null;
  const object: Record<string, unknown> = { ...own };
  fill(object, everyEvent, document);
  object.timestamp ??= document['@timestamp'];
  for (const [name, moves] of Object.entries(parts)) {
    if (own[name] === undefined && own.event_type !== name) continue;
    const part: Record<string, unknown> = { ...objectOf(own[name]) };
    fill(part, moves, document);
    object[name] = part;
  }
  return object;
}

/** Fills in what a part of a record lacks. */
function fill(part: Record<string, unknown>, moves: Moves, document: JsonObject): void {
  for (const [field, places] of Object.entries(moves)) {
    const had = fieldOf(part, field);
    if (had !== undefined && had !== null) continue;
    const value = firstOf(document, places);
    if (value === undefined) continue;
    const [name = '', child] = field.split('.');
    part[name] = child === undefined ? value : { ...objectOf(part[name]), [child]: value };
  }
}

/**
 * Answers of version 2 and later, which were moved away. The one answer of a record of version 1 is still where it was:
 * as a list it would be taken for all there are.
 */
function answersMoved(document: JsonObject): unknown {
  const list = fieldOf(document, 'dns.answers');
  const stayed = ['rdata', 'ttl'].some((one) => fieldOf(document, `suricata.eve.dns.${one}`) !== undefined);
  if (!Array.isArray(list) || stayed) return undefined;
  const moved = list.flatMap((one) => {
    const { name, type, data, ...rest } = objectOf(one) ?? {};
    return type === undefined ? [] : [{ ...rest, rrname: name, rrtype: type, rdata: data }];
  });
  return moved.length > 0 ? moved : undefined;
}

function headerFlags(document: JsonObject): readonly unknown[] | undefined {
  const flags = fieldOf(document, 'dns.header_flags');
  return Array.isArray(flags) ? flags : undefined;
}

/** 'TLS 1.2', of which the document has made two fields. */
function tlsVersion(document: JsonObject): unknown {
  const version = fieldOf(document, 'tls.version');
  const protocol = fieldOf(document, 'tls.version_protocol') ?? 'tls';
  return version === undefined ? undefined : `${String(protocol).toUpperCase()} ${String(version)}`;
}

/** What Suricata did is one of several words there. */
function action(document: JsonObject): unknown {
  const types = [fieldOf(document, 'event.type')].flat();
  return types.includes('denied') ? 'blocked' : types.includes('allowed') ? 'allowed' : undefined;
}

const everyEvent: Moves = {
  src_ip: ['source.ip', 'source.address'],
  src_port: ['source.port'],
  dest_ip: ['destination.ip', 'destination.address'],
  dest_port: ['destination.port'],
  proto: ['network.transport'],
  app_proto: ['network.protocol'],
  community_id: ['network.community_id'],
  'ether.src_mac': [mac('source.mac')],
  'ether.dest_mac': [mac('destination.mac')],
};
/** Parts of an eve.json record whose fields the integration moves away. */
const parts: Readonly<Record<string, Moves>> = {
  flow: {
    pkts_toserver: ['source.packets'],
    pkts_toclient: ['destination.packets'],
    bytes_toserver: ['source.bytes'],
    bytes_toclient: ['destination.bytes'],
    start: ['event.start'],
    end: ['event.end'],
  },
  alert: {
    signature: ['rule.name'],
    signature_id: ['rule.id'],
    category: ['rule.category'],
    severity: ['event.severity'],
    action: [action],
    'metadata.mitre_technique_id': ['threat.technique.id'],
  },
  dns: {
    rrname: ['dns.question.name'],
    rrtype: ['dns.question.type'],
    rcode: ['dns.response_code'],
    id: ['dns.id'],
    answers: [answersMoved],
    // records of version 1 have no flags
    version: [(document) => headerFlags(document) && 2],
    aa: [(document) => headerFlags(document)?.includes('AA')],
  },
  http: {
    hostname: ['url.domain', 'destination.domain'],
    url: ['url.original'],
    http_method: [method],
    http_user_agent: ['user_agent.original'],
    http_refer: ['http.request.referrer'],
    status: ['http.response.status_code'],
    length: ['http.response.body.bytes'],
  },
  tls: {
    sni: ['tls.client.server_name', 'destination.domain'],
    subject: ['tls.server.subject'],
    issuerdn: ['tls.server.issuer'],
    version: [tlsVersion],
    'ja3.hash': ['tls.client.ja3'],
    'ja3s.hash': ['tls.server.ja3s'],
    fingerprint: ['tls.server.hash.sha1'],
    notbefore: ['tls.server.not_before'],
    notafter: ['tls.server.not_after'],
  },
  fileinfo: {
    filename: ['file.path', 'file.name'],
    size: ['file.size'],
    md5: ['file.hash.md5'],
    sha1: ['file.hash.sha1'],
    sha256: ['file.hash.sha256'],
  },
};
