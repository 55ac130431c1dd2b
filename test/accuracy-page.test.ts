import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Kept, kept, type Measured, tables } from '../bench/quiet-table.ts';
import { between } from '../scripts/page-part.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/accuracy.md'), 'utf8');
const rows = Kept.parse(JSON.parse(readFileSync(join(root, 'bench/quiet.json'), 'utf8')));

const office = (part: Partial<Measured>): Measured => ({
  hosts: 40,
  days: 2,
  logs: 'conn',
  attacks: 'spread',
  seed: 1,
  events: 1_234_567,
  listed: [3, 0],
  severities: { high: 1, medium: 1, low: 1 },
  held: [0, 1],
  told: { scan: 'high, 1 of 3', exfil: 'held', dga: 'not in connections' },
  wall_s: 99.6,
  peak_mb: 1310,
  on: '2 × a processor',
  load: 'load average 1.5 1.0 0.9',
  ...part,
});

describe('docs/accuracy.md', () => {
  it('says of quiet what bench/quiet.json holds', () => {
    assert.equal(between(page, 'quiet', tables(rows)), page, 'bench/quiet.ts --write makes both');
  });

  it('has two parts that are written by two programs, and neither touches the other', () => {
    for (const [one, other] of [
      ['sets', 'quiet'],
      ['quiet', 'sets'],
    ] as const) {
      const written = between(page, one, 'anew');
      assert.notEqual(written, page);
      assert.equal(
        between(between(written, other, 'x'), one, 'y'),
        between(between(page, other, 'x'), one, 'y'),
      );
      const part = new RegExp(`<!-- ${other} -->[^]*?<!-- end -->`);
      assert.equal(part.exec(written)?.[0], part.exec(page)?.[0]);
    }
  });

  it('that lacks a part is not written', () => {
    assert.throws(() => between('# Accuracy', 'quiet', ''), /no <!-- quiet -->/);
  });
});

describe('what is kept of quiet', () => {
  it('is the latest of each run, the smallest office first', () => {
    const all = [office({ hosts: 470 }), office({}), office({ hosts: 470, wall_s: 7 }), office({ seed: 2 })];
    const left = all.reduce<Measured[]>((before, one) => kept(before, one), []);
    assert.deepEqual(
      left.map((one) => [one.hosts, one.seed, one.wall_s]),
      [
        [40, 1, 99.6],
        [40, 2, 99.6],
        [470, 1, 7],
      ],
    );
  });

  it('is told by size with each day, and by attack', () => {
    const text = tables([office({}), office({ hosts: 2000, told: { scan: 'missed' } })]);
    assert.match(
      text,
      /\| 40 +\| 2 +\| connections \| 1 +\| 1,234,567 \| 1\.5 +\| 3 0 +\| 1 +\| 1 +\| 1 +\| 0\.5 +\| 1 of 2/,
    );
    assert.match(text, /\| exfil +\| held +\| - +\|/);
    assert.match(text, /\| scan +\| high, 1 of 3 +\| missed +\|/);
  });
});
