import { terminalWidth, textTable } from '../base/terminal.ts';
import { checkStatements } from '../pipeline/check.ts';
import { argumentsOf, contentOf } from './arguments.ts';
import { withStore } from './with-store.ts';

export const help = `usage: weir check [--content DIR] [--quick]

Validates all detectors and features: fields, ATT&CK ids, columns, and every statement on an empty store. Lists what each
detector sees and misses. --quick leaves the store out.`;

const options = {
  content: { type: 'string', multiple: true, default: [] as string[] },
  quick: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** `weir check`. */
export async function run(args: string[]): Promise<number> {
  const { values } = argumentsOf(args, options, help);
  if (values.help) {
    console.log(help);
    return 0;
  }
  const content = contentOf(values.content);
  if (!values.quick) await withStore({ directory: null }, (store) => checkStatements(store, content));
  const rows = content.detectors.map((one) => [one.id, one.severity, one.attack.join(' '), one.sees]);
  console.log(
    textTable(['detector', 'severity', 'ATT&CK', 'sees'], rows, { width: terminalWidth(process.stdout) }),
  );
  console.log(
    `\n${content.detectors.length} detectors and ${content.features.size} features are valid${values.quick ? ' (statements were not tried)' : ''}.`,
  );
  return 0;
}
