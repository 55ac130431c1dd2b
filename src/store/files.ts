import { instant } from '../base/time.ts';
import { insertRows, instantOrNull } from './inserts.ts';
import type { Store } from './store.ts';

/** What became of one input: read = stored + filtered + duplicates + rejected. Instants are µs since 1970. */
export interface InputFile {
  readonly run_id: string;
  /** path as given; '-': standard input */
  readonly file: string;
  readonly format: string;
  /** of the bytes as they lie on the disk, hexadecimal; '' when not computed */
  readonly sha256: string;
  readonly bytes: number;
  readonly read: number;
  readonly stored: number;
  readonly filtered: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** first and last event time */
  readonly first_at: number | null;
  readonly last_at: number | null;
}

/** Stores what became of inputs; a later account of the same run and file takes the place of the earlier. */
export async function saveFiles(store: Store, files: readonly InputFile[], now_us: number): Promise<void> {
  const rows = files.map((file) => ({
    ...file,
    first_at: instantOrNull(file.first_at),
    last_at: instantOrNull(file.last_at),
    stored_at: instant(now_us),
  }));
  await insertRows(store.connection, 'input_file', rows);
}

/** Inputs of a run, or those of all runs whose content has this hash, by name. */
export async function listFiles(
  store: Store,
  by: { readonly run_id: string } | { readonly sha256: string },
): Promise<InputFile[]> {
  const where = 'run_id' in by ? 'run_id = {run_id:String}' : 'sha256 = {sha256:String}';
  return store.query<InputFile>(
    `SELECT run_id, file, format, sha256, bytes, read, stored, filtered, duplicates, rejected,
toUnixTimestamp64Micro(first_at) AS first_at, toUnixTimestamp64Micro(last_at) AS last_at
FROM input_file FINAL WHERE ${where} ORDER BY file`,
    { ...by },
    { name: 'files' },
  );
}
