import type { DecodeOptions, Decoder, Sink, SourceFormat } from '../schema/reading.ts';
import { excerptOf, maskJson } from './checked.ts';
import { RecordCutter, type RecordHandler } from './cutter.ts';
import { type Inner, unwrap } from './envelope.ts';
import { firstEventTime } from './head.ts';
import { objectOf, parseJsonObject } from './json.ts';
import { Suricata } from './suricata.ts';
import { ZeekJson } from './zeek-json.ts';
import { pathOfName } from './zeek-kind.ts';
import { ZeekTsv } from './zeek-tsv.ts';

/** Logs with tabs whose headers are remembered; beyond, all are forgotten and learned anew. */
const mostStreams = 64;

/**
 * Zeek and Suricata records as shippers, collectors and exports hand them on: JSON text in a field, in syslog, in one
 * list, spread over lines, in Elasticsearch's and Splunk's exports, or taken apart into the Elastic Common Schema. What
 * an envelope holds is told record by record; a record that cannot be read is told of with the reason of what is inside.
 */
class Wrapped implements RecordHandler {
  private readonly file: string;
  private readonly sink: Sink;
  private readonly options: DecodeOptions;
  private readonly zeek: ZeekJson;
  private readonly suricata: Suricata;
  private readonly tabbed = new Map<string, ZeekTsv>();

  constructor(file: string, sink: Sink, options: DecodeOptions) {
    this.file = file;
    this.sink = sink;
    this.options = options;
    this.zeek = new ZeekJson(file, sink, options);
    this.suricata = new Suricata(sink, options);
  }

  record(text: string, line: number, offset: number): void {
    const inner = unwrap(text);
    if (inner.kind === 'zeek') {
      const path = logOf(inner.path) || pathOfName(this.file);
      this.zeek.take(inner.object, inner.text, line, offset, path);
    } else if (inner.kind === 'suricata') this.suricata.take(inner.object, inner.text, line, offset);
    else if (inner.kind === 'tsv') this.tsv(inner, line, offset);
    else if (inner.kind === 'broken') this.refused(inner.reason, line, offset, inner.text);
    else this.sink.filtered(isBulkAction(text) ? 'bulk action' : inner.reason, line, offset);
  }

  refused(reason: string, line: number, offset: number, excerpt: string): void {
    this.sink.rejected(reason, line, offset, excerptOf(maskJson(excerpt.replace(/\\+"/g, '"'))));
  }

  finished(): void {
    this.suricata.finished();
  }

  private tsv({ text, stream, path }: Extract<Inner, { kind: 'tsv' }>, line: number, offset: number): void {
    let log = this.tabbed.get(stream);
    if (log === undefined) {
      if (this.tabbed.size >= mostStreams) this.tabbed.clear();
      log = new ZeekTsv(path || this.file, this.sink, this.options);
      this.tabbed.set(stream, log);
    }
    log.assume(text);
    log.line(text, 0, text.length, null, line, offset, true);
  }
}

/** The log that an envelope names: a log's name, a file's, or a program's ('zeek_conn'). */
function logOf(name: string): string {
  return name === '' ? '' : pathOfName(name);
}

const actions = ['index', 'create', 'update', 'delete'];

/** The line before each document in Elasticsearch's bulk format. */
function isBulkAction(text: string): boolean {
  if (text.length > 1024) return false;
  const object = parseJsonObject(text);
  if (typeof object === 'string') return false;
  const [name = '', ...more] = Object.keys(object);
  return more.length === 0 && actions.includes(name) && objectOf(object[name]) !== null;
}

/** Records looked at to tell what a file holds. */
const mostLooks = 40;

export const wrapped: SourceFormat = {
  id: 'wrapped',
  title: 'Zeek or Suricata records in an envelope',
  detect(head: Buffer): number {
    if (head.includes(0)) return 0;
    let sure = 0;
    let looks = 0;
    const cutter = new RecordCutter({
      record: (text, _line, _offset, spread) => {
        if (sure > 0 || looks++ >= mostLooks) return;
        const inner = unwrap(text);
        if (inner.kind === 'tsv') sure = /^\d/.test(text) || text.startsWith('#') ? 0 : 0.9;
        else if (inner.kind === 'zeek' || inner.kind === 'suricata')
          sure = spread || inner.text !== text || isDocument(inner, text) ? 0.9 : 0;
      },
      refused: () => {},
      finished: () => {},
    });
    cutter.push(head);
    if (sure === 0) cutter.end();
    return sure;
  },
  first_time: (head) => firstEventTime(wrapped, head),
  open: (file, sink, options): Decoder => new RecordCutter(new Wrapped(file, sink, options)),
};

/** Whether the record was put together from a document: the text is no record as it stands. */
function isDocument(inner: Inner & { kind: 'zeek' | 'suricata' }, text: string): boolean {
  const object = parseJsonObject(text);
  if (typeof object === 'string') return false;
  if (inner.kind === 'suricata') return object.event_type === undefined;
  return object.ts === undefined && object._path === undefined && object['@stream'] === undefined;
}
