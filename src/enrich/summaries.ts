import { Seen } from '../base/seen.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import { hashText } from './identity.ts';

const most_known = 4_000_000;

/**
 * Knows which questions and files a sensor told of one by one, so that what it tells of the same in sum is not counted besides.
 * One record of Corelight's dns_red stands for all alike questions of a connection, one of files_red for all transfers of a
 * file, under the id of the first. https://github.com/corelight/Chronicle (log-schemas, dns_red and files_red)
 *
 * Whoever asks holds sums back until all has been read: which comes first makes no difference.
 */
export class Summaries {
  readonly #known = new Seen(most_known);

  /** Remembers an event that was told by itself. */
  note(event: WeirEvent): void {
    if (keyOf(event)) this.#known.set(hi, lo, 1);
  }

  /** Whether what a record sums up was told of by itself. */
  covers(event: WeirEvent): boolean {
    return keyOf(event) && this.#known.get(hi, lo) >= 0;
  }
}

let hi = 0;
let lo = 0;

function keyOf(event: WeirEvent): boolean {
  let text = '';
  if (event.kind === 'dns' && event.uid !== '')
    text = `${event.uid} ${event.src_ip} ${event.src_port} ${event.dst_ip} ${event.query_type} ${event.query}`;
  else if (event.kind === 'file' && event.file_id !== '') text = event.file_id;
  else return false;
  hi = hashText(text, 1);
  lo = hashText(text, 2);
  return true;
}
