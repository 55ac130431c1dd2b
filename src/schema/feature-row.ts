/** One feature row: the facts of one entity in one window. */
export interface FeatureRow {
  /** start of the window, µs since 1970 */
  readonly window_at: number;
  /** first and last event behind the row, µs since 1970 */
  readonly first_at: number;
  readonly last_at: number;
  /** the grain's values joined: names the entity within the detector */
  readonly key: string;
  /** first value of the grain: the host that most rows are about */
  readonly host: string;
  /** peer group the SQL put it in, '' when it makes none */
  readonly peer: string;
  /** the detector's `when` holds */
  readonly worth: boolean;
  /** which `raise` conditions hold */
  readonly raised: readonly boolean[];
  /** which `lower` conditions hold */
  readonly lowered: readonly boolean[];
  /** which of the detector's `called` names it, -1 for none */
  readonly called: number;
  readonly entity: Readonly<Record<string, string | number>>;
  readonly values: Readonly<Record<string, number | string | readonly unknown[]>>;
}
