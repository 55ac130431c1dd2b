import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '../base/error.ts';
import { marker_file } from '../base/own-files.ts';
import { painter, terminalWidth } from '../base/terminal.ts';
import { ocsfLine, story } from '../report/index.ts';
import type { Finding } from '../schema/finding.ts';
import { listFindings, listRoles, listRuns, type Store } from '../store/index.ts';
import { argumentsOf } from './arguments.ts';
import { productVersion } from './version.ts';
import { withStore } from './with-store.ts';

export const help = `usage: weir explain FINDING --keep DIR [--json]

Prints the whole story of one finding of an earlier \`weir analyze --keep DIR\`: what was seen, what was expected and why,
the evidence with file and line, and what to look at next. FINDING: its id, or the first characters of it.`;

const options = {
  keep: { type: 'string', default: '.weir' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** `weir explain`. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = argumentsOf(args, options, help);
  if (values.help) {
    console.log(help);
    return 0;
  }
  const [id] = positionals;
  if (id === undefined) throw new WeirError('usage', `which finding?\n\n${help}`);
  // Opening would make an empty one.
  if (!existsSync(join(values.keep, marker_file)))
    throw new WeirError(
      'not_found',
      `there is no store in ${values.keep}; weir analyze --keep DIR makes one`,
    );
  const { finding, roles } = await withStore({ directory: values.keep }, async (store) => ({
    finding: await find(store, id, values.keep),
    roles: await listRoles(store),
  }));
  if (values.json) console.log(ocsfLine(finding, { version: productVersion() }));
  else
    console.log(
      story(finding, { width: terminalWidth(process.stdout), paint: painter(process.stdout), roles }),
    );
  return 0;
}

/** The finding whose id begins so, as the last run that made it told it. */
async function find(store: Store, id: string, keep: string): Promise<Finding> {
  const found = new Map<string, Finding>();
  for (const { run_id } of await listRuns(store, 1000)) {
    for (const one of await listFindings(store, { run_id, id_prefix: id }))
      if (!found.has(one.finding_id)) found.set(one.finding_id, one);
  }
  const [finding] = found.values();
  if (finding === undefined) throw new WeirError('not_found', `there is no finding ${id} in ${keep}`);
  if (found.size > 1)
    throw new WeirError('not_found', `${id} fits ${found.size} findings; give more of its id`);
  return finding;
}
