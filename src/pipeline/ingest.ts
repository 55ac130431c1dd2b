import { basename, dirname } from 'node:path';
import { WeirError } from '../base/error.ts';
import { type Input, type OpenInput, openInput, peekInput } from '../collect/index.ts';
import {
  countDay,
  createDuplicates,
  createEnricher,
  type DaySeen,
  type Enricher,
  type Span,
  spanOf,
} from '../enrich/index.ts';
import { toldAt, type WeirEvent } from '../schema/event/index.ts';
import { count, countBounded, emptyLedger, type InputReport, reasonKind, total } from '../schema/ledger.ts';
import type {
  DecodeOptions,
  JointDecoder,
  JointFormat,
  Part,
  Sink,
  SourceFormat,
} from '../schema/reading.ts';
import { noteKind } from '../schema/set-aside.ts';
import { detectFormat, tellsPieces, whyUnknown } from '../sources/index.ts';
import { type EventWriter, RejectWriter, type Store, saveFiles } from '../store/index.ts';
import { type HalfFrom, Halves } from './halves.ts';
import { Shares, type StoreEvent } from './shares.ts';
import { byFirstTime, type Joined, readTogether, type Waiting } from './together.ts';

/** What is read, and how. Times are µs since 1970. */
export interface IngestOptions {
  readonly run_id: string;
  /** the clock, µs since 1970: when rows are stored */
  readonly now: number;
  readonly latest_time: number;
  /** Events from here on are left out. */
  readonly until: number;
  readonly keep_raw: boolean;
  readonly local_networks: readonly string[];
  readonly progress: (state: Progress) => void;
}

export interface Progress {
  readonly bytes_read: number;
  /** null: not known (standard input) */
  readonly bytes_total: number | null;
  readonly events: number;
  readonly file: string;
}

export interface Planned {
  readonly input: Input;
  readonly format: SourceFormat | null;
  readonly first_time: number | null;
  readonly head: Buffer;
  /** Parts of a file that overlap in time, to be read side by side; none: it is read from one end to the other. */
  readonly parts: readonly Part[];
  /** whether it tells of connections that are still open */
  readonly pieces: boolean;
}

/** Files whose first 64 KiB stay in memory until reading begins. */
const most_heads = 200;

/** Sums of other records that are held, some 100 MB; when there are more, those are told by what was read before them. */
const most_sums = 200_000;

const none: readonly string[] = [];

/**
 * Kinds of the inputs, told by their first bytes, in the order of their first event; among equals by name, so that the
 * order in which they were given does not matter.
 * @throws WeirError input_missing when an input that was named cannot be opened
 */
export async function plan(inputs: readonly Input[]): Promise<Planned[]> {
  const planned: Planned[] = [];
  for (const input of inputs) {
    const head = await peekInput(input).catch((error: unknown) => {
      // What was only found in a folder is told of when it is its turn.
      if (!input.found || !unreadable(error)) throw error;
      return Buffer.alloc(0);
    });
    const format = detectFormat(head);
    // Of many files only the first ones are looked into again, the others just told apart.
    const kept = planned.length < most_heads ? head : Buffer.from(head.subarray(0, 64));
    const parts = await partsOf(input, format);
    planned.push({
      input,
      format,
      first_time: earliest(format, head, parts),
      head: kept,
      parts,
      pieces: tellsPieces(input.name, head),
    });
  }
  return planned.sort(
    (a, b) =>
      (a.first_time ?? Number.MAX_VALUE) - (b.first_time ?? Number.MAX_VALUE) ||
      (a.input.name < b.input.name ? -1 : 1),
  );
}

function earliest(format: SourceFormat | null, head: Buffer, parts: readonly Part[]): number | null {
  const times = parts.map((part) => part.first_time ?? Number.POSITIVE_INFINITY);
  return parts.length > 0 ? Math.min(...times) : (format?.first_time(head) ?? null);
}

/** Looks through a file for parts that overlap in time. What cannot be read twice is one part. */
async function partsOf(input: Input, format: SourceFormat | null): Promise<Part[]> {
  const finder = input.size_bytes === null ? undefined : format?.joint?.parts?.();
  if (finder === undefined) return [];
  try {
    for await (const chunk of (await openInput(input)).chunks) finder.push(chunk);
  } catch (error) {
    if (!unreadable(error)) throw error;
    return []; // told of when it is its turn
  }
  return finder.end();
}

function unreadable(error: unknown): error is WeirError {
  return error instanceof WeirError && error.code === 'input_missing';
}

/** Reads inputs into the store: bytes → events → placed, without duplicates → rows. */
export class Ingest {
  readonly reports: InputReport[] = [];
  readonly #store: Store;
  readonly #options: IngestOptions;
  readonly #enricher: Enricher;
  #duplicates = createDuplicates();
  /** null: one sensor, which tells the halves that it sees as they are */
  #halves: Halves | null = null;
  readonly #shares = new Shares({ most_sums });
  readonly #writer: EventWriter;
  readonly #sensors = new Map<string, number>();
  readonly #rejects: RejectWriter;
  /** by when events could be told, and by when they began */
  readonly #days = new Map<number, DaySeen>();
  readonly #begun = new Map<number, DaySeen>();
  #events = 0;
  /** of inputs that are read to their end */
  #bytes_done = 0;
  #bytes_total: number | null = null;
  #shift = 0;
  /** number under which duplicates know what joint decoders tell */
  #joint_file: number | null = null;
  /** what open inputs have read so far */
  readonly #open = new Set<OpenInput>();
  /** Decoders that go on from one input to the next, and what they have not begun with. */
  readonly #joints = new Map<JointFormat['open'], JointReading>();

  constructor(store: Store, options: IngestOptions) {
    this.#store = store;
    this.#options = options;
    this.#enricher = createEnricher({
      latest_time: options.latest_time,
      local_networks: options.local_networks,
    });
    this.#writer = store.writer();
    this.#rejects = new RejectWriter(store, options.run_id);
  }

  get events(): number {
    return this.reports.reduce((sum, one) => sum + one.ledger.stored, 0);
  }

  /** When it could be told, without strays; null: nothing happened. */
  get span(): Span | null {
    return spanOf(this.#days);
  }

  /** When the last of it began, without strays, µs; 0: nothing happened. */
  get last_begun(): number {
    return spanOf(this.#begun)?.last_time ?? 0;
  }

  /** Reads what was planned, in that order. `shift`: added to every event time, µs. */
  async read(planned: readonly Planned[], shift = 0): Promise<void> {
    const sizes = planned.map(({ input, parts }) =>
      input.size_bytes === null ? null : input.size_bytes * Math.max(1, parts.length),
    );
    this.#bytes_total = sizes.includes(null)
      ? null
      : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
    this.#bytes_done = 0;
    this.#shift = shift;
    const sensors = this.#sensorsOf(planned);
    if (this.reports.length === 0) this.#duplicates = createDuplicates({ sensors });
    this.#halves = sensors > 1 ? await Halves.open(this.#store) : null;
    for (const one of planned) {
      const joint = one.format?.joint;
      if (joint) this.#joint(joint).waiting.push(...streamsOf(one));
    }
    for (const { waiting } of this.#joints.values()) waiting.sort(byFirstTime);
    // What a sensor told while a connection lasted is read before what it told at the end.
    for (const one of [...planned].sort((a, b) => Number(b.pieces) - Number(a.pieces))) {
      const joint = one.format?.joint;
      if (joint) await this.#together(this.#joint(joint), one);
      else await this.#file(one);
    }
    for (const { decoder } of this.#joints.values()) decoder.end();
    this.#joints.clear();
    this.#shares.end();
    await this.#halves?.end(this.#duplicates.covered, async () => {
      if (this.#writer.busy) await this.#writer.ready();
    });
    await this.#writer.flush();
    await this.#rejects.flush();
    await this.#saveReports();
  }

  async #file(planned: Planned): Promise<void> {
    const { input } = planned;
    const report = this.#report(planned);
    const opened = await this.#opened(input, report, planned.format);
    if (opened === null) return;
    const format = planned.format ?? detectFormat(opened.head);
    report.format = format?.id ?? '';
    const sink = this.#sink(report, format);
    if (!format) {
      await opened.close();
      // What lies beside logs in a folder (a README, a script) was not asked for by name.
      if (opened.head.length === 0) sink.filtered('empty file', 1, 0);
      else if (input.found && !namedAsLog(input.name)) sink.filtered('file of another kind', 1, 0);
      else sink.rejected(whyUnknown(opened.head), 1, 0, opened.head.toString('latin1', 0, 256));
      return;
    }
    const decoder = format.open(input.name, sink, this.#decode_options());
    let broke = '';
    this.#open.add(opened);
    try {
      for await (const chunk of opened.chunks) {
        decoder.push(chunk);
        await this.#room(input.name);
      }
    } catch (error) {
      if (!unreadable(error)) throw error;
      broke = error.message;
    }
    decoder.end();
    this.#closed(opened, input, report, sink, broke);
  }

  #decode_options(): DecodeOptions {
    return { latest_time: this.#options.latest_time, keep_raw: this.#options.keep_raw };
  }

  #report({ input, format }: Planned): Report {
    const report: Report = {
      file: input.name,
      format: format?.id ?? '',
      bytes: 0,
      ledger: emptyLedger(),
      first_time: null,
      last_time: null,
    };
    this.reports.push(report);
    return report;
  }

  /** null: it was there a moment ago, and that is told of. One file that is gone must not cost the others. */
  async #opened(input: Input, report: Report, format: SourceFormat | null): Promise<OpenInput | null> {
    try {
      return await openInput(input);
    } catch (error) {
      if (!unreadable(error)) throw error;
      this.#sink(report, format).rejected(error.message, 0, 0, '');
      return null;
    }
  }

  /** Waits until what was read is stored, so that memory stays bounded. */
  async #room(file: string): Promise<void> {
    if (this.#writer.busy) await this.#writer.ready();
    if (this.#rejects.busy) await this.#rejects.ready();
    await this.#halves?.room();
    let bytes_read = this.#bytes_done;
    for (const one of this.#open) bytes_read += one.bytes_read();
    const events = this.#events;
    this.#options.progress({ bytes_read, bytes_total: this.#bytes_total, events, file });
  }

  /** An input is over: what was wrong with it as a whole. */
  #closed(opened: OpenInput, input: Input, report: Report, sink: Sink, broke: string): void {
    this.#open.delete(opened);
    this.#bytes_done += input.size_bytes ?? 0;
    for (const problem of opened.problems()) sink.rejected(problem.reason, 0, problem.offset, '');
    if (broke !== '') sink.rejected(broke, 0, opened.bytes_out(), '');
    report.bytes = Math.max(report.bytes, opened.bytes_out());
  }

  #joint(format: JointFormat): JointReading {
    let joint = this.#joints.get(format.open);
    if (joint === undefined) {
      joint = { decoder: format.open(this.#decode_options()), waiting: [], reports: new Map() };
      this.#joints.set(format.open, joint);
    }
    return joint;
  }

  /** Reads one input, and side by side with it those that overlap it in time. */
  #together(joint: JointReading, planned: Planned): Promise<void> {
    return readTogether<Stream, Reading>({
      waiting: joint.waiting,
      wanted: (one) => one.planned === planned,
      join: (one) => this.#join(joint, one),
      pushed: (one) => this.#room(one.input.name),
      leave: async ({ chunks, opened, input, report, sink, broke }) => {
        await chunks.return?.();
        this.#closed(opened, input, report, sink, broke);
      },
    });
  }

  async #join(joint: JointReading, { planned, part }: Stream): Promise<Reading | null> {
    const { input, format } = planned;
    const report = joint.reports.get(planned) ?? this.#report(planned);
    joint.reports.set(planned, report);
    const opened = await this.#opened(input, report, format);
    if (opened === null) return null;
    this.#open.add(opened);
    const sink = this.#sink(report, format);
    const reading = { input, report, opened, sink, to: joint.decoder.add(sink, part), broke: '' };
    return Object.assign(reading, { chunks: tellingWhy(opened.chunks, reading) });
  }

  #sink(report: Report, format: SourceFormat | null): Sink {
    const { ledger } = report;
    const { until } = this.#options;
    const enricher = this.#enricher;
    const duplicates = this.#duplicates;
    const writer = this.#writer;
    const file = writer.input(report.file, format?.id ?? '');
    const sensor = this.#sensorOf(report.file, format);
    const shift = this.#shift;
    // What is decoded as one is one file: what it says twice it means twice.
    if (format?.joint) this.#joint_file ??= file;
    const one_file = format?.joint ? this.#joint_file! : file;
    const stored: HalfFrom['stored'] = (event, id_hi, id_lo, line, offset, raw) => {
      countDay(this.#days, toldAt(event));
      countDay(this.#begun, event.time);
      if (report.first_time === null || event.time < report.first_time) report.first_time = event.time;
      if (report.last_time === null || event.time > report.last_time) report.last_time = event.time;
      for (const note of event.set_aside ?? none) countBounded(ledger.set_aside, noteKind(note));
      ledger.stored++;
      writer.write(event, id_hi, id_lo, file, line, offset, raw);
    };
    const tells_sums = /^(zeek|wrapped)/.test(format?.id ?? '');
    const halves = this.#halves;
    const half_from = halves?.input({ sensor, stored, dropped: (why) => count(ledger.duplicates, why) }) ?? 0;
    const store: StoreEvent = (read, line, offset, raw) => {
      const event = enricher.enrich(read);
      const why = duplicates.check(event, one_file, sensor);
      if (why !== null) {
        count(ledger.duplicates, why);
        return;
      }
      const { id_hi, id_lo } = duplicates;
      if (halves?.take(event, id_hi, id_lo, half_from, line, offset, raw)) return;
      stored(event, id_hi, id_lo, line, offset, raw);
    };
    return {
      event: (read: WeirEvent, line, offset, raw, share) => {
        ledger.read++;
        this.#events++;
        if (shift !== 0) read.time += shift;
        if (toldAt(read) >= until) {
          count(ledger.filtered, 'after --until');
          return;
        }
        this.#shares.take(read, share, tells_sums, { line, offset, raw, store, ledger });
      },
      filtered: (reason) => {
        ledger.read++;
        countBounded(ledger.filtered, reason);
      },
      set_aside: (note, n) => count(ledger.set_aside, note, n),
      duplicate: (reason) => {
        ledger.read++;
        countBounded(ledger.duplicates, reason);
      },
      rejected: (reason, line, offset, excerpt) => {
        ledger.read++;
        countBounded(ledger.rejected, reasonKind(reason));
        this.#rejects.write({ file: report.file, line, offset, format: format?.id ?? '', reason, excerpt });
      },
    };
  }

  /** How many sensors will speak; two when an input's kind is not known yet. With one, flows need not be compared. */
  #sensorsOf(planned: readonly Planned[]): number {
    if (planned.some((one) => one.format === null)) return 2;
    return new Set(planned.map((one) => this.#sensorOf(one.input.name, one.format))).size;
  }

  /** Files of one folder and family are one sensor: what it says twice, it means twice. So are all captures. */
  #sensorOf(file: string, format: SourceFormat | null): number {
    const family = (format?.id ?? '').split('_')[0] ?? '';
    const name = format?.joint ? 'packets' : `${family} ${dirname(file)}`;
    let sensor = this.#sensors.get(name);
    if (sensor === undefined) {
      sensor = this.#sensors.size;
      this.#sensors.set(name, sensor);
    }
    return sensor;
  }

  #saveReports(): Promise<void> {
    const { run_id, now } = this.#options;
    const rows = this.reports.map(({ file, format, bytes, ledger, first_time, last_time }) => ({
      run_id,
      file,
      format,
      sha256: '',
      bytes,
      read: ledger.read,
      stored: ledger.stored,
      filtered: total(ledger.filtered),
      duplicates: total(ledger.duplicates),
      rejected: total(ledger.rejected),
      first_at: first_time,
      last_at: last_time,
    }));
    return saveFiles(this.#store, rows, now);
  }
}

/** An input, or a part of one, that a joint decoder has not read yet. */
interface Stream extends Waiting {
  readonly planned: Planned;
  readonly part: Part;
}

/** One that it reads now. */
interface Reading extends Joined {
  readonly input: Input;
  readonly report: Report;
  readonly opened: OpenInput;
  readonly sink: Sink;
  /** why it could not be read to its end */
  broke: string;
}

/** The bytes of a file up to where it can be read. */
async function* tellingWhy(chunks: AsyncIterable<Buffer>, to: { broke: string }): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (error) {
    if (!unreadable(error)) throw error;
    to.broke = error.message;
  }
}

interface JointReading {
  readonly decoder: JointDecoder;
  /** in the order of time */
  readonly waiting: Stream[];
  readonly reports: Map<Planned, Report>;
}

interface Report extends InputReport {
  format: string;
  bytes: number;
  first_time: number | null;
  last_time: number | null;
}

function streamsOf(planned: Planned): Stream[] {
  const { parts, first_time } = planned;
  if (parts.length === 0) {
    return [{ planned, part: { offset: 0, end: Number.POSITIVE_INFINITY, line: 0, first_time }, first_time }];
  }
  return parts.map((part) => ({ planned, part, first_time: part.first_time }));
}

/** Whether a file's name says that it is meant to be read: one that is found in a folder and cannot be is a reject. */
function namedAsLog(file: string): boolean {
  const name = basename(file).replace(/\.(gz|zst)$/i, '');
  return /\.(pcap|pcapng|cap)$/i.test(name) || /^eve\b.*\.json$/i.test(name) || isZeekName(name);
}

function isZeekName(name: string): boolean {
  return /\.(log|json)$/i.test(name) && zeekNames.test(name) && !/^conn-summary\b/i.test(name);
}

/** Zeek's busiest logs; a wider list would take every 'weird.json' of other programs for a broken log. */
const zeekNames = /^(conn|dns|http|ssl|x509|files|ssh|smtp|kerberos|ntlm|rdp|ftp|dhcp|notice|smb_files)\b/i;
