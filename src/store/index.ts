export type { ServerPlace } from './connection.ts';
export { openStore, type QueryOptions, type Store, type StoreOptions, type StorePlace } from './store.ts';
export { EventWriter, type WriterOptions } from './writer.ts';
