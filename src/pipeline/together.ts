import type { JointInput } from '../schema/reading.ts';

/** Inputs begin this much before their turn, because clocks of sensors differ and the first record may not be the earliest, µs. */
const early_us = 1e6;
/** Inputs that are open at once, each with up to 10 MiB of its own; more wait for a place. */
const most_open = 32;

/** An input that is not begun yet. */
export interface Waiting {
  /** event time of its first record, µs; null: not known */
  readonly first_time: number | null;
}

/** An input that is read. */
export interface Joined {
  readonly to: JointInput;
  readonly chunks: AsyncIterator<Buffer>;
}

export interface Together<W extends Waiting, J extends Joined> {
  /** in the order of byFirstTime; what is begun is taken out */
  readonly waiting: W[];
  /** those to be read now; others only when they overlap them in time */
  readonly wanted: (one: W) => boolean;
  /** Opens an input; null: it cannot be read. */
  readonly join: (one: W) => Promise<J | null>;
  /** After some of its bytes were decoded. */
  readonly pushed: (one: J) => Promise<void>;
  /** It is read to its end. */
  readonly leave: (one: J) => Promise<void>;
}

/** Equals stay in the order they have. */
export function byFirstTime(a: Waiting, b: Waiting): number {
  return (a.first_time ?? Number.MAX_VALUE) - (b.first_time ?? Number.MAX_VALUE);
}

/**
 * Reads inputs side by side, always the one whose next record is the earliest, until the wanted ones and all that overlap
 * them are at their end. In memory: one piece of each open input.
 */
export async function readTogether<W extends Waiting, J extends Joined>(work: Together<W, J>): Promise<void> {
  let open: J[] = [];
  for (;;) {
    for (const one of open) await fill(one, work.pushed);
    for (const one of open) if (one.to.next === Number.POSITIVE_INFINITY) await work.leave(one);
    open = open.filter((one) => one.to.next < Number.POSITIVE_INFINITY);
    const begins = beginning(work, open);
    if (begins >= 0) {
      const joined = await work.join(work.waiting.splice(begins, 1)[0]!);
      if (joined !== null) open.push(joined);
      continue;
    }
    const turn = nextOf(open);
    if (turn === null) return;
    turn.first.to.run(Math.max(turn.first.to.next, Math.min(turn.second, joinsAt(work.waiting, open))));
  }
}

/** Which of the waiting inputs is to be opened now; -1: none. */
function beginning<W extends Waiting, J extends Joined>(
  { waiting, wanted }: Together<W, J>,
  open: readonly J[],
): number {
  const turn = nextOf(open);
  if (turn === null) return waiting.findIndex(wanted);
  return joinsAt(waiting, open) <= turn.first.to.next ? 0 : -1;
}

function joinsAt(waiting: readonly Waiting[], open: readonly Joined[]): number {
  const first_time = open.length < most_open ? waiting[0]?.first_time : null;
  return typeof first_time === 'number' ? first_time - early_us : Number.POSITIVE_INFINITY;
}

/** The input whose next record is the earliest (the first of equals), and the time of the earliest of the others. */
function nextOf<J extends Joined>(open: readonly J[]): { first: J; second: number } | null {
  let first: J | null = null;
  let second = Number.POSITIVE_INFINITY;
  for (const one of open) {
    if (first === null || one.to.next < first.to.next) {
      second = first?.to.next ?? second;
      first = one;
    } else if (one.to.next < second) second = one.to.next;
  }
  return first === null ? null : { first, second };
}

/** More bytes for an input until its next record is known. */
async function fill<J extends Joined>(one: J, pushed: (one: J) => Promise<void>): Promise<void> {
  while (Number.isNaN(one.to.next)) {
    const { value, done } = await one.chunks.next();
    if (done === true) one.to.end();
    else {
      one.to.push(value);
      await pushed(one);
    }
  }
}
