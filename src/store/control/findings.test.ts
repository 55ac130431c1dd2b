import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { now, overEach } from '../../../test/control-place.ts';
import type { FindingState, KeptFindingFilter } from '../../schema/control/kept-finding.ts';
import type { Finding } from '../../schema/finding.ts';
import {
  type Control,
  findFinding,
  lastFindingSequence,
  listFindingVersions,
  pageFindings,
  pruneFindings,
  upsertFindings,
} from './index.ts';

function finding(finding_id: string, changes: Partial<Finding> = {}): Finding {
  return {
    ...{ finding_id, detector: 'scan', title: 'Scan', severity: 'medium', stage: 'discovery', attack: [] },
    ...{ start_at: 100, end_at: 200, figures_start_at: 100, figures_end_at: 200, window_at: 0, windows: 1 },
    ...{
      entity: { src_ip: '10.0.0.1' },
      values: { n: 1 },
      score: 0.5,
      p_value: 1e-300,
      confidence_score: 50,
    },
    ...{ risk_score: 50, summary: 'Grüße \0 \ud800 🦦', reasons: [] },
    ...{ baseline: { level: 'prior', windows: 0, entities: 0, says: '' }, evidence: [], evidence_total: 0 },
    ...{ also: [], members: [], members_total: 0, folded_into: '', related: [], next: [] },
    ...{ false_positives: [], caveats: [] },
    ...changes,
  } as Finding;
}

const state = (of: Finding, as_of: number, changes: Partial<FindingState> = {}): FindingState => ({
  ...{ finding: of, as_of, episode: 'e1', shown: true, held: false },
  ...changes,
});

overEach('findings', (stores) => {
  const save = (control: Control, ...states: FindingState[]) => upsertFindings(control, states, now);

  test('a new version is made only when something changed, and what changed is given back', async () => {
    const control = await stores.open();
    const first = finding('a');
    assert.deepEqual(await save(control, state(first, 10), state(finding('b'), 10)), [
      { finding_id: 'a', change: 'new', version: 1, sequence: 1 },
      { finding_id: 'b', change: 'new', version: 1, sequence: 2 },
    ]);
    const turned = Object.fromEntries(Object.entries(first).reverse()) as Finding;
    assert.deepEqual(await save(control, state(turned, 11)), [
      { finding_id: 'a', change: 'same', version: 1, sequence: 1 },
    ]);
    const grown = finding('a', { end_at: 300, windows: 2 });
    assert.deepEqual(await save(control, state(grown, 12), state(grown, 12, { held: true, shown: false })), [
      { finding_id: 'a', change: 'changed', version: 2, sequence: 3 },
      { finding_id: 'a', change: 'changed', version: 3, sequence: 4 },
    ]);
    assert.deepEqual(await save(control, state(first, 11)), [
      { finding_id: 'a', change: 'stale', version: 3, sequence: 4 },
    ]);
    assert.deepEqual(await findFinding(control, 'a'), {
      ...{ finding: JSON.parse(JSON.stringify(grown)), episode: 'e1', version: 3, sequence: 4, as_of: 12 },
      ...{ shown: false, held: true, created_at: now, changed_at: now },
    });
    assert.equal(await findFinding(control, 'c'), null);
    assert.equal(await lastFindingSequence(control), 4);
  });

  test('of the versions the first and the last fifty are kept', async () => {
    const control = await stores.open();
    for (let n = 1; n <= 60; n++) await save(control, state(finding('a', { windows: n }), n));
    const versions = await listFindingVersions(control, 'a');
    assert.deepEqual(
      versions.map((one) => one.version),
      [1, ...Array.from({ length: 50 }, (_, n) => n + 11)],
    );
    assert.deepEqual(
      versions.map((one) => one.finding.windows),
      versions.map((one) => one.version),
    );
  });

  test('a reader that goes on from the last sequence it saw misses no change', async () => {
    const control = await stores.open();
    for (let n = 0; n < 25; n++) await save(control, state(finding(`f${n % 10}`, { windows: n + 1 }), n));
    const seen: number[] = [];
    let after = 0;
    for (let rounds = 0; ; rounds++) {
      const page = await pageFindings(control, {}, { after, limit: 3 });
      seen.push(...page.findings.map((one) => one.sequence));
      // Something changes while it reads.
      if (rounds === 1) await save(control, state(finding('f6', { windows: 99 }), 99));
      if (page.next === null) break;
      after = page.next;
    }
    assert.deepEqual(seen, [16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26]);
    const newest = await pageFindings(control, {}, { limit: 4 });
    assert.deepEqual([newest.findings.map((one) => one.sequence), newest.next], [[26, 25, 24, 23], 23]);
    const before = await pageFindings(control, {}, { before: 18, limit: 4 });
    assert.deepEqual([before.findings.map((one) => one.sequence), before.next], [[16], null]);
  });

  test('they are found by severity, detector, entity, time and whether they are shown', async () => {
    const control = await stores.open();
    await save(
      control,
      state(finding('low', { severity: 'low' }), 1),
      state(finding('high', { severity: 'high', detector: 'beacon' }), 1, { shown: false }),
      state(finding('late', { start_at: 1000, end_at: 1100 }), 1),
      state(finding('other', { entity: { src_ip: '10.0.0.2', dst_name: 'bad.example', dst_port: 443 } }), 1),
    );
    const found = async (filter: KeptFindingFilter) =>
      (await pageFindings(control, filter, { after: 0 })).findings.map((one) => one.finding.finding_id);
    const table: readonly (readonly [KeptFindingFilter, string[]])[] = [
      [{}, ['low', 'high', 'late', 'other']],
      [{ severity_at_least: 'medium' }, ['high', 'late', 'other']],
      [{ severity_at_least: 'critical' }, []],
      [{ detector: 'beacon' }, ['high']],
      [{ entity: '10.0.0.2' }, ['other']],
      [{ entity: '443' }, ['other']],
      [{ entity: 'bad.example' }, ['other']],
      [{ entity: '10.0.0' }, []],
      [{ entity: "' OR 1=1 --\0" }, []],
      [{ from: 200 }, ['low', 'high', 'late', 'other']],
      [{ from: 201 }, ['late']],
      [{ to: 100 }, ['low', 'high', 'other']],
      [{ to: 99 }, []],
      [{ shown: false }, ['high']],
      [{ shown: true, severity_at_least: 'medium', from: 201 }, ['late']],
    ];
    for (const [filter, ids] of table) assert.deepEqual(await found(filter), ids, JSON.stringify(filter));
    await save(control, state(finding('other', { entity: { src_ip: '10.0.0.3' } }), 2));
    assert.deepEqual(await found({ entity: '10.0.0.2' }), []);
    assert.deepEqual(await found({ entity: '10.0.0.3' }), ['other']);
  });

  test('those that ended long ago are forgotten whole', async () => {
    const control = await stores.open();
    await save(control, state(finding('a', { end_at: 5 }), 1), state(finding('b', { end_at: 6 }), 1));
    assert.equal(await pruneFindings(control, 6), 1);
    assert.equal(await findFinding(control, 'a'), null);
    assert.deepEqual(await listFindingVersions(control, 'a'), []);
    assert.ok(await findFinding(control, 'b'));
    assert.deepEqual(await save(control, state(finding('c'), 1)), [
      { finding_id: 'c', change: 'new', version: 1, sequence: 3 },
    ]);
  });

  const most = stores.kind === 'SQLite' ? 40 : 10;

  test('states in any order, any of them again, give the same newest version', async () => {
    const control = await stores.open();
    let id = 0;
    await fc.assert(
      fc.asyncProperty(
        // Some states say the same: only the time up to which they were looked at differs.
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.infiniteStream(fc.nat()),
        async (says, retries, random) => {
          const name = `p${++id}`;
          const all = says.map((windows, at) => state(finding(name, { windows }), at + 1));
          const again = retries.map((n) => all[n % all.length]!);
          const shuffled = [...all, ...again]
            .map((one) => [random.next().value, one] as const)
            .sort(([a], [b]) => a - b)
            .map(([, one]) => one);
          for (const one of shuffled) await save(control, one);
          const { finding: kept, as_of } = (await findFinding(control, name))!;
          assert.deepEqual([kept.windows, as_of], [says.at(-1), says.length]);
        },
      ),
      { numRuns: most },
    );
  });

  test('what was saved before is saved again, as after a crash: versions and their order stay', async () => {
    const control = await stores.open();
    let id = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.array(fc.nat(), { maxLength: 3 })), {
          minLength: 1,
          maxLength: 6,
        }),
        async (steps) => {
          const name = `r${++id}`;
          const all = steps.map(([windows], at) => state(finding(name, { windows }), at + 1));
          for (const [at, [, retries]] of steps.entries())
            for (const one of [all[at]!, ...retries.map((n) => all[n % (at + 1)]!)]) await save(control, one);
          const told = steps.map(([windows]) => windows).filter((one, at, list) => one !== list[at - 1]);
          const versions = await listFindingVersions(control, name);
          assert.deepEqual(
            versions.map((one) => [one.version, one.finding.windows]),
            told.map((windows, at) => [at + 1, windows]),
          );
        },
      ),
      { numRuns: most },
    );
  });
});
