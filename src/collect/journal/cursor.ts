import { crc32 } from 'node:zlib';
import type { Disk, DiskFile } from './disk.ts';
import { getU64, putU64 } from './frame.ts';

/** A batch that was handed out: from the end of the one before it to `last_seq`. */
export interface Cut {
  readonly first_seq: number;
  readonly last_seq: number;
  done: boolean;
}

/**
 * Up to where all is committed, and where the batches that are handed out end. File `cursor`: two slots of 4096 bytes,
 * written by turns, in place, so that it can be written on a full disk and one whole slot is always there. A slot, little
 * endian:
 *
 *     0  u32  CRC (zlib) of bytes 4 to 4095, begun with `seed`
 *     4  u32  number of cuts
 *     8  u64  generation; the slot with the higher one holds
 *    16  u64  first sequence number that is not committed
 *    24       cuts, 9 bytes each: u64 last sequence number, u8 1 when that batch is committed
 */
const slot_bytes = 4096;
const cuts_at = 24;
const cut_bytes = 9;
/** How many batches may be handed out and not committed. */
export const most_cuts = 64;
export const cursor_file = 'cursor';
export const cursor_file_bytes = 2 * slot_bytes;

export class Cursor {
  /** first sequence number that is not committed */
  seq: number;
  readonly cuts: Cut[];
  /** what `seq` is on the disk: only what lies before it may be removed */
  saved_seq: number;
  readonly #file: DiskFile;
  readonly #seed: number;
  #generation: number;
  /** the slot that does not hold what is good */
  #slot: 0 | 1;
  #saving: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  private constructor(file: DiskFile, seed: number, found: Slot & { slot: 0 | 1 }) {
    this.#file = file;
    this.#seed = seed;
    this.seq = found.seq;
    this.saved_seq = found.seq;
    this.cuts = [...found.cuts];
    this.#generation = found.generation;
    this.#slot = found.slot === 0 ? 1 : 0;
  }

  /**
   * Opens the cursor; `lost` when a journal with records had none that is whole, so that all that is still there comes
   * again, in batches that may be cut otherwise.
   */
  static async open(
    disk: Disk,
    seed: number,
    first_seq: number | null,
    start_seq: number,
  ): Promise<{ cursor: Cursor; lost: boolean }> {
    const names = await disk.names();
    const fresh = { slot: 1, generation: 0, seq: first_seq ?? start_seq, cuts: [] } as const;
    if (!names.includes(cursor_file)) {
      const file = await disk.open(cursor_file, 'new');
      // Once written, never longer: what comes later needs no room.
      await file.write(Buffer.alloc(cursor_file_bytes), 0);
      const cursor = new Cursor(file, seed, fresh);
      await cursor.save();
      await disk.syncNames();
      return { cursor, lost: first_seq !== null };
    }
    const file = await disk.open(cursor_file, 'change');
    const bytes = Buffer.alloc(cursor_file_bytes);
    await file.read(bytes, 0);
    // A process that was killed may have left its last slot in memory only; it must hold before the other is written.
    await file.sync();
    const found = ([0, 1] as const)
      .flatMap((slot) => {
        const one = readSlot(bytes.subarray(slot * slot_bytes, (slot + 1) * slot_bytes), seed);
        return one === null ? [] : [{ ...one, slot }];
      })
      .sort((a, b) => b.generation - a.generation)[0];
    return {
      cursor: new Cursor(file, seed, found ?? fresh),
      lost: found === undefined && first_seq !== null,
    };
  }

  /** Where the next batch begins. */
  get planned_to(): number {
    return (this.cuts.at(-1)?.last_seq ?? this.seq - 1) + 1;
  }

  /** Cuts off a batch up to `last_seq`; resolves when that is on the disk. On a failure there is no such cut. */
  async cut(last_seq: number): Promise<void> {
    const cut: Cut = { first_seq: this.planned_to, last_seq, done: false };
    this.cuts.push(cut);
    try {
      await this.save();
    } catch (error) {
      this.cuts.splice(this.cuts.indexOf(cut), 1);
      throw error;
    }
  }

  /** Marks the batch that begins there as committed; resolves when that is on the disk. */
  async commit(first_seq: number): Promise<void> {
    const cut = this.cuts.find((one) => one.first_seq === first_seq);
    if (cut !== undefined) cut.done = true;
    while (this.cuts[0]?.done) this.seq = this.cuts.shift()!.last_seq + 1;
    await this.save();
  }

  /** Writes what holds now. All that ask while one write is under way share the next. */
  save(): Promise<void> {
    if (this.#saving === null) {
      this.#saving = this.#write().finally(() => {
        this.#saving = null;
      });
      return this.#saving;
    }
    this.#next ??= this.#saving
      .catch(() => undefined)
      .then(() => {
        this.#next = null;
        return this.save();
      });
    return this.#next;
  }

  async close(): Promise<void> {
    await (this.#next ?? this.#saving)?.catch(() => undefined);
    await this.#file.close();
  }

  async #write(): Promise<void> {
    const { seq, cuts } = this;
    const slot = Buffer.alloc(slot_bytes);
    slot.writeUInt32LE(cuts.length, 4);
    putU64(slot, 8, this.#generation + 1);
    putU64(slot, 16, seq);
    cuts.forEach(({ last_seq, done }, i) => {
      putU64(slot, cuts_at + i * cut_bytes, last_seq);
      slot[cuts_at + i * cut_bytes + 8] = done ? 1 : 0;
    });
    slot.writeUInt32LE(crc32(slot.subarray(4), this.#seed), 0);
    // The slot that holds what is good is not touched until the other one is on the disk.
    await this.#file.write(slot, this.#slot * slot_bytes);
    await this.#file.sync();
    this.#slot = this.#slot === 0 ? 1 : 0;
    this.#generation++;
    this.saved_seq = seq;
  }
}

interface Slot {
  readonly generation: number;
  readonly seq: number;
  readonly cuts: readonly Cut[];
}

function readSlot(bytes: Buffer, seed: number): Slot | null {
  if (crc32(bytes.subarray(4), seed) !== bytes.readUInt32LE(0)) return null;
  const count = bytes.readUInt32LE(4);
  if (count > most_cuts) return null;
  const seq = getU64(bytes, 16);
  const cuts: Cut[] = [];
  for (let i = 0; i < count; i++) {
    const first_seq = (cuts.at(-1)?.last_seq ?? seq - 1) + 1;
    const at = cuts_at + i * cut_bytes;
    cuts.push({ first_seq, last_seq: getU64(bytes, at), done: bytes[at + 8] === 1 });
  }
  return { generation: getU64(bytes, 8), seq, cuts };
}
