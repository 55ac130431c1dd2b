import { WeirError } from '../../base/error.ts';
import type { Deliver } from './input.ts';

/** How much may wait, and how long. */
export interface LaneLimits {
  /** a lane of a sender that can be stopped is full at this many bytes; it then sends no more until half is gone */
  readonly lane_bytes: number;
  /** of all lanes together */
  readonly total_bytes: number;
  /** lanes that hold something at the same time */
  readonly lanes: number;
  /** a piece is delivered when it has waited so long, or is so large */
  readonly gather_ms: number;
  readonly gather_bytes: number;
}

interface Lane {
  readonly key: string;
  readonly origin: string;
  /** what is refused is thrown away: the sender cannot be told to wait */
  readonly lossy: boolean;
  buffer: Buffer;
  used: number;
  records: number;
  /** bytes and records that are being delivered now */
  under_way: number;
  records_under_way: number;
  timer: NodeJS.Timeout | null;
}

/** How long a refused piece waits before it is tried again: doubles up to the last. */
const firstWait = 50;
const longestWait = 2000;

/**
 * Records wait here, by origin, until they are delivered: what came within a few milliseconds goes as one piece, and one
 * piece of an origin is under way at a time, so that its records stay in order and what comes meanwhile is gathered.
 */
export class Lanes {
  private readonly source: string;
  private readonly limits: LaneLimits;
  private readonly dropped: (reason: string, records: number) => void;
  private readonly roomMade: () => void;
  private readonly lanes = new Map<string, Lane>();
  private readonly sleepers = new Set<() => void>();
  private deliver: Deliver | null = null;
  private bytes = 0;
  private stopping = false;
  /** what the last refusal said; null when the last piece was taken */
  problem: string | null = null;

  /** `dropped` is told of records that are lost, `roomMade` when senders that were stopped may go on. */
  constructor(
    source: string,
    limits: LaneLimits,
    dropped: (reason: string, records: number) => void,
    roomMade: () => void,
  ) {
    this.source = source;
    this.limits = limits;
    this.dropped = dropped;
    this.roomMade = roomMade;
  }

  start(deliver: Deliver): void {
    this.deliver = deliver;
  }

  /** Bytes that wait or are under way. */
  get held_bytes(): number {
    return this.bytes;
  }

  /** Whether a sender of this lane should stop for now. */
  isFull(key: string): boolean {
    const lane = this.lanes.get(key);
    return this.isFullInAll() || (lane !== undefined && lane.used + lane.under_way >= this.limits.lane_bytes);
  }

  /** Whether all senders should. */
  isFullInAll(): boolean {
    return this.bytes >= this.limits.total_bytes;
  }

  /** Whether a sender that was stopped may go on: half of what may wait is gone. */
  hasRoom(key: string): boolean {
    const lane = this.lanes.get(key);
    if (this.bytes > this.limits.total_bytes / 2) return false;
    return lane === undefined || lane.used + lane.under_way <= this.limits.lane_bytes / 2;
  }

  /** Adds a record (a line feed inside it becomes a blank). Of a lossy lane it is dropped when there is no room. */
  add(key: string, origin: string, lossy: boolean, bytes: Buffer, from: number, to: number): void {
    let lane = this.lanes.get(key);
    if (lossy && this.isFull(key)) {
      this.dropped('no room', 1);
      return;
    }
    if (lane === undefined) {
      if (lossy && this.lanes.size >= this.limits.lanes) {
        this.dropped('too many senders at once', 1);
        return;
      }
      const buffer = Buffer.allocUnsafe(Math.max(1024, to - from + 1));
      const nothing = { used: 0, records: 0, under_way: 0, records_under_way: 0 };
      lane = { key, origin, lossy, buffer, ...nothing, timer: null };
      this.lanes.set(key, lane);
    }
    append(lane, bytes, from, to);
    this.bytes += to - from + 1;
    if (lane.under_way > 0) return;
    if (lane.used >= this.limits.gather_bytes) this.begin(lane);
    else lane.timer ??= setTimeout(() => this.begin(lane), this.limits.gather_ms);
  }

  /** Delivers all that waits; resolves when it is gone, or after the time, with what is left counted as dropped. */
  async stop(timeout_ms: number): Promise<void> {
    this.stopping = true;
    const end = performance.now() + timeout_ms;
    for (const lane of this.lanes.values()) if (lane.under_way === 0) this.begin(lane);
    while (this.lanes.size > 0 && performance.now() < end) await pause(5);
    for (const lane of this.lanes.values()) {
      if (lane.timer !== null) clearTimeout(lane.timer);
      const left = lane.records + lane.records_under_way;
      if (left > 0) this.dropped('not known to be kept when stopped', left);
    }
    this.lanes.clear();
    this.deliver = null;
    for (const wake of this.sleepers) wake();
  }

  private begin(lane: Lane): void {
    if (lane.timer !== null) clearTimeout(lane.timer);
    lane.timer = null;
    if (lane.used > 0) void this.run(lane);
    else this.lanes.delete(lane.key);
  }

  /** Delivers what the lane holds, piece by piece, until it is empty. */
  private async run(lane: Lane): Promise<void> {
    while (lane.used > 0 && this.deliver !== null) {
      const piece = lane.buffer.subarray(0, lane.used);
      lane.under_way = lane.used;
      lane.records_under_way = lane.records;
      lane.buffer = Buffer.allocUnsafe(0);
      lane.used = 0;
      lane.records = 0;
      await this.deliverPiece(lane, piece);
      this.bytes -= piece.length;
      lane.under_way = 0;
      lane.records_under_way = 0;
      this.roomMade();
      if (lane.used > 0 && lane.used < this.limits.gather_bytes && !this.stopping) {
        lane.timer = setTimeout(() => this.begin(lane), this.limits.gather_ms);
        return;
      }
    }
    if (this.lanes.get(lane.key) === lane) this.lanes.delete(lane.key);
  }

  private async deliverPiece(lane: Lane, bytes: Buffer): Promise<void> {
    const { source } = this;
    const received_at = Date.now() * 1000;
    for (let wait = firstWait; ; wait = Math.min(wait * 2, longestWait)) {
      const { deliver } = this;
      if (deliver === null) return;
      try {
        await deliver({
          source,
          origin: lane.origin,
          bytes,
          offset: 0,
          line: 0,
          received_at,
          position: null,
        });
        this.problem = null;
        return;
      } catch (error) {
        this.problem = error instanceof Error ? error.message : String(error);
        if (lane.lossy) {
          if (this.deliver !== null) this.dropped(reasonOf(error), lane.records_under_way);
          return;
        }
      }
      await this.sleep(wait);
    }
  }

  private async sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.sleepers.add(wake);
    });
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof WeirError && error.code === 'busy' ? 'no room' : 'could not be kept';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function append(lane: Lane, bytes: Buffer, from: number, to: number): void {
  const size = lane.used + to - from + 1;
  if (size > lane.buffer.length) {
    const larger = Buffer.allocUnsafe(Math.max(size, lane.buffer.length * 2, 1024));
    lane.buffer.copy(larger, 0, 0, lane.used);
    lane.buffer = larger;
  }
  bytes.copy(lane.buffer, lane.used, from, to);
  const copy = lane.buffer.subarray(lane.used, size);
  copy[to - from] = 10;
  for (let at = copy.indexOf(10); at < to - from; at = copy.indexOf(10, at + 1)) copy[at] = 0x20;
  lane.used = size;
  lane.records++;
}
