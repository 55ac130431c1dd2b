import { type Half, halvesTogether, isHalf, joinHalves } from '../enrich/index.ts';
import type { Connection } from '../schema/event/connection.ts';
import { type EventKind, event_id_text, tables, type WeirEvent } from '../schema/event/index.ts';
import type { EventWriter, Store } from '../store/index.ts';

/** Kinds of which one sensor may tell half and another the rest. */
const kinds = ['connection', 'dns'] as const satisfies readonly EventKind[];
const suffix = '_half';

/** An input, with what becomes of its events. */
export interface HalfFrom {
  readonly sensor: number;
  readonly stored: (
    event: WeirEvent,
    id_hi: number,
    id_lo: number,
    line: number,
    offset: number,
    raw: string,
  ) => void;
  readonly dropped: (why: string) => void;
}

/**
 * What several sensors tell of one direction only, held in tables of its own until all is read (there may be millions), and
 * then put together: see enrich/halves.ts.
 */
export class Halves {
  readonly #store: Store;
  readonly #writer: EventWriter;
  readonly #from: HalfFrom[] = [];
  #any = false;

  private constructor(store: Store) {
    this.#store = store;
    this.#writer = store.writer({ suffix });
  }

  static async open(store: Store): Promise<Halves> {
    await dropHalves(store);
    for (const kind of kinds)
      await store.command(`CREATE TABLE IF NOT EXISTS ${kind}${suffix} AS ${kind}`, {}, { name: 'halves' });
    return new Halves(store);
  }

  /** Number under which an input is known here. */
  input(from: HalfFrom): number {
    this.#from.push(from);
    return this.#writer.input(String(this.#from.length - 1), '');
  }

  /** Takes an event of which another sensor may tell the rest; false: it is whole. */
  take(
    event: WeirEvent,
    id_hi: number,
    id_lo: number,
    input: number,
    line: number,
    offset: number,
    raw: string,
  ): boolean {
    if (!isHalf(event)) return false;
    this.#any = true;
    this.#writer.write(event, id_hi, id_lo, input, line, offset, raw);
    return true;
  }

  /** Waits until there is room for more. */
  async room(): Promise<void> {
    if (this.#writer.busy) await this.#writer.ready();
  }

  /** Gives out what was held. `covered`: another sensor told of it whole. `room`: waits until there is room for more. */
  async end(
    covered: (event: WeirEvent, sensor: number) => boolean,
    room: () => Promise<void>,
  ): Promise<void> {
    if (this.#any) {
      await this.#writer.flush();
      let given = 0;
      const give = async ({
        event,
        from: { from, id_hi, id_lo, line, offset, raw },
      }: Given): Promise<void> => {
        from.stored(event, id_hi, id_lo, line, offset, raw);
        if ((++given & 0xfff) === 0) await room();
      };
      const lone = async (one: Given): Promise<void> => {
        if (covered(one.event, one.from.from.sensor)) one.from.from.dropped('same flow from another sensor');
        else await give(one);
      };
      for await (const one of this.#rows('dns')) await lone(one);
      for await (const group of halvesTogether(this.#connections())) {
        for (const { event, from, rest } of joinHalves(group)) {
          rest?.from.dropped('other direction of a connection from another sensor');
          await (rest === null ? lone({ event, from }) : give({ event, from }));
        }
      }
    }
    await dropHalves(this.#store);
  }

  async *#connections(): AsyncGenerator<Half<Origin>> {
    for await (const { event, from } of this.#rows('connection'))
      yield { event: event as Connection, sensor: from.from.sensor, from };
  }

  async *#rows(kind: (typeof kinds)[number]): AsyncGenerator<Given> {
    const columns = Object.entries(tables[kind].columns);
    const selected = columns.map(([name, { type }]) =>
      type === 'time' ? `toUnixTimestamp64Micro(${name}) AS at_us` : name,
    );
    const src = "concat(src_ip, ' ', toString(src_port))";
    const dst = "concat(dst_ip, ' ', toString(dst_port))";
    const rows = this.#store.stream<[string, string, number, number, string, ...unknown[]]>(
      `SELECT ${event_id_text}, file, line, offset, raw, ${selected.join(', ')}
FROM ${kind}${suffix} ORDER BY least(${src}, ${dst}), greatest(${src}, ${dst}), transport, time, event_id`,
      {},
      {
        name: `halves of ${kind}`,
        settings: { max_bytes_before_external_sort: Math.floor(this.#store.memory_bytes / 10) },
      },
    );
    for await (const [id, input, line, offset, raw, ...values] of rows) {
      const event = { kind, ...Object.fromEntries(columns.map(([name], i) => [name, values[i]])) };
      const from = this.#from[Number(input)]!;
      const [id_hi, id_lo] = [Number.parseInt(id.slice(0, 8), 16), Number.parseInt(id.slice(8), 16)];
      yield { event: event as unknown as WeirEvent, from: { from, id_hi, id_lo, line, offset, raw } };
    }
  }
}

/** Removes what an earlier run may have left. */
export async function dropHalves(store: Store): Promise<void> {
  for (const kind of kinds)
    await store.command(`DROP TABLE IF EXISTS ${kind}${suffix}`, {}, { name: 'halves', repeatable: true });
}

interface Origin {
  readonly from: HalfFrom;
  readonly id_hi: number;
  readonly id_lo: number;
  readonly line: number;
  readonly offset: number;
  readonly raw: string;
}
interface Given {
  readonly event: WeirEvent;
  readonly from: Origin;
}
