import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { between, markdown } from '../../scripts/page-part.ts';
import { residue } from '../../src/schema/ledger.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { attacks } from './attacks.ts';
import { analyzeSet, type Measured, measured, naming } from './measure.ts';
import { noData, pack } from './packs.ts';
import { type DataSet, dataSets } from './sets.ts';

/**
 * Every set of the shared data through the product as a stranger runs it: no options, no past. Labelled attacks must be
 * found by a detector that sees such things; what else is said is counted and printed beside what version 0.1 said.
 * With WEIR_WRITE_ACCURACY=1 the tables go into docs/accuracy.md.
 */

/** What version 0.1 (commit 00b5979) said of the same sets, by the same measure. */
const past: Readonly<Record<string, Measured>> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'accuracy-before.json'), 'utf8'),
);
const page = join(import.meta.dirname, '..', '..', 'docs', 'accuracy.md');

const now = new Map<string, Measured>();
const sets = dataSets();
/** Sets that are analysed at once, each in a store of its own: one alone leaves a core idle for half of its time. */
const at_once = 2;
const stores: Store[] = [];
before(async () => {
  for (let i = 0; i < at_once; i++) stores.push(await openStore({ directory: null }));
});
after(() => Promise.all(stores.map((store) => store.close())));

for (const attack of attacks.filter((one) => pack(one.pack) === null))
  it(`${attack.attack} is found in ${attack.pack}/${attack.path}`, { skip: noData });

describe('labelled sets', { concurrency: at_once }, () => {
  for (const set of sets.filter((one) => one.attack !== null)) {
    const { by, attack } = set.attack!;
    it(
      by.length > 0
        ? `${attack} is found in ${set.name}`
        : `${set.name} (${attack}) is read without loss and stays within its findings a day`,
      () => judge(set),
    );
  }
});

describe('sets without labels are read without loss, and no detector fails on them', {
  concurrency: at_once,
}, () => {
  for (const set of sets.filter((one) => one.attack === null)) it(set.name, () => judge(set));
});

async function judge(set: DataSet): Promise<void> {
  const store = stores.pop()!;
  const result = await analyzeSet(store, set).finally(() => stores.push(store));
  const figures = measured(set, result);
  now.set(set.name, figures);
  for (const input of result.inputs) assert.equal(residue(input.ledger), 0, `${input.file} has a residue`);
  assert.deepEqual(result.failed, []);
  if (set.attack === null) return;
  const { others, by, hosts } = set.attack;
  assert.ok(
    figures.others_a_day <= others,
    `${figures.others_a_day} other findings a day, at most ${others}`,
  );
  if (past[set.name]?.found) assert.ok(figures.found, 'it was found by version 0.1');
  if (by.length === 0) return;
  // Told with another line of the same hosts is told.
  const said = naming(result.findings, hosts).flatMap((one) => [one, ...one.also].map((of) => of.detector));
  assert.ok(
    said.some((one) => by.includes(one)),
    `none of ${by.join(', ')} names ${hosts.join(' or ')}; said: ${said.join(', ') || 'nothing'}`,
  );
}

it('the tables of what is found and what else is said, before and now', () => {
  const text = tables();
  console.log(text);
  if (process.env.WEIR_WRITE_ACCURACY !== '1') return;
  writeFileSync(page, between(readFileSync(page, 'utf8'), 'sets', text));
});

function tables(): string {
  const labelled = sets.filter((one) => one.attack !== null && now.has(one.name));
  const rows = labelled.map((set) => {
    const [old, one] = [past[set.name], now.get(set.name)!];
    const other = (of: Measured | undefined): string => (of ? of.others_a_day.toFixed(1) : '-');
    return [
      short(set.name),
      set.attack!.attack,
      told(old),
      told(one),
      other(old),
      other(one),
      `${old?.high ?? '-'}`,
      `${one.high}`,
    ];
  });
  const head = [
    'set',
    'what happened',
    'found before',
    'found now',
    'others a day before',
    'now',
    'high before',
    'now',
  ];
  const found = (of: (set: DataSet) => Measured | undefined): number =>
    labelled.filter((set) => of(set)?.found).length;
  const known = labelled.filter((set) => now.get(set.name)!.found !== null).length;
  const summary = `Of ${known} labelled attacks, ${found((set) => past[set.name])} were found before and ${found((set) => now.get(set.name))} are found now.`;
  return `${markdown([head, ...rows])}\n\n${summary}\n\n${markdown([['sets without labels', 'captures or logs', 'with findings before', 'now', 'findings before', 'now', 'high before', 'now'], ...byPack()])}`;
}

/** Sets without labels, summed by pack: nothing in them is known to be wrong. */
function byPack(): string[][] {
  const groups = Map.groupBy(
    sets.filter((one) => one.attack === null && now.has(one.name)),
    (one) => one.name.split('/')[0]!,
  );
  const sum = (of: readonly (Measured | undefined)[], value: (one: Measured) => number): string =>
    String(of.reduce((total, one) => total + (one ? value(one) : 0), 0));
  return [...groups].map(([name, members]) => {
    const old = members.map((one) => past[one.name]);
    const current = members.map((one) => now.get(one.name));
    const any = (one: Measured): number => Number(one.findings > 0);
    return [
      name,
      String(members.length),
      sum(old, any),
      sum(current, any),
      sum(old, (one) => one.findings),
      sum(current, (one) => one.findings),
      sum(old, (one) => one.high),
      sum(current, (one) => one.high),
    ];
  });
}

/** "#2 of 7", "missed", "-" where no label says that anything happened. */
function told(of: Measured | undefined): string {
  if (!of || of.found === null) return '-';
  return of.found ? `#${of.rank} of ${of.findings}` : 'missed';
}

function short(name: string): string {
  return name.replace(/\/(datasets?|test_data|atomic\/windows|network)(?=\/)/g, '').replace(/\.zip$/, '');
}
