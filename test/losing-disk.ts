import type { Disk, DiskFile } from '../src/collect/journal/disk.ts';

/** What a crash leaves: `kill` all that was written, `prefix` and `any` what was synced and something of the rest. */
export type Crash = 'kill' | 'prefix' | 'any';

/** The least that is written whole or not at all; small, so that small frames are torn. */
const sector_bytes = 16;

type Change = { readonly at: number; readonly bytes: Uint8Array } | { readonly cut_to: number };

interface Inode {
  /** as a process sees it */
  data: Buffer;
  /** as a power cut leaves it at the least */
  synced: Buffer;
  /** not synced, in order */
  changes: Change[];
}

function changed(data: Buffer, change: Change): Buffer<ArrayBuffer> {
  if ('cut_to' in change) {
    const cut = Buffer.alloc(change.cut_to);
    data.copy(cut);
    return cut;
  }
  const grown = Buffer.alloc(Math.max(data.length, change.at + change.bytes.length));
  data.copy(grown);
  grown.set(change.bytes, change.at);
  return grown;
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made up`), { code });
}

/**
 * A folder in memory that behaves as a disk may: what was not synced is lost in a power cut, in part or whole and in any
 * order; so are names; a sync that failed makes nothing of before it safe, ever (as Linux does); it fills up; it breaks.
 */
export class LosingDisk implements Disk {
  /** as a process sees it */
  #names = new Map<string, Inode>();
  /** as a power cut leaves it at the least */
  #synced_names = new Map<string, Inode>();
  /** bytes that fit on it */
  room = Number.POSITIVE_INFINITY;
  /** what the next syncs end with */
  failing_syncs = 0;
  read_only = false;
  /** after so many calls more nothing happens any more, as in a process that is gone */
  calls_left = Number.POSITIVE_INFINITY;
  /** calls since it was made: [call, file] */
  readonly log: (readonly [string, string])[] = [];

  get bytes(): number {
    let sum = 0;
    for (const { data } of this.#names.values()) sum += data.length;
    return sum;
  }

  /** Whether a text is in what a power cut at this moment would leave for certain. */
  hasSynced(text: string): boolean {
    return [...this.#synced_names.values()].some(({ synced }) => synced.includes(text));
  }

  /** Files with their present length. */
  files(): [string, number][] {
    return [...this.#names].map(([name, { data }]) => [name, data.length]);
  }

  /** Changes one byte where it lies. */
  corrupt(name: string, at: number): void {
    const inode = this.#names.get(name)!;
    inode.data[at]! ^= 0x55;
    if (at < inode.synced.length) inode.synced[at]! ^= 0x55;
  }

  delete(name: string): void {
    this.#names.delete(name);
    this.#synced_names.delete(name);
  }

  /** What is there after a crash. `random` gives numbers from 0 to 1. */
  after(crash: Crash, random: () => number): LosingDisk {
    const disk = new LosingDisk();
    if (crash === 'kill') {
      disk.#names = this.#names;
      disk.#synced_names = this.#synced_names;
      return disk;
    }
    for (const name of new Set([...this.#names.keys(), ...this.#synced_names.keys()])) {
      const [now, before] = [this.#names.get(name), this.#synced_names.get(name)];
      const inode = now === before || random() < 0.5 ? now : before;
      if (inode === undefined) continue;
      const data = survived(inode, crash, random);
      const left: Inode = { data, synced: Buffer.from(data), changes: [] };
      disk.#names.set(name, left);
      disk.#synced_names.set(name, left);
    }
    return disk;
  }

  async names(): Promise<string[]> {
    await this.#call('names', '');
    return [...this.#names.keys()];
  }

  async open(name: string, how: 'new' | 'read' | 'change'): Promise<DiskFile> {
    await this.#call(`open ${how}`, name);
    if (how !== 'read' && this.read_only) throw systemError('EROFS');
    const there = this.#names.get(name);
    if (how === 'new' && there !== undefined) throw systemError('EEXIST');
    if (how !== 'new' && there === undefined) throw systemError('ENOENT');
    const inode: Inode = there ?? { data: Buffer.alloc(0), synced: Buffer.alloc(0), changes: [] };
    this.#names.set(name, inode);
    return this.#file(name, inode);
  }

  async remove(name: string): Promise<void> {
    await this.#call('remove', name);
    if (this.read_only) throw systemError('EROFS');
    if (!this.#names.delete(name)) throw systemError('ENOENT');
  }

  async syncNames(): Promise<void> {
    await this.#call('syncNames', '');
    this.#synced_names = new Map(this.#names);
  }

  #file(name: string, inode: Inode): DiskFile {
    return {
      read: async (into, at) => {
        await this.#call('read', name);
        const from = inode.data.subarray(at, at + into.length);
        into.set(from);
        return from.length;
      },
      write: async (bytes, at) => {
        const copy = Uint8Array.from(bytes);
        await this.#call('write', name);
        if (this.read_only) throw systemError('EROFS');
        const grows = Math.max(0, at + copy.length - inode.data.length);
        const over = grows - Math.min(grows, Math.max(0, this.room - this.bytes));
        this.#change(inode, { at, bytes: copy.subarray(0, copy.length - over) });
        if (over > 0) throw systemError('ENOSPC');
      },
      sync: async () => {
        await this.#call('sync', name);
        const { changes } = inode;
        inode.changes = [];
        if (this.failing_syncs > 0) {
          this.failing_syncs--;
          throw systemError('EIO');
        }
        for (const one of changes) inode.synced = changed(inode.synced, one);
      },
      truncate: async (cut_to) => {
        await this.#call('truncate', name);
        if (this.read_only) throw systemError('EROFS');
        this.#change(inode, { cut_to });
      },
      size: async () => {
        await this.#call('size', name);
        return inode.data.length;
      },
      close: () => this.#call('close', name),
    };
  }

  #change(inode: Inode, change: Change): void {
    inode.data = changed(inode.data, change);
    inode.changes.push(change);
  }

  async #call(call: string, name: string): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.calls_left <= 0) await new Promise(() => undefined);
    this.calls_left--;
    this.log.push([call, name]);
  }
}

function survived(inode: Inode, crash: 'prefix' | 'any', random: () => number): Buffer {
  let data: Buffer<ArrayBuffer> = Buffer.from(inode.synced);
  const { changes } = inode;
  const whole = Math.floor(random() * (changes.length + 1));
  for (const [i, change] of changes.entries()) {
    if (crash === 'prefix' && i > whole) break;
    if ('cut_to' in change) {
      if (crash === 'prefix' || random() < 0.5) data = changed(data, change);
    } else if (crash === 'prefix') {
      const most = i < whole ? change.bytes.length : Math.floor(random() * (change.bytes.length + 1));
      data = changed(data, { at: change.at, bytes: change.bytes.subarray(0, most) });
    } else {
      for (let at = 0; at < change.bytes.length; at += sector_bytes)
        if (random() < 0.5)
          data = changed(data, { at: change.at + at, bytes: change.bytes.subarray(at, at + sector_bytes) });
    }
  }
  return data;
}
