// npm run docs: writes the pages that are made from the source, and records the README's terminal session anew.
// test/docs.test.ts fails when a page is not what this would write; the session is not compared.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatUnit, share } from '../src/base/format.ts';
import { attackList } from '../src/content/attack.ts';
import { loadContent } from '../src/content/index.ts';
import { parametersOf, scenarios } from '../src/scenarios/index.ts';
import { type Detector, type Feature, type ModelUse, Stage } from '../src/schema/detector.ts';
import { columnsPage } from '../src/store/columns-page.ts';
import { session } from './docs-session.ts';
import { between } from './page-part.ts';

const root = join(fileURLToPath(import.meta.url), '../..');
const { detectors, features } = loadContent();

/** A page and the text it should hold, given the text it holds. */
export interface Page {
  readonly file: string;
  readonly text: (now: string) => string;
}

/** docs/errors.md has its own writer: test/errors.test.ts. */
export const pages: readonly Page[] = [
  { file: 'docs/detectors.md', text: detectorsPage },
  { file: 'docs/columns.md', text: columnsPage },
  { file: 'docs/scenarios.md', text: scenariosPage },
  { file: 'README.md', text: (now) => between(now, 'detectors', stageTable()) },
];

/** Stages of an attack in their order, each with its detectors; stages without any are left out. */
function stages(): { name: string; of: Detector[] }[] {
  const { tactics } = attackList();
  return Stage.options
    .map((stage) => ({
      name: tactics[stage]?.name ?? stage,
      of: detectors.filter((one) => one.stage === stage),
    }))
    .filter(({ of }) => of.length > 0);
}

/** The table of the README: what is seen, by stage. */
function stageTable(): string {
  const rows = stages().map(({ name, of }) => {
    const titles = of.map((one) => `[${one.title}](docs/detectors.md#${one.id})`);
    return `| ${name} | ${titles.join(' · ')} |`;
  });
  return ['| stage | what Weir says when it sees it |', '|---|---|', ...rows].join('\n');
}

function detectorsPage(): string {
  const tests = detectors.reduce((sum, one) => sum + one.tests.length, 0);
  return [
    '# Detectors',
    '',
    'Written from `content/detectors/` by `npm run docs`; do not edit.',
    '',
    `${detectors.length} detectors over ${features.size} feature sets. Every detector says what it misses, and carries its own tests`,
    `(${tests} in all): at least one that must fire and one that must stay quiet. They run on the engine and the SQL that ship`,
    '(`npm test -- content`). The traffic of these tests is made up: they prove that a detector does what it says, not how often',
    'it is right on your network.',
    '',
    ...stages().flatMap(({ name, of }) => [`## ${name}`, '', ...of.flatMap(detectorSection)]),
  ].join('\n');
}

/** Made-up traffic that tests may ask for, by name. */
function scenariosPage(): string {
  return [
    '# Scenarios',
    '',
    'Written from `src/scenarios/` by `npm run docs`; do not edit.',
    '',
    "Made-up traffic for a detector's tests: `given: { scenario: NAME, PARAMETER: VALUE, with: [ { scenario: … } ] }`. Every scenario",
    "runs in event time from a Monday, 00:00 UTC; units are in a parameter's name. `weir check --play` plays the tests",
    '([writing-a-detector.md](writing-a-detector.md)).',
    '',
    ...Object.entries(scenarios).flatMap(([name, { doc, harmful }]) => [
      `## ${name}`,
      '',
      `${text(doc)} ${harmful ? 'An attack.' : 'Harmless.'}`,
      '',
      '| parameter | default | meaning |',
      '|---|---|---|',
      ...parametersOf(name).map(
        (one) =>
          `| ${code(one.name)} | ${one.default === undefined ? '' : code(one.default)} | ${[text(one.means), one.one_of.join(', ')].filter((part) => part !== '').join(': ')} |`,
      ),
      '',
    ]),
  ].join('\n');
}

function detectorSection(detector: Detector): string[] {
  const feature = features.get(detector.features)!;
  const hop = detector.hop ? `, a new one every ${detector.hop}` : '';
  return [
    `### ${detector.id}`,
    '',
    `**${detector.title}**`,
    '',
    `- **Sees** ${text(detector.sees)}`,
    `- **Misses** ${text(detector.misses)}`,
    `- **ATT&CK** ${detector.attack.map(technique).join(', ')}`,
    `- **Severity** ${severity(detector)}`,
    `- **Looks at** windows of ${detector.window}${hop}, of each ${feature.grain.map(code).join(', ')}, in ${sqlLink(feature)}`,
    `- **Judged when** ${code(detector.when)}`,
    ...settings(detector),
    `- **Model** ${modelWords(detector.model, feature)}`,
    `- **Says** ${code(detector.explain)}`,
    ...detector.called.map(
      ({ when, title, explain }) =>
        `- **Called** ${text(title)} when ${code(when)}${explain === undefined ? '' : `: ${code(explain)}`}`,
    ),
    `- **Harmless if** ${text(detector.false_positives.join('; '))}`,
    `- **Look at next** ${text(detector.next.join(' '))}`,
    `- **Tests** ${detector.tests.map((one) => `${text(one.name)} → ${one.expect}`).join('; ')}`,
    '',
  ];
}

function technique(id: string): string {
  return `[${id}](https://attack.mitre.org/techniques/${id.replace('.', '/')}/) ${attackList().techniques[id]!.name}`;
}

function severity({ severity, raise, lower }: Detector): string {
  const raised = raise.map((one) => `${one.severity} when ${code(one.when)}`);
  const lowered = lower.map((one) => `at most ${one.severity} when ${code(one.when)}`);
  return [severity, ...raised, ...lowered].join('; ');
}

function sqlLink({ id, file }: Feature): string {
  return `[${id}](../${relative(root, file)})`;
}

function settings({ settings }: Detector): string[] {
  return Object.entries(settings).map(
    ([name, { value, unit, means }]) =>
      `- **Setting** ${code(name)} ${formatUnit(value, unit)}: ${text(means)}`,
  );
}

/** What a model expects, and why. */
function modelWords(model: ModelUse, feature: Feature): string {
  switch (model.kind) {
    case 'deviation':
      return `deviation from what is usual. ${Object.entries(model.columns)
        .map(([name, { side, scale, prior, because }]) => {
          const { unit } = feature.columns[name]!;
          const spread = scale === 'log' ? `factor ${prior.spread}` : `± ${formatUnit(prior.spread, unit)}`;
          return `${code(name)} (${side}): without history ${formatUnit(prior.median, unit)}, ${spread}, because ${text(because)}`;
        })
        .join('; ')}`;
    case 'forest':
      return `isolation forest over ${model.columns.map(code).join(', ')}; silent until it has ${model.min_rows} past rows`;
    case 'beacon':
      return `rhythm of at least ${model.min_calls} calls${model.prevalence ? '; the more clients the destination has, the less it means' : ''}`;
    case 'novelty':
      return `things never seen before, counted by ${code(model.count)}; without history ${model.prior.rate} a window, because ${text(model.because)}`;
    case 'fact':
      return `telling in itself: ${share(model.p_value)} of windows without history, because ${text(model.because)}`;
  }
}

function code(of: string): string {
  return `\`${of}\``;
}

function text(of: string): string {
  return of.replace(/[<>*_|]/g, (sign) => `\\${sign}`);
}

/** The pages that show what the commands print, with what they print today. */
function writeSession(): void {
  const guide = 'docs/writing-a-detector.md';
  const files = readFileSync(join(root, guide), 'utf8').matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```/gm);
  const content = new Map([...files].map(([, file, text]) => [file!, text!]));
  const { start, explain, json, own } = session(join(root, 'src/main.ts'), content);
  const fenced = (text: string, language = ''): string => `\`\`\`${language}\n${text}\n\`\`\``;
  write('README.md', (readme) => {
    let made = between(readme, 'start', fenced(start));
    made = between(made, 'explain', fenced(explain));
    return between(made, 'json', fenced(json, 'json'));
  });
  write(guide, (page) => between(page, 'own', fenced(own)));
}

function write(file: string, text: (now: string) => string): void {
  const path = join(root, file);
  writeFileSync(path, text(readFileSync(path, 'utf8')));
  console.log(`${file} written`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { file, text } of pages) write(file, text);
  const errors = spawnSync(process.execPath, [join(root, 'test/errors.test.ts'), '--write'], {
    encoding: 'utf8',
  });
  if (errors.status !== 0) throw new Error(errors.stdout + errors.stderr);
  console.log('docs/errors.md written');
  writeSession();
}
