import type { Reject } from '../schema/origin.ts';
import { identifier } from './engine/statement.ts';
import { block, NumberColumn, TextColumn, WideColumn, WordColumn } from './native.ts';
import { Sender } from './sender.ts';
import type { Store } from './store.ts';

/** Rejects that go in one insert. */
const batchRows = 10_000;

/** Keeps records that could not be read: as EventWriter, so that a file full of them is no harder than a good one. */
export class RejectWriter {
  readonly #sender: Sender;
  readonly #now: () => number;
  readonly #run_id: string;
  readonly #run = new WordColumn();
  readonly #file = new WordColumn();
  readonly #line = new WideColumn('UInt64');
  readonly #offset = new WideColumn('UInt64');
  readonly #format = new WordColumn();
  readonly #reason = new TextColumn();
  readonly #excerpt = new TextColumn();
  readonly #stored_at = new NumberColumn("DateTime('UTC')", new Uint32Array(1024));
  readonly #columns = [
    { name: 'run_id', column: this.#run },
    { name: 'file', column: this.#file },
    { name: 'line', column: this.#line },
    { name: 'offset', column: this.#offset },
    { name: 'format', column: this.#format },
    { name: 'reason', column: this.#reason },
    { name: 'excerpt', column: this.#excerpt },
    { name: 'stored_at', column: this.#stored_at },
  ];
  #rows = 0;
  #stored = 0;

  constructor(store: Store, run_id: string, now: () => number = Date.now) {
    this.#sender = new Sender(store.connection);
    this.#run_id = run_id;
    this.#now = now;
  }

  write(reject: Reject): void {
    this.#run.push(this.#run_id);
    this.#file.push(reject.file);
    this.#line.push(reject.line);
    this.#offset.push(reject.offset);
    this.#format.push(reject.format);
    this.#reason.push(reject.reason);
    this.#excerpt.push(reject.excerpt);
    this.#rows++;
    if (this.#rows >= batchRows) this.#send();
  }

  get stored(): number {
    return this.#stored;
  }

  get busy(): boolean {
    return this.#sender.busy;
  }

  ready(): Promise<void> {
    return this.#sender.ready();
  }

  async flush(): Promise<void> {
    await this.ready();
    if (this.#rows > 0) this.#send();
    await this.#sender.done();
  }

  #send(): void {
    const rows = this.#rows;
    const second = Math.floor(this.#now() / 1000);
    for (let i = 0; i < rows; i++) this.#stored_at.push(second);
    const data = block(this.#columns, rows, this.#sender.allocate);
    for (const { column } of this.#columns) column.clear();
    this.#rows = 0;
    const names = this.#columns.map(({ name }) => identifier(name)).join(', ');
    this.#sender.send(`INSERT INTO reject (${names}) FORMAT Native`, data, 'store reject', () => {
      this.#stored += rows;
    });
  }
}

/** Rejects of a run in the order of the input, at most `limit`. */
export async function listRejects(store: Store, run_id: string, limit = 100): Promise<Reject[]> {
  return store.query<Reject>(
    `SELECT file, line, offset, format, reason, excerpt FROM reject WHERE run_id = {run_id:String}
ORDER BY file, line, offset, reason LIMIT {limit:UInt32}`,
    { run_id, limit },
    { name: 'rejects' },
  );
}

/** How often each reason was given in a run, most frequent first. */
export async function countRejects(
  store: Store,
  run_id: string,
): Promise<{ format: string; reason: string; count: number }[]> {
  return store.query(
    `SELECT format, reason, count() AS count FROM reject WHERE run_id = {run_id:String}
GROUP BY format, reason ORDER BY count DESC, format, reason LIMIT 1000`,
    { run_id },
    { name: 'reject reasons' },
  );
}
