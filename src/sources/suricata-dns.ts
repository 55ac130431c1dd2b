import type { Dns } from '../schema/event/dns.ts';
import { joinNotes } from '../schema/set-aside.ts';
import { dnsName, unplaced } from './checked.ts';
import type { JsonObject } from './json.ts';
import { type SuricataRecord, turn } from './suricata-record.ts';

/** What one dns record of eve.json says: a query, a whole answer, or (version 1) one of several answers. */
export interface DnsPart {
  role: 'query' | 'answer' | 'one_answer';
  event: Dns;
  /** joins query and answer */
  key: string;
}

/**
 * dns in its three shapes. Version 1 (Suricata 4): type query, then one record an answer. Version 2 (4.1 to 7): type
 * query, then one record with answers, or grouped by type. Version 3 (8): type request and response with lists.
 * Queries and answers are joined by suricata.ts. https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-dns
 */
export function dnsPart(r: SuricataRecord): DnsPart {
  const dns = r.section('dns');
  const type = r.text(dns, 'type');
  const is_query = type === 'query' || type === 'request';
  const asked = firstObject(dns.queries) ?? firstObject(dns.query) ?? dns;
  const flow = r.flow();
  // Answers name the server first in some versions: who talks from port 53 did not open the connection.
  const turned = !is_query && flow.src_port === 53 && flow.dst_port !== 53;
  const response_code = is_query ? '' : r.text(dns, 'rcode');
  const { answers, ttl, whole } = is_query ? noAnswers : answersOf(r, dns);
  const event: Dns = {
    kind: 'dns',
    time: r.time(),
    ...(turned ? turn(flow) : flow),
    ...unplaced,
    transaction_id: r.code(dns, 'id', 65_535),
    query: dnsName(r.text(asked, 'rrname')),
    query_domain: '',
    generated_score: 0,
    query_type: r.text(asked, 'rrtype'),
    response_code,
    answers,
    answer_ttl_s: ttl,
    rtt_s: null,
    authoritative: dns.aa === true,
    rejected: response_code !== '' && response_code !== 'NOERROR' && response_code !== 'NXDOMAIN',
  };
  const role = is_query ? 'query' : whole ? 'answer' : 'one_answer';
  return { role, event, key: `${event.uid}|${event.transaction_id}|${event.src_ip}|${event.src_port}` };
}

/** A query with the answer to it. */
export function answered(query: Dns, answer: Dns): Dns {
  const whole = {
    ...query,
    response_code: answer.response_code,
    answers: [...query.answers, ...answer.answers].slice(0, mostAnswers),
    answer_ttl_s: least(query.answer_ttl_s, answer.answer_ttl_s),
    rtt_s: query.rtt_s ?? Math.max(0, answer.time - query.time) / 1_000_000,
    authoritative: answer.authoritative,
    rejected: answer.rejected,
  };
  joinNotes(whole, answer);
  return whole;
}

const mostAnswers = 1000;
const noAnswers: { answers: string[]; ttl: number | null; whole: boolean } = {
  answers: [],
  ttl: null,
  whole: true,
};

function least(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}

function answersOf(r: SuricataRecord, dns: JsonObject): typeof noAnswers {
  if (Array.isArray(dns.answers)) {
    let ttl: number | null = null;
    const answers: string[] = [];
    for (const one of dns.answers) {
      if (typeof one !== 'object' || one === null) continue;
      answers.push(dataOf(r, one as JsonObject));
      ttl = least(ttl, r.toSeconds('ttl', (one as JsonObject).ttl));
    }
    return { answers, ttl, whole: true };
  }
  const grouped = r.section('grouped', dns);
  const answers: string[] = [];
  for (const [type, list] of Object.entries(grouped)) {
    for (const one of Array.isArray(list) ? list : [list])
      answers.push(typeof one === 'string' ? one : dataText(type, one));
  }
  if (answers.length > 0 || dns.version !== undefined) return { answers, ttl: null, whole: true };
  if (dns.rdata === undefined && dns.ttl === undefined) return { ...noAnswers, whole: false };
  return { answers: [dataOf(r, dns)], ttl: r.toSeconds('ttl', dns.ttl), whole: false };
}

/** An answer as text: its rdata, or what Suricata writes as an object (SOA, SRV, SSHFP). */
function dataOf(r: SuricataRecord, answer: JsonObject): string {
  if (answer.rdata !== undefined) return r.text(answer, 'rdata');
  const type = r.text(answer, 'rrtype');
  return dataText(type, answer[type.toLowerCase()]);
}

function dataText(type: string, data: unknown): string {
  if (typeof data !== 'object' || data === null) return type;
  const parts = Object.values(data).filter((one) => typeof one === 'string' || typeof one === 'number');
  return [type, ...parts].join(' ');
}

function firstObject(value: unknown): JsonObject | null {
  const one = Array.isArray(value) ? value[0] : null;
  return typeof one === 'object' && one !== null ? (one as JsonObject) : null;
}
