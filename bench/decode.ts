/**
 * How fast log lines become events, on one core: node bench/decode.ts [lines]
 * Made-up lines with the shape of real ones; nothing is stored. `general` is the same conn record with an unknown field,
 * which the quick way for connections does not take.
 */
import type { WeirEvent } from '../src/schema/event/index.ts';
import { formats } from '../src/sources/index.ts';

const lines = Number(process.argv[2] ?? 200_000);
const rounds = 5;

/** Deterministic numbers, so that two runs read the same bytes. */
let state = 1;
function random(below: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;

interface Conn {
  ts: string;
  uid: string;
  src: string;
  sport: number;
  dst: string;
  dport: number;
  proto: string;
  service: string;
  duration: string;
  sent: number;
  got: number;
  state: string;
  history: string;
  packets: number;
}

function conn(i: number): Conn {
  const proto = pick(['tcp', 'tcp', 'udp']);
  return {
    ts: `${1_767_607_200 + Math.floor(i / 100)}.${String(random(1e6)).padStart(6, '0')}`,
    uid: `C${random(2 ** 31).toString(36)}${random(2 ** 31).toString(36)}x`.padEnd(18, 'q'),
    src: `10.20.${random(8)}.${random(255)}`,
    sport: 1024 + random(60_000),
    dst: `${pick([198, 203, 192])}.51.${random(100)}.${random(255)}`,
    dport: pick([443, 53, 80, 22, 445]),
    proto,
    service: proto === 'udp' ? 'dns' : pick(['ssl', 'http', '-']),
    duration: `${random(200)}.${String(random(1e6)).padStart(6, '0')}`,
    sent: random(100_000),
    got: random(1_000_000),
    state: pick(['SF', 'SF', 'S0', 'RSTO']),
    history: pick(['ShADadFf', 'Dd', 'S', 'ShADadR']),
    packets: random(200),
  };
}

function connTsv(): string {
  const rows = [
    '#separator \\x09',
    '#set_separator\t,',
    '#empty_field\t(empty)',
    '#unset_field\t-',
    '#path\tconn',
    '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents',
  ];
  for (let i = 0; i < lines; i++) {
    const c = conn(i);
    rows.push(
      [
        c.ts,
        c.uid,
        c.src,
        c.sport,
        c.dst,
        c.dport,
        c.proto,
        c.service,
        c.duration,
        c.sent,
        c.got,
        c.state,
        'T\tF',
        0,
        c.history,
        c.packets,
        c.sent + 40 * c.packets,
        c.packets,
        c.got + 40 * c.packets,
        '-',
      ].join('\t'),
    );
  }
  return `${rows.join('\n')}\n`;
}

function connJson(extra = ''): string {
  const rows: string[] = [];
  for (let i = 0; i < lines; i++) {
    const c = conn(i);
    const service = c.service === '-' ? '' : `"service":"${c.service}",`;
    // durations as Zeek writes them: all the digits of a double
    rows.push(
      `{"ts":${c.ts},"uid":"${c.uid}","id.orig_h":"${c.src}","id.orig_p":${c.sport},"id.resp_h":"${c.dst}","id.resp_p":${c.dport},"proto":"${c.proto}",${service}"duration":${c.duration}${random(9)}48242${random(9)}7,"orig_bytes":${c.sent},"resp_bytes":${c.got},"conn_state":"${c.state}","local_orig":true,"local_resp":false,"missed_bytes":0,"history":"${c.history}","orig_pkts":${c.packets},"orig_ip_bytes":${c.sent + 40 * c.packets},"resp_pkts":${c.packets},"resp_ip_bytes":${c.got + 40 * c.packets}${extra}}`,
    );
  }
  return `${rows.join('\n')}\n`;
}

function dnsJson(): string {
  const rows: string[] = [];
  for (let i = 0; i < lines; i++) {
    const c = conn(i);
    rows.push(
      `{"ts":${c.ts},"uid":"${c.uid}","id.orig_h":"${c.src}","id.orig_p":${c.sport},"id.resp_h":"10.20.0.1","id.resp_p":53,"proto":"udp","trans_id":${random(65_536)},"rtt":0.00${random(9000)}17,"query":"host${random(5000)}.example.org","qclass":1,"qclass_name":"C_INTERNET","qtype":1,"qtype_name":"A","rcode":0,"rcode_name":"NOERROR","AA":false,"TC":false,"RD":true,"RA":true,"Z":0,"answers":["${c.dst}"],"TTLs":[300.0],"rejected":false}`,
    );
  }
  return `${rows.join('\n')}\n`;
}

function eveFlow(): string {
  const rows: string[] = [];
  for (let i = 0; i < lines; i++) {
    const c = conn(i);
    const at = `2026-01-05T10:${String(random(60)).padStart(2, '0')}:${String(random(60)).padStart(2, '0')}.${String(random(1e6)).padStart(6, '0')}+0000`;
    rows.push(
      `{"timestamp":"${at}","flow_id":${i + 1e12},"in_iface":"eth0","event_type":"flow","src_ip":"${c.src}","src_port":${c.sport},"dest_ip":"${c.dst}","dest_port":${c.dport},"proto":"${c.proto.toUpperCase()}","app_proto":"tls","flow":{"pkts_toserver":${c.packets},"pkts_toclient":${c.packets},"bytes_toserver":${c.sent + 54 * c.packets},"bytes_toclient":${c.got + 54 * c.packets},"start":"${at}","end":"${at}","age":1,"state":"closed","reason":"timeout","alerted":false},"tcp":{"tcp_flags":"1b","tcp_flags_ts":"1b","tcp_flags_tc":"1b","syn":true,"fin":true,"psh":true,"ack":true,"state":"closed"}}`,
    );
  }
  return `${rows.join('\n')}\n`;
}

function measure(name: string, id: string, text: string): void {
  const bytes = Buffer.from(text);
  const format = formats.find((one) => one.id === id)!;
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    let events = 0;
    let checksum = 0;
    const sink = {
      event: (event: WeirEvent) => {
        events++;
        checksum += event.time % 7;
      },
      filtered: () => {},
      rejected: (reason: string) => {
        throw new Error(reason);
      },
    };
    const decoder = format.open('bench', sink, { latest_time: Number.MAX_SAFE_INTEGER, keep_raw: false });
    const start = performance.now();
    for (let at = 0; at < bytes.length; at += 1024 * 1024) decoder.push(bytes.subarray(at, at + 1024 * 1024));
    decoder.end();
    rates.push(events / (performance.now() - start));
    if (events !== lines || !Number.isFinite(checksum))
      throw new Error(`${name}: ${events} events of ${lines} lines`);
  }
  rates.sort((a, b) => a - b);
  const median = rates[Math.floor(rounds / 2)]!;
  const megabytes = (median * 1000 * bytes.length) / lines / 1e6;
  console.log(`${name.padEnd(28)} ${Math.round(median)}k lines/s  ${Math.round(megabytes)} MB/s`);
}

measure('zeek conn, TSV', 'zeek_tsv', connTsv());
measure('zeek conn, JSON', 'zeek_json', connJson());
measure('zeek conn, JSON, general', 'zeek_json', connJson(',"extra":1'));
measure('zeek dns, JSON', 'zeek_json', dnsJson());
measure('suricata flow', 'suricata_eve', eveFlow());
