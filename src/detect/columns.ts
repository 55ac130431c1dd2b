import type { FeatureRow } from '../schema/feature-row.ts';

/** As many empty columns as asked for. */
export function columnValues(width: number): number[][] {
  return Array.from({ length: width }, () => []);
}

/** A row's numbers, NaN as 0: a share of nothing is nothing. */
export function numbers(row: FeatureRow, names: readonly string[]): number[] {
  return names.map((name) => {
    const value = Number(row.values[name]);
    return Number.isFinite(value) ? value : 0;
  });
}

export interface RecentState {
  readonly columns: readonly (readonly number[])[];
  readonly next: number;
}

/** Values kept of the newest rows, at most `most` per column, for comparison among entities. */
export class Recent {
  readonly columns: number[][];
  readonly #most: number;
  #next = 0;

  constructor(width: number, saved?: RecentState, most = 2048) {
    this.columns = saved ? saved.columns.map((one) => [...one]) : columnValues(width);
    this.#next = saved?.next ?? 0;
    this.#most = most;
  }

  save(): RecentState {
    return { columns: this.columns, next: this.#next };
  }

  add(values: readonly number[]): void {
    const at = this.#next++ % this.#most;
    for (let c = 0; c < this.columns.length; c++) this.columns[c]![at] = values[c]!;
  }

  get size(): number {
    return this.columns[0]?.length ?? 0;
  }
}
