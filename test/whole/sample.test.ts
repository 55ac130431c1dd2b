import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadContent } from '../../src/content/index.ts';
import { type AnalyzeResult, analyze, runDefaults } from '../../src/pipeline/route.ts';
import { answers, sampleStart, scenario, zeekJson } from '../../src/scenarios/index.ts';
import { severities } from '../../src/schema/detector.ts';
import type { Finding } from '../../src/schema/finding.ts';
import { listFindings, openStore } from '../../src/store/index.ts';

/** What `weir start` shows, held to the sample's own answers. */

const setting = { seed: 1, start: sampleStart };
const stages = answers('sample', {}, setting);
const suspect = stages[0]!.src_ip;
/** The laptop that is new, the desk that uploads a video, the printer that is updated. */
const harmless = ['10.20.1.170', '10.20.1.26', '10.20.0.30'];
const folder = mkdtempSync(join(tmpdir(), 'weir-sample-test-'));
let result: AnalyzeResult;
/** ids that `weir explain` would find */
let kept: Set<string>;

before(async () => {
  const log = join(folder, 'office.log');
  const lines: string[] = [];
  for (const event of scenario('sample', {}, setting)) lines.push(zeekJson(event));
  writeFileSync(log, `${lines.filter((line) => line !== '').join('\n')}\n`);
  const store = await openStore({ directory: null });
  try {
    result = await analyze(store, loadContent(), {
      run_id: 'sample',
      version: '0',
      paths: [log],
      ...runDefaults,
      evidence: 1,
      now: Date.now() * 1000,
      progress: () => {},
    });
    const all = [true, false].map((shown) =>
      listFindings(store, { run_id: 'sample', shown, limit: 100_000 }),
    );
    kept = new Set((await Promise.all(all)).flat().map((one) => one.finding_id));
  } finally {
    await store.close();
  }
});
after(() => rmSync(folder, { recursive: true, force: true }));

const about = (host: string): ((finding: Pick<Finding, 'entity'>) => boolean) => {
  return (finding) => Object.values(finding.entity).includes(host);
};

describe('what weir start says of the sample', () => {
  for (const stage of stages) {
    it(`names the stage: ${stage.note}`, () => {
      const told = result.findings.flatMap((one) => [one, ...one.also, ...one.members]);
      const found = told.filter(
        (one) =>
          stage.detectors.includes(one.detector) &&
          about(stage.src_ip)(one) &&
          one.start_at <= stage.to &&
          one.end_at >= stage.from,
      );
      assert.ok(found.length > 0, `none of ${stage.detectors.join(', ')} names ${stage.src_ip}`);
    });
  }

  it('shows no id that cannot be asked for', () => {
    const shown = result.findings.flatMap((one) => [
      one.finding_id,
      ...[...one.also, ...one.members].map((two) => two.finding_id),
      ...one.related,
    ]);
    assert.ok(shown.length > result.findings.length);
    assert.deepEqual(
      shown.filter((id) => !kept.has(id)),
      [],
    );
  });

  it('puts the host of the attack on top', () => {
    const top = result.findings.slice(0, 5);
    assert.deepEqual(
      top.filter((one) => !about(suspect)(one)).map((one) => one.summary),
      [],
    );
  });

  it('rates no harmless oddity above medium', () => {
    const loud = result.findings.filter(
      (one) => harmless.some((host) => about(host)(one)) && severities[one.severity] > severities.medium,
    );
    assert.deepEqual(
      loud.map((one) => one.summary),
      [],
    );
  });

  it('says little of the other hosts: at most five findings a day', () => {
    const others = result.findings.filter(
      (one) => !about(suspect)(one) && one.values.first_client !== suspect,
    );
    assert.ok(others.length <= 15, others.map((one) => one.summary).join('\n'));
  });
});
