import { WeirError } from '../base/error.ts';
import { plain } from '../base/terminal.ts';
import { findInputs } from '../collect/index.ts';
import { whyUnknown } from '../sources/index.ts';
import { type Planned, plan } from './ingest.ts';

/** Finds and tells apart what is to be read; `input_unknown` with the reasons when nothing of it can be. */
export async function planOf(paths: readonly string[]): Promise<Planned[]> {
  const planned = await plan(await findInputs(paths));
  const given = paths.map(plain).join(' ');
  if (planned.length === 0) throw new WeirError('input_unknown', `there is no file in ${given}`);
  const unknown = planned.filter((one) => one.format === null && one.head.length > 0);
  if (unknown.length === 0 || planned.some((one) => one.format !== null)) return planned;
  const why = unknown.slice(0, 3).map((one) => `${plain(one.input.name)}: ${whyUnknown(one.head)}`);
  const more = unknown.length > 3 ? `; and ${unknown.length - 3} more` : '';
  throw new WeirError(
    'input_unknown',
    `nothing in ${given} is of a kind that Weir reads (Zeek logs, Suricata eve.json, pcap, pcapng): ${why.join('; ')}${more}`,
  );
}
