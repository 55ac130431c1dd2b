export interface MigrationContext {
  /** SETTINGS of a new table */
  readonly settings: string;
  /** TTL clause on a column, '' when rows are kept for good */
  ttl(column: string): string;
}

/** One step of the store's layout. Once released it never changes; a later step corrects it. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /** Each must be safe to run again: a crash between two of them starts the step anew. */
  statements(context: MigrationContext): string[];
}
