import type { DecodeOptions, Decoder, Sink, SourceFormat } from '../schema/reading.ts';
import { excerptOf } from './checked.ts';
import { firstEventTime, headText } from './head.ts';
import { type LineHandler, LineReader } from './lines.ts';
import { type ZeekLog, ZeekRecord, type ZeekValues } from './zeek.ts';
import { conn } from './zeek-conn.ts';
import { ConnScanner, connColumns } from './zeek-conn-fast.ts';
import { notUsed, pathOfFields, pathOfName } from './zeek-kind.ts';
import { logOf } from './zeek-logs.ts';
import { unescapeZeek } from './zeek-text.ts';

const mostColumns = 1000;

/** The columns of one line, under the header that is in force. */
class TsvValues implements ZeekValues {
  columns: string[] = [];
  index: ReadonlyMap<string, number> = new Map();
  set_separator = ',';
  empty = '(empty)';
  unset = '-';

  value(name: string): unknown {
    const at = this.index.get(name);
    if (at === undefined) return undefined;
    const text = this.columns[at]!;
    if (text === this.unset) return undefined;
    if (text === this.empty) return '';
    return text.includes('\\') ? unescapeZeek(text) : text;
  }

  list(name: string): unknown {
    const at = this.index.get(name);
    if (at === undefined) return undefined;
    const text = this.columns[at]!;
    if (text === this.unset) return undefined;
    if (text === this.empty || text === '') return [];
    const members = text.split(this.set_separator);
    for (let i = 0; i < members.length; i++) {
      const one = members[i]!;
      if (one === this.unset || one === this.empty) members[i] = '';
      else if (one.includes('\\')) members[i] = unescapeZeek(one);
    }
    return members;
  }
}

/**
 * Zeek's ASCII logs. The file's own header says what is in it and how it is cut; a new header in mid-file (rotated files
 * put together) counts from there; columns Weir does not know are ignored. A missing #close is nothing: Zeek writes it
 * only when it ends well. https://docs.zeek.org/en/master/log-formats.html
 */
export class ZeekTsv implements LineHandler {
  private readonly file: string;
  private readonly sink: Sink;
  private readonly keep_raw: boolean;
  private readonly values = new TsvValues();
  private readonly record: ZeekRecord;
  private separator = '\t';
  private fields: readonly string[] = [];
  /** the log of #path, or of the fields, or of the file's name; '' when none of them tells */
  private path = '';
  private named = '';
  private log: ZeekLog | undefined;
  private share: ZeekLog['share'];
  private skip = '';
  private readonly scanner: ConnScanner;
  /** the columns of a plain conn header, for the quick way */
  private conn_columns: Uint8Array | null = null;
  private readonly secret: { password: number; command: number; argument: number } = {
    password: -1,
    command: -1,
    argument: -1,
  };

  constructor(file: string, sink: Sink, options: DecodeOptions) {
    this.file = file;
    this.sink = sink;
    this.keep_raw = options.keep_raw;
    this.record = new ZeekRecord(this.values, options.latest_time);
    this.scanner = new ConnScanner(options.latest_time);
  }

  line(
    text: string,
    start: number,
    end: number,
    bytes: Uint8Array | null,
    line: number,
    offset: number,
    ended: boolean,
  ): void {
    if (start >= end) {
      this.sink.filtered('blank line', line, offset);
      return;
    }
    if (text.charCodeAt(start) === 0x23) {
      const problem = this.header(text.slice(start, end));
      if (problem === '') this.sink.filtered('header', line, offset);
      else this.sink.rejected(problem, line, offset, excerptOf(text.slice(start, end)));
      return;
    }
    if (this.conn_columns !== null && bytes !== null) {
      const connection = this.scanner.tsv(text, bytes, start, end, this.conn_columns);
      if (connection !== null) {
        this.sink.event(connection, line, offset, this.keep_raw ? text.slice(start, end) : '', this.share);
        return;
      }
    }
    this.data(text.slice(start, end), line, offset, ended);
  }

  refused(reason: string, line: number, offset: number, excerpt: string): void {
    this.sink.rejected(reason, line, offset, excerpt);
  }

  finished(): void {}

  /** Takes the columns that Zeek writes of itself for those of a line that came without its header. */
  assume(text: string): void {
    if (this.fields.length > 0 || text.startsWith('#')) return;
    const columns = text.split(this.separator);
    const fields = usualColumns(columns);
    if (fields !== null) this.newFields(fields);
  }

  private data(text: string, line: number, offset: number, ended: boolean): void {
    if (this.fields.length === 0) {
      this.sink.rejected('no Zeek header (#fields) above this line', line, offset, excerptOf(text));
      return;
    }
    const columns = text.split(this.separator);
    if (columns.length !== this.fields.length) {
      const reason = ended
        ? `${this.fields.length} columns expected, ${columns.length} found`
        : `the file ends within the record: ${columns.length} of ${this.fields.length} columns`;
      this.sink.rejected(reason, line, offset, excerptOf(this.cut(text, columns)));
      return;
    }
    if (this.log === undefined) {
      this.sink.filtered(this.skip, line, offset);
      return;
    }
    const { record } = this;
    record.begin();
    this.values.columns = columns;
    const event = this.log.map(record);
    if (typeof event === 'string' && record.problem === '') {
      this.sink.filtered(event, line, offset);
      return;
    }
    if (record.problem !== '' || typeof event === 'string') {
      this.sink.rejected(record.problem, line, offset, excerptOf(this.masked(text, columns)));
      return;
    }
    const raw = this.keep_raw ? this.masked(text, columns) : '';
    if ('kind' in event) this.sink.event(record.marked(event), line, offset, raw, this.share);
    else
      for (const [at, one] of event.entries())
        this.sink.event(at === 0 ? record.marked(one) : one, line, offset, raw);
  }

  /** Takes in one header line; a problem, or ''. */
  private header(line: string): string {
    const blank = line.startsWith('#separator ') ? 10 : line.indexOf(this.separator);
    const name = blank < 0 ? line : line.slice(0, blank);
    const value = blank < 0 ? '' : line.slice(blank + 1);
    if (name === '#separator') return this.newFile(value);
    if (name === '#set_separator') this.values.set_separator = unescapeSeparator(value) || ',';
    else if (name === '#empty_field') this.values.empty = value;
    else if (name === '#unset_field') this.values.unset = value;
    else if (name === '#path') this.named = value;
    else if (name === '#fields') return this.newFields(value.split(this.separator));
    return '';
  }

  private newFile(separator: string): string {
    this.fields = [];
    this.conn_columns = null;
    this.named = '';
    this.separator = unescapeSeparator(separator);
    if (this.separator !== '' && this.separator !== '\n') return '';
    this.separator = '\t';
    return 'the header names no separator';
  }

  private newFields(fields: readonly string[]): string {
    this.fields = [];
    this.conn_columns = null;
    if (fields.length > mostColumns) return `header with more than ${mostColumns} columns`;
    const index = new Map<string, number>();
    for (let at = 0; at < fields.length; at++) {
      const name = dotted(fields[at]!);
      if (index.has(name)) return `header names a column twice: ${name.slice(0, 64)}`;
      index.set(name, at);
    }
    this.fields = fields;
    this.values.index = index;
    this.path = this.named || pathOfFields((name) => index.has(name)) || pathOfName(this.file);
    this.log = logOf(this.path, pathOfName(this.file));
    this.share = this.log?.share;
    this.skip = this.path === '' ? 'log type not told' : notUsed(this.path);
    const { unset, empty } = this.values;
    const plain = this.separator === '\t' && unset === '-' && empty === '(empty)';
    this.conn_columns = plain && this.log?.map === conn.map ? connColumns([...index.keys()]) : null;
    this.secret.password = index.get('password') ?? -1;
    this.secret.command = index.get('command') ?? -1;
    this.secret.argument = index.get('arg') ?? -1;
    return '';
  }

  /** The line without passwords. */
  private masked(text: string, columns: readonly string[]): string {
    const { password, command, argument } = this.secret;
    const hide_password = password >= 0 && columns[password] !== this.values.unset;
    const hide_argument = argument >= 0 && command >= 0 && columns[command]!.toUpperCase() === 'PASS';
    if (!hide_password && !hide_argument) return text;
    return columns
      .map((one, at) =>
        (at === password && hide_password) || (at === argument && hide_argument) ? '***' : one,
      )
      .join(this.separator);
  }

  /** A line whose columns are out of step: what comes near the password's place is left out. */
  private cut(text: string, columns: readonly string[]): string {
    const { password } = this.secret;
    return password < 0 ? text : columns.slice(0, Math.max(0, password - 1)).join(this.separator);
  }
}

const flowColumns = ['ts', 'uid', 'id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p', 'proto'];
const connColumnsUsual =
  `service duration orig_bytes resp_bytes conn_state local_orig local_resp missed_bytes history
  orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents ip_proto`.split(/\s+/);
const dnsColumnsUsual =
  `trans_id rtt query qclass qclass_name qtype qtype_name rcode rcode_name AA TC RD RA Z answers TTLs
  rejected`.split(/\s+/);

/** The columns of Zeek's own conn.log and dns.log (versions 3 to 7), told by what stands in them; null: not told. */
function usualColumns(values: readonly string[]): string[] | null {
  if (!/^(?:tcp|udp|icmp|unknown_transport)$/.test(values[6] ?? '')) return null;
  if (values.length === 24 && /^\d+$/.test(values[7]!)) return [...flowColumns, ...dnsColumnsUsual];
  const conn = values.length >= 21 && values.length <= 22 && /^[A-Z][A-Z0-9]{1,5}$/.test(values[11]!);
  return conn ? [...flowColumns, ...connColumnsUsual].slice(0, values.length) : null;
}

/** Records within a record, whose fields Zeek joins with a dot, or with what Log::default_scope_sep says: mostly '_'. */
const scopes = ['id_', 'certificate_', 'san_', 'basic_constraints_', 'version_', 'times_', 'data_channel_'];

/** 'id_orig_h' as 'id.orig_h' */
function dotted(name: string): string {
  const scope = scopes.find((one) => name.startsWith(one));
  return scope === undefined ? name : `${scope.slice(0, -1)}.${name.slice(scope.length)}`;
}

/** '\x09' and '\t' as the character; other text as it is. */
function unescapeSeparator(text: string): string {
  const trimmed = text.trimEnd();
  if (text === '\t' || trimmed === '\\t') return '\t';
  return trimmed.replace(/\\x([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

export const zeek_tsv: SourceFormat = {
  id: 'zeek_tsv',
  title: 'Zeek log, tab-separated',
  detect(head: Buffer): number {
    const text = headText(head);
    if (text.startsWith('#separator ')) return 1;
    if (/^#fields[\t ]/m.test(text)) return 0.9;
    // The rest of a log whose beginning is elsewhere: every line will be rejected and say that the header is missing.
    return /^\d{1,10}\.\d{6}\t[^\t\n]*\t[0-9a-fA-F.:]+\t\d+\t/.test(text) ? 0.3 : 0;
  },
  first_time: (head) => firstEventTime(zeek_tsv, head),
  open: (file, sink, options): Decoder => new LineReader(new ZeekTsv(file, sink, options)),
};
