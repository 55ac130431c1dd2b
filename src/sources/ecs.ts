import { type JsonObject, objectOf } from './json.ts';

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
  const flat: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(of))
    if (name.startsWith(`${path}.`)) flat[name.slice(path.length + 1)] = value;
  return Object.keys(flat).length > 0 ? flat : null;
}

/** Zeek's field → where the document may have it. */
const everyLog: Readonly<Record<string, readonly string[]>> = {
  uid: ['zeek.session_id'],
  'id.orig_h': ['source.ip', 'source.address'],
  'id.orig_p': ['source.port'],
  'id.resp_h': ['destination.ip', 'destination.address'],
  'id.resp_p': ['destination.port'],
  proto: ['network.transport'],
  community_id: ['network.community_id'],
};
const logs: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  conn: {
    service: ['network.application', 'network.protocol'],
    orig_ip_bytes: ['source.bytes'],
    resp_ip_bytes: ['destination.bytes'],
    orig_pkts: ['source.packets'],
    resp_pkts: ['destination.packets'],
    conn_state: ['zeek.connection.state.code', 'zeek.connection.state'],
    orig_l2_addr: ['source.mac'],
    resp_l2_addr: ['destination.mac'],
    vlan: ['network.vlan.id'],
  },
  dns: {
    query: ['dns.question.name'],
    qtype_name: ['dns.question.type'],
    rcode_name: ['dns.response_code'],
    trans_id: ['dns.id'],
  },
  http: {
    method: ['http.request.method'],
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
    file_size: ['zeek.ftp.file.size'],
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
  const created = fieldOf(document, 'event.created');
  object.ts ??= typeof created === 'number' ? created : document['@timestamp'];
  object._path = path;
  object.duration ??= seconds(fieldOf(document, 'event.duration'));
  if (path === 'dns' && object.answers === undefined) object.answers = answers(document);
  return { path, object };
}

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
function firstOf(document: JsonObject, places: readonly string[], single = false): unknown {
  for (const place of places) {
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
  if (name === null) return partOf(value);
  const parts = new Map(Object.entries(name).map(([part, one]) => [part, partOf(one)] as const));
  const known = Object.keys(nameParts).filter((part) => parts.has(part));
  const others = [...parts.keys()].filter((part) => !known.includes(part)).sort();
  return [...known, ...others]
    .flatMap((part) => {
      const one = parts.get(part)!;
      return one === '' ? [] : [`${nameParts[part] ?? part}=${one.replace(/[,\\]/g, '\\$&')}`];
    })
    .join(',');
}
function partOf(value: unknown): string {
  const one = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return typeof one === 'string' ? one : '';
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
  for (const [field, places] of Object.entries(everyEvent)) object[field] ??= firstOf(document, places);
  object.timestamp ??= document['@timestamp'];
  for (const [name, fields] of Object.entries(parts)) {
    const part: Record<string, unknown> = { ...section(own, name) };
    for (const [field, places] of Object.entries(fields)) part[field] ??= firstOf(document, places);
    if (name === 'dns') part.answers ??= rdataOf(document);
    if (name === 'tls')
      for (const [field, place] of [
        ['ja3', 'tls.client.ja3'],
        ['ja3s', 'tls.server.ja3s'],
      ] as const)
        part[field] ??= { hash: fieldOf(document, place) };
    if (object[name] !== undefined || own.event_type === name) object[name] = part;
  }
  return object;
}

function rdataOf(document: JsonObject): unknown {
  const list = fieldOf(document, 'dns.answers');
  if (!Array.isArray(list)) return undefined;
  return list.map((one) => {
    const { name, type, data, ttl } = objectOf(one) ?? {};
    return { rrname: name, rrtype: type, rdata: data, ttl };
  });
}

const everyEvent: Readonly<Record<string, readonly string[]>> = {
  src_ip: ['source.ip', 'source.address'],
  src_port: ['source.port'],
  dest_ip: ['destination.ip', 'destination.address'],
  dest_port: ['destination.port'],
  proto: ['network.transport'],
  app_proto: ['network.protocol'],
  community_id: ['network.community_id'],
};
/** Parts of an eve.json record whose fields the integration moves away. */
const parts: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  flow: {
    pkts_toserver: ['source.packets'],
    pkts_toclient: ['destination.packets'],
    bytes_toserver: ['source.bytes'],
    bytes_toclient: ['destination.bytes'],
    start: ['event.start'],
    end: ['event.end'],
  },
  alert: {
    signature: ['rule.name', 'message'],
    signature_id: ['rule.id'],
    category: ['rule.category'],
    severity: ['event.severity'],
  },
  dns: {
    rrname: ['dns.question.name'],
    rrtype: ['dns.question.type'],
    rcode: ['dns.response_code'],
    id: ['dns.id'],
  },
  http: {
    hostname: ['url.domain', 'destination.domain'],
    url: ['url.original'],
    http_method: ['http.request.method'],
    http_user_agent: ['user_agent.original'],
    http_refer: ['http.request.referrer'],
    status: ['http.response.status_code'],
    length: ['http.response.body.bytes'],
  },
  tls: {
    sni: ['tls.client.server_name', 'destination.domain'],
    subject: ['tls.server.subject'],
    issuerdn: ['tls.server.issuer'],
    version: ['tls.version'],
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
