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
    subject: ['tls.server.subject'],
    issuer: ['tls.server.issuer'],
  },
};

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
    if (fieldOf(own, field) !== undefined) continue;
    const value = firstOf(document, places);
    if (value !== undefined) object[field] = value;
  }
  const created = fieldOf(document, 'event.created');
  object.ts ??= typeof created === 'number' ? created : document['@timestamp'];
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

function firstOf(document: JsonObject, places: readonly string[]): unknown {
  for (const place of places) {
    const value = fieldOf(document, place);
    if (value !== undefined && value !== null && objectOf(value) === null) return value;
  }
  return undefined;
}

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
    const part: Record<string, unknown> = { ...objectOf(own[name]) };
    for (const [field, places] of Object.entries(fields)) part[field] ??= firstOf(document, places);
    if (object[name] !== undefined || own.event_type === name) object[name] = part;
  }
  return object;
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
  },
};
