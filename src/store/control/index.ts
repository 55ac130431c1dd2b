/** What Weir knows beside events, in SQLite or PostgreSQL: one file a table. docs/architecture.md, "The control store". */
export * from './audit.ts';
export * from './batches.ts';
export { Control, type ControlPlace, openControl } from './control.ts';
export * from './findings.ts';
export type { Handle } from './handle.ts';
export * from './ledger.ts';
export * from './positions.ts';
export type { PostgresPlace } from './postgres.ts';
export * from './progress.ts';
export * from './settings.ts';
export * from './snapshots.ts';
export * from './sources.ts';
export * from './tokens.ts';
