import type { DecodeOptions, Decoder, Sink, SourceFormat } from '../schema/reading.ts';
import { excerptOf, maskJson } from './checked.ts';
import { firstEventTime, firstObjects } from './head.ts';
import { type JsonObject, parseJsonObject } from './json.ts';
import { type LineHandler, LineReader } from './lines.ts';
import { type ZeekLog, ZeekRecord, type ZeekValues } from './zeek.ts';
import { ConnScanner } from './zeek-conn-fast.ts';
import { notUsed, pathOfFields, pathOfName } from './zeek-kind.ts';
import { logOf } from './zeek-logs.ts';

/** 'id.orig_h' → how else it may be written. */
interface Spelling {
  /** 'id_orig_h' */
  readonly under: string;
  /** 'id' and 'orig_h', for { id: { orig_h } } */
  readonly parent: string;
  readonly child: string;
}
const spellings = new Map<string, Spelling | null>();

function spellingOf(name: string): Spelling | null {
  let spelling = spellings.get(name);
  if (spelling === undefined) {
    const dot = name.indexOf('.');
    spelling =
      dot < 0
        ? null
        : { under: name.replaceAll('.', '_'), parent: name.slice(0, dot), child: name.slice(dot + 1) };
    spellings.set(name, spelling);
  }
  return spelling;
}

/** Fields of one JSON record, whichever way the writer joined names: id.orig_h, id_orig_h or { id: { orig_h } }. */
class JsonValues implements ZeekValues {
  object: JsonObject = {};

  value(name: string): unknown {
    const value = this.object[name];
    if (value !== undefined) return value === null ? undefined : value;
    const spelling = spellingOf(name);
    if (spelling === null) return undefined;
    const under = this.object[spelling.under];
    if (under !== undefined) return under === null ? undefined : under;
    const parent = this.object[spelling.parent];
    if (typeof parent !== 'object' || parent === null) return undefined;
    return (parent as JsonObject)[spelling.child] ?? undefined;
  }

  list(name: string): unknown {
    return this.value(name);
  }
}

/** What names the log: Zeek's own extension fields, and the collectors' that add them. */
function pathIn(object: JsonObject): string {
  const path = object._path ?? object['@stream'] ?? object['@path'];
  return typeof path === 'string' ? path : '';
}

const mostMisses = 16;

/**
 * Zeek's JSON logs, one record a line, all logs mixed if need be. https://docs.zeek.org/en/master/log-formats.html
 * The log is named by _path (json-streaming-logs, LogAscii::logdir extensions), else told from the fields, else from
 * the file's name. Times are seconds since 1970 or ISO 8601.
 */
export class ZeekJson implements LineHandler {
  private readonly sink: Sink;
  private readonly keep_raw: boolean;
  private readonly values = new JsonValues();
  private readonly record: ZeekRecord;
  private readonly path_of_name: string;
  private readonly conn_share: ZeekLog['share'];
  private readonly scanner: ConnScanner;
  /** whether the last record was a connection: only then the quick way is tried first */
  private conn_before = false;
  /** records in a row that the quick way did not take; after some it is tried only now and then */
  private misses = 0;
  private readonly has = (name: string): boolean => this.values.value(name) !== undefined;

  constructor(file: string, sink: Sink, options: DecodeOptions) {
    this.sink = sink;
    this.keep_raw = options.keep_raw;
    this.record = new ZeekRecord(this.values, options.latest_time);
    this.path_of_name = pathOfName(file);
    this.conn_share = logOf('conn', this.path_of_name)?.share;
    this.scanner = new ConnScanner(options.latest_time);
  }

  line(
    text: string,
    start: number,
    end: number,
    bytes: Uint8Array | null,
    line: number,
    offset: number,
  ): void {
    if (start >= end) {
      this.sink.filtered('blank line', line, offset);
      return;
    }
    if (this.conn_before && bytes !== null && (this.misses < mostMisses || line % 64 === 0)) {
      const connection = this.scanner.json(text, bytes, start, end);
      this.misses = connection === null ? this.misses + 1 : 0;
      if (connection !== null) {
        const raw = this.keep_raw ? maskJson(text.slice(start, end)) : '';
        this.sink.event(connection, line, offset, raw, this.conn_share);
        return;
      }
    }
    this.general(text.slice(start, end), bytes, start, line, offset);
  }

  refused(reason: string, line: number, offset: number, excerpt: string): void {
    this.sink.rejected(reason, line, offset, maskJson(excerpt));
  }

  finished(): void {}

  private general(text: string, bytes: Uint8Array | null, start: number, line: number, offset: number): void {
    const object = parseJsonObject(text, bytes, start);
    if (typeof object === 'string') {
      this.sink.rejected(object, line, offset, excerptOf(maskJson(text)));
      return;
    }
    this.take(object, text, line, offset, this.path_of_name);
  }

  /** One record; `path_of_name`: the log that its file or sender names, or ''. */
  take(object: JsonObject, text: string, line: number, offset: number, path_of_name: string): void {
    this.values.object = object;
    const path = pathIn(object) || pathOfFields(this.has) || path_of_name;
    const log = logOf(path, path_of_name);
    this.conn_before = path === 'conn';
    if (log === undefined) {
      if (path !== '') this.sink.filtered(notUsed(path), line, offset);
      else if (this.has('ts')) this.sink.filtered('log type not told', line, offset);
      else this.sink.rejected('not a Zeek record: it has no ts', line, offset, excerptOf(maskJson(text)));
      return;
    }
    const { record } = this;
    record.begin();
    const event = log.map(record);
    if (typeof event === 'string' && record.problem === '') {
      this.sink.filtered(event, line, offset);
      return;
    }
    if (record.problem !== '' || typeof event === 'string') {
      this.sink.rejected(record.problem, line, offset, excerptOf(maskJson(text)));
      return;
    }
    const raw = this.keep_raw ? maskJson(text) : '';
    if ('kind' in event) this.sink.event(record.marked(event), line, offset, raw, log.share);
    else
      for (const [at, one] of event.entries())
        this.sink.event(at === 0 ? record.marked(one) : one, line, offset, raw);
  }
}

export const zeek_json: SourceFormat = {
  id: 'zeek_json',
  title: 'Zeek log, JSON lines',
  detect(head: Buffer): number {
    let sure = 0;
    for (const object of firstObjects(head)) sure = Math.max(sure, surenessOf(object));
    return sure;
  },
  first_time: (head) => firstEventTime(zeek_json, head),
  open: (file, sink, options): Decoder => new LineReader(new ZeekJson(file, sink, options)),
};

function surenessOf(object: JsonObject): number {
  if (object.event_type !== undefined) return 0;
  if (pathIn(object) !== '') return object.ts === undefined ? 0.8 : 0.98;
  const values = new JsonValues();
  values.object = object;
  const has = (name: string) => values.value(name) !== undefined;
  if (object.ts === undefined) return /^\S*\.(?:zeek|bro)$/.test(String(object.name ?? '').trim()) ? 0.3 : 0;
  if (has('uid') || has('id.orig_h') || pathOfFields(has) !== '') return 0.95;
  return typeof object.ts === 'number' || typeof object.ts === 'string' ? 0.4 : 0;
}
