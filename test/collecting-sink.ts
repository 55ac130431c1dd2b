import type { WeirEvent } from '../src/schema/event/index.ts';
import type { Sink } from '../src/schema/reading.ts';

export interface CollectingSink extends Sink {
  events: { event: WeirEvent; line: number; offset: number; raw: string }[];
  filtereds: { reason: string; line: number; offset: number }[];
  rejects: { reason: string; line: number; offset: number; excerpt: string }[];
}

/** A sink that keeps everything, for tests. */
export function collectingSink(): CollectingSink {
  const sink: CollectingSink = {
    events: [],
    filtereds: [],
    rejects: [],
    event: (event, line, offset, raw) => sink.events.push({ event, line, offset, raw }),
    filtered: (reason, line, offset) => sink.filtereds.push({ reason, line, offset }),
    rejected: (reason, line, offset, excerpt) => sink.rejects.push({ reason, line, offset, excerpt }),
  };
  return sink;
}
