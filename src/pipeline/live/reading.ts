import { dirname } from 'node:path';
import type { Delivery } from '../../collect/index.ts';
import { createDuplicates, createEnricher, type Duplicates, type Enricher } from '../../enrich/index.ts';
import { toldAt } from '../../schema/event/index.ts';
import { count, countBounded, emptyLedger, type Ledger, reasonKind } from '../../schema/ledger.ts';
import type { Decoder, Sink, SourceFormat } from '../../schema/reading.ts';
import { noteKind } from '../../schema/set-aside.ts';
import { detectFormat, whyUnknown } from '../../sources/index.ts';
import { type EventWriter, RejectWriter, type Store } from '../../store/index.ts';
import { Shares, type StoreEvent } from '../shares.ts';
import type { SourceTold } from './known-until.ts';

export interface ReadingOptions {
  readonly local_networks: readonly string[];
  readonly keep_raw: boolean;
  /** rejects are kept under this name */
  readonly run_id: string;
  /** the clock, µs since 1970 */
  readonly now: () => number;
  /** What is told before was judged already: it is counted as late. */
  readonly judged_until: () => number;
}

/** Decoders at work at once; beyond, the one that had nothing for longest is ended. */
const most_origins = 2000;
/** Bytes of an origin whose kind is not known yet. */
const most_undecided = 65_536;
const most_sums = 50_000;
/** Further ahead of the clock than this, a record is not believed. */
const most_ahead_us = 86_400e6;
/** Far enough for every decoder: what is in the future is judged here, by the clock of now. */
const no_limit = Date.UTC(2200, 0, 1) * 1000;

/**
 * How much later than newer records one may come, by the family of its format, µs. Zeek writes a connection when it removes
 * it: five minutes after the last packet of TCP (tcp_inactivity_timeout), a minute of UDP and ICMP. Suricata ends flows after
 * ten minutes (flow-timeouts.tcp.established). https://docs.zeek.org/en/master/scripts/base/init-bare.zeek.html,
 * https://docs.suricata.io/en/latest/configuration/suricata-yaml.html#flow-and-stream-engine
 */
const lateness: Readonly<Record<string, number>> = {
  zeek: 330e6,
  suricata: 630e6,
  wrapped: 330e6,
  pcap: 10e6,
};
const other_lateness = 60e6;

/** What came of one source since it was asked last, and what it has told. */
export interface SourceReading {
  readonly source: string;
  readonly ledger: Ledger;
  /** records of windows that were judged already */
  late: number;
  newest: number | null;
  lateness_us: number;
  heard_at: number;
  /** its origins that are not at their end */
  open: number;
}

interface Origin {
  readonly source: SourceReading;
  readonly file: string;
  decoder: Decoder | null;
  format: SourceFormat | null;
  /** bytes whose kind is not known yet */
  waiting: Buffer[];
  waiting_bytes: number;
  /** where the next piece goes on */
  next_offset: number;
  ended: boolean;
  /** added to what the decoder counts */
  readonly base: { line: number; offset: number; head: boolean };
}

/**
 * Reads pieces as they come into the store: bytes → events → placed, without duplicates → rows. What it holds is bounded.
 * After `flush` all that was taken is stored.
 */
export class LiveReading {
  readonly #options: ReadingOptions;
  readonly #enricher: Enricher;
  readonly #duplicates: Duplicates = createDuplicates();
  readonly #shares = new Shares({ most_sums, as_written: true });
  readonly #writer: EventWriter;
  readonly #rejects: RejectWriter;
  readonly #sources = new Map<string, SourceReading>();
  readonly #origins = new Map<string, Origin>();
  readonly #sensors = new Map<string, number>();
  readonly #in_doubt: Set<string>;
  events = 0;

  /** `in_doubt`: ids of events that may have been stored just before a crash; when they come again they are dropped. */
  constructor(store: Store, options: ReadingOptions, in_doubt: ReadonlySet<string> = new Set()) {
    this.#options = options;
    this.#enricher = createEnricher({ local_networks: options.local_networks });
    this.#writer = store.writer({ now: () => options.now() / 1000 });
    this.#rejects = new RejectWriter(store, options.run_id);
    this.#in_doubt = new Set(in_doubt);
  }

  /** Takes a piece; resolves when there is room for the next. */
  async take(piece: Delivery): Promise<void> {
    const now = this.#options.now();
    const source = this.#source(piece.source, now);
    const origin = this.#origin(source, piece);
    if (piece.bytes.length > 0) {
      source.heard_at = now;
      setEnded(origin, false);
      this.#push(origin, Buffer.from(piece.bytes));
    }
    if (piece.ended) this.#end(origin);
    if (this.#writer.busy) await this.#writer.ready();
    if (this.#rejects.busy) await this.#rejects.ready();
  }

  /** Stores all that was taken. */
  async flush(): Promise<void> {
    await this.#writer.flush();
    await this.#rejects.flush();
  }

  /** Tells what is held back (pieces of connections, sums of records), as it is. For the end. */
  end(): void {
    for (const origin of this.#origins.values()) this.#end(origin);
    this.#shares.end();
  }

  /** What each source has told, for the watermark. */
  told(): (SourceTold & { readonly source: string })[] {
    return [...this.#sources.values()].map(({ source, newest, lateness_us, heard_at, open }) => ({
      ...{ source, newest, lateness_us, heard_at, ended: open === 0 },
    }));
  }

  /** What became of the records of each source since the last call. */
  ledgers(): { readonly source: string; readonly ledger: Ledger; readonly late: number }[] {
    const all = [...this.#sources.values()].map(({ source, ledger, late }) => ({
      source,
      ledger: { ...ledger },
      late,
    }));
    for (const one of this.#sources.values()) {
      one.late = 0;
      Object.assign(one.ledger, emptyLedger());
    }
    return all;
  }

  #source(id: string, now: number): SourceReading {
    let source = this.#sources.get(id);
    if (source === undefined) {
      source = {
        ...{ source: id, ledger: emptyLedger(), late: 0, newest: null },
        ...{ lateness_us: other_lateness, heard_at: now, open: 0 },
      };
      this.#sources.set(id, source);
    }
    return source;
  }

  #origin(source: SourceReading, piece: Delivery): Origin {
    const key = `${piece.source}\n${piece.origin}`;
    let origin = this.#origins.get(key);
    if (origin !== undefined && piece.offset !== origin.next_offset && piece.offset !== 0) {
      this.#end(origin);
      origin = undefined;
    }
    if (origin === undefined || (piece.offset === 0 && piece.line === 1 && origin.next_offset !== 0)) {
      if (origin !== undefined) this.#end(origin);
      origin = {
        ...{ source, file: piece.origin, decoder: null, format: null, waiting: [], waiting_bytes: 0 },
        ...{ next_offset: piece.offset, ended: false },
        base: { line: Math.max(0, piece.line - 1), offset: piece.offset, head: false },
      };
      source.open++;
      if (piece.head !== undefined && piece.head.length > 0)
        this.#begin(origin, Buffer.from(piece.head), piece);
    }
    origin.next_offset = piece.offset + piece.bytes.length;
    // Least recently used first.
    this.#origins.delete(key);
    this.#origins.set(key, origin);
    if (this.#origins.size > most_origins) {
      const [oldest, one] = this.#origins.entries().next().value!;
      this.#end(one);
      this.#origins.delete(oldest);
    }
    return origin;
  }

  /** Opens the decoder with what stands before the piece, of which nothing is counted. */
  #begin(origin: Origin, head: Buffer, piece: Delivery): void {
    const format = detectFormat(Buffer.concat([head, piece.bytes.subarray(0, most_undecided)]));
    if (format === null) return;
    let lines = 0;
    for (const byte of head) if (byte === 10) lines++;
    this.#open(origin, format);
    origin.base.head = true;
    origin.decoder!.push(head);
    origin.base.head = false;
    origin.base.line -= lines;
    origin.base.offset -= head.length;
  }

  #open(origin: Origin, format: SourceFormat): void {
    origin.format = format;
    origin.source.lateness_us = Math.max(
      origin.source.newest === null ? 0 : origin.source.lateness_us,
      lateness[format.id.split('_')[0] ?? ''] ?? other_lateness,
    );
    const { keep_raw } = this.#options;
    origin.decoder = format.open(origin.file, this.#sink(origin), { latest_time: no_limit, keep_raw });
  }

  #push(origin: Origin, bytes: Buffer): void {
    if (origin.decoder !== null) {
      origin.decoder.push(bytes);
      return;
    }
    origin.waiting.push(bytes);
    origin.waiting_bytes += bytes.length;
    const all = Buffer.concat(origin.waiting);
    const format = detectFormat(all.subarray(0, most_undecided));
    if (format === null && origin.waiting_bytes < most_undecided && !isLines(all)) return;
    origin.waiting = [];
    origin.waiting_bytes = 0;
    if (format !== null) {
      this.#open(origin, format);
      origin.decoder!.push(all);
    } else this.#refuse(origin, all);
  }

  /** Lines of no kind that is known: each is a reject. */
  #refuse(origin: Origin, bytes: Buffer): void {
    const sink = this.#sink(origin);
    const why = whyUnknown(bytes);
    for (let from = 0; from < bytes.length; origin.base.line++) {
      const at = bytes.indexOf(10, from);
      const to = at === -1 ? bytes.length : at;
      if (to > from) sink.rejected(why, 1, from, bytes.toString('latin1', from, Math.min(to, from + 256)));
      from = to + 1;
    }
    origin.base.offset += bytes.length;
  }

  #end(origin: Origin): void {
    if (origin.waiting_bytes > 0) {
      this.#refuse(origin, Buffer.concat(origin.waiting));
      origin.waiting = [];
      origin.waiting_bytes = 0;
    }
    origin.decoder?.end();
    origin.decoder = null;
    setEnded(origin, true);
  }

  #sink(origin: Origin): Sink {
    const { source, base, format } = origin;
    const { ledger } = source;
    const id = format?.id ?? '';
    const file = this.#writer.input(origin.file, id);
    const sensor = this.#sensorOf(source.source, origin.file, id);
    const tells_sums = /^(zeek|wrapped)/.test(id);
    const store: StoreEvent = (read, line, offset, raw) => {
      const event = this.#enricher.enrich(read);
      const why = this.#duplicates.check(event, file, sensor);
      if (why !== null) {
        count(ledger.duplicates, why);
        return;
      }
      const { id_hi, id_lo } = this.#duplicates;
      if (this.#in_doubt.size > 0 && this.#in_doubt.delete(`${id_hi} ${id_lo}`)) {
        count(ledger.duplicates, 'stored before a restart');
        return;
      }
      const told_at = toldAt(event);
      if (source.newest === null || told_at > source.newest) source.newest = told_at;
      if (told_at < this.#options.judged_until()) source.late++;
      for (const note of event.set_aside ?? []) countBounded(ledger.set_aside, noteKind(note));
      ledger.stored++;
      this.events++;
      this.#writer.write(event, id_hi, id_lo, file, line, offset, raw);
    };
    return {
      event: (read, line, offset, raw, share) => {
        if (base.head) return;
        ledger.read++;
        const [at_line, at_offset] = [line + base.line, offset + base.offset];
        if (read.time > this.#options.now() + most_ahead_us) {
          this.#reject(origin, 'time is in the future', at_line, at_offset, raw);
          return;
        }
        const from = { line: at_line, offset: at_offset, raw, store, ledger };
        this.#shares.take(read, share, tells_sums, from);
      },
      filtered: (reason) => {
        if (base.head) return;
        ledger.read++;
        countBounded(ledger.filtered, reason);
      },
      set_aside: (note, n) => count(ledger.set_aside, note, n),
      duplicate: (reason) => {
        ledger.read++;
        countBounded(ledger.duplicates, reason);
      },
      rejected: (reason, line, offset, excerpt) => {
        if (base.head) return;
        ledger.read++;
        this.#reject(origin, reason, line + base.line, offset + base.offset, excerpt);
      },
    };
  }

  #reject(
    { source, file, format }: Origin,
    reason: string,
    line: number,
    offset: number,
    excerpt: string,
  ): void {
    countBounded(source.ledger.rejected, reasonKind(reason));
    this.#rejects.write({
      file,
      line,
      offset,
      format: format?.id ?? '',
      reason,
      excerpt: excerpt.slice(0, 4096),
    });
  }

  /** Logs of one source, folder and family are one sensor: what it says twice, it means twice. */
  #sensorOf(source: string, file: string, format: string): number {
    const name = `${source} ${format.split('_')[0]} ${dirname(file)}`;
    let sensor = this.#sensors.get(name);
    if (sensor === undefined) {
      sensor = this.#sensors.size;
      this.#sensors.set(name, sensor);
    }
    return sensor;
  }
}

function setEnded(origin: Origin, ended: boolean): void {
  if (origin.ended === ended) return;
  origin.ended = ended;
  origin.source.open += ended ? -1 : 1;
}

/** Whether there is a whole line of text, by which a kind can be told. */
function isLines(bytes: Buffer): boolean {
  return bytes.includes(10);
}
