import type { Connection } from '../schema/event/connection.ts';
import type { Dns } from '../schema/event/dns.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import type { DecodeOptions, Decoder, Sink, SourceFormat } from '../schema/reading.ts';
import { excerptOf, maskJson } from './checked.ts';
import { firstEventTime, firstObjects } from './head.ts';
import { type JsonObject, parseJsonObject } from './json.ts';
import { type LineHandler, LineReader } from './lines.ts';
import { alert, anomaly } from './suricata-alert.ts';
import { dhcp } from './suricata-dhcp.ts';
import { answered, dnsPart } from './suricata-dns.ts';
import { fileinfo } from './suricata-file.ts';
import { flow, joinWays, type OneWay, oneWay } from './suricata-flow.ts';
import { ftp, smtp } from './suricata-mail.ts';
import { type SuricataLog, SuricataRecord } from './suricata-record.ts';
import { krb5, rdp, ssh } from './suricata-sign-in.ts';
import { smb } from './suricata-smb.ts';
import { stats } from './suricata-stats.ts';
import { http, tls } from './suricata-web.ts';

/** The event types that become events one by one; dns and netflow come in pairs and are joined below. */
const logs: ReadonlyMap<string, SuricataLog> = new Map(
  [alert, anomaly, dhcp, fileinfo, flow, ftp, http, krb5, rdp, smb, smtp, ssh, stats, tls].map((log) => [
    log.event_type,
    log,
  ]),
);

/** Where a record that waits for its other half came from. */
interface Place {
  line: number;
  offset: number;
  raw: string;
  /** characters of the record, as a measure of what it holds */
  size: number;
}
interface WaitingQuery extends Place {
  event: Dns;
  has_answer: boolean;
}
interface WaitingWay extends Place {
  way: OneWay;
}

/** A query waits this long for its answer, in event time. */
const answerWithin = 30_000_000;
const mostQueries = 65_536;
/** Suricata writes both directions of a flow one after the other; other threads come between. */
const mostWays = 4096;
/** Records that wait may hold this many characters together; a hostile file cannot make them hold more. */
const mostHeld = 32 * 1024 * 1024;

/**
 * Suricata's eve.json. A query is joined with its answer and the two netflow records of a flow with each other: the
 * joined event is counted at the later record, the other record is filtered as joined. What stays alone becomes an
 * event of its own when it has waited too long or the file ends. netflow says again what flow says: once a flow record
 * was seen, netflow records are filtered.
 */
export class Suricata implements LineHandler {
  private readonly sink: Sink;
  private readonly keep_raw: boolean;
  private readonly record: SuricataRecord;
  private readonly queries = new Map<string, WaitingQuery>();
  private readonly ways = new Map<string, WaitingWay>();
  private flow_seen = false;
  /** characters of all that wait */
  private held = 0;

  constructor(sink: Sink, options: DecodeOptions) {
    this.sink = sink;
    this.keep_raw = options.keep_raw;
    this.record = new SuricataRecord(options.latest_time);
  }

  line(
    text: string,
    start: number,
    end: number,
    bytes: Uint8Array | null,
    line: number,
    offset: number,
  ): void {
    if (start >= end) this.sink.filtered('blank line', line, offset);
    else this.one(text.slice(start, end), bytes, start, line, offset);
  }

  refused(reason: string, line: number, offset: number, excerpt: string): void {
    this.sink.rejected(reason, line, offset, maskJson(excerpt));
  }

  finished(): void {
    for (const waiting of this.queries.values()) this.give(waiting.event, waiting);
    for (const waiting of this.ways.values()) this.give(waiting.way.connection, waiting);
    this.queries.clear();
    this.ways.clear();
  }

  private one(text: string, bytes: Uint8Array | null, start: number, line: number, offset: number): void {
    const object = parseJsonObject(text, bytes, start);
    if (typeof object === 'string') {
      this.reject(object, text, line, offset);
      return;
    }
    this.take(object, text, line, offset);
  }

  /** One record. */
  take(object: JsonObject, text: string, line: number, offset: number): void {
    const type = object.event_type;
    if (typeof type !== 'string') {
      this.reject('not a Suricata record: it has no event_type', text, line, offset);
      return;
    }
    const { record } = this;
    record.object = object;
    record.begin();
    if (type === 'dns') this.dns(text, line, offset);
    else if (type === 'netflow') this.netflow(text, line, offset);
    else this.single(type, text, line, offset);
  }

  private single(type: string, text: string, line: number, offset: number): void {
    const log = logs.get(type);
    if (log === undefined) {
      this.sink.filtered(
        /^[a-z0-9_-]{1,32}$/.test(type) ? `log type not used: ${type}` : 'log type not used',
        line,
        offset,
      );
      return;
    }
    const mapped = log.map(this.record);
    if (this.failed(text, line, offset)) return;
    if (typeof mapped === 'string') {
      this.sink.filtered(mapped, line, offset);
      return;
    }
    if (log === flow) this.flow_seen = true;
    const place = this.place(text, line, offset);
    if ('kind' in mapped) this.give(this.record.marked(mapped), place);
    else
      for (const [at, event] of mapped.entries())
        this.give(at === 0 ? this.record.marked(event) : event, place);
  }

  private dns(text: string, line: number, offset: number): void {
    const part = dnsPart(this.record);
    if (this.failed(text, line, offset)) return;
    const { event, key, role } = part;
    this.record.marked(event);
    this.flushQueries(event.time);
    const waiting = this.queries.get(key);
    const place = this.place(text, line, offset);
    if (role === 'query') {
      if (waiting !== undefined) {
        this.dropQuery(key, waiting);
        this.give(waiting.event, waiting);
      }
      this.holdQuery(key, { ...held(place), event, has_answer: false });
      return;
    }
    const whole = waiting === undefined ? event : answered(waiting.event, event);
    if (role === 'answer') {
      if (waiting !== undefined) {
        this.dropQuery(key, waiting);
        this.sink.filtered('dns query joined with its answer', waiting.line, waiting.offset);
      }
      this.give(whole, place);
      return;
    }
    // version 1: more answers may follow
    if (waiting?.has_answer === true) {
      waiting.event = whole;
      waiting.size += place.size;
      this.held += place.size;
      this.sink.filtered('dns answer joined with its query', line, offset);
      return;
    }
    if (waiting !== undefined) {
      this.dropQuery(key, waiting);
      this.sink.filtered('dns query joined with its answer', waiting.line, waiting.offset);
    }
    this.holdQuery(key, { ...held(place), event: whole, has_answer: true });
  }

  private holdQuery(key: string, waiting: WaitingQuery): void {
    this.queries.set(key, waiting);
    this.held += waiting.size;
  }

  private dropQuery(key: string, waiting: WaitingQuery): void {
    this.queries.delete(key);
    this.held -= waiting.size;
  }

  /** Gives out the queries that waited too long; the map holds them in order of arrival. */
  private flushQueries(now: number): void {
    for (const [key, waiting] of this.queries) {
      const room = this.queries.size < mostQueries && this.held < mostHeld;
      if (room && waiting.event.time + answerWithin >= now) return;
      this.dropQuery(key, waiting);
      this.give(waiting.event, waiting);
    }
  }

  private netflow(text: string, line: number, offset: number): void {
    if (this.flow_seen) {
      this.sink.filtered('netflow beside flow', line, offset);
      return;
    }
    const way = oneWay(this.record);
    if (this.failed(text, line, offset)) return;
    const { connection } = way;
    this.record.marked(connection);
    const waiting = this.ways.get(connection.uid);
    const place = this.place(text, line, offset);
    if (waiting !== undefined && isBack(waiting.way.connection, connection)) {
      this.dropWay(connection.uid, waiting);
      this.sink.filtered('netflow joined with the other direction', waiting.line, waiting.offset);
      this.give(joinWays(waiting.way, way), place);
      return;
    }
    if (waiting !== undefined) {
      this.dropWay(connection.uid, waiting);
      this.give(waiting.way.connection, waiting);
    }
    if (connection.uid === '') this.give(connection, place);
    else {
      this.ways.set(connection.uid, { ...held(place), way });
      this.held += place.size;
    }
    for (const [uid, oldest] of this.ways) {
      if (this.ways.size <= mostWays && this.held < mostHeld) break;
      this.dropWay(uid, oldest);
      this.give(oldest.way.connection, oldest);
    }
  }

  private dropWay(uid: string, waiting: WaitingWay): void {
    this.ways.delete(uid);
    this.held -= waiting.size;
  }

  private place(text: string, line: number, offset: number): Place {
    return { line, offset, raw: this.keep_raw ? maskJson(text) : '', size: text.length };
  }

  private give(event: WeirEvent, place: Place): void {
    this.sink.event(event, place.line, place.offset, place.raw);
  }

  private failed(text: string, line: number, offset: number): boolean {
    if (this.record.problem === '') return false;
    this.reject(this.record.problem, text, line, offset);
    return true;
  }

  private reject(reason: string, text: string, line: number, offset: number): void {
    this.sink.rejected(reason, line, offset, excerptOf(maskJson(text)));
  }
}

/** A place whose text is a copy: as a slice it would keep the whole piece of the file that it was cut from. */
function held(place: Place): Place {
  return place.raw === '' ? place : { ...place, raw: Buffer.from(place.raw).toString() };
}

function isBack(there: Connection, back: Connection): boolean {
  return (
    there.src_ip === back.dst_ip &&
    there.dst_ip === back.src_ip &&
    there.src_port === back.dst_port &&
    there.dst_port === back.src_port
  );
}

export const suricata_eve: SourceFormat = {
  id: 'suricata_eve',
  title: 'Suricata eve.json',
  detect(head: Buffer): number {
    for (const object of firstObjects(head)) {
      if (typeof object.event_type === 'string' && object.timestamp !== undefined) return 0.99;
    }
    return 0;
  },
  first_time: (head) => firstEventTime(suricata_eve, head),
  open: (_file, sink, options): Decoder => new LineReader(new Suricata(sink, options)),
};
