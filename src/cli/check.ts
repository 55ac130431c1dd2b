import { resolve, sep } from 'node:path';
import { WeirError } from '../base/error.ts';
import { counted } from '../base/format.ts';
import { nearest } from '../base/near.ts';
import { plain, terminalWidth, textTable } from '../base/terminal.ts';
import { type Content, unusedColumns } from '../content/index.ts';
import { statementMistakes, testMistakes } from '../pipeline/check.ts';
import { tryAll } from '../pipeline/try.ts';
import type { Detector } from '../schema/detector.ts';
import { argumentsOf, exits, readContentOf } from './arguments.ts';
import { withStore } from './with-store.ts';

export const help = `usage: weir check [--content DIR] [--quick]
       weir check --play [--content DIR] [ID…]

Validates all detectors and features: fields, ATT&CK ids, columns, tests, and every statement on an empty store. Lists
what each detector sees and misses.

  --content DIR  a folder of your own detectors and features beside the shipped ones (may be given several times)
  --quick        leaves the store out
  --play         plays the tests that detectors carry: those of the detectors named, else of all in your folders, else of all

exit status: 0 all is valid, 1 a test of --play failed, 2 wrong usage or content, ${exits}`;

const options = {
  content: { type: 'string', multiple: true, default: [] as string[] },
  quick: { type: 'boolean', default: false },
  play: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** `weir check`. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = argumentsOf(args, options, 'check');
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (!values.play && positionals.length > 0)
    throw new WeirError(
      'usage',
      `weir check takes no ${positionals.map(plain).join(' ')}; --content names a folder, --play the detectors whose tests are played\n\n${help}`,
    );
  if (values.play && values.quick)
    throw new WeirError('usage', '--play needs the store that --quick leaves out');
  const { content, wrong } = readContentOf(values.content);
  const own = (file: string): boolean =>
    values.content.some((folder) => resolve(file).startsWith(resolve(folder) + sep));
  // A detector that could not be read may be the one that uses a column.
  const unused = wrong.length > 0 ? [] : unusedColumns(content).filter(({ file }) => own(file));
  const first = [
    ...wrong,
    ...testMistakes(content),
    ...unused.map(({ file, column }) => `${file}: no detector uses column ${column}; take it out, or use it`),
  ];
  if (values.play) {
    const asked = positionals.length > 0 ? named(content, positionals) : content.detectors;
    const some = positionals.length > 0 ? asked : asked.filter(({ file }) => own(file));
    raise(first);
    return playTests(content, some.length > 0 ? some : asked);
  }
  const rest = values.quick
    ? []
    : await withStore({ directory: null }, (store) => statementMistakes(store, content));
  raise([...first, ...rest]);
  const rows = content.detectors.map((one) => [one.id, one.severity, one.attack.join(' '), one.sees]);
  console.log(
    textTable(['detector', 'severity', 'ATT&CK', 'sees'], rows, { width: terminalWidth(process.stdout) }),
  );
  console.log(
    `\n${content.detectors.length} detectors and ${content.features.size} features are valid${values.quick ? ' (statements were not tried)' : ''}.`,
  );
  return 0;
}

function raise(mistakes: readonly string[]): void {
  if (mistakes.length > 0) throw new WeirError('content_invalid', mistakes.join('\n'));
}

function named({ detectors }: Content, ids: readonly string[]): Detector[] {
  return ids.map((id) => {
    const found = detectors.find((one) => one.id === id);
    if (found) return found;
    const all = detectors.map((one) => one.id);
    const near = nearest(id, all);
    throw new WeirError(
      'usage',
      `there is no detector ${plain(id)}; ${near === null ? `there are ${all.join(', ')}` : `${near} is near`}`,
    );
  });
}

/** Plays tests one after the other and tells each as it ends; 1 when one failed. */
async function playTests(content: Content, detectors: readonly Detector[]): Promise<number> {
  let [passed, failed] = [0, 0];
  await withStore({ directory: null }, async (store) => {
    for await (const { detector, test, tried } of tryAll(store, content, detectors)) {
      if (tried.ok) passed++;
      else failed++;
      const wanted = `${test.name} → ${test.expect}`;
      const why = tried.ok ? '' : `: ${tried.says}`;
      console.log(plain(`${tried.ok ? 'pass' : 'FAIL'}  ${detector.id}: ${wanted}${why}`));
    }
  });
  console.log(`\n${counted(passed + failed, 'test')}: ${passed} passed, ${failed} failed.`);
  return failed > 0 ? 1 : 0;
}
