import type { Dns } from '../schema/event/dns.ts';
import { unplaced } from './checked.ts';
import { flowOf, type ZeekLog, type ZeekRecord } from './zeek.ts';

/** https://docs.zeek.org/en/master/scripts/base/protocols/dns/main.zeek.html */
export const dns: ZeekLog = {
  path: 'dns',
  map(r): Dns {
    return {
      kind: 'dns',
      time: r.time(),
      ...flowOf(r, r.text('proto')),
      ...unplaced,
      transaction_id: r.code('trans_id', 65_535),
      query: r.dnsName('query'),
      query_domain: '',
      generated_score: 0,
      query_type: queryType(r),
      response_code: r.text('rcode_name') || codeName(r.count('rcode')),
      answers: r.texts('answers'),
      answer_ttl_s: smallest(r, r.values.list('TTLs')),
      rtt_s: r.seconds('rtt'),
      authoritative: r.bool('AA') ?? false,
      rejected: r.bool('rejected') ?? false,
    };
  },
};

/** Zeek writes * for ANY and query-N for types it has no name for. */
function queryType(r: ZeekRecord): string {
  const name = r.text('qtype_name');
  if (name === '*') return 'ANY';
  if (name.startsWith('query-')) return `TYPE${name.slice(6)}`;
  if (name !== '') return name;
  const number = r.count('qtype');
  return number === null ? '' : `TYPE${number}`;
}

function smallest(r: ZeekRecord, ttls: unknown): number | null {
  if (!Array.isArray(ttls)) return r.toSeconds('TTLs', ttls);
  let least: number | null = null;
  for (const one of ttls) {
    const ttl = r.toSeconds('TTLs', one);
    if (ttl !== null && (least === null || ttl < least)) least = ttl;
  }
  return least;
}

/** Names of response codes as Zeek writes them, for records with the number alone (RFC 6895, 2.3). */
const codeNames = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

function codeName(code: number | null): string {
  return code === null ? '' : (codeNames[code] ?? `code ${code}`);
}
