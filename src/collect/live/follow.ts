import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { sideBySide } from '../../base/side-by-side.ts';
import { plain } from '../../base/terminal.ts';
import { openInput } from '../open.ts';
import { encodingOf } from '../unpack.ts';
import { framingOf, type Kind, kindOf, Lines, longestRecord, StreamCutter } from './cut-records.ts';
import { FileFinder, type FindLimits, findLimits, type Listing, type Seen, stemOf } from './find-files.ts';
import { Followed, type Place, restored, unchanged } from './followed.ts';
import type { Deliver, Delivery, InputState, LiveInput, Position } from './input.ts';
import { beginsAs, headBytes, type Known, match, printOf, type Sample, seamBytes } from './prints.ts';
import { whyNot } from './why-not.ts';

export interface FollowOptions {
  /** id of the entry in weir.yaml */
  readonly source: string;
  /** files, folders (all below them), patterns with * ? [ ] { } and ** */
  readonly paths: readonly string[];
  /** Where to begin with what is there when the source begins for the first time; what comes later is read whole. */
  readonly from: 'beginning' | 'end';
  /** what was saved */
  readonly positions: readonly Position[];
  /** how often folders are looked at */
  readonly poll_ms?: number;
  /** A file that was rotated away is finished when it has not changed for so long. */
  readonly quiet_ms?: number;
  /** A file that stays in its place is taken to be finished after so long; it is read on when it grows. */
  readonly idle_ms?: number;
  /** What is known of a file that has vanished is let go after so long. */
  readonly forget_ms?: number;
  readonly limits?: FindLimits;
  /** Files held open: what is deleted meanwhile is read to its end. */
  readonly open_files?: number;
}

/** Follows files and folders; how files are told apart: docs/decisions/0032-a-file-is-known-by-its-content.md. */
export function followInput(options: FollowOptions): LiveInput {
  return new Follower(options);
}

/** Key of the position that says that the source has begun: what is unknown from then on is new. */
const begunKey = 'begun';
const mostAtOnce = 4;
const mostWatched = 128;
/** Writers that write line by line must not keep it looking all the time. */
const hintAfterMs = 50;
/** Files whose content is looked at in one second, with the cost of a look. */
const statsPerSecond = 4_000;
const sampleBytes = 64 * 1024;

/** A file that is not read at the moment, and why it need not be looked at again until it changes. */
interface Passed {
  readonly seen: Seen;
  /** the file that it is a copy of; null: its kind, or its being too short, keeps it from being read */
  readonly of: Followed | null;
  readonly since: number;
}

type Reading = 'more' | 'end' | 'another';

export class Follower implements LiveInput {
  readonly source: string;
  readonly #options: Required<Omit<FollowOptions, 'source' | 'paths' | 'positions'>>;
  readonly #finder: FileFinder;
  readonly #files = new Set<Followed>();
  readonly #by_id = new Map<string, Followed>();
  readonly #passed = new Map<string, Passed>();
  readonly #problems = new Map<string, string>();
  #listing_problems: ReadonlyMap<string, string> = new Map();
  readonly #dropped = new Map<string, number>();
  readonly #noticed = new Map<string, number>();
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #families = new Map<string, Promise<void>>();
  #waits = '';
  #deliver: Deliver = async () => {};
  #begun: boolean;
  #order = 0;
  #bytes = 0;
  #records = 0;
  #quiet_since: number | null = null;
  #stopping = false;
  #loop: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};

  constructor(options: FollowOptions) {
    const { source, paths, positions, ...rest } = options;
    this.source = source;
    this.#options = {
      ...{ poll_ms: 1_000, quiet_ms: 30_000, idle_ms: 600_000, forget_ms: 7 * 86_400_000 },
      ...{ limits: findLimits, open_files: 512 },
      ...rest,
    };
    this.#finder = new FileFinder(paths, this.#options.limits);
    this.#begun = positions.some((one) => one.key === begunKey && one.value !== null);
    for (const one of positions) {
      const file = restored(one, this.#order++, Date.now());
      if (file === null) continue;
      this.#files.add(file);
      if (file.hint !== null) this.#by_id.set(file.hint.id, file);
    }
  }

  async start(deliver: Deliver): Promise<void> {
    this.#deliver = deliver;
    await this.look();
    this.#loop = this.#run();
  }

  async stop(timeout_ms: number): Promise<void> {
    this.#stopping = true;
    this.#wake();
    for (const one of this.#watchers.values()) one.close();
    this.#watchers.clear();
    const all = Promise.all([this.#loop, ...this.#families.values()]);
    await Promise.race([all, sleep(timeout_ms)]);
    for (const file of this.#files) await this.#close(file);
  }

  state(): InputState {
    const problems = [...this.#listing_problems, ...this.#problems].map(
      ([path, why]) => `${plain(path)}: ${why}`,
    );
    if (this.#waits !== '') problems.unshift(`waits: ${this.#waits}`);
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    return {
      received_bytes: this.#bytes,
      received_records: this.#records,
      dropped: Object.fromEntries(this.#dropped),
      noticed: Object.fromEntries(this.#noticed),
      problem: problems.length === 0 ? null : problems[0] + more,
      quiet_since: this.#quiet_since,
    };
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const begun = Date.now();
      let looked_at = 0;
      try {
        looked_at = await this.look();
        this.#problems.delete(this.source);
      } catch (error) {
        this.#problems.set(this.source, whyNot(error));
      }
      const before = this.#bytes;
      void this.#read().then(() => {
        // What was written while it was read has told of itself too early.
        if (this.#bytes !== before) this.#wake();
        if (!this.#stopping && this.#isDrained()) this.#quiet_since = begun * 1000;
      });
      // However long reading takes, folders are looked at: what is found there is held open.
      const least = Math.max(hintAfterMs, (looked_at / statsPerSecond) * 1000);
      await this.#pause(least, Math.max(least, this.#options.poll_ms));
    }
  }

  /** Until the longest time is over, or something has changed in a folder and the least time is over. */
  #pause(least_ms: number, most_ms: number): Promise<void> {
    const begun = Date.now();
    return new Promise((resolve) => {
      let timer = setTimeout(resolve, most_ms);
      this.#wake = () => {
        clearTimeout(timer);
        timer = setTimeout(resolve, this.#stopping ? 0 : Math.max(0, least_ms - (Date.now() - begun)));
      };
      if (this.#stopping) this.#wake();
    });
  }

  /** Looks at all folders once, and reads what is new to its end: what the loop does, for tests and benchmarks. */
  async round(): Promise<void> {
    await this.look();
    await this.#read();
  }

  /** Finds out which file lies where now; returns how many were looked at. */
  async look(): Promise<number> {
    const now = Date.now();
    const listing = await this.#finder.list(now);
    this.#listing_problems = listing.problems;
    const there = new Set(listing.files.map((one) => one.path));
    for (const path of this.#problems.keys()) if (!there.has(path)) this.#problems.delete(path);
    const strange: Seen[] = [];
    const met = new Set<Followed>();
    for (const seen of listing.files) {
      const file = this.#by_id.get(seen.id);
      if (file === undefined || met.has(file)) strange.push(seen);
      else if (await this.#isStill(file, seen, now)) met.add(file);
      else strange.push(seen);
    }
    for (const file of this.#files) if (!met.has(file)) await this.#outOfSight(file, now);
    const gone = new Set(this.#passed.keys());
    for (const seen of strange.sort(byAge)) {
      gone.delete(seen.id);
      if (seen.size > 0)
        await this.#meet(seen, now).catch((error) => this.#problems.set(seen.path, whyNot(error)));
    }
    for (const id of gone) this.#passed.delete(id);
    if (!this.#begun) await this.#begin();
    await this.#settle(listing, now);
    this.#watch(listing.folders);
    return listing.looked_at;
  }

  /** Whether the file that lay there lies there still. */
  async #isStill(file: Followed, seen: Seen, now: number): Promise<boolean> {
    file.there_at = now;
    if (unchanged(file.place, seen) || file.busy) {
      if (file.place !== null && file.place.path !== seen.path)
        file.place = { ...file.place, path: seen.path };
      return true;
    }
    // After a restart: a finished file that nobody touched is not opened again.
    if (file.place === null && (file.finished || file.skipped) && unchanged(file.hint, seen)) {
      file.place = placeOf(seen, file.hint!.packed);
      file.seen_size = file.offset;
      return true;
    }
    if (file.place?.packed === true || (file.place === null && file.hint?.packed === true)) {
      await this.#loosen(file, now);
      return false;
    }
    try {
      if (seen.size >= file.offset && (await this.#continues(file, seen))) {
        file.place = placeOf(seen, false);
        file.changed_at = now;
        file.seen_size = Math.max(seen.size, file.offset);
        this.#problems.delete(seen.path);
        return true;
      }
    } catch (error) {
      this.#problems.set(seen.path, whyNot(error));
      return true;
    }
    await this.#loosen(file, now);
    return false;
  }

  /** Whether the inode that is held or lies there is the file's: its beginning, and what was read last. */
  async #continues(file: Followed, seen: Seen): Promise<boolean> {
    const handle = file.handle ?? (await open(seen.path, 'r'));
    let keep = file.handle !== null;
    try {
      if (file.handle === null && (await idOf(handle)) !== seen.id) return false;
      const head = await readAt(handle, 0, headBytes);
      if (!beginsAs(file.print, head) || !(await seamStands(handle, file))) return false;
      if (file.print.bytes < headBytes && !file.finished) file.read(head, 0);
      file.head ??= head.subarray(0, file.print.bytes);
      if (file.handle === null && (!file.finished || seen.size > file.offset)) {
        await this.#hold(file, handle);
        keep = true;
      }
      return true;
    } finally {
      if (!keep) await handle.close();
    }
  }

  async #hold(file: Followed, handle: FileHandle): Promise<void> {
    await this.#close(file);
    if (this.#stopping) return handle.close();
    file.handle = handle;
    const held = [...this.#files].filter((one) => one.handle !== null);
    if (held.length <= this.#options.open_files) return;
    const oldest = held.filter((one) => !one.busy && one.place !== null && one !== file);
    oldest.sort((a, b) => a.changed_at - b.changed_at);
    if (oldest[0] !== undefined) await this.#close(oldest[0]);
  }

  async #close(file: Followed): Promise<void> {
    const { handle } = file;
    file.handle = null;
    await handle?.close().catch(() => {});
  }

  /** The file does not lie there any more: another content does. */
  async #loosen(file: Followed, now: number): Promise<void> {
    const id = file.place?.id ?? file.hint?.id;
    if (id !== undefined && this.#by_id.get(id) === file) this.#by_id.delete(id);
    file.last_id = id ?? file.last_id;
    await this.#close(file);
    file.place = null;
    file.hint = null;
    file.exhausted = null;
    file.changed_at = now;
  }

  /** A file that was not found: while it is held open, it is read on. */
  async #outOfSight(file: Followed, now: number): Promise<void> {
    if (file.busy) return;
    if (file.place?.packed === true) await this.#loosen(file, now);
    if (file.handle === null) {
      if (file.place !== null) await this.#loosen(file, now);
      return;
    }
    file.place = null;
    const { size } = await file.handle.stat();
    if (size < file.offset) await this.#loosen(file, now);
    else if (size !== file.seen_size) {
      file.seen_size = size;
      file.changed_at = now;
    }
    file.there_at = now;
  }

  /** A file that is no known one by its inode: it is told by its content. */
  async #meet(seen: Seen, now: number): Promise<void> {
    const passed = this.#passed.get(seen.id);
    const same = passed !== undefined && unchanged(placeOf(passed.seen, false), seen);
    if (same && passed.of === null && now - passed.since < this.#options.quiet_ms) return;
    if (same && passed.of !== null && passed.of.size !== null) {
      passed.of.there_at = now;
      return;
    }
    const since = Math.min(passed?.since ?? now, now);
    const waited = now - since >= this.#options.quiet_ms;
    const handle = await open(seen.path, 'r');
    let held = false;
    try {
      if ((await idOf(handle)) !== seen.id) return;
      const raw = await readAt(handle, 0, headBytes);
      const packed = encodingOf(raw) !== 'plain';
      const start = packed ? await unpackedStart(seen) : { head: raw, cut: false };
      // Too little has been packed yet.
      if (start.cut && start.head.length < headBytes && !waited)
        return void this.#passed.set(seen.id, { seen, of: null, since });
      const { head } = start;
      const length = packed ? head.length : seen.size;
      const kind = kindOf(head) ?? (waited ? 'text' : null);
      this.#problems.delete(seen.path);
      if (kind === 'other') {
        if (passed?.since !== Number.POSITIVE_INFINITY)
          count(this.#noticed, 'files that are neither text nor a capture');
        this.#passed.set(seen.id, { seen, of: null, since: Number.POSITIVE_INFINITY });
        return;
      }
      const found = kind === null ? null : await this.#whose(seen, head, length, handle, packed, waited);
      if (found === null || found.is === 'partial') {
        this.#passed.set(seen.id, { seen, of: null, since });
        if (found?.is === 'partial') found.known.there_at = now;
        return;
      }
      if (found.is === 'copy') {
        found.known.there_at = now;
        this.#passed.set(seen.id, { seen, of: found.known, since });
        return;
      }
      const file = found.is === 'holds' ? found.known : this.#newFile(seen, kind!, head, now);
      if (file === null) return;
      this.#passed.delete(seen.id);
      this.#by_id.set(seen.id, file);
      file.place = placeOf(seen, packed);
      file.seen_size = Math.max(file.offset, packed ? 0 : seen.size);
      file.changed_at = now;
      file.there_at = now;
      file.head ??= Buffer.from(head.subarray(0, file.print.bytes));
      if (!packed) {
        await this.#hold(file, handle);
        held = true;
      }
    } finally {
      if (!held) await handle.close();
    }
  }

  /** Whose content it is; null: that cannot be said yet. */
  async #whose(
    seen: Seen,
    head: Buffer,
    length: number,
    handle: FileHandle,
    packed: boolean,
    waited: boolean,
  ) {
    const prints = new Map<number, string>();
    const candidates: Followed[] = [];
    for (const file of this.#files) {
      const { bytes, hash } = file.print;
      if (bytes > head.length || bytes === 0 || file.others.has(seen.id)) continue;
      // What has become shorter in its place is no copy.
      if (!packed && length < file.offset && file.last_id === seen.id) continue;
      if (!prints.has(bytes)) prints.set(bytes, printOf(head.subarray(0, bytes)).hash);
      if (prints.get(bytes) === hash) candidates.push(file);
    }
    const named = (file: Followed): number =>
      Number(file.hint?.id === seen.id) + Number(file.origin === seen.path);
    candidates.sort((a, b) => b.print.bytes - a.print.bytes || named(b) - named(a) || a.order - b.order);
    const continues = async (of: Known, short: boolean): Promise<boolean> => {
      const file = of as Followed;
      if (file.size !== null) return isWithin(file, { handle, length, start: packed ? head : null });
      // Of a packed file it is looked at while it is unpacked.
      return short ? !waited : packed || seamStands(handle, file);
    };
    const sample: Sample = { length, whole: !packed, continues };
    const found = await match(sample, candidates);
    if (found.is !== 'new' || waited || head.length >= headBytes) return found;
    // So short that it may be the beginning of a copy of one of them.
    const beginning = [...this.#files].some(
      (one) =>
        one.head !== null && one.head.length > head.length && one.head.subarray(0, head.length).equals(head),
    );
    return beginning ? null : found;
  }

  #newFile(seen: Seen, kind: Kind, head: Buffer, now: number): Followed | null {
    if (this.#files.size >= this.#options.limits.files * 2) {
      this.#problems.set(seen.path, 'too many files are followed; this one is not');
      return null;
    }
    const print = printOf(Buffer.alloc(0));
    const file = new Followed({ origin: seen.path, kind, root: seen.root, print }, this.#order++, now);
    file.read(Buffer.from(head.subarray(0, headBytes)), 0);
    file.skipped = !this.#begun && (seen.rotated || this.#options.from === 'end');
    this.#files.add(file);
    return file;
  }

  /** The first time: what is there is passed over where that was asked for, and where reading begins is saved. */
  async #begin(): Promise<void> {
    const passed_over = [...this.#files].filter((one) => one.skipped);
    await sideBySide(64, passed_over, async (file) => {
      try {
        await this.#toEnd(file);
        await this.#give(file, { position: file.position() });
      } catch (error) {
        this.#problems.set(file.origin, whyNot(error));
      }
    });
    const position = { key: begunKey, value: { at_ms: Date.now() } };
    this.#begun = await this.#give(null, { origin: this.source, position });
  }

  /** Passes over what is there, up to the last whole record. A packed file is passed over as a whole. */
  async #toEnd(file: Followed): Promise<void> {
    const { handle, place } = file;
    if (handle === null || place === null || place.packed) return;
    file.skipped = false;
    if (file.kind !== 'text') {
      await this.#walk(file, handle, place.size);
      return;
    }
    const from = Math.max(0, place.size - longestRecord);
    const last = await readAt(handle, from, place.size - from);
    const end = last.lastIndexOf(10) + 1;
    if (end === 0) return;
    const header = new Lines();
    header.taken(wholeLines(await readAt(handle, 0, Math.min(sampleBytes, from + end))), 0);
    file.header = header.header;
    file.framing = null;
    file.offset = from;
    file.advance(last.subarray(0, end), 0);
    file.line = 0;
  }

  /** Which files are finished, and which may be forgotten. */
  async #settle(listing: Listing, now: number): Promise<void> {
    const { quiet_ms, idle_ms, forget_ms } = this.#options;
    const newest = new Map<string, number>();
    for (const file of this.#files) {
      if (file.kind === 'text' || file.place === null) continue;
      newest.set(familyOf(file), Math.max(file.order, newest.get(familyOf(file)) ?? 0));
    }
    for (const file of this.#files) {
      if (file.busy) continue;
      const quiet = now - file.changed_at;
      const lies = file.handle !== null || file.place !== null;
      if (lies && !file.finished && !file.skipped) {
        const followed_by = file.order < (newest.get(familyOf(file)) ?? 0);
        const away = file.place?.path !== file.origin || file.place.packed || followed_by;
        file.ending = quiet >= (away ? quiet_ms : idle_ms);
      }
      if (lies) continue;
      const unread = file.seen_size - file.offset;
      if (unread > 0 && quiet >= quiet_ms) {
        // It was cut off, or removed while it was not open, and no copy of it has come up.
        count(this.#dropped, 'bytes that were gone before they were read', unread);
        file.seen_size = file.offset;
      }
      if (now - file.there_at >= forget_ms && listing.problems.size === 0) {
        if (await this.#give(null, { origin: file.origin, position: { key: file.key, value: null } }))
          this.#files.delete(file);
      }
    }
  }

  #watch(folders: readonly string[]): void {
    if (this.#stopping) return;
    const wanted = new Set(folders.slice(0, mostWatched));
    for (const [folder, watcher] of this.#watchers) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of wanted) {
      if (this.#watchers.has(folder)) continue;
      try {
        // A hint only: network file systems tell nothing, and what is told may be too much to keep up with.
        const watcher = watch(folder, { persistent: false }, () => this.#wake());
        watcher.on('error', () => {
          watcher.close();
          this.#watchers.delete(folder);
        });
        this.#watchers.set(folder, watcher);
      } catch {
        return;
      }
    }
  }

  #isDue(file: Followed): boolean {
    if (file.busy || file.skipped) return false;
    if (file.place !== null && unchanged(file.exhausted, file.place)) return file.ending;
    return (
      file.ending || (file.place?.packed ?? false) || (file.size !== null && file.seen_size > file.offset)
    );
  }

  #isDrained(): boolean {
    return this.#waits === '' && ![...this.#files].some((one) => one.busy || this.#isDue(one));
  }

  /** Reads all that is due: what belongs together one after the other, several of these at once. */
  async #read(): Promise<void> {
    const families = new Map<string, Followed[]>();
    for (const file of this.#files) {
      if (!this.#isDue(file)) continue;
      const family = familyOf(file);
      const of = families.get(family);
      if (of === undefined) families.set(family, [file]);
      else of.push(file);
    }
    for (const [family, files] of families) {
      if (this.#families.size >= mostAtOnce) await Promise.race(this.#families.values());
      if (this.#stopping || this.#families.has(family)) continue;
      files.sort(inOrder);
      for (const file of files) file.busy = true;
      const work = this.#readInOrder(files).finally(() => this.#families.delete(family));
      this.#families.set(family, work);
    }
    await Promise.all(this.#families.values());
  }

  async #readInOrder(files: readonly Followed[]): Promise<void> {
    for (const file of files) {
      try {
        if (this.#stopping) continue;
        this.#problems.delete(file.place?.path ?? file.origin);
        await (file.place?.packed === true ? this.#readPacked(file, file.place) : this.#readPlain(file));
      } catch (error) {
        this.#problems.set(file.place?.path ?? file.origin, whyNot(error));
      } finally {
        file.busy = false;
        file.ending = false;
      }
    }
  }

  async #readPlain(file: Followed): Promise<void> {
    const { place } = file;
    if (file.handle === null) {
      if (place === null) return;
      const handle = await open(place.path, 'r');
      if ((await idOf(handle)) !== place.id) return handle.close();
      await this.#hold(file, handle);
    }
    const { handle } = file;
    if (handle === null) return;
    // What is there now; what is written meanwhile is read in the next round.
    const { size } = await handle.stat();
    file.seen_size = Math.max(size, file.offset);
    if (file.framing === null) await this.#recall(file, handle);
    let came: Reading = 'more';
    while (came === 'more' && !this.#stopping) came = await this.#readPiece(file, handle, size);
    if (came === 'another') await this.#loosen(file, Date.now());
    if (came !== 'end') return;
    file.exhausted = place;
    if (file.ending && !file.finished) await this.#finish(file, handle, size);
  }

  async #readPiece(file: Followed, handle: FileHandle, size: number): Promise<Reading> {
    const { seam, offset, framing } = file;
    const want = Math.min(size - offset, longestRecord + 1);
    const read = await readAt(handle, offset - seam.length, seam.length + Math.max(0, want));
    // The file may have been cut off and filled again since it was looked at.
    if (!read.subarray(0, seam.length).equals(seam)) return 'another';
    let bytes = read.subarray(seam.length);
    if (bytes.length === 0) return want > 0 ? 'another' : 'end';
    if (offset === 0 && file.head !== null && !startsAlike(file.head, bytes)) return 'another';
    file.read(bytes, offset);
    if (offset === 0) {
      const begin = framing!.begin(bytes);
      if (begin === 0 && file.kind !== 'text') return 'end';
      file.advance(bytes.subarray(0, begin), 0);
      bytes = bytes.subarray(begin);
    }
    const { end, records, too_long } = framing!.cut(bytes);
    if (too_long !== undefined) return this.#passOver(file, handle, too_long, size);
    if (end === 0) return 'end';
    const whole = bytes.subarray(0, end);
    if (!(await this.#deliverRecords(file, whole, records))) return 'end';
    return file.offset < size ? 'more' : 'end';
  }

  async #deliverRecords(file: Followed, bytes: Buffer, records: number, ended = false): Promise<boolean> {
    const head = file.framing!.head();
    file.framing!.taken(bytes, file.offset);
    return this.#giveRecords(file, bytes, records, head, ended);
  }

  /** A record that is too long is left out, once its end is there. */
  async #passOver(file: Followed, handle: FileHandle, length: number | null, size: number): Promise<Reading> {
    let end = length === null ? -1 : file.offset + length;
    let at = Math.max(file.scanned, file.offset);
    for (; end < 0 && at < size && !this.#stopping; ) {
      const bytes = await readAt(handle, at, Math.min(longestRecord, size - at));
      if (bytes.length === 0) return 'end';
      const feed = bytes.indexOf(10);
      if (feed >= 0) end = at + feed + 1;
      at += bytes.length;
    }
    file.scanned = at;
    if (end < 0 || end > size) return 'end';
    await this.#leaveOut(file, handle, end);
    return file.offset < size ? 'more' : 'end';
  }

  async #leaveOut(file: Followed, handle: FileHandle, end: number): Promise<void> {
    count(this.#dropped, `records longer than ${longestRecord} bytes`);
    const last = Math.max(0, end - seamBytes);
    const bytes = await readAt(handle, last, end - last);
    file.offset = last;
    file.advance(bytes, 1);
  }

  /** Nothing will follow: what is left is a record without its end. */
  async #finish(file: Followed, handle: FileHandle, size: number): Promise<void> {
    const rest = size - file.offset;
    if (rest > longestRecord) await this.#leaveOut(file, handle, size);
    const bytes = await readAt(handle, file.offset, size - file.offset);
    if (!(await this.#deliverRecords(file, bytes, bytes.length > 0 ? 1 : 0, true))) return;
    if (bytes.length > 0) count(this.#noticed, 'last records without their end');
    await this.#close(file);
    if (file.place === null) await this.#loosen(file, Date.now());
  }

  /** After a restart: the header that is in force where reading goes on. */
  async #recall(file: Followed, handle: FileHandle): Promise<void> {
    const framing = framingOf(file.kind);
    file.framing = framing;
    if (file.offset === 0) return;
    if (file.kind !== 'text') {
      const { offset, line, seam } = file;
      file.offset = 0;
      await this.#walk(file, handle, offset);
      Object.assign(file, { offset, line, seam });
      return;
    }
    const { header } = file;
    const at = header?.offset ?? 0;
    (framing as Lines).recall(await readAt(handle, at, header?.bytes ?? 0), at, file.offset);
  }

  /** Goes through the records of a capture up to a place, for its header and where records begin. */
  async #walk(file: Followed, handle: FileHandle, until: number): Promise<void> {
    const framing = framingOf(file.kind);
    file.framing = framing;
    while (file.offset < until) {
      let bytes = await readAt(handle, file.offset, Math.min(longestRecord + 1, until - file.offset));
      if (file.offset === 0) {
        const begin = framing.begin(bytes);
        if (begin === 0) return;
        file.advance(bytes.subarray(0, begin), 0);
        bytes = bytes.subarray(begin);
      }
      const { end, records, too_long } = framing.cut(bytes);
      if (too_long != null && file.offset + too_long <= until)
        await this.#leaveOut(file, handle, file.offset + too_long);
      else if (end === 0) return;
      framing.taken(bytes.subarray(0, end), file.offset);
      file.advance(bytes.subarray(0, end), records);
    }
  }

  /** Unpacks a file and delivers what comes after what was read of it already. */
  async #readPacked(file: Followed, place: Place): Promise<void> {
    const input = { name: place.path, path: place.path, size_bytes: place.size, found: true };
    const opened = await openInput(input);
    try {
      if (!beginsAs(file.print, opened.head)) return await this.#loosen(file, Date.now());
      const cutter = new StreamCutter(file.kind, file.offset);
      const before = new SeamFinder(file.offset);
      file.framing = cutter.framing;
      for await (const chunk of opened.chunks) {
        if (this.#stopping) return;
        if (!before.passes(chunk, file)) return await this.#isAnother(file, place);
        file.read(chunk, before.at - chunk.length);
        for (const { bytes, offset, records, head } of cutter.push(chunk)) {
          const from = Math.max(0, file.offset - offset);
          if (from >= bytes.length) continue;
          const rest = bytes.subarray(from);
          const n = from === 0 ? records : framingOf('text').cut(rest).records;
          if (!(await this.#givePacked(file, rest, n, Math.max(offset, file.offset), head, false))) return;
        }
        for (; cutter.too_long > 0; cutter.too_long--)
          count(this.#dropped, `records longer than ${longestRecord} bytes`);
      }
      if (before.at < file.offset) return await this.#isAnother(file, place);
      file.exhausted = place;
      const [problem] = opened.problems();
      // A file that is being packed has no end yet.
      if (problem !== undefined && !file.ending) return;
      if (problem !== undefined) this.#problems.set(place.path, problem.reason);
      const { bytes, offset } = cutter.rest();
      const from = Math.max(0, file.offset - offset);
      const rest = bytes.subarray(Math.min(from, bytes.length));
      if (
        !(await this.#givePacked(
          file,
          rest,
          rest.length > 0 ? 1 : 0,
          file.offset,
          cutter.framing.head(),
          true,
        ))
      )
        return;
      if (rest.length > 0) count(this.#noticed, 'last records without their end');
    } finally {
      await opened.close();
    }
  }

  async #givePacked(
    file: Followed,
    bytes: Buffer,
    records: number,
    offset: number,
    head: Buffer | null,
    ended: boolean,
  ): Promise<boolean> {
    // Between pieces lies what was left out: a header, a record that is too long.
    file.offset = Math.max(offset, file.offset);
    return this.#giveRecords(file, bytes, records, head, ended);
  }

  /** Gives whole records; false: they were not taken, and the file stays where it is. */
  async #giveRecords(
    file: Followed,
    bytes: Buffer,
    records: number,
    head: Buffer | null,
    ended: boolean,
  ): Promise<boolean> {
    const given = await this.#give(file, {
      ...{ bytes, position: file.position(bytes, records, ended) },
      ...(head !== null && (file.kind !== 'text' || file.offset > 0) ? { head } : {}),
      ...(ended ? { ended } : {}),
    });
    if (!given) return false;
    file.advance(bytes, records);
    file.finished = ended;
    this.#bytes += bytes.length;
    this.#records += records;
    return true;
  }

  /** What was unpacked begins as the file does, and is another. */
  async #isAnother(file: Followed, place: Place): Promise<void> {
    if (file.others.size < 64) file.others.add(place.id);
    await this.#loosen(file, Date.now());
  }

  /** Delivers until it is kept; false: the input is stopped before. */
  async #give(file: Followed | null, piece: Partial<Delivery> & { position: Position }): Promise<boolean> {
    const delivery: Delivery = {
      ...{ source: this.source, origin: file?.origin ?? '', bytes: Buffer.alloc(0) },
      ...{ offset: file?.offset ?? 0, line: file?.line ?? 0, received_at: Date.now() * 1000 },
      ...piece,
    };
    for (let wait_ms = 50; ; wait_ms = Math.min(2 * wait_ms, 5_000)) {
      if (this.#stopping) return false;
      try {
        await this.#deliver(delivery);
        this.#waits = '';
        return true;
      } catch (error) {
        this.#waits = whyNot(error);
      }
      for (let left = wait_ms; left > 0 && !this.#stopping; left -= 50) await sleep(Math.min(50, left));
    }
  }
}

/** Looks while a stream goes by whether what was read of a file stands before its offset. */
class SeamFinder {
  at = 0;
  readonly #offset: number;
  #last: Buffer = Buffer.alloc(0);

  constructor(offset: number) {
    this.#offset = offset;
  }

  /** False: it is another file. */
  passes(chunk: Buffer, file: Followed): boolean {
    const before = this.at;
    this.at += chunk.length;
    if (before >= this.#offset) return true;
    const part = chunk.subarray(0, this.#offset - before);
    this.#last = Buffer.concat([this.#last, part.subarray(-seamBytes)]).subarray(-seamBytes);
    if (this.at < this.#offset) return true;
    return takeSeam(file, this.#last);
  }
}

/** Whether `before` is what was read before the file's offset; then it is known in full. */
function takeSeam(file: Followed, before: Buffer): boolean {
  const { bytes, hash } = file.seam_print ?? printOf(file.seam);
  const seam = Buffer.from(before.subarray(before.length - bytes));
  if (before.length < bytes || printOf(seam).hash !== hash) return false;
  file.seam = seam;
  file.seam_print = null;
  return true;
}

async function seamStands(handle: FileHandle, file: Followed): Promise<boolean> {
  const bytes = file.seam_print?.bytes ?? file.seam.length;
  return takeSeam(file, await readAt(handle, file.offset - bytes, bytes));
}

/**
 * Whether the last bytes of another file stand in this one in the same place. Of packed files the first 64 KiB are looked
 * at; `start`: these of the other one.
 */
async function isWithin(
  file: Followed,
  other: { readonly handle: FileHandle; readonly length: number; readonly start: Buffer | null },
): Promise<boolean> {
  const packed = file.place?.packed === true ? (await unpackedStart(file.place)).head : null;
  const until = packed === null ? other.length : Math.min(other.length, sampleBytes);
  const from = Math.max(0, until - seamBytes);
  const handle = file.handle ?? (await open(file.place!.path, 'r'));
  try {
    const mine = packed?.subarray(from, until) ?? (await readAt(handle, from, until - from));
    const its = other.start?.subarray(from, until) ?? (await readAt(other.handle, from, until - from));
    return mine.length > 0 && mine.equals(its);
  } finally {
    if (handle !== file.handle) await handle.close();
  }
}

function startsAlike(a: Buffer, b: Buffer): boolean {
  const n = Math.min(a.length, b.length);
  return a.subarray(0, n).equals(b.subarray(0, n));
}

const wholeLines = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.lastIndexOf(10) + 1);

/** Older first; written in one tick of the file system's clock: those that were rotated more often first. */
function byAge(a: Seen, b: Seen): number {
  const turns = ({ path }: Seen): number => Number(/\.(\d{1,4})(?:\.gz|\.zst)?$/.exec(path)?.[1] ?? 0);
  return a.mtime_ms - b.mtime_ms || turns(b) - turns(a);
}

/** What files are read one after the other: logs of one name, captures of one path given. */
function familyOf(file: Followed): string {
  return file.kind === 'text' ? stemOf(file.origin) : `captures ${file.root}`;
}

function inOrder(a: Followed, b: Followed): number {
  if (a.kind === 'text' || a.first_time === b.first_time) return a.order - b.order;
  return (a.first_time ?? Number.MAX_VALUE) - (b.first_time ?? Number.MAX_VALUE);
}

/** The first 64 KiB that a packed file holds, and whether there is something wrong before their end. */
async function unpackedStart({
  path,
  size,
}: Pick<Seen, 'path' | 'size'>): Promise<{ head: Buffer; cut: boolean }> {
  const opened = await openInput({ name: path, path, size_bytes: size, found: true });
  await opened.close();
  return { head: opened.head, cut: opened.problems().length > 0 };
}

const placeOf = ({ path, id, size, mtime_ms }: Seen, packed: boolean): Place => ({
  path,
  id,
  size,
  mtime_ms,
  packed,
});

async function idOf(handle: FileHandle): Promise<string> {
  const { dev, ino } = await handle.stat({ bigint: true });
  return `${dev}:${ino}`;
}

/** Up to `length` bytes at a place, fewer at the end of the file; a buffer of its own. */
async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(Math.max(0, length));
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

function count(counts: Map<string, number>, what: string, n = 1): void {
  counts.set(what, (counts.get(what) ?? 0) + n);
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
