export type { ServerPlace } from './connection.ts';
export * from './devices.ts';
export { endEngines, killEngines } from './embedded.ts';
export * from './events.ts';
export * from './files.ts';
export * from './findings.ts';
export * from './rejects.ts';
export * from './roles.ts';
export { fillRollup } from './rollups.ts';
export * from './runs.ts';
export {
  openStore,
  type Params,
  type QueryOptions,
  type Store,
  type StoreOptions,
  type StorePlace,
} from './store.ts';
export * from './unseen-answers.ts';
export { usage } from './usage.ts';
export { EventWriter, type WriterOptions } from './writer.ts';
