import type { WeirEvent } from '../schema/event/index.ts';

/** One stream in time order out of several that are; of equal times the earlier argument goes first. */
export function* merge(...streams: readonly Iterable<WeirEvent>[]): Generator<WeirEvent> {
  const heads: { event: WeirEvent; rest: Iterator<WeirEvent> }[] = [];
  for (const stream of streams) {
    const rest = stream[Symbol.iterator]();
    const first = rest.next();
    if (first.done !== true) heads.push({ event: first.value, rest });
  }
  try {
    while (heads.length > 0) {
      let least = 0;
      for (let i = 1; i < heads.length; i++) {
        if ((heads[i]?.event.time ?? 0) < (heads[least]?.event.time ?? 0)) least = i;
      }
      const head = heads[least];
      if (head === undefined) return;
      yield head.event;
      const next = head.rest.next();
      if (next.done === true) heads.splice(least, 1);
      else head.event = next.value;
    }
  } finally {
    for (const { rest } of heads) rest.return?.();
  }
}
