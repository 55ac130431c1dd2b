import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '../base/error.ts';
import { marker_file } from '../base/own-files.ts';
import { painter, plain, terminalWidth, wrap } from '../base/terminal.ts';
import { recount } from '../pipeline/recount.ts';
import { countedAgain, ocsfLine, story } from '../report/index.ts';
import type { Finding } from '../schema/finding.ts';
import { listFindings, listRoles, listRuns, type Store } from '../store/index.ts';
import { argumentsOf, contentOf, exits } from './arguments.ts';
import { productVersion } from './version.ts';
import { withStore } from './with-store.ts';

export const help = `usage: weir explain FINDING --keep DIR [--json] [--content DIR]

Prints the whole story of one finding of an earlier \`weir analyze --keep DIR\`: what was seen, what was expected and why,
the evidence with file and line, and what to look at next; then counts the numbers of its sentence again, from the events
that are stored. FINDING: its id, or the first characters of it. --content: the folder of your own detectors, as for analyze.

exit status: 0 done, 2 wrong usage, or no such finding or store, ${exits}`;

const options = {
  keep: { type: 'string', default: '.weir' },
  content: { type: 'string', multiple: true, default: [] as string[] },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** `weir explain`. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = argumentsOf(args, options, 'explain');
  if (values.help) {
    console.log(help);
    return 0;
  }
  const [id, ...more] = positionals;
  if (id === undefined || id === '')
    throw new WeirError('usage', `which finding? Name it by the first characters of its id\n\n${help}`);
  if (more.length > 0)
    throw new WeirError('usage', `one finding at a time, not also ${more.map(plain).join(' ')}`);
  // Opening would make an empty one.
  if (!existsSync(join(values.keep, marker_file)))
    throw new WeirError(
      'not_found',
      `there is no store in ${values.keep}; weir analyze --keep DIR makes one`,
    );
  const content = values.json ? null : contentOf(values.content);
  const { finding, roles, counted } = await withStore({ directory: values.keep }, async (store) => {
    const finding = await find(store, id, values.keep);
    const detector = content?.detectors.find((one) => one.id === finding.detector);
    return {
      finding,
      roles: await listRoles(store),
      counted: detector === undefined ? null : await recount(store, detector, finding),
    };
  });
  if (values.json) {
    console.log(ocsfLine(finding, { version: productVersion() }));
    return 0;
  }
  const width = terminalWidth(process.stdout);
  console.log(story(finding, { width, paint: painter(process.stdout), roles }));
  console.log(`\n${wrap(plain(countedAgain(finding.detector, counted)), width)}`);
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
