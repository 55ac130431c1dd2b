import { setTimeout as pause } from 'node:timers/promises';
import { WeirError } from '../../base/error.ts';
import { Turns } from '../../base/turns.ts';
import type { Deliver, Delivery, InputState, Journal, LiveInput, Position } from '../../collect/index.ts';
import type { Content } from '../../content/index.ts';
import type { Config } from '../../schema/config.ts';
import type { FindingChange, FindingState } from '../../schema/control/kept-finding.ts';
import type { LedgerAddition } from '../../schema/control/ledger-row.ts';
import type { Finding } from '../../schema/finding.ts';
import { type Ledger, total } from '../../schema/ledger.ts';
import {
  addToLedger,
  type Control,
  findSetting,
  savePositions,
  saveSetting,
  upsertFindings,
} from '../../store/control/index.ts';
import { recentIds, type Store } from '../../store/index.ts';
import type { Failed } from '../failed.ts';
import { Scheduler, type Step } from '../scheduler.ts';
import { tell } from '../telling.ts';
import { findCheckpoint, packCheckpoint } from './checkpoint.ts';
import { clockIsWrong, isSilent, knownUntil } from './known-until.ts';
import { LiveReading } from './reading.ts';

export interface WatchOptions {
  readonly roles: Config['roles'];
  /** the operator's networks, or the private ranges */
  readonly local_networks: readonly string[];
  readonly networks: readonly string[];
  readonly budget_per_day: number;
  readonly keep_raw: boolean;
  readonly evidence: number;
  readonly at_once: number;
  /** the clock, µs since 1970 */
  readonly now: () => number;
  /** one line for people: what happened, what to do */
  readonly say: (line: string) => void;
  /** findings that are new or have grown, in the order in which they were kept */
  readonly told: (changes: readonly FindingChange[], states: readonly FindingState[]) => void;
}

/** How often what was read is stored, and time is looked at, ms. */
const commit_every_ms = 500;
const look_every_ms = 2000;
/** How often windows are looked at that are still open, µs, and how much longer than a look takes. */
const early_every_us = 60e6;
const early_share = 10;
/** How often what detectors have learned is written, µs; after a crash the windows since are judged again. */
const checkpoint_every_us = 600e6;
/** Findings of so long ago take no part in the list any more, µs. */
const seen_for_us = 35 * 86_400e6;
const day_us = 86_400e6;
/** Events that were stored so shortly before a crash may come again, µs. */
const doubt_us = 5e6;

/** Records by what became of them: read = stored + filtered + duplicates + rejected. */
export interface SourceAccount {
  readonly read: number;
  readonly stored: number;
  readonly filtered: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** of those stored: of windows that were judged already */
  readonly late: number;
}
const nothing_yet: SourceAccount = { read: 0, stored: 0, filtered: 0, duplicates: 0, rejected: 0, late: 0 };

/** What is going on, for `weir status`. */
export interface WatchState {
  readonly started_at: number;
  readonly events: number;
  /** windows that ended before are judged; null: none is yet, Infinity: all that there are */
  readonly judged_until: number | null;
  readonly sources: readonly {
    readonly source: string;
    readonly state: InputState;
    readonly newest: number | null;
    readonly silent: boolean;
    readonly wrong_clock: boolean;
    readonly ended: boolean;
    /** what became of its records since the start, as far as they are stored */
    readonly account: SourceAccount;
  }[];
  readonly detectors: readonly {
    readonly detector: string;
    /** windows that start before are judged; null: none is yet */
    readonly judged_until: number | null;
    readonly judged: number;
    readonly findings: number;
  }[];
  readonly failed: readonly Failed[];
  readonly findings: number;
  /** seconds that the last look of all detectors took */
  readonly step_s: number;
  readonly journal: ReturnType<Journal['state']> | null;
  readonly problem: string | null;
}

/** A piece whose position advances, or whose sender is told, when all before it is stored. */
interface Waiting {
  readonly source: string;
  readonly position: Position | null;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Watches without an end: pieces of all inputs are read into the store, and windows are judged as time goes on. Inputs that
 * can go on where they were (files) advance after the store has what they told; the others are acknowledged when the journal
 * has it, and read from there.
 */
export class Watch {
  readonly #store: Store;
  readonly #control: Control;
  readonly #content: Content;
  readonly #journal: Journal | null;
  readonly #options: WatchOptions;
  readonly #inputs: readonly LiveInput[];
  readonly #reading: LiveReading;
  readonly #scheduler: Scheduler;
  #seen: Finding[];
  readonly #accounts = new Map<string, SourceAccount>();
  /** accounts that are not in the control store yet */
  #unwritten: LedgerAddition[] = [];
  /** what each input had lost at the last account */
  readonly #dropped = new Map<string, Readonly<Record<string, number>>>();
  #waiting: Waiting[] = [];
  /** what is taken, stored and noted belongs together */
  readonly #storing = new Turns();
  /** one step or look after the other: what a detector has learned is one thing */
  readonly #judging = new Turns();
  #known_until: number;
  #early_at = 0;
  #early_events = 0;
  #early_said = '[]';
  #checkpoint_at: number;
  #failed: readonly Failed[] = [];
  #step_s = 0;
  #stopping = false;
  #loops: Promise<void>[] = [];
  #problem: string | null = null;
  readonly #started_at: number;
  #break: (error: unknown) => void = () => {};
  /** Rejects when something failed that cannot be tried again: a fault of Weir itself. */
  readonly broken: Promise<never>;

  private constructor(parts: {
    store: Store;
    control: Control;
    content: Content;
    journal: Journal | null;
    inputs: readonly LiveInput[];
    options: WatchOptions;
    reading: (judged_until: () => number) => LiveReading;
    scheduler: Scheduler;
    seen: readonly Finding[];
    known_until: number;
  }) {
    const { store, control, content, journal, inputs, options, scheduler } = parts;
    this.broken = new Promise((_, reject) => {
      this.#break = reject;
    });
    this.broken.catch(() => {});
    this.#store = store;
    this.#control = control;
    this.#content = content;
    this.#journal = journal;
    this.#inputs = inputs;
    this.#options = options;
    this.#scheduler = scheduler;
    this.#seen = [...parts.seen];
    this.#known_until = parts.known_until;
    this.#started_at = options.now();
    this.#checkpoint_at = options.now();
    this.#reading = parts.reading(() => (Number.isFinite(this.#known_until) ? this.#known_until : 0));
  }

  /** Goes on where an earlier one ended, however it ended. */
  static async open(
    store: Store,
    control: Control,
    content: Content,
    journal: Journal | null,
    inputs: readonly LiveInput[],
    options: WatchOptions,
  ): Promise<Watch> {
    const { detectors } = content;
    const found = await findCheckpoint(control, content, detectors);
    const stored_at = Number((await findSetting(control, 'stored_at')) ?? 0);
    // Nothing is in doubt at the first start; what is stored from now on is, until it is noted.
    if (stored_at === 0)
      await control.transaction((handle) => saveSetting(handle, 'stored_at', options.now(), options.now()));
    const doubt = stored_at === 0 ? new Set<string>() : await recentIds(store, stored_at - doubt_us);
    const { roles, networks, at_once } = options;
    const scheduler = new Scheduler(
      store,
      content,
      detectors,
      { taught_until: 0, roles, networks, at_once, progress: () => {}, anew: found.anew },
      found.detectors,
    );
    return new Watch({
      ...{ store, control, content, journal, inputs, options, scheduler },
      ...{ seen: found.seen, known_until: found.known_until },
      reading: (judged_until) =>
        new LiveReading(
          store,
          {
            local_networks: options.local_networks,
            keep_raw: options.keep_raw,
            run_id: 'serve',
            now: options.now,
            judged_until,
          },
          doubt,
        ),
    });
  }

  /** Inputs begin, and time is looked at. */
  async start(): Promise<void> {
    if (this.#journal !== null)
      this.#loops.push(this.#pump(this.#journal).catch((error) => this.#break(error)));
    this.#loops.push(this.#every(commit_every_ms, () => this.#commit()));
    this.#loops.push(
      this.#every(look_every_ms, async () => {
        await this.#look();
        await this.#early();
      }),
    );
    // What they tell at once is stored meanwhile.
    for (const input of this.#inputs) await input.start(this.#deliver);
  }

  /** Takes nothing new, stores what was taken, writes what was learned. */
  async stop(timeout_ms: number): Promise<void> {
    // They wait for what is under way, which is stored meanwhile.
    await Promise.all(this.#inputs.map((one) => one.stop(timeout_ms / 2)));
    this.#stopping = true;
    await this.#commit();
    await this.#journal?.close();
    await Promise.all(this.#loops);
    await this.#storing.take(async () => {
      this.#reading.end();
      await this.#reading.flush();
    });
    await this.#judging.take(() => this.#checkpoint());
    await this.#control.transaction((handle) =>
      saveSetting(handle, 'stored_at', this.#options.now(), this.#options.now()),
    );
  }

  state(): WatchState {
    const now = this.#options.now();
    const told = new Map(this.#reading.told().map((one) => [one.source, one]));
    const { judged_until } = this.#scheduler;
    return {
      started_at: this.#started_at,
      events: this.#reading.events,
      judged_until: this.#known_until === 0 ? null : this.#known_until,
      sources: this.#inputs.map((input) => {
        const of = told.get(input.source);
        return {
          source: input.source,
          state: input.state(),
          newest: of?.newest ?? null,
          silent: of !== undefined && isSilent(of, now),
          wrong_clock: of !== undefined && clockIsWrong(of, now),
          ended: of?.ended ?? false,
          account: this.#accounts.get(input.source) ?? nothing_yet,
        };
      }),
      detectors: this.#scheduler.runs.map(({ detector, judged, findings }) => {
        const until = judged_until.get(detector) ?? 0;
        return { detector, judged_until: until === 0 ? null : until, judged, findings };
      }),
      failed: this.#failed,
      findings: this.#seen.length,
      step_s: this.#step_s,
      journal: this.#journal?.state() ?? null,
      problem: this.#problem,
    };
  }

  /** Judges what is over at an instant (µs since 1970), whatever sources say: for tests, and for who knows better. */
  async goOn(known_until: number): Promise<void> {
    await this.#commit();
    await this.#judging.take(() => this.#advance(known_until));
  }

  readonly #deliver: Deliver = async (piece) => {
    if (piece.position === null && this.#journal !== null) {
      await this.#journal.append(piece);
      return;
    }
    await this.#take(piece, true);
  };

  /** Takes a piece in its turn; resolves when it is stored, where that is asked for. */
  async #take(piece: Delivery, until_stored: boolean): Promise<void> {
    await this.#storing.take(() => this.#reading.take(piece));
    if (!until_stored) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ source: piece.source, position: piece.position, resolve, reject });
    });
  }

  /** Reads what the journal holds, batch by batch; a batch is let go when the store has it. */
  async #pump(journal: Journal): Promise<void> {
    for await (const batch of journal.batches({ most_bytes: 4 * 1024 * 1024, most_records: 5000 })) {
      for (const piece of batch.records) await this.#take(piece, false);
      await this.#commit();
      await journal.commit(batch);
    }
  }

  /** Everything that was taken is stored; then positions and accounts are written together, and who waits is told. */
  #commit(): Promise<void> {
    return this.#storing.take(async () => {
      const waiting = this.#waiting;
      this.#waiting = [];
      try {
        await this.#reading.flush();
        const now = this.#options.now();
        const accounts = this.#reading.ledgers();
        for (const one of accounts)
          this.#accounts.set(one.source, accountWith(this.#accounts.get(one.source) ?? nothing_yet, one));
        this.#unwritten.push(
          ...accounts.flatMap((one) => additionOf(one.source, one.ledger, now)),
          ...this.#inputs.flatMap((one) => this.#droppedBy(one, now)),
        );
        const additions = this.#unwritten;
        const positions = Map.groupBy(
          waiting.filter((one) => one.position !== null),
          (one) => one.source,
        );
        if (additions.length > 0 || positions.size > 0)
          await this.#control.transaction(async (handle) => {
            for (const [source, of] of positions)
              await savePositions(
                handle,
                source,
                of.map((one) => one.position!),
                now,
              );
            await addToLedger(handle, additions);
            await saveSetting(handle, 'stored_at', now, now);
          });
        this.#unwritten = [];
        for (const one of waiting) one.resolve();
      } catch (error) {
        for (const one of waiting) one.reject(error);
        throw error;
      }
    });
  }

  /** What an input has lost since the last account. */
  #droppedBy(input: LiveInput, at: number): LedgerAddition[] {
    const { dropped } = input.state();
    const addition = lostSince(this.#dropped.get(input.source) ?? {}, dropped);
    this.#dropped.set(input.source, { ...dropped });
    const received = Object.values(addition).reduce((sum, n) => sum + n, 0);
    return received === 0 ? [] : [{ source: input.source, at, received, dropped: addition }];
  }

  /** Looks how far time has come, and judges what is over. */
  async #look(): Promise<void> {
    const known = knownUntil(this.#reading.told(), this.#options.now());
    if (known === null || this.#isPast(known)) return;
    if (!this.#scheduler.isDue(known, this.#reading.events)) return;
    await this.#commit();
    await this.#judging.take(() => this.#advance(known));
  }

  /**
   * Looks at windows that are still open, each minute, less often where that takes long. What is found is told and kept; when the
   * window is over it has the same id.
   */
  async #early(): Promise<void> {
    const now = this.#options.now();
    if (now < this.#early_at || this.#reading.events === this.#early_events) return;
    this.#early_events = this.#reading.events;
    const newest = Math.max(
      ...this.#reading
        .told()
        .flatMap((one) => (one.newest === null || clockIsWrong(one, now) ? [] : one.newest)),
    );
    if (!Number.isFinite(newest)) return;
    await this.#commit();
    await this.#judging.take(() => this.#lookAt(newest, now));
  }

  async #lookAt(newest: number, now: number): Promise<void> {
    const step = await this.#scheduler.look(newest, now + 2 * day_us);
    const took_us = this.#options.now() - now;
    this.#early_at = now + Math.max(early_every_us, early_share * took_us);
    const said = JSON.stringify(step.findings.map((one) => [one.finding_id, one.summary]));
    if (said === this.#early_said) return;
    this.#early_said = said;
    await this.#tell(step, this.#known_until, step.findings);
  }

  async #advance(known: number): Promise<void> {
    if (this.#isPast(known)) return;
    const { now } = this.#options;
    const began = now();
    const step = await this.#scheduler.advance(known, now() + 2 * day_us);
    this.#known_until = known;
    this.#failed = step.failed;
    for (const one of step.findings) this.#seen.push(one);
    if (step.findings.length > 0) await this.#tell(step, known);
    this.#step_s = (now() - began) / 1e6;
    if (now() - this.#checkpoint_at >= checkpoint_every_us) await this.#checkpoint();
  }

  /** The list as it is now; what of it is new or has changed is kept, and told. */
  async #tell(
    step: Pick<Step, 'vantage' | 'deviceAt'>,
    known: number,
    early: readonly Finding[] = [],
  ): Promise<void> {
    const newest = this.#seen.reduce((most, one) => Math.max(most, one.end_at), 0);
    this.#seen = this.#seen.filter((one) => one.end_at > newest - seen_for_us);
    const { budget_per_day, evidence } = this.#options;
    const judged = this.#scheduler.runs.reduce((sum, run) => sum + run.judged, 0);
    const told = await tell(this.#store, this.#content.detectors, [...this.#seen, ...early], step, {
      ...{ budget_per_day, evidence, judged, since: 0 },
    });
    const as_of = Math.min(known, Number.MAX_SAFE_INTEGER);
    const states: FindingState[] = [
      ...told.shown.map((finding) => ({ finding, episode: '', as_of, shown: true, held: false })),
      ...told.held.map((finding) => ({ finding, episode: '', as_of, shown: false, held: true })),
      ...told.folded.map((finding) => ({ finding, episode: '', as_of, shown: false, held: false })),
    ];
    const now = this.#options.now();
    const changes = await this.#control.transaction((handle) => upsertFindings(handle, states, now));
    const news = changes.filter((one) => one.change === 'new' || one.change === 'changed');
    if (news.length > 0) this.#options.told(news, states);
  }

  async #checkpoint(): Promise<void> {
    const state = this.#scheduler.save();
    const packed = await packCheckpoint(
      this.#content,
      this.#content.detectors,
      state,
      this.#seen,
      this.#known_until,
    );
    const now = this.#options.now();
    await this.#control.transaction((handle) => packed.save(handle, now));
    this.#checkpoint_at = now;
  }

  /** Time never goes back; the end of all sources is no instant, so something may follow it. */
  #isPast(known: number): boolean {
    if (!Number.isFinite(known) || !Number.isFinite(this.#known_until)) return false;
    return known <= this.#known_until;
  }

  /** Again and again until it is stopped; what goes wrong is told, and tried again. */
  async #every(ms: number, work: () => Promise<void>): Promise<void> {
    let waits = ms;
    while (!this.#stopping) {
      await pause(waits);
      if (this.#stopping) return;
      try {
        await work();
        waits = ms;
        this.#problem = null;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (this.#problem !== why) this.#options.say(why);
        this.#problem = why;
        if (!(error instanceof WeirError)) {
          this.#break(error);
          return;
        }
        waits = Math.min(30_000, waits * 2);
      }
    }
  }
}

const record = (reasons: ReadonlyMap<string, number>): Record<string, number> => Object.fromEntries(reasons);

function accountWith(
  have: SourceAccount,
  { ledger, late }: { readonly ledger: Ledger; readonly late: number },
): SourceAccount {
  return {
    read: have.read + ledger.read,
    stored: have.stored + ledger.stored,
    filtered: have.filtered + total(ledger.filtered),
    duplicates: have.duplicates + total(ledger.duplicates),
    rejected: have.rejected + total(ledger.rejected),
    late: have.late + late,
  };
}

/** Records lost by reason since an earlier count; an input that began anew counts from zero. Pure. */
export function lostSince(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): Record<string, number> {
  const lost = Object.entries(now).map(([reason, n]): [string, number] => {
    const had = before[reason] ?? 0;
    return [reason, n >= had ? n - had : n];
  });
  return Object.fromEntries(lost.filter(([, n]) => n > 0));
}

/** The account of a source since the last one; none when nothing came. */
function additionOf(source: string, ledger: Ledger, at: number): LedgerAddition[] {
  if (ledger.read === 0) return [];
  const { read, stored, filtered, duplicates, rejected } = ledger;
  return [
    {
      ...{ source, at, received: read, stored },
      ...{ filtered: record(filtered), duplicates: record(duplicates), rejected: record(rejected) },
    },
  ];
}
