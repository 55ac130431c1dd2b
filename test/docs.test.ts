import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { pages } from '../scripts/docs.ts';
import { loadContent, shipped_content } from '../src/content/index.ts';
import { checkStatements } from '../src/pipeline/check.ts';
import { tryDetector } from '../src/pipeline/try.ts';
import { openStore } from '../src/store/index.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const written = ['README.md', ...globSync('docs/**/*.md', { cwd: root }).sort()];

describe('pages that are made from the source say what the source says', () => {
  for (const { file, text } of pages) {
    it(file, () => {
      const now = read(file);
      assert.ok(text(now) === now, `${file} is not up to date. Run: npm run docs`);
    });
  }
});

describe('every link leads somewhere', () => {
  for (const file of written) it(file, () => assert.deepEqual(deadLinks(file), []));
});

function deadLinks(file: string): string[] {
  const links = [...read(file).matchAll(/\]\(([^)\s]+)\)/g)].map((found) => found[1]!);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? file : join(dirname(file), path);
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchors(read(target)).has(anchor);
  });
}

/** Headings as GitHub names them. */
function anchors(page: string): Set<string> {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map((found) => found[1]!);
  return new Set(
    headings.map((one) =>
      one
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

describe('files and folders that a page names exist', () => {
  const hand_written = written.filter(
    (file) => !pages.some((page) => page.file === file && file !== 'README.md'),
  );
  for (const file of hand_written) {
    it(file, () => {
      const named = [
        ...read(file).matchAll(/`((?:(?:src|content|test|bench|docs|bin)\/[\w./-]*|scripts\/[\w-]+\.\w+))`/g),
      ];
      const gone = named.map((found) => found[1]!).filter((path) => !existsSync(join(root, path)));
      assert.deepEqual(gone, []);
    });
  }
});

const weir = (...args: string[]): string =>
  spawnSync(process.execPath, [join(root, 'src/main.ts'), ...args], { encoding: 'utf8' }).stdout;

describe('every command and option that a page names is in the help', () => {
  const commands = [...weir('--help').matchAll(/^ {2}([a-z]+) {2,}/gm)].map((found) => found[1]!);
  const help = new Map(commands.map((name) => [name, weir(name, '--help')]));
  const all = [weir('--help'), ...help.values()].join('\n');
  for (const file of written) {
    it(file, () => {
      const wrong = codeOf(read(file)).flatMap((line) => {
        const [, command] = /(?:^|[\s|])(?:npm run )?weir (?:-- )?([a-z]+)\b/.exec(line) ?? [];
        if (command === undefined) return [];
        const known = help.get(command);
        if (known === undefined) return [`${command} in: ${line}`];
        return optionsOf(line.slice(line.indexOf(command))).filter((option) => !names(known, option));
      });
      assert.deepEqual(wrong, []);
    });
  }

  it('README.md names no option that no command has', () => {
    const alone = codeOf(read('README.md')).filter((line) => line.startsWith('--'));
    assert.ok(alone.length > 5);
    assert.deepEqual(
      alone.flatMap(optionsOf).filter((option) => !names(all, option)),
      [],
    );
  });
});

/** Lines of code blocks, and code within sentences. */
function codeOf(page: string): string[] {
  const blocks = [...page.matchAll(/^```\w*[^\n]*\n([\s\S]*?)^```/gm)].flatMap((found) =>
    found[1]!.split('\n'),
  );
  const rest = page.replace(/^```[\s\S]*?^```/gm, '');
  return [...blocks, ...[...rest.matchAll(/`([^`\n]+)`/g)].map((found) => found[1]!)];
}

function optionsOf(line: string): string[] {
  return [...line.matchAll(/(?<=^|\s)--[a-z][a-z-]*/g)].map(([option]) => option);
}

function names(help: string, option: string): boolean {
  return new RegExp(`${option}(?![a-z-])`).test(help) || option === '--help';
}

it('the detector of docs/writing-a-detector.md is valid and passes its own tests', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-docs-'));
  const files = [...read('docs/writing-a-detector.md').matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```/gm)];
  assert.deepEqual(
    files.map((found) => found[1]),
    ['features/internal_reads.sql', 'detectors/file_hoarding.yaml'],
  );
  for (const [, file, text] of files) {
    mkdirSync(dirname(join(folder, file!)), { recursive: true });
    writeFileSync(join(folder, file!), text!);
  }
  const store = await openStore({ directory: null });
  try {
    const content = loadContent([shipped_content, folder]);
    const detector = content.detectors.find((one) => one.id === 'file_hoarding')!;
    await checkStatements(store, { ...content, detectors: [detector] });
    for (const test of detector.tests) {
      const tried = await tryDetector(store, content, detector, test);
      assert.ok(tried.ok, `${test.name}: ${tried.says}`);
    }
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
