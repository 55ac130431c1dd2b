import { bool, f64, nullable, type RecordOf, table, text, texts, u16, word } from '../table.ts';
import { flow, placed, when } from './shared.ts';

export const dns = table('dns', 'One DNS query with its answer, when there was one.', {
  ...when,
  ...flow,
  ...placed,
  transaction_id: u16('DNS message id'),
  query: text("name asked for, lower case, without the closing dot; '' for the root"),
  query_domain: text(
    "registered domain of the query by the public suffix list; '' when it has none (filled in by enrich)",
  ),
  generated_score: f64(
    '0..1, how much the registered domain looks made up by a program (filled in by enrich, 0 from a parser)',
  ),
  query_type: word('A, AAAA, TXT, ..., or TYPE65535'),
  response_code: word("NOERROR, NXDOMAIN, SERVFAIL, ...; '' when no answer was seen"),
  answers: texts('answers as text: addresses, names, TXT strings'),
  answer_ttl_s: nullable(f64('smallest time to live among the answers, in seconds; null: no answers')),
  rtt_s: nullable(f64('seconds from query to answer; null: no answer seen')),
  authoritative: bool('AA flag of the answer'),
  rejected: bool('the server refused or failed'),
});
export type Dns = RecordOf<typeof dns>;
