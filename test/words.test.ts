import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillTemplate, numbered } from '../src/base/format.ts';
import { loadContent } from '../src/content/index.ts';
import { unitsOf } from '../src/detect/finding.ts';
import { type Detector, modelColumns, type Unit } from '../src/schema/detector.ts';

const content = loadContent();

/** What no sentence may have, and what it is called. */
const accidents: readonly (readonly [string, RegExp])[] = [
  ['a dash for nothing', /–/],
  ['empty brackets', /\(\s*\)/],
  ['a bracket that begins or ends with a comma', /\([,;:]|[,;:]\)/],
  ['a space before a mark or a double one', / [,.;:)]| {2}|\( /],
  ['a placeholder that is left', /[{}]/],
  [
    'one of several',
    /(?<![\d.,:/-])\b1 (?:(?!of\b|it\b|that\b|in\b|to\b|and\b|or\b|with\b|by\b|at\b)[A-Za-z-]+ ){0,2}?(?!(?:as|is|was|this|has|less|its|does)\b)[a-z]*[a-rt-z]s\b/,
  ],
  ['a verb of several after one', /(?<![\d.,:/-])\b1 [a-z-]+(?: that| who)? (?:have|are|were|do)\b/],
];

/** A unit's values: none, one, two, many, and what is missing in each way. */
function valuesOf(unit: Unit): readonly unknown[] {
  switch (unit) {
    case 'text':
      return ['ssl', '', undefined];
    case 'list':
      return [[], ['a'], ['a', 'b'], undefined];
    case 'port':
      return [0, 443, undefined];
    case 'share':
      return [0, 1, 0.37, Number.NaN];
    default:
      return [0, 1, 2, 1_234_567, null, Number.NaN];
  }
}

/** Each column takes each of its values once while the others have their second, and all have each at once. */
function* fillings(units: Readonly<Record<string, Unit>>): Generator<Record<string, unknown>> {
  const entries = Object.entries(units);
  for (let i = 0; i < 6; i++)
    yield Object.fromEntries(
      entries.map(([name, unit]) => [name, valuesOf(unit)[i % valuesOf(unit).length]]),
    );
  const usual = Object.fromEntries(entries.map(([name, unit]) => [name, valuesOf(unit)[1]]));
  for (const [name, unit] of entries) for (const value of valuesOf(unit)) yield { ...usual, [name]: value };
}

function wrong(text: string): string[] {
  return accidents.filter(([, accident]) => accident.test(text)).map(([what]) => `${what}: ${text}`);
}

function unitsFor(detector: Detector): Record<string, Unit> {
  return { ...unitsOf(content.features.get(detector.features)!), ...modelColumns[detector.model.kind] };
}

for (const detector of content.detectors) {
  test(`${detector.id} reads well with nothing, one, two and many of each thing`, () => {
    const units = unitsFor(detector);
    const templates = [detector, ...detector.called].flatMap(({ title, explain, next }) => [
      title,
      ...(explain === undefined ? [] : [explain]),
      ...(next ?? []),
    ]);
    const found = new Set<string>();
    for (const values of fillings(units))
      for (const template of templates)
        for (const one of wrong(fillTemplate(template, values, units))) found.add(one);
    for (const { unit, says } of Object.values(content.features.get(detector.features)!.columns)) {
      if (unit === 'text' || unit === 'list' || unit === 'port' || unit === 'time') continue;
      for (const value of [0, 1, 2, 1_234_567])
        for (const one of wrong(numbered(value, unit, says))) found.add(one);
    }
    assert.deepEqual([...found], []);
  });
}
