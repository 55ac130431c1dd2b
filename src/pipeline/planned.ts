import { WeirError } from '../base/error.ts';
import { plain } from '../base/terminal.ts';
import { findInputs, type Input, notAmong } from '../collect/index.ts';
import { whyUnknown } from '../sources/index.ts';
import { type Planned, plan } from './ingest.ts';

/** Finds and tells apart what is to be read; `input_unknown` with the reasons when nothing of it can be. */
export async function planOf(paths: readonly string[]): Promise<Planned[]> {
  return planFor(paths, await findInputs(paths));
}

export interface PlannedBaseline {
  readonly planned: readonly Planned[];
  /** files that are judged as well */
  readonly left_out: number;
}

/**
 * The same of what is to be learned from first. A file that is judged is no past of itself: what was learned from it could
 * not find it unusual, so it is left out; where nothing else is left, that is a mistake (`usage`).
 */
export async function planBaseline(
  paths: readonly string[],
  judged: readonly Planned[],
): Promise<PlannedBaseline> {
  if (paths.length === 0) return { planned: [], left_out: 0 };
  const found = await findInputs(paths);
  const others = await notAmong(
    found,
    judged.map(({ input }) => input),
  );
  if (found.length > 0 && others.length === 0)
    throw new WeirError(
      'usage',
      `--baseline ${paths.map(plain).join(' ')}: nothing but what is judged; what is learned from itself is never unusual: give an earlier time, or leave --baseline out`,
    );
  return { planned: await planFor(paths, others), left_out: found.length - others.length };
}

async function planFor(paths: readonly string[], inputs: readonly Input[]): Promise<Planned[]> {
  const planned = await plan(inputs);
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
