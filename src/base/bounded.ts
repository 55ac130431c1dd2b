/**
 * Memories with a bound, the few kinds there are. Input is hostile: whatever grows with what is read has an end, and
 * what was let go is counted where that can be seen in a result. Two more have files of their own, because they lie in
 * hot paths: `seen.ts` (ids, by generations) and `word-cache.ts` (texts cut from bytes).
 */

/** What an `OldestOut` holds, the oldest first. */
export interface SavedOldestOut<K, V> {
  readonly entries: readonly (readonly [K, V])[];
  readonly forgotten: number;
}

/** A map that holds `most` keys: a new one beyond that pushes out the one that was set (or renewed) longest ago. */
export class OldestOut<K, V> {
  readonly #most: number;
  readonly #map = new Map<K, V>();
  #forgotten = 0;

  constructor(most: number, saved?: SavedOldestOut<K, V>) {
    if (!(most >= 1)) throw new RangeError(`a memory for ${most} keys`);
    this.#most = most;
    for (const [key, value] of saved?.entries ?? []) this.set(key, value);
    this.#forgotten += saved?.forgotten ?? 0;
  }

  /** All of it; values are not copied. */
  save(): SavedOldestOut<K, V> {
    return { entries: [...this.#map], forgotten: this.#forgotten };
  }

  get size(): number {
    return this.#map.size;
  }

  /** Keys that were pushed out. */
  get forgotten(): number {
    return this.#forgotten;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  /** Sets a value; a key that is there keeps its age. */
  set(key: K, value: V): void {
    this.#map.set(key, value);
    if (this.#map.size > this.#most) this.pushOut();
  }

  /** Sets a value and makes the key the youngest. */
  renew(key: K, value: V): void {
    this.#map.delete(key);
    this.set(key, value);
  }

  /** Lets go of a key; it does not count as forgotten. */
  delete(key: K): void {
    this.#map.delete(key);
  }

  /** Lets go of the oldest and gives it back. */
  pushOut(): readonly [K, V] | undefined {
    const { value } = this.#map.entries().next();
    if (value === undefined) return undefined;
    this.#map.delete(value[0]);
    this.#forgotten++;
    return value;
  }

  clear(): void {
    this.#map.clear();
  }
}

/** A set that holds `most` keys, the newest. */
export class OldestOutSet<K> {
  readonly #keys: OldestOut<K, true>;

  constructor(most: number, saved?: SavedOldestOut<K, true>) {
    this.#keys = new OldestOut(most, saved);
  }

  save(): SavedOldestOut<K, true> {
    return this.#keys.save();
  }

  get size(): number {
    return this.#keys.size;
  }

  has(key: K): boolean {
    return this.#keys.has(key);
  }

  /** True when the key is new. */
  add(key: K): boolean {
    if (this.#keys.has(key)) return false;
    this.#keys.set(key, true);
    return true;
  }

  clear(): void {
    this.#keys.clear();
  }
}

/**
 * A pure function of one text, with a bounded memory: at most `most` answers, in two generations, so that what is asked
 * for often stays. The remembered texts are copies: a text cut out of a file's chunk would keep the whole chunk alive.
 */
export function remembered<T extends object | string>(
  of: (text: string) => T,
  most: number,
): (text: string) => T {
  let young = new Map<string, T>();
  let old = new Map<string, T>();
  return (text) => {
    let value = young.get(text);
    if (value !== undefined) return value;
    value = old.get(text) ?? of(text);
    if (young.size * 2 >= most) {
      old = young;
      young = new Map();
    }
    young.set(Buffer.from(text, 'utf16le').toString('utf16le'), value);
    return value;
  };
}

/** Counts a key; once there are `most` different ones, what is new counts as `rest`. */
export function countAtMost(
  counts: Map<string, number>,
  key: string,
  most: number,
  rest: string,
  by = 1,
): void {
  const counted = counts.has(key) || counts.size < most ? key : rest;
  counts.set(counted, (counts.get(counted) ?? 0) + by);
}
