import type { Disk, DiskFile } from './disk.ts';
import { readRange } from './scan.ts';

/** What could not be read as records, since the journal was made and, where it was not copied, since it was opened. */
export interface SetAsideState {
  /** ranges copied to folder set-aside/ */
  readonly ranges: number;
  readonly bytes: number;
  /** records that were lost with what is damaged, by their sequence numbers */
  readonly records: number;
  /** bytes of ranges that were not copied, for want of room */
  readonly not_copied_bytes: number;
}

const name_of_copy = /^(\d{16})-(\d+)-(\d+)-(\d+)\.(?:damaged|tail)$/;

/** Copies of damaged ranges, for people to look at: `SEGMENT-FROM-BYTES-RECORDS.damaged`, at most so many bytes of them. */
export class SetAside {
  readonly #disk: Disk;
  readonly #most_bytes: number;
  readonly #tell: (problem: string) => void;
  readonly #names = new Set<string>();
  #bytes = 0;
  #records = 0;
  #not_copied_bytes = 0;

  private constructor(disk: Disk, most_bytes: number, tell: (problem: string) => void) {
    this.#disk = disk;
    this.#most_bytes = most_bytes;
    this.#tell = tell;
  }

  static async open(disk: Disk, most_bytes: number, tell: (problem: string) => void): Promise<SetAside> {
    const set_aside = new SetAside(disk, most_bytes, tell);
    for (const name of await disk.names()) {
      const [, , , bytes, records] = name_of_copy.exec(name) ?? [];
      if (bytes !== undefined) set_aside.#count(name, Number(bytes), Number(records));
    }
    return set_aside;
  }

  get state(): SetAsideState {
    return {
      ranges: this.#names.size,
      bytes: this.#bytes,
      records: this.#records,
      not_copied_bytes: this.#not_copied_bytes,
    };
  }

  /** Copies a range and tells of it; of one that was copied before, nothing. Never fails: what cannot be copied is counted. */
  async keep(
    file: DiskFile,
    segment: number,
    from: number,
    to: number,
    records: number,
    what: 'damaged' | 'tail',
  ): Promise<void> {
    const bytes = to - from;
    const name = `${String(segment).padStart(16, '0')}-${from}-${bytes}-${records}.${what}`;
    if (this.#names.has(name)) return;
    const kept = this.#bytes + bytes <= this.#most_bytes && (await this.#copy(file, from, to, name));
    if (kept) this.#count(name, bytes, records);
    else {
      this.#not_copied_bytes += bytes;
      this.#records += records;
    }
    const where = kept ? `they are kept as set-aside/${name}` : 'there was no room to keep them';
    this.#tell(
      what === 'damaged'
        ? `${bytes} bytes of the journal cannot be read, and with them ${records} ${records === 1 ? 'record' : 'records'}; ${where}; look at the disk`
        : `The last ${bytes} bytes of the journal are not whole, as after a power cut in the middle of writing; what was acknowledged stands before them unless the disk is at fault; ${where}`,
    );
  }

  /** Records that are missing without a range that could be copied: their file is gone. */
  missing(records: number): void {
    this.#records += records;
    this.#tell(`${records} ${records === 1 ? 'record' : 'records'} of the journal are gone with their file`);
  }

  #count(name: string, bytes: number, records: number): void {
    this.#names.add(name);
    this.#bytes += bytes;
    this.#records += records;
  }

  async #copy(from_file: DiskFile, from: number, to: number, name: string): Promise<boolean> {
    let made = false;
    try {
      const copy = await this.#disk.open(name, 'new');
      made = true;
      try {
        await copy.write(await readRange(from_file, from, to), 0);
        await copy.sync();
      } finally {
        await copy.close();
      }
      await this.#disk.syncNames();
      return true;
    } catch {
      // Half a copy is none; what could not be removed either is found by its length.
      if (made) await this.#disk.remove(name).catch(() => undefined);
      return false;
    }
  }
}
