import { count, counted, pValueWords, share } from '../base/format.ts';
import type { Style } from '../base/terminal.ts';
import type { Severity } from '../schema/detector.ts';
import type { Evidence, Finding } from '../schema/finding.ts';
import type { Role } from '../schema/role.ts';
import type { Vantage } from '../schema/vantage.ts';

/** Words that more than one text needs. Nothing here is escaped: that is done where a text is put together. */

export const severity_label: Record<Severity, string> = {
  informational: 'info',
  low: 'low',
  medium: 'medium',
  high: 'high',
  critical: 'critical',
};

export const severity_style: Record<Severity, Style> = {
  informational: 'dim',
  low: 'cyan',
  medium: 'yellow',
  high: 'red',
  critical: 'red',
};

/** An address with its port: 10.0.0.7:443, [2001:db8::1]:443; port 0 is left out. */
export function endpoint(ip: string, port: string | number | undefined): string {
  if (port === undefined || port === '' || port === 0) return ip;
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** Grain columns that say where to, best first. */
const places = ['dst_name', 'query_domain', 'server_name', 'host', 'domain'];
const addresses = new Set(['src_ip', 'dst_ip', 'dst_port', 'src_port', 'transport', ...places]);

/** Whom a finding is about, on one line: "10.0.0.7 → 1.2.3.4:443", "10.0.0.7 → tcp/445", "10.0.0.7 ssh". */
export function who(entity: Finding['entity']): string {
  const text = (name: string): string => String(entity[name] ?? '');
  const port = entity.dst_port;
  const has_port = port !== undefined && port !== 0 && port !== '' && text('transport') !== 'icmp';
  const from = text('src_ip');
  const name = places.map(text).find((one) => one !== '') ?? '';
  let to = '';
  if (name !== '') to = has_port ? `${name}:${port}` : name;
  else if (text('dst_ip') !== '') to = endpoint(text('dst_ip'), has_port ? port : undefined);
  else if (has_port) to = `${text('transport') || 'port'}/${port}`;
  else if (text('transport') !== '') to = text('transport');
  const others = Object.entries(entity)
    .filter(([key, value]) => !addresses.has(key) && value !== '')
    .map(([, value]) => String(value));
  const head = from !== '' && to !== '' ? `${from} → ${to}` : from || to;
  return [head, ...others].filter((one) => one !== '').join(' ');
}

/** The two ends of an event: "10.0.0.7:49152 → 1.2.3.4:443"; '' when it has none. */
export function ends(one: Evidence): string {
  // What stands there of ICMP is its type.
  const icmp = /^icmp\b/.test(one.says);
  const from = one.src_ip === '' ? '' : endpoint(one.src_ip, icmp ? 0 : one.src_port);
  const to = one.dst_ip === '' ? '' : endpoint(one.dst_ip, icmp ? 0 : one.dst_port);
  return from !== '' && to !== '' ? `${from} → ${to}` : from || to;
}

const capture = /\.(?:pcap|pcapng|cap|dmp)(?:\.(?:gz|zst))?$/i;

/** A file as it is told; - is standard input. */
export function fileWords(file: string): string {
  return file === '-' ? 'standard input' : file;
}

/** Where an event was read: "conn.log:1234"; what stands in a capture has the number of its packet: "office.pcap, packet 7". */
export function place(one: Evidence): string {
  const { file, line } = one;
  if (line <= 0) return fileWords(file);
  const in_capture = one.source === undefined ? capture.test(file) : /^pcap/.test(one.source);
  if (file === '-') return `${in_capture ? 'packet' : 'line'} ${count(line)} of ${fileWords(file)}`;
  return in_capture ? `${file}, packet ${line}` : `${file}:${line}`;
}

/** What a p-value means, as a sentence. */
export function chance(p_value: number): string {
  const often = pValueWords(p_value);
  if (often === 'nearly always') return 'This happens nearly always when nothing is wrong.';
  return often.startsWith('less')
    ? 'When nothing is wrong, fewer than 1 window in a billion is this strange.'
    : `When nothing is wrong, ${often} windows is this strange.`;
}

/** "10.1.2.5 resolver (answers 14 hosts, 4,212 names)" */
export function roleWords({ host, title, evidence }: Role): string {
  return `${host} ${title} (${evidence})`;
}

/** "command-and-control" → "command and control" */
export function spaced(word: string): string {
  return word.replaceAll('-', ' ');
}

/**
 * "For 10.1.2.0/24, 93 % of connections show only what its hosts send: …"; of several networks those that send first.
 * `most` of each are named.
 */
export function vantageWords(seen: readonly Vantage[], most = 4): string {
  const parts = (['send', 'receive'] as const).flatMap((does) =>
    (['all', 'outside', 'inside'] as const).flatMap((scope) => {
      const of = seen.filter((one) => one.scope === scope && doing(one) === does);
      const shares = sharesOf(of, most);
      return of.length === 0
        ? []
        : [`${shares} of connections${scope_words[scope]} show only what its hosts ${does}`];
    }),
  );
  return `For ${parts.join('; for ')}: asymmetric routing or a mirror of one side; nothing there is judged by missing answers.`;
}

const scope_words = { all: '', outside: ' with the outside', inside: ' inside' } as const;
const doing = (one: Vantage): 'send' | 'receive' =>
  one.sends_only >= one.receives_only ? 'send' : 'receive';

/** "10.1.2.0/24, 93 %" or "10.1.4.0/24, 100 %, 10.1.5.0/24, 98 %, and 3 more networks, 50 % or more". */
function sharesOf(seen: readonly Vantage[], most: number): string {
  const named = seen.slice(0, most).map(({ network, sends_only, receives_only, both }) => {
    const part = Math.max(sends_only, receives_only) / (sends_only + receives_only + both);
    return `${network}, ${share(part)}`;
  });
  const rest = seen.length - most;
  const more = rest > 0 ? [`${counted(rest, 'more network')}, half or more`] : [];
  const all = [...named, ...more];
  return all.length === 1 ? all[0]! : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
}

/** As much of an id as people need to ask for it with `weir explain`. */
export function shortId(finding_id: string): string {
  return finding_id.slice(0, 8);
}

/** The text with each address that has a name told by both, once: "lt-anna (10.1.2.77:445)". */
export function named(text: string, names: Finding['names'] = {}): string {
  let told = text;
  for (const [address, name] of Object.entries(names)) {
    const plain_address = address.replaceAll('.', '\\.');
    const exact = address.includes(':')
      ? new RegExp(`\\[${plain_address}\\]:[0-9]+|(?<![0-9a-f:[])${plain_address}(?![0-9a-f\\]]|:[0-9a-f:])`)
      : new RegExp(`(?<![0-9.])${plain_address}(:[0-9]+)?(?!\\.?[0-9])`);
    told = told.replace(exact, (found) => `${name} (${found})`);
  }
  return told;
}
