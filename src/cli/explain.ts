import { WeirError } from '../base/error.ts';
import { terminalWidth } from '../base/terminal.ts';
import { story, toOcsf } from '../report/index.ts';
import { listFindings, openStore } from '../store/index.ts';
import { argumentsOf } from './arguments.ts';
import { productVersion } from './version.ts';

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
  const store = await openStore({ directory: values.keep });
  try {
    const found = (await listFindings(store, { limit: 10_000 })).filter((one) =>
      one.finding_id.startsWith(id),
    );
    if (found.length === 0) throw new WeirError('not_found', `there is no finding ${id} in ${values.keep}`);
    if (found.length > 1)
      throw new WeirError('not_found', `${id} fits ${found.length} findings; give more of its id`);
    const [finding] = found;
    if (values.json) console.log(JSON.stringify(toOcsf(finding!, { version: productVersion() })));
    else console.log(story(finding!, { width: terminalWidth(process.stdout) }));
    return 0;
  } finally {
    await store.close();
  }
}
