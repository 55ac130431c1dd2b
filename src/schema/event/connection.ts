import { f64, nullable, type RecordOf, table, text, u16, u64, word } from '../table.ts';
import { flow, placed, when } from './shared.ts';

/** One network connection. Meaning of the columns: https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html */
export const connection = table(
  'connection',
  'One network connection (or UDP exchange, ICMP request), as metered by Weir or reported by a sensor.',
  {
    ...when,
    ...flow,
    ...placed,
    community_id: text('Community ID v1 with seed 0, the same for the same flow in every tool'),
    service: word(
      "application protocol seen in the payload (dns, http, ssl, ssh, ...), comma-separated when several, '' when not recognised",
    ),
    duration_s: nullable(f64('first to last packet, in seconds; null: not known, or one packet')),
    src_bytes: nullable(
      u64('payload bytes sent by src; null: the sensor did not count them and they are not known to be 0'),
    ),
    dst_bytes: nullable(u64('payload bytes sent by dst; null: as of src_bytes')),
    src_packets: u64('packets sent by src'),
    dst_packets: u64('packets sent by dst'),
    src_ip_bytes: u64('IP-level bytes sent by src, headers included'),
    dst_ip_bytes: u64('IP-level bytes sent by dst, headers included'),
    missed_bytes: u64('payload bytes the sensor did not see (content gaps)'),
    conn_state: word(
      'S0, S1, SF, REJ, S2, S3, RSTO, RSTR, RSTOS0, RSTRH, SH, SHR, OTH, as Zeek defines them',
    ),
    history: word('what happened, one letter an event, upper case from src, as Zeek defines it'),
    vlan: u16('VLAN id, 0: none'),
    src_mac: word("link-layer address, '' when not known"),
    dst_mac: word("link-layer address, '' when not known"),
    outcome: word(
      'how it ended for src: answered, refused, unanswered, one_sided (the other direction spoke but is not seen), unknown; filled in by enrich/',
    ),
    orientation: word(
      'how sure it is that src opened it: seen (its first packet), inferred (from an answer or from the ports), unknown; filled in by enrich/',
    ),
    dst_name: text("name the client asked for on this connection (SNI, HTTP host), '' when not known"),
  },
);
export type Connection = RecordOf<typeof connection>;
