import { tables } from './event/index.ts';

/** Tables that a run fills beside the events and that statements of content may read. */
const derived = ['role', 'unseen_answers', 'device_address'];

/** Tables that statements of content may read; the engine grants no others either. */
export const readable_tables: ReadonlySet<string> = new Set([...Object.keys(tables), ...derived]);
