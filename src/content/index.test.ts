import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readContent, shipped_content } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-content-'));
after(() => rmSync(folder, { recursive: true }));

const shipped = (place: string): string => readFileSync(join(shipped_content, place), 'utf8');
const detector = shipped('detectors/vertical_scan.yaml')
  .replace(/^id: .*$/m, 'id: own')
  .replace(/^features: .*$/m, 'features: own');
const feature = shipped('features/probed_ports.sql');

interface Files {
  readonly detectors?: Readonly<Record<string, string>>;
  readonly features?: Readonly<Record<string, string>>;
}

/** A folder of one's own with these files and the fragments that ship. */
function read(name: string, { detectors = {}, features = {} }: Files) {
  const dir = join(folder, name);
  for (const place of ['detectors', 'features']) mkdirSync(join(dir, place), { recursive: true });
  for (const place of ['shapes', 'rollups'])
    cpSync(join(shipped_content, place), join(dir, place), { recursive: true });
  writeFileSync(join(dir, 'features', '_fragments.yaml'), shipped('features/_fragments.yaml'));
  for (const [id, text] of Object.entries(detectors))
    writeFileSync(join(dir, 'detectors', `${id}.yaml`), text);
  for (const [id, text] of Object.entries(features)) writeFileSync(join(dir, 'features', `${id}.sql`), text);
  const { content, wrong } = readContent([dir]);
  return { content, wrong: wrong.map((one) => one.replace(`${dir}/`, '')) };
}

const says = (wrong: readonly string[], patterns: readonly RegExp[]): void => {
  assert.equal(wrong.length, patterns.length, wrong.join('\n'));
  for (const pattern of patterns)
    assert.ok(
      wrong.some((one) => pattern.test(one)),
      `${pattern}\n${wrong.join('\n')}`,
    );
};

test('all mistakes of a detector are told at once: keys, words, columns, conditions', () => {
  const text = detector
    .replace(/^title: .*$/m, 'titel: Ports')
    .replace(/^severity: .*$/m, 'severity: hihg')
    .replace(/^window: .*$/m, 'window: 0h')
    .replace(/^hop: .*\n/m, '')
    .replace(/^attack: .*$/m, 'attack: [T9999]')
    .replace(/^when: /m, "when: file('/etc/passwd') = '' AND ")
    .replace(/^explain: (>-\n +|")?/m, (found) => `${found}{no_such_thing} `);
  const { wrong } = read('own', { detectors: { own: text }, features: { own: feature } });
  says(wrong, [
    /^detectors\/own\.yaml:\d+: titel: there is no such key; title is near$/,
    /^detectors\/own\.yaml: title: is missing; it is a text$/,
    /^detectors\/own\.yaml:\d+: severity: must be one of informational, low, medium, high, critical, not hihg; high is near$/,
    /^detectors\/own\.yaml: when: .*file/,
    /window: 0h is no time at all/,
    /attack: T9999 is not in the pinned/,
    /explain: no column no_such_thing in features\/own/,
  ]);
});

test('a key of the head does not hide what is wrong in the statement, and a detector is not blamed for its feature', () => {
  const head = feature
    .replace(/^grain:/m, 'grian: [a]\ngrain:')
    .replace(/^reads: .*$/m, 'reads: [connektion]');
  const sql = head.replace(/FROM connection\b/, 'FROM connektion');
  const { content, wrong } = read('head', { detectors: { own: detector }, features: { own: sql } });
  says(wrong, [
    /^features\/own\.sql:\d+: grian: there is no such key; grain is near$/,
    /^features\/own\.sql: reads: there is no table connektion$/,
    /^features\/own\.sql: the statement: there is no table connektion that content may read; /,
  ]);
  assert.equal(content.detectors.length, 0, 'what the check refuses is not sent to the engine');
});

test('a file that something is wrong in besides its SQL can still be tried on a store', () => {
  const text = detector.replace(/^title: /m, 'note: mine\ntitle: ');
  const { content, wrong } = read('tried', { detectors: { own: text }, features: { own: feature } });
  says(wrong, [/note: there is no such key/]);
  assert.deepEqual(
    content.detectors.map(({ id }) => id),
    ['own'],
  );
});

test('a file that is not YAML does not hide what is wrong in others, nor does a feature that is not there', () => {
  const lost = detector.replace('id: own', 'id: lost').replace('features: own', 'features: owm');
  const { wrong } = read('others', { detectors: { own: 'id: [', lost }, features: { own: feature } });
  says(wrong, [
    /^detectors\/own\.yaml:1: not YAML/,
    /^detectors\/lost\.yaml: features: there is no features\/owm\.sql; own is near$/,
  ]);
});
