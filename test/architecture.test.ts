import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path/posix';
import { test } from 'node:test';

/** The picture of docs/architecture.md, top first. Imports go downwards only, never within a row. */
const rows: readonly { readonly folders: readonly string[]; readonly instead: string }[] = [
  {
    folders: ['main.ts'],
    instead: 'Nothing may import the entry; put what both need into the folder that owns it.',
  },
  { folders: ['cli'], instead: 'Put what both need into src/pipeline.' },
  {
    folders: ['api'],
    instead: 'A command starts the server; what the server needs is passed to it, or lies in src/pipeline.',
  },
  { folders: ['pipeline'], instead: 'Pass what it needs as an argument, or move the shared part down.' },
  {
    folders: [
      ...['collect', 'sources', 'enrich', 'features', 'detect', 'alert'],
      ...['respond', 'notify', 'investigate', 'report', 'learn'],
    ],
    instead: 'Pass a record from src/schema instead, or join them in src/pipeline.',
  },
  {
    folders: ['models', 'scenarios', 'store', 'content', 'clients'],
    instead: 'Pass what it needs as an argument, or move the words both need down to src/schema.',
  },
  { folders: ['schema'], instead: 'Move the record to src/schema.' },
  { folders: ['base'], instead: 'Domain words do not belong in src/base; move the part that has them up.' },
];
/** Folders of pure functions: the same input gives the same output, on any machine, at any time. */
const pure = ['models', 'schema'];
/** Folders of parts: a file that their index does not reach is a part that nobody can use. */
const parts = ['sources', 'models', 'scenarios', 'respond/actions', 'notify/channels'];
const kebab = /^[a-z0-9]+(-[a-z0-9]+)*$/;

interface Import {
  readonly file: string;
  readonly from: string;
  /** Path inside the tree for './x.ts', else null. */
  readonly target: string | null;
}

/** Imports and re-exports of a file, types included. Light on purpose: our code has one shape of import. */
function importsOf(root: string, file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const patterns = [
    /^\s*(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^\s*import\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g,
  ];
  return patterns
    .flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''))
    .map((from) => ({
      file,
      from,
      target: from.startsWith('.') ? normalize(join(dirname(file), from)) : null,
    }));
}

const folderOf = (file: string): string => file.split('/')[1] ?? '';
const isTest = (file: string): boolean => file.endsWith('.test.ts');
const rowOf = (folder: string): number => rows.findIndex((row) => row.folders.includes(folder));
const lowestStep = rowOf('collect');

function directionProblem({ file, target }: Import): string | null {
  if (target === null) return null;
  if (isTest(target))
    return `${file} imports ${target}: a test is not part of what we ship. Move the shared part out of it.`;
  if (!target.startsWith('src/')) {
    if (isTest(file) || target === 'package.json') return null;
    return `${file} imports ${target}: only src/ is built and shipped. Move what it needs into src/.`;
  }
  const [from, to] = [folderOf(file), folderOf(target)];
  const [above, below] = [rowOf(from), rowOf(to)];
  if (from === to || above === -1 || below === -1 || above < below) return null;
  // A test beside the code may use any floor: scenarios and the store feed the tests of models, for example.
  if (isTest(file) && below > lowestStep) return null;
  return `${file} imports ${target}: ${from} may not import ${to}. ${rows[above === below ? above : below]?.instead}`;
}

function purityProblem({ file, from }: Import): string | null {
  if (!from.startsWith('node:') || isTest(file) || !pure.includes(folderOf(file))) return null;
  return `${file} imports ${from}: src/${folderOf(file)} is pure. Take the value as an argument; act in the step that calls it.`;
}

function packageProblem(root: string, { file, from, target }: Import): string | null {
  if (target !== null || from.startsWith('node:')) return null;
  const { dependencies = {}, devDependencies = {} } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const name = from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
  if (name in dependencies || (isTest(file) && name in devDependencies)) return null;
  return `${file} imports ${from}: it is not in "dependencies" of package.json, so an installed Weir would not find it.`;
}

function placeProblems(files: readonly string[]): string[] {
  const places = [...new Set(files.map(folderOf))].filter((place) => !isTest(place));
  return places
    .filter((place) => rowOf(place) === -1)
    .map(
      (place) =>
        `src/${place} has no place. Put it into a folder of docs/architecture.md, or add it there and to test/architecture.test.ts.`,
    );
}

function nameProblems(files: readonly string[]): string[] {
  return files
    .filter(
      (file) =>
        !file
          .slice('src/'.length)
          .replace(/(\.test)?\.ts$/, '')
          .split('/')
          .every((part) => kebab.test(part)),
    )
    .map(
      (file) =>
        `${file}: names are kebab-case, after the thing: src/sources/zeek-tsv.ts, src/sources/zeek-tsv.test.ts.`,
    );
}

/** One message per group of files that import each other in a circle (Tarjan 1972, strongly connected components). */
function cycleProblems(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const problems: string[] = [];
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    low.set(file, order.size - 1);
    open.push(file);
    for (const next of edges.get(file) ?? []) {
      if (!order.has(next)) visit(next);
      if (open.includes(next)) low.set(file, Math.min(low.get(file) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(file) !== order.get(file)) return;
    const circle = open.splice(open.indexOf(file)).sort();
    if (circle.length > 1 || edges.get(file)?.includes(file)) {
      problems.push(
        `${circle.join(', ')} import each other in a circle. Move what they share into a file of its own.`,
      );
    }
  };
  for (const file of edges.keys()) if (!order.has(file)) visit(file);
  return problems;
}

function indexProblems(files: readonly string[], edges: ReadonlyMap<string, readonly string[]>): string[] {
  return parts.flatMap((folder) => {
    const index = `src/${folder}/index.ts`;
    if (!files.includes(index)) return [];
    const reached = new Set([index]);
    for (const file of reached) for (const next of edges.get(file) ?? []) reached.add(next);
    const lost = files.filter(
      (file) => file.startsWith(`src/${folder}/`) && !isTest(file) && !reached.has(file),
    );
    // Only the part itself is told, not the files that it brings along.
    const brought = new Set(lost.flatMap((file) => edges.get(file) ?? []));
    return lost
      .filter((file) => !brought.has(file))
      .map(
        (file) =>
          `${file} is not reachable from ${index}, so nobody can use it. Add its line there, in alphabetical order; ` +
          'what only tests use goes to test/.',
      );
  });
}

/** Everything wrong with the shape of the tree at `root`, in words that say what to do instead. */
function problemsOf(root: string): string[] {
  const files = globSync('src/**/*.ts', { cwd: root }).sort();
  const imports = files.flatMap((file) => importsOf(root, file));
  const edges = new Map(
    files.map((file) => [
      file,
      imports.filter((one) => one.file === file).flatMap((one) => one.target ?? []),
    ]),
  );
  return [
    ...placeProblems(files),
    ...nameProblems(files),
    ...imports.flatMap((one) => directionProblem(one) ?? []),
    ...imports.flatMap((one) => purityProblem(one) ?? []),
    ...imports.flatMap((one) => packageProblem(root, one) ?? []),
    ...cycleProblems(edges),
    ...indexProblems(files, edges),
  ];
}

const here = join(import.meta.dirname, '..');

test('every file has its place, and imports go downwards only', () => {
  const problems = problemsOf(here);
  assert.equal(problems.length, 0, `\n${problems.join('\n')}`);
});

test('the picture in docs/architecture.md shows the same rows as this test', () => {
  const page = readFileSync(join(here, 'docs/architecture.md'), 'utf8');
  for (const { folders } of rows) {
    const shown = page.split('\n').some(
      (line) =>
        line
          .trim()
          .replace(/\s{2,}\(.*/, '')
          .split(/\s+/)
          .join() === folders.join(),
    );
    assert.ok(shown, `docs/architecture.md has no row "${folders.join(' ')}"`);
  }
});

/** What is said of a tree made of these files; every path gets a package.json beside it that declares zod and yaml. */
function saidOf(tree: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'weir-architecture-'));
  try {
    const packageJson = JSON.stringify({ dependencies: { zod: '4' }, devDependencies: { yaml: '2' } });
    for (const [file, text] of Object.entries({ 'package.json': packageJson, ...tree })) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    return problemsOf(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const provoked: readonly [what: string, tree: Record<string, string>, says: RegExp][] = [
  [
    'a step that imports another step',
    { 'src/alert/x.ts': "import { a } from '../sources/a.ts';", 'src/sources/a.ts': '' },
    /^src\/alert\/x\.ts imports src\/sources\/a\.ts: alert may not import sources\. Pass a record from src\/schema instead, or join them in src\/pipeline\.$/,
  ],
  [
    'a floor that imports a step, for a type only, over several lines',
    { 'src/store/x.ts': "import type {\n  A,\n  B,\n} from '../detect/a.ts';", 'src/detect/a.ts': '' },
    /store may not import detect/,
  ],
  [
    'a floor that imports another floor',
    { 'src/models/x.ts': "export * from '../store/a.ts';", 'src/store/a.ts': '' },
    /models may not import store\. Pass what it needs as an argument/,
  ],
  [
    'an import when it is called',
    { 'src/base/x.ts': "await import('../schema/a.ts');", 'src/schema/a.ts': '' },
    /base may not import schema/,
  ],
  [
    'an import for its effect',
    { 'src/schema/x.ts': "import '../cli/a.ts';", 'src/cli/a.ts': '' },
    /schema may not import cli/,
  ],
  [
    'anything that imports the entry',
    { 'src/cli/x.ts': "import '../main.ts';", 'src/main.ts': '' },
    /Nothing may import the entry/,
  ],
  [
    'code that imports a test',
    { 'src/base/x.ts': "import './y.test.ts';", 'src/base/y.test.ts': '' },
    /a test is not part of what we ship/,
  ],
  [
    'code that imports from outside src',
    { 'src/base/x.ts': "import '../../test/y.ts';" },
    /only src\/ is built and shipped/,
  ],
  [
    'a file clock in a model',
    { 'src/models/x.ts': "import fs from 'node:fs';" },
    /imports node:fs: src\/models is pure/,
  ],
  [
    'a Node built-in in a record',
    { 'src/schema/x.ts': "import { isIP } from 'node:net';" },
    /src\/schema is pure/,
  ],
  [
    'a package that is for development only',
    { 'src/base/x.ts': "import { parse } from 'yaml';" },
    /not in "dependencies"/,
  ],
  ['a folder without a place', { 'src/utils/x.ts': '' }, /^src\/utils has no place/],
  ['a file without a folder', { 'src/helpers.ts': '' }, /^src\/helpers\.ts has no place/],
  [
    'two files that import each other',
    { 'src/base/x.ts': "import { y } from './y.ts';", 'src/base/y.ts': "import type { X } from './x.ts';" },
    /^src\/base\/x\.ts, src\/base\/y\.ts import each other in a circle/,
  ],
  [
    'a part that is missing from its index',
    {
      'src/sources/index.ts': "import './a.ts';",
      'src/sources/a.ts': '',
      'src/sources/b.ts': "import './c.ts';",
      'src/sources/c.ts': '',
    },
    /^src\/sources\/b\.ts is not reachable from src\/sources\/index\.ts/,
  ],
  ['a file name in camel case', { 'src/base/ipText.ts': '' }, /names are kebab-case/],
  ['a folder name with an underscore', { 'src/sources/net_flow/x.ts': '' }, /names are kebab-case/],
];
for (const [what, tree, says] of provoked) {
  test(`${what} is told, once`, () => {
    const said = saidOf(tree);
    assert.equal(said.length, 1, said.join('\n'));
    assert.match(said[0] ?? '', says);
  });
}

test('what is allowed is not told', () => {
  const tree = {
    'src/main.ts': "const load = () => import('./cli/analyze.ts');",
    'src/cli/analyze.ts': "import { route } from '../pipeline/route.ts';",
    'src/pipeline/route.ts':
      "import { a } from '../sources/index.ts';\nimport type { B } from '../alert/b.ts';",
    'src/alert/b.ts':
      "import { z } from 'zod';\nimport fs from 'node:fs';\n// import { a } from '../sources/a.ts';",
    'src/sources/index.ts': "export { a } from './zeek/a.ts';",
    'src/sources/zeek/a.ts': "import { shared } from './shared.ts';",
    'src/sources/zeek/shared.ts': '',
    'src/models/c.ts': '',
    'src/models/c.test.ts':
      "import { parse } from 'yaml';\nimport { s } from '../scenarios/s.ts';\nimport { c } from './c.ts';\nimport 'node:fs';",
    'src/scenarios/s.ts': '',
  };
  assert.deepEqual(saidOf(tree), []);
});

test('every folder of src is looked at', () => {
  assert.ok(existsSync(join(here, 'src/main.ts')));
  assert.ok(globSync('src/**/*.ts', { cwd: here }).length > 10);
});
