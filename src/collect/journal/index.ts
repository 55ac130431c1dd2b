export type { Kept, Priority } from './frame.ts';
export {
  type Batch,
  type BatchLimits,
  type Journal,
  type JournalOptions,
  type JournalState,
  openJournal,
  type Place,
} from './journal.ts';
export { sync_bounds_s } from './writer.ts';
